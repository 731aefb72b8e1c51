//! `bambu compat`: the old local HTTP interface over the live printers.

use std::{net::SocketAddr, path::Path};

use crate::{
    exit::Failure,
    servers::{self, Serving},
    settings::{Flags, Settings},
};

/// The name of the legacy file, looked for in the working folder.
const LEGACY: &str = "compatibility_config.json";

/// Offer the old local HTTP interface to legacy tools and home automation
///
/// Answers come from the live state of the printers and tell their age. Takes a
/// compatibility_config.json as it is: with --config, or from this folder. Without one, the printers
/// are those of the account and of bambu.toml. Runs until Ctrl-C or SIGTERM.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    bambu compat\n  \
    bambu compat --config compatibility_config.json\n  \
    curl http://127.0.0.1:8080/api/v1/status")]
pub(crate) struct Args {
    /// Where to listen [default: as the config file says, else 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT", value_parser = servers::listen)]
    listen: Option<SocketAddr>,
    #[command(flatten)]
    serving: Serving,
}

pub(crate) async fn run(args: Args, mut flags: Flags) -> Result<(), Failure> {
    let is_legacy =
        |path: &Path| path.extension().is_some_and(|it| it.eq_ignore_ascii_case("json"));
    let named = flags.config.take_if(|path| is_legacy(path));
    let settings = Settings::load(&flags)?;
    let mut config = settings.servers.clone();
    (config.proxy.strict, config.proxy.full) = (None, None);
    let mut compat = config.compat.take().unwrap_or_default();
    compat.listen = args.listen.or(compat.listen);
    let here = || Some(Path::new(LEGACY)).filter(|path| path.is_file()).map(Path::to_owned);
    compat.config = named.or(compat.config).or_else(here);
    config.compat = Some(compat);
    servers::run(config, &settings, args.serving).await
}
