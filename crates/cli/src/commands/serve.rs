//! `bambu serve`: every server that the config file turns on, in one process.

use crate::{
    exit::Failure,
    servers::{self, Serving},
    settings::{Flags, Settings},
};

/// Run the servers that the config file turns on: proxies, the compatibility layer, cameras
///
/// The tables proxy.strict, proxy.full, compat and camera of bambu.toml each turn one on. They share one
/// connection to the cloud and one to each printer. It runs until Ctrl-C or SIGTERM; requests that
/// are under way are finished first. Counters for Prometheus are at /metrics of each server.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    bambu serve\n  \
    bambu serve --config farm.toml -v --log-format json")]
pub(crate) struct Args {
    #[command(flatten)]
    serving: Serving,
}

pub(crate) async fn run(args: Args, flags: &Flags) -> Result<(), Failure> {
    let settings = Settings::load(flags)?;
    let mut config = settings.servers.clone();
    if config.proxy.strict.is_some() || config.proxy.full.is_some() {
        config.proxy.tokens_file = Some(settings.proxy_tokens.value.clone());
    }
    servers::run(config, &settings, args.serving).await
}
