//! `bambu monitor`: live status of one or many printers, over the cloud or the local network.

use crate::{
    exit::Failure,
    output,
    settings::{Flags, Settings},
    shutdown,
    targets::{self, Which},
    watch::{self, Limits, Screen, Show, Until},
};

/// Show live status of one or many printers
///
/// On a terminal a dashboard with keys (? explains them), in a pipe or with --plain one line per
/// change, with --json one status document per line and update, with `connection` (online, stale,
/// offline) and `offline_reason` beside the status. Printers with a `host` in the config file, or the one given with
/// --host, are reached on the local network, all others over the cloud by one connection. Ends at
/// once when no printer can ever answer, such as with a wrong token (exit code 4) or at an address
/// where nothing answers (5).
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    bambu monitor\n  \
    bambu monitor \"P1S 1\" --json | jq .temperatures\n  \
    bambu monitor 01P00A000000001 --host 192.168.1.50 --access-code -")]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    limits: Limits,
    /// Write status documents, one per line
    #[arg(long)]
    json: bool,
    /// Write a line per change on a terminal, too
    #[arg(long, conflicts_with = "json")]
    plain: bool,
}

pub(crate) async fn run(args: Args, flags: &Flags) -> Result<(), Failure> {
    let settings = Settings::load(flags)?;
    let stop = shutdown::token();
    let show = match (args.json, output::can_redraw()) {
        (true, _) => Show::Json,
        (false, true) if !args.plain => Show::Screen(Screen::titled("bambu monitor")),
        (false, _) => Show::Lines,
    };
    let connect = async {
        let targets = targets::choose(&args.which, &settings).await?;
        targets::connect(targets, &settings).await
    };
    let until = Until::after(args.limits.timeout);
    let connected = tokio::select! {
        connected = until.cut(&settings, connect) => connected?,
        () = stop.cancelled() => return Ok(()),
    };
    connected.tell_lost();
    let result = watch::follow(&connected.fleet, show, args.limits, until, &stop).await;
    connected.close().await;
    result
}
