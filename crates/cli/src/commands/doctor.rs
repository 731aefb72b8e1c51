//! `bambu doctor`: what is wrong between here, the cloud and the printers, and what to do about it.
//!
//! The account's checks are in `doctor/account.rs`, a printer's in `doctor/printer.rs`, the servers' in
//! `doctor/servers.rs`; what became of them is told by `doctor/findings.rs`. Whether each call works is `selftest`'s matter.

mod account;
mod findings;
mod printer;
mod servers;

use std::time::Duration;

use futures_util::{StreamExt as _, stream};

use crate::{
    exit::{Failure, Kind},
    output::waiting::Waiting,
    settings::{Flags, Settings},
    shutdown,
    targets::{self, Target, Which},
    watch,
};

use findings::{Finding, Findings};

/// Printers that are looked at at a time.
const AT_A_TIME: usize = 16;

/// Find out what is wrong with the token, the cloud and the printers, and what to do about it
///
/// Looks at the account and at every printer that is known, or at those named. Changes nothing.
/// Ends with 0 when nothing failed, however much there is to warn of, else with the code of the
/// worst failure.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    bambu doctor\n  \
    bambu doctor \"P1S 1\"\n  \
    bambu doctor 01P00A000000001 --host 192.168.1.50 --access-code -\n  \
    bambu doctor --json")]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// How long each part may take: the broker, the search for addresses, a printer's status
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = watch::seconds)]
    timeout: Duration,
}

pub(crate) async fn run(args: Args, flags: &Flags) -> Result<(), Failure> {
    let settings = Settings::load(flags)?;
    let stop = shutdown::token();
    tokio::select! {
        result = look(&args, &settings) => result,
        () = stop.cancelled() => Err(Failure::say(Kind::Failed, "interrupted")),
    }
}

async fn look(args: &Args, settings: &Settings) -> Result<(), Failure> {
    let mut findings = Findings::new(args.json);
    let waiting = Waiting::default();
    // A printer that is reached by hand needs no account, and one in the config file may not.
    let needs_account = args.which.by_hand.host.is_none() && settings.printers.is_empty();
    waiting.say("asking the cloud …");
    let account = account::look(settings, needs_account, args.timeout, &mut findings);
    waiting.during(account).await?;
    if args.which.by_hand.host.is_none() {
        servers::look(settings, &mut findings).await?;
    }

    waiting.say("looking for the printers …");
    let chosen = match waiting.during(targets::choose(&args.which, settings)).await {
        Ok(chosen) => chosen,
        Err(failure) if failure.kind() == Kind::Usage => return Err(failure),
        Err(failure) => {
            findings.add(Finding::of("printers", failure))?;
            return findings.end();
        }
    };
    findings.add(Finding::ok("printers", targets::names(chosen.iter())))?;
    let (chosen, found) = waiting.during(targets::look_for(chosen, args.timeout, settings)).await?;

    waiting.say("looking at the printers …");
    let options = settings.options()?;
    let (near, far): (Vec<_>, Vec<_>) = chosen.into_iter().partition(Target::has_address);
    let one = |target: Target| {
        let was_found = found.contains(&target.serial);
        printer::look(target, was_found, settings, &options, args.timeout)
    };
    let mut all = stream::iter(near).map(one).buffered(AT_A_TIME);
    while let Some(of_one) = waiting.during(all.next()).await {
        of_one.into_iter().try_for_each(|finding| findings.add(finding))?;
    }
    if !far.is_empty() {
        let far = printer::look_from_afar(far, settings, args.timeout);
        waiting.during(far).await.into_iter().try_for_each(|finding| findings.add(finding))?;
    }
    findings.end()
}
