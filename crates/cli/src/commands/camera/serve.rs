//! `bambu camera serve`: cameras in a browser. The server is `bambu_server`'s; how it runs, and what
//! it needs from the settings, is `servers.rs`.

use std::net::SocketAddr;

use bambu_server::Config;

use crate::{
    exit::Failure,
    servers::{self, Serving},
    settings::Settings,
    targets::{self, Which},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to listen [default: as the config file says, else 127.0.0.1:8081]
    #[arg(long, value_name = "ADDR:PORT", value_parser = servers::listen)]
    listen: Option<SocketAddr>,
    #[command(flatten)]
    serving: Serving,
}

/// Serves the printer that is named, else all of the config file that have an address.
pub(super) async fn run(args: Args, which: Which, settings: &Settings) -> Result<(), Failure> {
    let mut camera = settings.servers.camera.clone().unwrap_or_default();
    camera.listen = args.listen.or(camera.listen);
    let is_named = !which.printers.is_empty() || which.by_hand.host.is_some();
    let known = if is_named { Vec::new() } else { targets::on_lan(settings)? };
    let printers = if known.is_empty() {
        camera.printers.clear();
        vec![super::one(&which, settings).await?]
    } else {
        known
    };
    let server = settings.servers.server.clone();
    let config = Config { server, camera: Some(camera), ..Config::default() };
    servers::run_over(config, settings, printers, args.serving).await
}
