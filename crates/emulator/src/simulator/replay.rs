//! A printer made from captured reports: it answers with what was captured and repeats the rest.
//!
//! Reading the file is in `replay/capture.rs`. It obeys nothing: a recording cannot print.

mod capture;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bambu_protocol::{AccessCode, Firmware, Model, Serial};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::{sync::broadcast, time::interval};
use tokio_util::sync::CancellationToken;

use self::capture::Capture;
use super::{
    JobSummary, Summary,
    habits::{Habits, always_full},
    invented_serial,
};
use crate::{
    faults::Faults,
    machine::{Machine, Power},
};

/// Largest capture file that is read, in bytes.
pub const MAX_FILE: u64 = 32 << 20;

/// Reports that a slow reader may lag behind.
const BACKLOG: usize = 64;

/// Why a capture cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The file cannot be read: check the path.
    #[error("cannot read the capture {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is too large: cut it down to the reports that matter.
    #[error("{path} has more than {} MiB; a capture that is replayed must be smaller", MAX_FILE >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A line, or the whole file, is no JSON object: give one object, or one report per line.
    #[error("line {line} of the capture is not a JSON object")]
    NotJson {
        /// Counted from 1.
        line: usize,
        /// What the JSON reader says.
        source: serde_json::Error,
    },
    /// No report with a `print` section is in it: capture one by asking for `pushall`.
    #[error("no status report (`print` with `gcode_state`) is in the capture")]
    NoReport,
    /// Neither its version, its serial number nor the file's name tells the model: name the file after it.
    #[error(
        "the capture does not tell the printer's model; name the file after it, such as p1s.json"
    )]
    UnknownModel,
    /// The capture's serial number does not fit a topic.
    #[error("the capture's serial number cannot be used")]
    Serial(#[from] bambu_protocol::serial::InvalidSerial),
}

/// A printer that repeats a capture.
#[derive(Debug)]
pub struct Replay {
    serial: Serial,
    name: String,
    model: Model,
    access_code: AccessCode,
    capture: Capture,
    streaming: AtomicBool,
    next: AtomicUsize,
    faults: Faults,
    power: Power,
    reports: broadcast::Sender<Bytes>,
}

impl Replay {
    /// Reads a capture file: an object with `pushall`, `get_version` and perhaps `deltas`, or one
    /// report per line. `number` makes the serial number where the capture's own is masked.
    ///
    /// # Errors
    /// [`ReplayError`] when the file cannot be read or holds no report of a known model.
    pub fn open(
        path: &Path,
        number: u32,
        access_code: AccessCode,
    ) -> Result<Arc<Self>, ReplayError> {
        let failed = |source| ReplayError::Read { path: path.to_owned(), source };
        let size = std::fs::metadata(path).map_err(failed)?.len();
        if size > MAX_FILE {
            return Err(ReplayError::TooLarge { path: path.to_owned() });
        }
        let bytes = std::fs::read(path).map_err(failed)?;
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("");
        Self::read(&bytes, stem, number, access_code)
    }

    /// Reads the bytes of a capture; `hint` is a text that may name the model.
    ///
    /// # Errors
    /// As [`Replay::open`].
    pub fn read(
        bytes: &[u8],
        hint: &str,
        number: u32,
        access_code: AccessCode,
    ) -> Result<Arc<Self>, ReplayError> {
        let mut capture = Capture::read(bytes)?;
        let model = capture.model(hint).ok_or(ReplayError::UnknownModel)?;
        let own = capture.serial().filter(|serial| Model::from_serial(serial) == Some(model));
        let serial = match own {
            Some(serial) => serial,
            None => {
                let fresh = invented_serial(model, number.into())?;
                capture.unmask(fresh.as_str());
                fresh
            }
        };
        Ok(Arc::new(Self {
            name: format!("{} replay", model.name()),
            serial,
            model,
            access_code,
            capture,
            streaming: AtomicBool::new(true),
            next: AtomicUsize::new(0),
            faults: Faults::new(number.into()),
            power: Power::default(),
            reports: broadcast::channel(BACKLOG).0,
        }))
    }

    /// The model that was captured.
    pub fn model(&self) -> Model {
        self.model
    }

    /// The firmware version that was captured.
    pub fn firmware(&self) -> Option<Firmware> {
        self.capture.firmware()
    }

    /// What the cloud knows of it.
    pub fn summary(&self) -> Summary {
        let print = &self.capture.full;
        let text = |key: &str| print.get(key).and_then(Value::as_str).unwrap_or("");
        let number = |key: &str| print.get(key).and_then(Value::as_u64).unwrap_or(0);
        let state = text("gcode_state");
        let words = ["IDLE", "PREPARE", "RUNNING", "PAUSE", "FAILED"];
        let word = words.into_iter().find(|word| word.eq_ignore_ascii_case(state));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let job = matches!(word, Some("PREPARE" | "RUNNING" | "PAUSE")).then(|| JobSummary {
            task_id: text("task_id").to_owned(),
            name: text("subtask_name").to_owned(),
            model_id: text("model_id").to_owned(),
            project_id: text("project_id").to_owned(),
            profile_id: text("profile_id").to_owned(),
            progress: number("mc_percent").min(100) as u32,
            started_ms: now.as_millis() as u64,
            prediction_seconds: number("mc_remaining_time").saturating_mul(60),
            remaining_minutes: u32::try_from(number("mc_remaining_time")).unwrap_or(u32::MAX),
        });
        Summary {
            serial: self.serial.clone(),
            name: self.name.clone(),
            model: self.model,
            access_code: self.access_code.clone(),
            print_status: word.unwrap_or("SUCCESS"),
            nozzle_diameter: text("nozzle_diameter").parse().unwrap_or(0.4),
            job,
        }
    }

    /// Repeats the captured reports, one per reporting period of its model, until `shutdown`.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let mut ticks = interval(Habits::of(self.model).period.max(Duration::from_millis(100)));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
            if self.streaming.load(Ordering::Relaxed) {
                let report = self.repeat();
                // Nobody may be there to hear it: that is no fault.
                let _ = self.reports.send(report);
            }
        }
    }

    /// The next report of the loop; without captured deltas, the whole or the signal strength.
    fn repeat(&self) -> Bytes {
        let later = &self.capture.later;
        let at = self.next.fetch_add(1, Ordering::Relaxed) % later.len().max(1);
        if let Some(report) = later.get(at) {
            return report.clone();
        }
        if always_full(self.model) {
            return self.capture.whole();
        }
        let signal = self.capture.full.get("wifi_signal").cloned().unwrap_or("-50dBm".into());
        let print = json!({"command": "push_status", "msg": 1, "wifi_signal": signal});
        Bytes::from(json!({ "print": print }).to_string())
    }

    fn answer(&self, section: &str, mut body: Map<String, Value>) -> Option<Bytes> {
        let command = body.get("command").and_then(Value::as_str)?.to_owned();
        match (section, command.as_str()) {
            ("pushing", "pushall") => return Some(self.capture.whole()),
            ("pushing", "start") => self.streaming.store(true, Ordering::Relaxed),
            ("pushing", "stop") => self.streaming.store(false, Ordering::Relaxed),
            ("info", "get_version") => return self.capture.version(body.get("sequence_id")),
            ("print" | "system" | "camera" | "xcam" | "upgrade", _) => {
                body.insert("result".into(), "fail".into());
                body.insert("reason".into(), "a recording does not obey".into());
                return Some(Bytes::from(json!({ section: body }).to_string()));
            }
            _ => {}
        }
        None
    }
}

impl Machine for Replay {
    fn serial(&self) -> &Serial {
        &self.serial
    }

    fn access_code(&self) -> AccessCode {
        self.access_code.clone()
    }

    fn request(&self, payload: &[u8]) {
        let Ok(sections) = serde_json::from_slice::<Map<String, Value>>(payload) else { return };
        for (section, body) in sections {
            let Value::Object(body) = body else { continue };
            if let Some(answer) = self.answer(&section, body) {
                let _ = self.reports.send(answer);
            }
        }
    }

    fn reports(&self) -> broadcast::Receiver<Bytes> {
        self.reports.subscribe()
    }

    fn full_report(&self) -> Option<Bytes> {
        Some(self.capture.whole())
    }

    fn faults(&self) -> Faults {
        self.faults.clone()
    }

    fn power(&self) -> Power {
        self.power.clone()
    }
}

#[cfg(test)]
mod tests;
