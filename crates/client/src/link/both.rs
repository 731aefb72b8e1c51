//! A printer on two ways: read over the LAN while it answers there, over the cloud while it does
//! not. Which way, and how live its status is, decides `link/both/choice.rs`.
//!
//! It rides in the task of the LAN connection and does no more than listen to what each way shows
//! (`link/tracked.rs`), so that a printer costs one task however it is reached.

mod choice;

use std::sync::Arc;

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{
    Connection, Reason, Snapshot, Way,
    hub::{Detour, Feed, Handle, Owner},
};
use crate::options::Timing;
use choice::{Choice, Seen};

/// Reports that differ by more are no sign of their order: the printer's clock was set.
const CLOCK_SET_MILLIS: u64 = 60_000;

/// Both ways to one printer.
pub(super) struct Both {
    /// What readers see.
    shown: Arc<Feed>,
    lan: Listened,
    cloud: Option<Subscribed>,
    session: Arc<Owner>,
    detour: Detour,
    choice: Choice,
    /// Why the printer was last not let in or not believed on the LAN.
    refused: Option<Reason>,
    timing: Timing,
}

/// What one way shows.
struct Listened {
    feed: Arc<Feed>,
    updates: watch::Receiver<Arc<Snapshot>>,
    /// What was shown last of it.
    last: Option<Arc<Snapshot>>,
}

/// The cloud's way; leaving it unsubscribes, the session stays.
struct Subscribed {
    handle: Arc<Handle>,
    way: Listened,
}

impl Listened {
    fn new(feed: Arc<Feed>) -> Self {
        let mut updates = feed.snapshot.subscribe();
        updates.mark_changed();
        Self { feed, updates, last: None }
    }

    fn now(&mut self) -> Arc<Snapshot> {
        self.updates.borrow_and_update().clone()
    }
}

impl Both {
    /// `lan` is the feed that the LAN's connection writes, `shown` the one for readers.
    pub(super) fn new(
        shown: Arc<Feed>,
        lan: Arc<Feed>,
        session: Arc<Owner>,
        detour: Detour,
        timing: &Timing,
    ) -> Self {
        lan.tap(&shown);
        Self {
            shown,
            lan: Listened::new(lan),
            cloud: None,
            session,
            detour,
            choice: Choice::new(),
            refused: None,
            timing: timing.clone().bounded(),
        }
    }

    /// Waits for something to happen on either way and acts upon it. May be dropped at any time.
    pub(super) async fn changed(&mut self) {
        let next = self.choice.next();
        let cloud = self.cloud.as_mut().map(|cloud| &mut cloud.way.updates);
        tokio::select! {
            _ = self.lan.updates.changed() => {}
            () = changed(cloud) => {}
            () = moment(next) => {}
        }
        self.settle(Instant::now());
    }

    fn settle(&mut self, now: Instant) {
        let lan = self.lan.now();
        let cloud = self.cloud.as_mut().map(|cloud| cloud.way.now());
        self.warn(&lan.connection);
        let before = self.choice.way();
        self.choice.judge(
            now,
            &self.timing,
            Seen {
                lan: &lan.connection,
                lan_is_older: is_older(&self.lan.feed, &self.shown),
                cloud: cloud.as_ref().map(|cloud| &cloud.connection),
                cloud_is_older: self
                    .cloud
                    .as_ref()
                    .is_some_and(|cloud| is_older(&cloud.way.feed, &self.shown)),
            },
        );
        if self.choice.way() != before {
            tracing::debug!(serial = %self.shown.serial, way = ?self.choice.way(),
                "the printer is read over another way");
        }
        // Before it is shown: who reads that it is live may send at once.
        self.lead();
        let shown = self.choice.shown(&lan.connection, cloud.as_ref().map(|c| &c.connection));
        match (self.choice.way(), &mut self.cloud, cloud) {
            (Way::Cloud, Some(subscribed), Some(cloud)) => {
                show(&self.shown, &mut subscribed.way, cloud, shown);
            }
            _ => show(&self.shown, &mut self.lan, lan, shown),
        }
        self.subscribe();
        self.lead();
    }

    /// Leads requests over the way in use.
    fn lead(&self) {
        let handle = self.cloud.as_ref().map(|cloud| cloud.handle.clone());
        self.detour.set(handle.filter(|_| self.choice.way() == Way::Cloud));
    }

    /// The cloud hides that the LAN is out of order; what a person has to mend is told here.
    fn warn(&mut self, lan: &Connection) {
        let reason = lan.reason().filter(|reason| {
            reason.is_wrong_credentials() || matches!(reason, Reason::UntrustedCertificate { .. })
        });
        if let Some(reason) = reason
            && self.refused.as_ref() != Some(reason)
        {
            tracing::warn!(serial = %self.shown.serial, %reason, "only the cloud is left");
            self.refused = Some(reason.clone());
        }
    }

    /// Takes the cloud's way as well, or leaves it.
    fn subscribe(&mut self) {
        if !self.choice.needs_cloud() {
            if let Some(cloud) = self.cloud.take() {
                cloud.way.feed.untap(&self.shown);
            }
        } else if self.cloud.is_none() {
            let Feed { serial, name, model, .. } = &*self.shown;
            let handle = self.session.printer(serial.clone(), name.clone(), *model);
            handle.feed.tap(&self.shown);
            self.cloud = Some(Subscribed { way: Listened::new(handle.feed.clone()), handle });
        }
    }

    /// The LAN's connection was closed for good, and the printer is left on both ways.
    pub(super) fn end(self) {
        self.detour.set(None);
        if let Some(cloud) = &self.cloud {
            cloud.way.feed.untap(&self.shown);
        }
        self.shown.set_connection(Connection::Offline(Reason::Closed));
    }
}

/// Shows what came over the way in use. While that is not live, the last that was is kept.
fn show(feed: &Feed, way: &mut Listened, snapshot: Arc<Snapshot>, connection: Connection) {
    let is_live = snapshot.connection == Connection::Online;
    let is_shown = way.last.as_ref().is_some_and(|last| Arc::ptr_eq(last, &snapshot));
    if !is_live || is_shown {
        feed.set_connection(connection);
        return;
    }
    feed.set_reported_at(way.feed.reported_at());
    let reports = feed.snapshot.borrow().reports.saturating_add(1);
    feed.show(Arc::new(Snapshot { reports, ..(*snapshot).clone() }));
    way.last = Some(snapshot);
}

/// Whether the newest report here is older, by the printer's own clock, than the one shown.
fn is_older(way: &Feed, shown: &Feed) -> bool {
    match (way.reported_at(), shown.reported_at()) {
        (Some(here), Some(there)) => here < there && there - here < CLOCK_SET_MILLIS,
        _ => false,
    }
}

async fn changed(updates: Option<&mut watch::Receiver<Arc<Snapshot>>>) {
    match updates {
        // Its sender lives as long as the handle that is held beside it.
        Some(updates) => drop(updates.changed().await),
        None => std::future::pending().await,
    }
}

async fn moment(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
