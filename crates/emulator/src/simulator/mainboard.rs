//! The state of one simulated printer and the payloads that come out of it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde_json::{Map, Value};

use super::{
    PrinterSpec, StartState,
    habits::always_full,
    job::Job,
    life::Life,
    report::{self, Entry, Identity},
    template::{Template, put},
};

/// Everything of a printer that changes, and who it is.
#[derive(Debug)]
pub(super) struct Mainboard {
    pub(super) spec: Arc<PrinterSpec>,
    pub(super) life: Life,
    /// `pushing.stop` ends the stream, `pushing.start` goes on with it.
    pub(super) streaming: bool,
    /// Real milliseconds since the start, by its own ticks.
    pub(super) elapsed_ms: u64,
    /// When the current job began, in milliseconds since 1970.
    pub(super) started_job_ms: u64,
    sequence: u64,
    /// Fingerprint of each entry as last sent, in the order of [`report::entries`].
    sent: Vec<u64>,
    sent_feed: u32,
}

impl Mainboard {
    pub(super) fn new(spec: Arc<PrinterSpec>) -> Self {
        let mut life = Life::new(spec.model, spec.seed);
        if spec.start == StartState::Printing {
            life.start_inside_a_job();
        }
        let since = life.done_seconds() / spec.speed * 1000.0;
        let mut board = Self {
            started_job_ms: spec.started_ms.saturating_sub(since as u64),
            spec,
            life,
            streaming: true,
            elapsed_ms: 0,
            sequence: 0,
            sent: Vec::new(),
            sent_feed: 0,
        };
        // The first delta is one, too: to what the printer was when it was switched on.
        let entries = report::entries(board.spec.model, &board.life);
        board.remember(&entries);
        board
    }

    /// Lets one reporting period pass, `--speed` times as long for the simulated world.
    pub(super) fn tick(&mut self, period: Duration) {
        self.elapsed_ms = self.elapsed_ms.saturating_add(period.as_millis() as u64);
        let busy = self.life.busy();
        self.life.pass(period.as_secs_f64() * self.spec.speed);
        if self.life.busy() && !busy {
            self.started_job_ms = self.now_ms();
        }
    }

    /// Starts a job; false when another one holds the printer.
    pub(super) fn start(&mut self, job: Job) -> bool {
        let started = self.life.start(job);
        if started {
            self.started_job_ms = self.now_ms();
        }
        started
    }

    /// Milliseconds since 1970 by the printer's clock.
    pub(super) fn now_ms(&self) -> u64 {
        self.spec.started_ms.saturating_add(self.elapsed_ms)
    }

    fn next_sequence(&mut self) -> String {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence.to_string()
    }

    /// The whole report now (`msg` 0 where the model sends it). Readers of deltas go on from it.
    pub(super) fn full(&mut self) -> Bytes {
        let entries = report::entries(self.spec.model, &self.life);
        self.remember(&entries);
        let sequence = self.next_sequence();
        self.whole(sequence)
    }

    /// The whole report for one reader who lost some; it moves nothing for the others.
    pub(super) fn copy(&self) -> Bytes {
        self.whole(self.sequence.to_string())
    }

    fn whole(&self, sequence: String) -> Bytes {
        let spec = &self.spec;
        let identity = Identity {
            serial: spec.serial.as_str(),
            ip: spec.ip,
            developer_mode: spec.developer_mode,
        };
        let mut print = report::full(spec.model, &self.life, &identity);
        print.insert("sequence_id".into(), sequence.into());
        if let Some(time) = print.get_mut("t_utc") {
            *time = self.now_ms().into();
        }
        envelope(print)
    }

    /// What has changed since the last report; never empty, since the signal strength is always in.
    pub(super) fn delta(&mut self) -> Bytes {
        let model = self.spec.model;
        let entries = report::entries(model, &self.life);
        let feed_changed = self.life.filament.version != self.sent_feed;
        let old = std::mem::take(&mut self.sent);
        self.remember(&entries);
        let mut print = Map::new();
        for (at, (path, value)) in entries.into_iter().enumerate() {
            if old.get(at) != self.sent.get(at) || path == "wifi_signal" {
                put(&mut print, path, value);
            }
        }
        if feed_changed && let Some(units) = report::ams_units(model, &self.life) {
            put(&mut print, "ams.ams", units);
        }
        print.insert("command".into(), "push_status".into());
        print.insert("msg".into(), 1.into());
        print.insert("sequence_id".into(), self.next_sequence().into());
        if Template::of(model).at_rest("t_utc").is_some() {
            print.insert("t_utc".into(), self.now_ms().into());
        }
        envelope(print)
    }

    /// The report that is due after a tick.
    pub(super) fn due(&mut self) -> Bytes {
        if always_full(self.spec.model) { self.full() } else { self.delta() }
    }

    fn remember(&mut self, entries: &[Entry]) {
        self.sent = entries.iter().map(|(_, value)| report::fingerprint(value)).collect();
        self.sent_feed = self.life.filament.version;
    }
}

fn envelope(print: Map<String, Value>) -> Bytes {
    let whole = Map::from_iter([("print".to_owned(), Value::Object(print))]);
    Bytes::from(Value::Object(whole).to_string())
}
