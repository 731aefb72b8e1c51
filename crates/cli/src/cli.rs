//! The root of the command line: the verbs. A verb is a file in `commands/` with its `Args` and its
//! `run`, and two lines here; the flags that every verb takes are in `settings/flags.rs`.

#[cfg(test)]
mod docs;

use std::ffi::OsString;

use clap::{Command as Syntax, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::{
    commands,
    exit::Failure,
    settings::{Flags, WHERE},
};

/// Watch, query and control Bambu Lab printers over the cloud and the local network, offer them to
/// other programs, and simulate them.
///
/// Not affiliated with or endorsed by Bambu Lab.
#[derive(Parser)]
#[command(name = "bambu", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "Exit codes:\n  \
    0 done             3 refused by the printer or the cloud\n  \
    1 failed           4 not signed in, or a wrong access code\n  \
    2 wrong call       5 not reachable\n                     \
    6 sent, but not confirmed\n\n\
    Start with: bambu demo")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) flags: Flags,
    #[command(subcommand)]
    command: Command,
}

/// Verbs that connect to nothing of the user's.
const AT_HOME: [&str; 6] = ["demo", "simulate", "decode", "inspect", "completions", "man"];

/// The command line as it is shown: where a verb has no use for a flag, its help is silent on it.
fn syntax() -> Syntax {
    let root = Cli::command();
    let of_no_use = root.get_arguments().filter(|flag| flag.get_help_heading() == Some(WHERE));
    let hidden: Vec<_> = of_no_use.map(|flag| flag.clone().hide(true)).collect();
    // Looking for printers takes settings, but neither an account nor trust.
    let but_config = hidden.iter().filter(|flag| flag.get_id() != "config").cloned();
    let but_config: Vec<_> = but_config.collect();
    // One verb reads the seeds' file there, too.
    let config = root.get_arguments().find(|flag| flag.get_id() == "config");
    let legacy = config.map(|flag| {
        flag.clone().help("Config file; one that ends in .json is a compatibility_config.json")
    });
    AT_HOME
        .iter()
        .fold(root, |root, verb| root.mut_subcommand(verb, |verb| verb.args(&hidden)))
        .mut_subcommand("discover", |verb| verb.args(&but_config))
        .mut_subcommand("compat", |verb| verb.args(legacy))
        // How to get to the printer may stand before and after what is wanted of its camera.
        .mut_subcommand("camera", |verb| {
            verb.mut_args(|flag| if flag.is_positional() { flag } else { flag.global(true) })
        })
}

#[derive(Subcommand)]
enum Command {
    Demo(commands::demo::Args),
    Login(commands::login::Args),
    Logout(commands::logout::Args),
    Token(commands::token::Args),
    Query(commands::query::Args),
    Monitor(commands::monitor::Args),
    Control(commands::control::Args),
    Inspect(commands::inspect::Args),
    Upload(commands::upload::Args),
    Print(commands::print::Args),
    Files(commands::files::Args),
    Camera(commands::camera::Args),
    Serve(commands::serve::Args),
    Proxy(commands::proxy::Args),
    Compat(commands::compat::Args),
    Discover(commands::discover::Args),
    Doctor(commands::doctor::Args),
    Selftest(commands::selftest::Args),
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
        let Self { flags, command } = self;
        match command {
            Command::Demo(args) => commands::block_on_all_cores(commands::demo::run(args)),
            Command::Login(args) => commands::block_on(commands::login::run(args, &flags)),
            Command::Logout(args) => commands::block_on(commands::logout::run(args, &flags)),
            Command::Token(args) => commands::token::run(args, &flags),
            Command::Query(args) => commands::block_on(commands::query::run(args, &flags)),
            Command::Monitor(args) => commands::block_on(commands::monitor::run(args, &flags)),
            Command::Control(args) => commands::block_on(commands::control::run(args, &flags)),
            Command::Inspect(args) => commands::inspect::run(&args),
            Command::Upload(args) => commands::block_on(commands::upload::run(args, &flags)),
            Command::Print(args) => commands::block_on(commands::print::run(args, &flags)),
            Command::Files(args) => commands::block_on(commands::files::run(args, &flags)),
            Command::Camera(args) if args.serves() => {
                commands::block_on_all_cores(commands::camera::run(args, &flags))
            }
            Command::Camera(args) => commands::block_on(commands::camera::run(args, &flags)),
            Command::Serve(args) => {
                commands::block_on_all_cores(commands::serve::run(args, &flags))
            }
            Command::Proxy(args) => {
                commands::block_on_all_cores(commands::proxy::run(args, &flags))
            }
            Command::Compat(args) => {
                commands::block_on_all_cores(commands::compat::run(args, flags))
            }
            Command::Discover(args) => commands::block_on(commands::discover::run(args, &flags)),
            Command::Selftest(args) => commands::block_on(commands::selftest::run(args, &flags)),
            Command::Doctor(args) => commands::block_on(commands::doctor::run(args, &flags)),
            Command::Simulate(args) => commands::block_on_all_cores(commands::simulate::run(args)),
            Command::Decode(args) => commands::decode::run(args),
            Command::Config(args) => commands::config::run(&args, &flags),
            Command::Completions(args) => commands::completions::run(&args, syntax()),
            Command::Man(args) => commands::man::run(&args, syntax()),
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
        assert_eq!(cli.flags.token.as_deref(), Some("x"));
    }
}
