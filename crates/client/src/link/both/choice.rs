//! Which of two ways to a printer is used. Pure: the clock is an argument.
//!
//! The LAN goes first. A status stays live for [`Timing::lan_silence`] after its way failed, which
//! is what the other way takes to be there; no reader sees the change.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    link::{Connection, Way},
    options::Timing,
};

/// How both ways are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) lan: &'a Connection,
    /// Whether its newest report was made before the one that is shown.
    pub(super) lan_is_older: bool,
    /// `None` while it is not taken.
    pub(super) cloud: Option<&'a Connection>,
    pub(super) cloud_is_older: bool,
}

/// The way in use and how long its failure is borne.
#[derive(Debug)]
pub(super) struct Choice {
    way: Way,
    /// Since when the LAN has been online without a break.
    lan_since: Option<Instant>,
    /// How long it has to be so before it is used again; grows while it comes and goes.
    hold: Duration,
    /// When that will be, while it is not yet.
    steady_at: Option<Instant>,
    returned: Option<Instant>,
    was_live: bool,
    grace: Option<Instant>,
}

impl Choice {
    pub(super) fn new() -> Self {
        Self {
            way: Way::Lan,
            lan_since: None,
            hold: Duration::ZERO,
            steady_at: None,
            returned: None,
            was_live: false,
            grace: None,
        }
    }

    pub(super) fn way(&self) -> Way {
        self.way
    }

    /// Whether the cloud is to be taken as well: always, but while the LAN is used and online.
    pub(super) fn needs_cloud(&self) -> bool {
        self.way == Way::Cloud || self.lan_since.is_none()
    }

    /// When to judge again although nothing happened.
    pub(super) fn next(&self) -> Option<Instant> {
        self.steady_at.into_iter().chain(self.grace).min()
    }

    pub(super) fn judge(&mut self, now: Instant, timing: &Timing, seen: Seen<'_>) {
        let lan_lives = *seen.lan == Connection::Online;
        let cloud_lives = seen.cloud == Some(&Connection::Online);
        if lan_lives {
            self.lan_since.get_or_insert(now);
        } else if self.lan_since.take().is_some() && self.way == Way::Lan {
            let held = self.returned.is_none_or(|at| now >= at + timing.healthy_after);
            let longer = self.hold.saturating_mul(2).max(timing.lan_silence).min(timing.retry_max);
            self.hold = if held { Duration::ZERO } else { longer };
        }
        self.steady_at = self.lan_since.map(|since| since + self.hold).filter(|at| *at > now);
        let is_steady = self.steady_at.is_none();
        match self.way {
            Way::Lan if !lan_lives && cloud_lives && !seen.cloud_is_older => self.way = Way::Cloud,
            Way::Cloud if lan_lives && !seen.lan_is_older && (is_steady || !cloud_lives) => {
                self.way = Way::Lan;
                self.returned = Some(now);
            }
            _ => {}
        }
        if self.way == Way::Lan {
            self.steady_at = None;
        }
        let lives = match self.way {
            Way::Lan => lan_lives,
            Way::Cloud => cloud_lives,
        };
        if lives {
            self.grace = None;
        } else if self.was_live {
            self.grace = Some(now + timing.lan_silence);
        }
        self.was_live = lives;
        let is_over = self.grace.is_some_and(|until| now >= until);
        if is_over || (is_offline(seen.lan) && seen.cloud.is_some_and(is_offline)) {
            self.grace = None;
        }
    }

    /// How the printer is, as readers see it.
    pub(super) fn shown(&self, lan: &Connection, cloud: Option<&Connection>) -> Connection {
        if self.was_live || self.grace.is_some() {
            return Connection::Online;
        }
        // The better of the two; a failure that may pass is better than one that will not.
        let worse_first = |connection: &&Connection| match connection {
            Connection::Online | Connection::Connecting => 2,
            Connection::Stale => 3,
            Connection::Offline(reason) => u8::from(!reason.is_fatal()),
        };
        // Of equals the LAN's is told.
        let better = cloud.into_iter().chain([lan]).max_by_key(worse_first);
        match better.unwrap_or(lan) {
            // It lives on the way that is not used yet.
            Connection::Online => Connection::Connecting,
            other => other.clone(),
        }
    }
}

fn is_offline(connection: &Connection) -> bool {
    matches!(connection, Connection::Offline(_))
}

#[cfg(test)]
mod tests;
