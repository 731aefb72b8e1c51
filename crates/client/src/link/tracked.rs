//! One printer on a connection: its merged state, and what its readers see.

use std::{sync::Arc, time::Duration};

use bambu_protocol::{
    model::Telemetry,
    report::{Ack, Applied, Presence},
    request::Request,
    status::{PrinterState, Status, Text},
};
use bytes::Bytes;
use tokio::time::Instant;

use super::{
    Connection, Heard, Reason, SendError, Snapshot,
    hub::Feed,
    pending::{Found, Pending, is_same},
    vigil::{Nature, Vigil},
};
use crate::options::Timing;

/// How long a printer may be deaf after it was sent a job: a P1P needed 135 s [L].
const PARSING: Duration = Duration::from_secs(150);

/// What a report asks of the connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum After {
    Nothing,
    /// The printer is back: send the first requests again.
    Greet,
}

/// One printer on a connection.
pub(super) struct Tracked {
    pub(super) feed: Arc<Feed>,
    pub(super) pending: Pending,
    pub(super) vigil: Vigil,
    /// When the whole status was last asked for, on whatever connection.
    pub(super) last_pushall: Option<Instant>,
    /// When a job was sent, and the file that the printer named then.
    job_sent: Option<(Instant, Option<Text>)>,
}

impl Tracked {
    pub(super) fn new(feed: Arc<Feed>, now: Instant) -> Self {
        let vigil = Vigil::new(now, feed.has_detour);
        Self { feed, pending: Pending::default(), vigil, last_pushall: None, job_sent: None }
    }

    /// A connection stands; what was known from an earlier one may be old.
    pub(super) fn begin(&mut self, now: Instant) {
        self.vigil = Vigil::new(now, self.feed.has_detour);
        self.set_connection(Connection::Connecting);
    }

    /// What decides how its silence is judged.
    pub(super) fn nature(&self, now: Instant) -> Nature {
        let telemetry = self.feed.state().model().map(|model| model.capabilities().telemetry);
        let status = self.feed.snapshot.borrow().status.clone();
        Nature {
            sends_changes: telemetry != Some(Telemetry::Full),
            preparing: status.state == PrinterState::Preparing || self.is_parsing(&status, now),
            told_version: !status.modules.is_empty(),
        }
    }

    /// A request is on its way to the printer.
    pub(super) fn sent(&mut self, request: &Request, now: Instant) {
        if is_same(request, &Request::PushAll) {
            self.last_pushall = Some(now);
        }
        if request.section() == "print"
            && matches!(request.command(), "project_file" | "gcode_file")
        {
            let file = self.feed.snapshot.borrow().status.job.file.clone();
            self.job_sent = Some((now, file));
        }
    }

    /// Whether it was sent a job and may still be deaf from reading it: naming another file is the
    /// sign that it has [L].
    fn is_parsing(&self, status: &Status, now: Instant) -> bool {
        self.job_sent.as_ref().is_some_and(|(sent, file)| {
            now < *sent + PARSING && status.job.file == *file && !status.state.is_active()
        })
    }

    /// From when on the whole status may be asked for again.
    pub(super) fn pushall_from(&self, now: Instant, timing: &Timing) -> Instant {
        self.last_pushall.map_or(now, |last| now.max(last + timing.pushall_floor))
    }

    /// Takes one payload of the report topic.
    pub(super) fn report(&mut self, payload: &Bytes, now: Instant) -> After {
        self.feed.send_raw(payload);
        let applied = self.feed.state().apply(payload);
        let applied = match applied {
            Ok(applied) => applied,
            Err(error) => {
                tracing::debug!(serial = %self.feed.serial, %error, "a report was dropped");
                return After::Nothing;
            }
        };
        if let Applied::Event(presence) = applied {
            return self.presence(presence, now);
        }
        let is_back = self.vigil.heard(now);
        match applied {
            Applied::Full => {
                self.vigil.heard_full(now);
                self.pending.fulfil(&Request::PushAll);
                self.publish_report();
            }
            Applied::Delta => self.publish_report(),
            Applied::Version => {
                self.vigil.answered();
                self.pending.fulfil(&Request::GetVersion);
                self.publish_report();
            }
            Applied::Ack(ack) => {
                self.answer(&ack);
                self.set_connection(self.heard_connection());
            }
            Applied::Event(_) | Applied::Other => self.set_connection(self.heard_connection()),
        }
        if is_back { After::Greet } else { After::Nothing }
    }

    fn answer(&mut self, ack: &Ack) {
        let found = self.pending.resolve(ack);
        if found != Found::Asker {
            tracing::debug!(serial = %self.feed.serial, section = %ack.section,
                command = ack.command, id = ack.sequence_id, ?found, "nobody waits for an answer");
        }
        // Late is unanswered to the asker, but shows that the printer hears us.
        if matches!(found, Found::Asker | Found::Late) {
            self.vigil.answered();
        }
    }

    fn presence(&mut self, presence: Presence, now: Instant) -> After {
        match presence {
            Presence::Connected => After::Greet,
            Presence::Disconnected => {
                self.give_up(now);
                After::Nothing
            }
        }
    }

    /// The printer does not answer any more.
    pub(super) fn give_up(&mut self, now: Instant) {
        self.vigil.sleep(now);
        self.pending.fail(&SendError::Lost);
        self.set_connection(Connection::Offline(Reason::PrinterOffline));
    }

    /// The connection carries nothing any more.
    pub(super) fn lose(&mut self, reason: &Reason) {
        self.pending.fail(&SendError::Lost);
        self.set_connection(Connection::Offline(reason.clone()));
    }

    /// Marks the status as stale when the printer has been silent for too long.
    pub(super) fn doubt(&mut self, now: Instant, timing: &Timing) {
        if self.vigil.is_silent(now, timing) {
            self.vigil.lapse();
            let is_online = self.feed.snapshot.borrow().connection == Connection::Online;
            if is_online {
                self.set_connection(Connection::Stale);
            }
        }
    }

    /// The connection of a printer that just spoke: not online before a whole report came, since
    /// what is known from an earlier connection may be old.
    fn heard_connection(&self) -> Connection {
        if self.vigil.has_full() { Connection::Online } else { Connection::Connecting }
    }

    fn publish_report(&self) {
        let connection = self.heard_connection();
        let (mut status, complete, reported_at) = {
            let state = self.feed.state();
            (state.status(), state.has_full(), state.reported_at_millis())
        };
        let heard = Heard::now();
        status.serial = Some(self.feed.serial.clone());
        status.name.clone_from(&self.feed.name);
        status.online = Some(connection == Connection::Online);
        status.updated_at = Some(heard.text());
        self.feed.set_reported_at(reported_at);
        let reports = self.feed.snapshot.borrow().reports.saturating_add(1);
        self.feed.show(Arc::new(Snapshot {
            status: Arc::new(status),
            connection,
            reports,
            complete,
            heard: Some(heard),
        }));
    }

    /// Shows another connection with the same status.
    pub(super) fn set_connection(&self, connection: Connection) {
        self.feed.set_connection(connection);
    }
}
