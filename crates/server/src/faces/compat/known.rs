//! What the layer knows, and which of it answers: a live state before the cloud's REST interface,
//! and whatever is older than the limit only as stale.

use std::sync::Arc;

use bambu_protocol::Serial;
use serde_json::Value;

use super::{
    config::LegacyDevice,
    legacy::{self, Source, Standing},
    rest::{Demand, Rest, Seen},
};
use crate::routes::{Roster, Shown};

/// What the layer knows. Nothing in here waits for anybody.
#[derive(Debug)]
pub(super) struct Known {
    /// The printers, named and of the account.
    pub(super) roster: Arc<Roster>,
    /// What the cloud's REST interface says.
    pub(super) rest: Rest,
    /// Whether somebody asks.
    pub(super) demand: Demand,
    /// The printers that the user named.
    pub(super) named: Vec<LegacyDevice>,
    /// Whether a status without `device_id` tells of those alone.
    pub(super) only_named: bool,
    /// Whether there is an account to ask.
    pub(super) has_account: bool,
}

/// What can be said about a printer.
pub(super) enum Lookup {
    /// Its status.
    Told(Value),
    /// It is known, and nothing is known about it.
    NothingYet,
    /// There is no such printer.
    Unknown,
    /// The account has not told what it has, so nobody can say.
    NoList,
}

impl Known {
    /// The status of one printer in the old form.
    pub(super) fn status(&self, serial: &str) -> Lookup {
        match self.roster.printer(serial) {
            Some(printer) => self.told(&printer).map_or(Lookup::NothingYet, Lookup::Told),
            None if self.has_account && self.rest.devices().is_none() => Lookup::NoList,
            None => Lookup::Unknown,
        }
    }

    /// The printers that a status without `device_id` tells of.
    pub(super) fn listed(&self) -> Vec<Arc<Shown>> {
        let all = self.roster.all();
        let named = |serial: &Serial| self.named.iter().any(|device| device.serial == *serial);
        let listed = all.iter().filter(|(serial, _)| !self.only_named || named(serial));
        listed.map(|(_, printer)| printer.clone()).collect()
    }

    /// How many printers `/` and `/health` count.
    pub(super) fn count(&self) -> usize {
        self.listed().len()
    }

    /// Printers without a live state, if any; all are without one while nobody knows which there are.
    pub(super) fn without_live_state(&self) -> Option<Vec<Serial>> {
        let all = self.roster.all();
        let silent: Vec<_> = all
            .iter()
            .filter(|(_, printer)| !self.roster.is_live(printer))
            .map(|(serial, _)| serial.clone())
            .collect();
        (all.is_empty() || !silent.is_empty()).then_some(silent)
    }

    /// The best that is known about a printer.
    pub(super) fn told(&self, printer: &Shown) -> Option<Value> {
        let reported = match self.reported(printer) {
            Some((report, true)) => return Some(report),
            reported => reported.map(|(report, _)| report),
        };
        let seen = self.rest.seen(&printer.serial);
        let is_fresh = |seen: &Seen| seen.heard.age() <= self.roster.stale_after();
        let stands_in = |seen: &Seen| is_fresh(seen) && seen.online() == Some(true);
        match (reported, seen) {
            (reported, Some(seen)) if reported.is_none() || stands_in(&seen) => {
                Some(of_rest(printer, &seen, !is_fresh(&seen)))
            }
            (reported, _) => reported,
        }
    }

    /// What the printer reported itself, and whether that is recent; `None` before a whole report.
    fn reported(&self, printer: &Shown) -> Option<(Value, bool)> {
        let link = printer.link.as_ref()?;
        // The snapshot first: the report is never older than its age says.
        let snapshot = link.snapshot();
        let report = link.report()?;
        let freshness = self.roster.freshness(&snapshot);
        let standing = Standing {
            serial: &printer.serial,
            name: printer.name.as_deref().or(snapshot.status.name.as_deref()),
            online: freshness.is_live,
            age: freshness.age?,
            stale: !freshness.is_live,
            updated_at: snapshot.status.updated_at.as_deref(),
            source: match link.way() {
                bambulab::Way::Lan => Source::Lan,
                bambulab::Way::Cloud => Source::Mqtt,
            },
        };
        let told = legacy::from_report(report, &snapshot.status, &standing);
        Some((told, freshness.is_recent))
    }
}

fn of_rest(printer: &Shown, seen: &Seen, stale: bool) -> Value {
    let at = seen.heard.text();
    let listed = seen.device.as_ref().and_then(|device| device.name.as_deref());
    let standing = Standing {
        serial: &printer.serial,
        name: printer.name.as_deref().or(listed),
        online: seen.online() == Some(true),
        age: seen.heard.age(),
        stale,
        updated_at: Some(&at),
        source: Source::Rest,
    };
    legacy::from_rest(seen.job.as_ref(), seen.device.as_ref(), &standing)
}
