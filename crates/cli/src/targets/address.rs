//! Addresses that nobody wrote down: of printers on the local network, by what they broadcast.

use std::{collections::HashSet, time::Duration};

use bambu_protocol::Serial;
use bambulab::discovery::{DetectError, DetectOptions, detect, resolve_all};

use super::{Ports, Target};
use crate::{
    exit::{Failure, Kind},
    settings::Settings,
};

/// How long printers are listened for; they broadcast every 5 s and answer a search at once.
pub(crate) const LISTEN: Duration = Duration::from_secs(6);

/// Whether its access code is known, its address is not, and the cloud is no way that is known.
fn is_wanted(target: &Target) -> bool {
    let code = target.access_code.as_ref().is_some_and(|code| !code.is_empty());
    code && target.lan.is_none() && !target.in_account
}

/// Looks for the addresses that are missing. With a token, a printer that is not found here may
/// still be reached.
///
/// # Errors
/// No printer has a way; settings of the search that make no sense.
pub(super) async fn find(
    chosen: &mut [Target],
    ports: Ports,
    settings: &Settings,
) -> Result<(), Failure> {
    let wanted: Vec<Serial> =
        chosen.iter().filter(|it| is_wanted(it)).map(|it| it.serial.clone()).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let mut found = resolve_all(&wanted, LISTEN, settings.search(None, None)?).await;
    for target in chosen.iter_mut().filter(|it| is_wanted(it)) {
        match found.remove(&target.serial) {
            Some(address) => {
                tracing::info!(printer = %target.serial, %address, "found on this network");
                target.lan = Some((address.to_string(), ports));
            }
            None if settings.token.is_some() => {}
            None => target.lost = true,
        }
    }
    // Others are not kept waiting by one that is switched off.
    match chosen.iter().find(|target| target.lost) {
        Some(target) if chosen.iter().all(|target| target.lost) => Err(missing(target)),
        _ => Ok(()),
    }
}

/// Looks on this network for all whose address is not known; those that were found are named.
///
/// # Errors
/// Settings of the search that make no sense.
pub(crate) async fn look_for(
    mut chosen: Vec<Target>,
    within: Duration,
    settings: &Settings,
) -> Result<(Vec<Target>, HashSet<Serial>), Failure> {
    let wanted: Vec<Serial> =
        chosen.iter().filter(|it| it.lan.is_none()).map(|it| it.serial.clone()).collect();
    let mut found = HashSet::new();
    if !wanted.is_empty() {
        let search = settings.search(None, None)?;
        let mut places = resolve_all(&wanted, within.min(LISTEN), search).await;
        for target in &mut chosen {
            if let Some(address) = places.remove(&target.serial) {
                target.lan = Some((address.to_string(), Ports::default()));
                target.lost = false;
                found.insert(target.serial.clone());
            }
        }
    }
    Ok((chosen, found))
}

/// The serial number of the printer at an address; it is proved when it is connected.
///
/// # Errors
/// No printer says who it is there.
pub(super) async fn who(host: &str) -> Result<Serial, Failure> {
    let found = detect(host, &DetectOptions::default()).await;
    // A printer that keeps that to itself can be reached all the same, by its serial number.
    found.map(|found| found.serial).map_err(|error| {
        let kind = match error {
            DetectError::Refused { .. } => Kind::Usage,
            _ => Kind::Unreachable,
        };
        let cause = Failure::advised(kind, &error);
        cause
            .about(format!("{host} does not say which printer it is"))
            .next("check the address; if it is right, give the printer's serial number, too")
    })
}

/// The failure for a printer that nobody heard.
pub(super) fn missing(target: &Target) -> Failure {
    let text = format!("{} was not found on this network", target.shown());
    Failure::say(Kind::Unreachable, text).next(
        "switch it on, see `bambu discover`, or give its address with --host or as host in the \
         config file",
    )
}

#[cfg(test)]
mod tests {
    use bambu_protocol::AccessCode;

    use super::*;

    #[test]
    fn only_a_printer_without_address_and_cloud_is_looked_for() {
        let bare = Target::bare("01P00A000000001".parse().unwrap());
        assert!(!is_wanted(&bare), "without an access code the way is the cloud");
        let coded = Target { access_code: Some(AccessCode::new("12345678")), ..bare };
        assert!(is_wanted(&coded));
        assert!(!is_wanted(&Target { in_account: true, ..coded.clone() }));
        assert!(!is_wanted(&Target {
            lan: Some(("192.0.2.1".into(), Ports::default())),
            ..coded.clone()
        }));
        assert_eq!(missing(&coded).kind(), Kind::Unreachable);
    }
}
