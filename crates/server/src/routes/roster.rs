//! The printers that a face shows, some with a live link and some without. Who puts them in is the
//! face's matter; all printers with a link, as one stream, are `fleet.rs`.

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use bambu_protocol::{Model, Serial};
use bambulab::{Connection, Link, Snapshot};
use tokio::sync::watch;

/// The printers that a face shows, by serial number. Readers never wait.
#[derive(Debug)]
pub(crate) struct Roster {
    printers: ArcSwap<BTreeMap<Serial, Arc<Shown>>>,
    changes: watch::Sender<()>,
    stale_after: Duration,
}

/// A printer that a face shows.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    /// Serial number.
    pub serial: Serial,
    /// The name its owner gave it, where it is known.
    pub name: Option<String>,
    /// Its model, where it is known.
    pub model: Option<Model>,
    /// The live link; `None` before there is one, and where none is wanted.
    pub link: Option<Link>,
}

/// How fresh the state of a printer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Freshness {
    /// Age of the newest report; `None` before the first.
    pub age: Option<Duration>,
    /// Whether the state is whole and not older than the limit.
    pub is_recent: bool,
    /// Whether it is recent and the printer is connected right now.
    pub is_live: bool,
}

/// An age as answers tell it: in seconds, with one decimal.
pub(crate) fn age_seconds(age: Duration) -> f64 {
    (age.as_secs_f64() * 10.0).round() / 10.0
}

impl Roster {
    /// Nobody yet. A state older than `stale_after` is never passed as live.
    pub(crate) fn new(stale_after: Duration) -> Self {
        Self { printers: ArcSwap::default(), changes: watch::Sender::new(()), stale_after }
    }

    /// Age after which a state is stale.
    pub(crate) fn stale_after(&self) -> Duration {
        self.stale_after
    }

    /// Takes a printer in, or what is now known of it.
    pub(crate) fn put(&self, printer: Shown) {
        let printer = Arc::new(printer);
        let before = self.printers.rcu(|printers| {
            let mut printers = BTreeMap::clone(printers);
            printers.insert(printer.serial.clone(), printer.clone());
            printers
        });
        let same =
            before.get(&printer.serial).is_some_and(|old| match (&old.link, &printer.link) {
                (Some(old), Some(new)) => old.is_same(new),
                (None, None) => true,
                _ => false,
            });
        if !same {
            self.changes.send_replace(());
        }
    }

    /// Lets all go that are not wanted any more.
    pub(crate) fn retain(&self, wanted: impl Fn(&Shown) -> bool) {
        if self.all().values().all(|printer| wanted(printer)) {
            return;
        }
        self.printers.rcu(|printers| {
            let mut printers = BTreeMap::clone(printers);
            printers.retain(|_, printer| wanted(printer));
            printers
        });
        self.changes.send_replace(());
    }

    /// The printer with this serial number.
    pub(crate) fn printer(&self, serial: &str) -> Option<Arc<Shown>> {
        self.printers.load().get(serial).cloned()
    }

    /// All printers as they are now, by serial number.
    pub(crate) fn all(&self) -> Arc<BTreeMap<Serial, Arc<Shown>>> {
        self.printers.load_full()
    }

    /// All that have a link.
    pub(crate) fn links(&self) -> Vec<Link> {
        self.printers.load().values().filter_map(|printer| printer.link.clone()).collect()
    }

    /// Wakes whenever a printer comes, goes or gets another link.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// How fresh this state is.
    pub(crate) fn freshness(&self, snapshot: &Snapshot) -> Freshness {
        let age = snapshot.age();
        let is_recent = snapshot.complete && age.is_some_and(|age| age <= self.stale_after);
        let is_live = is_recent && snapshot.connection == Connection::Online;
        Freshness { age, is_recent, is_live }
    }

    /// Whether the printer's state comes from itself, right now.
    pub(crate) fn is_live(&self, printer: &Shown) -> bool {
        printer.link.as_ref().is_some_and(|link| self.freshness(&link.snapshot()).is_live)
    }
}
