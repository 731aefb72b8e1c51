//! The account's checks: token, region, the cloud itself, clock, session, broker.

use std::time::{Duration, SystemTime};

use bambulab::{
    CloudLogin, SessionFile,
    cloud::Probe,
    link::{Unreachable, try_login},
};
use tokio::time::timeout;

use super::findings::{Finding, Findings};
use crate::{
    account,
    exit::{Failure, Kind},
    settings::{Settings, Source},
    targets, watch,
};

/// A token that ends within this is worth a warning.
const SOON: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const DAY: u64 = 24 * 60 * 60;
/// Clocks may differ so much, in seconds: signatures and certificates bear it.
const CLOCK: i64 = 60;
const LOG_IN: &str = "log in: bambu login, or set BAMBU_TOKEN";

/// Looks at everything between here and the account. Where it is not needed, what is wrong with
/// the cloud is a warning.
pub(super) async fn look(
    settings: &Settings,
    is_needed: bool,
    within: Duration,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let has_token = settings.token.as_ref().is_some_and(|token| !token.value.is_empty());
    let weighed = |finding: Finding| match is_needed || has_token {
        true => finding,
        false => finding.mild(),
    };
    findings.add(weighed(token(settings)))?;
    findings.add(region(settings))?;
    let (probe, reached) = probe(settings).await?;
    let is_there = reached.is_good();
    findings.add(weighed(reached))?;
    findings.add(clock(probe))?;
    if !has_token {
        findings.add(Finding::skipped("session", "there is no token"))?;
        findings.add(Finding::skipped("broker", "there is no token"))?;
        return Ok(());
    }
    let session = match is_there {
        true => session(settings).await,
        false => Finding::skipped("session", "the cloud is not reached"),
    };
    let is_alive = session.is_good();
    findings.add(session)?;
    let broker = match is_alive {
        true => broker(settings, within).await?,
        false => Finding::skipped("broker", "the cloud does not know who this is"),
    };
    findings.add(broker)?;
    Ok(())
}

/// Whether there is a token, where it comes from, and how long it still counts.
fn token(settings: &Settings) -> Finding {
    let Some(token) = settings.token.as_ref().filter(|token| !token.value.is_empty()) else {
        let failure = Failure::say(Kind::NotAuthenticated, "there is no access token");
        return Finding::of("token", failure.next(LOG_IN));
    };
    if token.source != Source::Session {
        return Finding::ok("token", format!("from {}; its end is not known", token.source));
    }
    let file = SessionFile::at(&settings.token_file.value);
    let path = settings.token_file.value.display();
    let saved = settings.session.as_ref();
    let left = saved.and_then(|saved| saved.remaining(SystemTime::now()));
    let days = |left: Duration| left.as_secs() / DAY;
    match left {
        Some(Duration::ZERO) => {
            let failure = Failure::say(Kind::NotAuthenticated, "the saved session is over");
            Finding::of("token", failure.next(LOG_IN))
        }
        Some(left) if left < SOON => {
            let seen = format!("from {path}; it ends in {} days", days(left));
            Finding::warn("token", seen, "log in again before that: bambu login --force")
        }
        _ if file.is_open_to_others() => {
            let seen = format!("others on this machine may read {path}");
            Finding::warn("token", seen, format!("chmod 600 {path}"))
        }
        Some(left) => Finding::ok("token", format!("from {path}; {} days left", days(left))),
        None => Finding::ok("token", format!("from {path}; its end is not known")),
    }
}

/// Which part of the world is asked; a token is worth nothing in the other one.
fn region(settings: &Settings) -> Finding {
    let region = &settings.region;
    let seen = format!("{}, from {}", region.value.name(), region.source);
    let is_saved = settings.token.as_ref().is_some_and(|token| token.source == Source::Session);
    let saved = settings.session.as_ref().filter(|_| is_saved);
    match saved.and_then(|saved| saved.region) {
        Some(other) if other != region.value => {
            let seen = format!("{seen}; the saved session is of {}", other.name());
            let next = format!("set BAMBU_REGION={}, or log in again", other.name());
            Finding::warn("region", seen, next)
        }
        _ => Finding::ok("region", seen),
    }
}

/// Whether anybody is there who may be the cloud.
async fn probe(settings: &Settings) -> Result<(Option<Probe>, Finding), Failure> {
    Ok(match account::cloud_for(settings, None)?.probe().await {
        Ok(probe) => {
            let took = probe.took.as_millis();
            let seen = format!("{} answers in {took} ms", settings.endpoint.api_url);
            (Some(probe), Finding::ok("cloud", seen))
        }
        Err(error) => (None, Finding::of("cloud", account::failure(error))),
    })
}

/// Whether this machine knows what time it is: certificates and signed addresses go by it.
fn clock(probe: Option<Probe>) -> Finding {
    let Some(ahead) = probe.and_then(|probe| probe.clock_ahead) else {
        return Finding::skipped("clock", "nobody told the time");
    };
    let seconds = ahead.unsigned_abs();
    let way = if ahead > 0 { "before" } else { "behind" };
    if (-CLOCK..=CLOCK).contains(&ahead) {
        return Finding::ok("clock", format!("within {} s of the cloud's", seconds.max(1)));
    }
    let seen = format!("this machine is {seconds} s {way} the cloud");
    Finding::warn("clock", seen, "set the clock of this machine, or let it be set by NTP")
}

/// Whether the cloud takes the token.
async fn session(settings: &Settings) -> Finding {
    let cloud = match account::cloud(settings) {
        Ok(cloud) => cloud,
        Err(failure) => return Finding::of("session", failure),
    };
    match cloud.user_info().await {
        Ok(_) => Finding::ok("session", "the cloud takes the token"),
        Err(error) => Finding::of("session", account::failure(error)),
    }
}

/// Whether the broker lets this account in.
async fn broker(settings: &Settings, within: Duration) -> Result<Finding, Failure> {
    let login: CloudLogin = match targets::broker_login(settings).await {
        Ok(login) => login,
        Err(failure) => return Ok(Finding::of("broker", failure)),
    };
    let address = login.broker.clone();
    let mut options = settings.options()?;
    options.timing.connect = options.timing.connect.min(within);
    let tried = timeout(within, try_login(login, &options)).await;
    let why = Unreachable::TimedOut;
    let late = || Err(bambulab::Reason::Unreachable { address: address.clone(), why });
    Ok(match tried.unwrap_or_else(|_| late()) {
        Ok(()) => Finding::ok("broker", format!("{address} lets this account in")),
        Err(reason) => Finding::of("broker", watch::failure(&reason)),
    })
}
