//! The root of the command line: flags that every verb takes, and the verbs.
//!
//! A verb is a file in `commands/` with its `Args` and its `run`, and two lines here.

use std::{ffi::OsString, path::PathBuf};

use clap::{ArgAction, Args, Command as Syntax, CommandFactory as _, FromArgMatches as _};
use clap::{Parser, Subcommand, ValueHint};

use crate::{commands, exit::Failure};

/// Watch and query Bambu Lab printers over the cloud and the local network, and simulate them.
///
/// Not affiliated with or endorsed by Bambu Lab.
#[derive(Debug, Parser)]
#[command(name = "bambu", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "Exit codes:\n  \
    0 done             3 refused by the printer or the cloud\n  \
    1 failed           4 not signed in, or a wrong access code\n  \
    2 wrong call       5 not reachable\n\n\
    Start with: bambu demo")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags that every verb takes. What is not given comes from the environment, then from the
/// config file; `settings.rs` settles it.
#[derive(Debug, Default, Clone, Args)]
#[command(next_help_heading = WHERE)]
pub(crate) struct Global {
    /// Config file [env: BAMBU_CONFIG_DIR names its folder; `bambu config path` tells]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Cloud region: global or china [env: BAMBU_REGION]
    #[arg(long, global = true, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Address of the cloud's REST API [env: BAMBU_API_URL]
    #[arg(long, global = true, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) api_url: Option<String>,
    /// Address of the cloud's MQTT broker, such as mqtts://127.0.0.1:8883 [env: BAMBU_MQTT_URL]
    #[arg(long, global = true, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) mqtt_url: Option<String>,
    /// PEM file of further trusted certificate authorities [env: BAMBU_CA_FILE]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca_file: Option<PathBuf>,
    /// Cloud access token; `-` reads it from standard input [env: BAMBU_TOKEN]
    #[arg(long, global = true, value_name = "TOKEN", allow_hyphen_values = true)]
    pub(crate) token: Option<String>,
    /// Number of the cloud account; asked from the cloud when not given [env: BAMBU_UID]
    #[arg(long, global = true, value_name = "UID")]
    pub(crate) uid: Option<String>,
    /// Saved session with the token [env: BAMBU_TOKEN_FILE] [default: ~/.bambu_token]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) token_file: Option<PathBuf>,
    /// Tell more on standard error: -v what happens, -vv every detail [env: BAMBU_LOG]
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = None::<&str>, display_order = 900)]
    pub(crate) verbose: u8,
}

/// Heading of the flags that only matter where something is connected.
const WHERE: &str = "Where to connect";

/// Verbs that connect to nothing of the user's.
const AT_HOME: [&str; 5] = ["demo", "simulate", "decode", "completions", "man"];

/// The command line as it is shown: where a verb has no use for a flag, its help is silent on it.
pub(crate) fn syntax() -> Syntax {
    let root = Cli::command();
    let of_no_use = root.get_arguments().filter(|flag| flag.get_help_heading() == Some(WHERE));
    let hidden: Vec<_> = of_no_use.map(|flag| flag.clone().hide(true)).collect();
    AT_HOME.iter().fold(root, |root, verb| root.mut_subcommand(verb, |verb| verb.args(&hidden)))
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(commands::demo::Args),
    Query(commands::query::Args),
    Monitor(commands::monitor::Args),
    Simulate(commands::simulate::Args),
    Decode(commands::decode::Args),
    Config(commands::config::Args),
    Completions(commands::completions::Args),
    Man(commands::man::Args),
}

impl Cli {
    /// Reads the arguments; help and usage errors end the process here.
    pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Self {
        let matches = syntax().get_matches_from(arguments);
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// Runs the verb that was asked for.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let Self { global, command } = self;
        match command {
            Command::Demo(args) => commands::block_on_all_cores(commands::demo::run(args)),
            Command::Query(args) => commands::block_on(commands::query::run(args, &global)),
            Command::Monitor(args) => commands::block_on(commands::monitor::run(args, &global)),
            Command::Simulate(args) => commands::block_on_all_cores(commands::simulate::run(args)),
            Command::Decode(args) => commands::decode::run(args),
            Command::Config(args) => commands::config::run(&args, &global),
            Command::Completions(args) => commands::completions::run(&args),
            Command::Man(args) => commands::man::run(&args),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        syntax().debug_assert();
    }

    #[test]
    fn a_verb_that_connects_to_nothing_still_takes_the_flags() {
        let cli = Cli::read(["bambu", "decode", "--token", "x"].map(OsString::from));
        assert_eq!(cli.global.token.as_deref(), Some("x"));
    }
}
