//! Watching over one printer's silence: when to ask, when to doubt, when to give up. Pure: the
//! clock is an argument.
//!
//! A probe is `get_version`, which every printer answers. Two unanswered requests in a row, of
//! whatever kind, mean that this way to the printer is dead although reports may still come [L].

use tokio::time::Instant;

use crate::options::Timing;

/// Unanswered requests in a row after which a printer is given up.
const PATIENCE: u32 = 2;
/// The same while a job is prepared: a P1P was deaf for 135 s then [L].
const PATIENCE_PREPARING: u32 = 15;

/// How often an unanswered question for the version is put while reports come.
const VERSION_ASKS: u32 = 3;

/// What is to be done for a printer now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Duty {
    /// Ask for the whole status.
    AskFull,
    /// Ask for the version, which got lost; no answer is no reason for doubt.
    AskVersion,
    /// Ask it to speak again.
    StartPush,
    /// Ask something that it must answer.
    Probe,
    /// It does not answer.
    GiveUp,
}

/// What decides beside the clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nature {
    /// Whether the model sends only changes, so that the whole is fetched now and then.
    pub(super) sends_changes: bool,
    /// Whether a job is being prepared.
    pub(super) preparing: bool,
    /// Whether it has told its version.
    pub(super) told_version: bool,
}

/// What is known about one printer's silence on this connection.
#[derive(Debug, Clone)]
pub(super) struct Vigil {
    since: Instant,
    heard: Option<Instant>,
    asked_full: Option<Instant>,
    asked_version: Option<Instant>,
    version_asks: u32,
    full: Option<Instant>,
    started: bool,
    probe: Option<Instant>,
    strikes: u32,
    dormant: Option<Instant>,
    /// Whether another way takes over when this one falls silent.
    has_detour: bool,
    /// Whether it has done so, and the printer was not heard since.
    lapsed: bool,
}

impl Vigil {
    /// Subscribed, nothing asked yet.
    pub(super) fn new(now: Instant, has_detour: bool) -> Self {
        Self {
            since: now,
            heard: None,
            asked_full: None,
            asked_version: None,
            version_asks: 0,
            full: None,
            started: false,
            probe: None,
            strikes: 0,
            dormant: None,
            has_detour,
            lapsed: false,
        }
    }

    /// The first requests were just sent.
    pub(super) fn greeted(&mut self, now: Instant) {
        *self = Self {
            asked_full: Some(now),
            asked_version: Some(now),
            version_asks: 1,
            full: self.full,
            heard: self.heard,
            ..Self::new(now, self.has_detour)
        };
    }

    /// Something came from the printer; true when it had been given up, or was read over another
    /// way meanwhile, so that what is known here is old.
    pub(super) fn heard(&mut self, now: Instant) -> bool {
        self.heard = Some(now);
        self.started = false;
        self.dormant.take().is_some() | std::mem::take(&mut self.lapsed)
    }

    /// It has been silent for too long: another way, if there is one, takes over.
    pub(super) fn lapse(&mut self) {
        if self.has_detour && self.heard.is_some() {
            self.lapsed = true;
            self.full = None;
        }
    }

    /// A whole report came.
    pub(super) fn heard_full(&mut self, now: Instant) {
        self.full = Some(now);
    }

    /// It answered a request.
    pub(super) fn answered(&mut self) {
        self.probe = None;
        self.strikes = 0;
    }

    /// It did not answer a request; true when it is to be probed now.
    pub(super) fn unanswered(&mut self, now: Instant) -> bool {
        if self.probe.is_some() || self.dormant.is_some() {
            return false;
        }
        self.strikes += 1;
        self.probe = Some(now);
        true
    }

    /// It was given up: only rare probes from now on.
    pub(super) fn sleep(&mut self, now: Instant) {
        *self = Self {
            dormant: Some(now),
            asked_full: self.asked_full,
            ..Self::new(now, self.has_detour)
        };
    }

    /// Whether a whole report came on this connection.
    pub(super) fn has_full(&self) -> bool {
        self.full.is_some()
    }

    /// Whether it ever spoke on this connection.
    pub(super) fn has_spoken(&self) -> bool {
        self.heard.is_some()
    }

    /// Whether it has been silent for too long to call its status live.
    pub(super) fn is_silent(&self, now: Instant, timing: &Timing) -> bool {
        now >= self.silent_at(timing)
    }

    /// Whether the whole status came after it was last asked for.
    pub(super) fn is_fresh(&self) -> bool {
        self.full.is_some() && self.full >= self.asked_full
    }

    /// The whole status was just asked for by somebody else.
    pub(super) fn asked_full(&mut self, now: Instant) {
        self.asked_full = Some(now);
    }

    /// The next thing to do, if its time has come. To be called until it is `None`.
    pub(super) fn due(&mut self, now: Instant, timing: &Timing, nature: Nature) -> Option<Duty> {
        if now < self.next(timing, nature)? {
            return None;
        }
        if self.dormant.is_some() {
            self.dormant = Some(now);
            return Some(Duty::Probe);
        }
        if self.probe.is_some_and(|sent| now >= sent + timing.ack) {
            self.strikes += 1;
            self.probe = None;
            let patience = if nature.preparing { PATIENCE_PREPARING } else { PATIENCE };
            if self.strikes >= patience {
                self.strikes = 0;
                return Some(Duty::GiveUp);
            }
            self.probe = Some(now);
            return Some(Duty::Probe);
        }
        if !self.started && now >= self.last() + timing.start_push_after {
            self.started = true;
            return Some(Duty::StartPush);
        }
        if self.probe.is_none() && now >= self.probe_at(timing) {
            self.probe = Some(now);
            return Some(Duty::Probe);
        }
        if self.ask_at(timing, nature).is_some_and(|at| now >= at) {
            self.asked_full = Some(now);
            return Some(Duty::AskFull);
        }
        if self.version_at(timing, nature).is_some_and(|at| now >= at) {
            self.asked_version = Some(now);
            self.version_asks += 1;
            return Some(Duty::AskVersion);
        }
        None
    }

    /// When there will be something to do; `None` before the first requests were sent.
    pub(super) fn next(&self, timing: &Timing, nature: Nature) -> Option<Instant> {
        self.asked_full?;
        if let Some(since) = self.dormant {
            return Some(since + timing.offline_probe);
        }
        let probe = self.probe.map_or_else(|| self.probe_at(timing), |sent| sent + timing.ack);
        let start = (!self.started).then(|| self.last() + timing.start_push_after);
        let lapse = self.full.filter(|_| self.has_detour).map(|_| self.silent_at(timing));
        let asks = [start, lapse, self.ask_at(timing, nature), self.version_at(timing, nature)];
        asks.into_iter().flatten().chain([probe]).min()
    }

    fn last(&self) -> Instant {
        self.heard.unwrap_or(self.since)
    }

    /// One that never spoke is doubted sooner.
    fn silent_at(&self, timing: &Timing) -> Instant {
        let silence = if self.has_detour { timing.lan_silence } else { timing.stale_after };
        self.last() + if self.heard.is_some() { silence } else { timing.ack }
    }

    /// Where another way would take over, a printer that only has nothing to say is asked before.
    fn probe_at(&self, timing: &Timing) -> Instant {
        if self.has_detour && self.heard.is_some() {
            self.last() + timing.lan_silence / 2
        } else {
            self.silent_at(timing)
        }
    }

    fn version_at(&self, timing: &Timing, nature: Nature) -> Option<Instant> {
        // A silent printer is probed instead, by the same question.
        let speaks = self.probe.is_none() && self.heard > self.asked_version;
        let is_missing = !nature.told_version && self.version_asks < VERSION_ASKS;
        (speaks && is_missing).then_some(self.asked_version? + timing.ack)
    }

    fn ask_at(&self, timing: &Timing, nature: Nature) -> Option<Instant> {
        let asked = self.asked_full?;
        if self.full.is_none() {
            Some(asked + timing.ack.max(timing.pushall_floor))
        } else {
            nature.sends_changes.then(|| asked + timing.pushall_every.max(timing.pushall_floor))
        }
    }
}

#[cfg(test)]
mod tests;
