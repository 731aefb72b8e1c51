//! The state of one simulated printer and the payloads that come out of it.

use std::{collections::VecDeque, fmt, sync::Arc, time::Duration};

use bambu_protocol::{
    Firmware, Model,
    camera::{RTSPS_PATH, RTSPS_PORT},
};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::{
    PrinterSpec, StartState,
    habits::{Habits, always_full},
    job::Job,
    life::Life,
    phase::UNSIGNED,
    report::{self, Entry, Identity},
    summary::EndedJob,
    template::{Template, put},
    version,
};
use crate::{cloud::store::Object, faults::Fault, storage::Storage};

/// Ended jobs remembered; the oldest goes.
const MOST_ENDED: usize = 16;

/// Makes the printer's own certificate as PEM when somebody asks: a thousand are not kept.
#[derive(Default)]
pub(super) struct Certificate(pub(super) Option<Box<dyn Fn() -> Option<String> + Send + Sync>>);

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Certificate(_)" } else { "Certificate(none)" })
    }
}

/// What a URL gives.
#[derive(Debug)]
pub enum Download {
    /// Nothing, or a file with another MD5.
    Nothing,
    /// A file, as far as anybody knows.
    Unseen,
    /// This file.
    File(Object),
}

/// What a URL gives that is to have this MD5, which may be empty.
type Offers = dyn Fn(&str, &str) -> Download + Send + Sync;

/// What can be downloaded; everything when nobody says.
#[derive(Default)]
pub(super) struct Downloads(pub(super) Option<Box<Offers>>);

impl fmt::Debug for Downloads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Downloads(_)" } else { "Downloads(all)" })
    }
}

/// Everything of a printer that changes, and who it is.
#[derive(Debug)]
pub(super) struct Mainboard {
    pub(super) spec: Arc<PrinterSpec>,
    pub(super) life: Life,
    /// `pushing.stop` ends the stream, `pushing.start` goes on with it.
    pub(super) streaming: bool,
    /// Real milliseconds since the start, by its own ticks.
    pub(super) elapsed_ms: u64,
    /// Acknowledgements that leave late: when, by `elapsed_ms`.
    pub(super) late: Vec<(u64, Bytes)>,
    /// Where its files are.
    pub(super) storage: Option<Storage>,
    /// Names of the files that a printer without storage has; `None`: every file that is named.
    pub(super) files: Option<Vec<String>>,
    /// Certificates of applications that were installed (`<serial number><issuer>`).
    pub(super) applications: Vec<String>,
    pub(super) certificate: Certificate,
    pub(super) downloads: Downloads,
    developer_mode: bool,
    /// The port of its video.
    video_port: u16,
    /// When the current job began, in milliseconds since 1970.
    pub(super) started_job_ms: u64,
    /// The last cloud jobs that ended, oldest first.
    ended: VecDeque<EndedJob>,
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
            developer_mode: spec.developer_mode,
            video_port: RTSPS_PORT,
            spec,
            life,
            streaming: true,
            elapsed_ms: 0,
            late: Vec::new(),
            storage: None,
            files: None,
            applications: Vec::new(),
            certificate: Certificate::default(),
            downloads: Downloads::default(),
            ended: VecDeque::new(),
            sequence: 0,
            sent: Vec::new(),
            sent_feed: 0,
        };
        board.show_lock();
        board.show_camera();
        // The first delta is one, too: to what the printer was when it was switched on.
        let entries = report::entries(board.spec.model, &board.life);
        board.remember(&entries);
        board
    }

    /// Whether commands of the `print` section have to be signed: Developer Mode is off.
    pub(super) fn locked(&self) -> bool {
        !self.developer_mode || self.spec.faults.is_on(Fault::DeveloperModeOff)
    }

    /// Switches Developer Mode, as the printer's screen does.
    pub(super) fn set_developer_mode(&mut self, on: bool) {
        self.developer_mode = on;
        self.show_lock();
    }

    /// Shows in `fun` whether commands have to be signed; a P1 takes its complaint back.
    pub(super) fn show_lock(&mut self) {
        let locked = self.locked();
        if self.life.settings.bit("fun", 29) != locked {
            self.life.settings.set_bit("fun", 29, locked);
        }
        if !locked && Habits::of(self.spec.model).silent_refusal {
            self.life.hms.retain(|hms| *hms != UNSIGNED);
        }
    }

    /// Says at which port its video is.
    pub(super) fn set_video_port(&mut self, port: u16) {
        self.video_port = port;
        self.show_camera();
    }

    /// Shows in `ipcam` whether there is a camera, and where its video is.
    fn show_camera(&mut self) {
        let (faults, settings) = (&self.spec.faults, &mut self.life.settings);
        let camera = if faults.is_on(Fault::CameraOff) { "0" } else { "1" };
        let url = match faults.is_on(Fault::LiveviewOff) {
            true => "disable".to_owned(),
            false => format!("rtsps://{}:{}{RTSPS_PATH}", self.spec.ip, self.video_port),
        };
        for (path, now) in [("ipcam.ipcam_dev", camera), ("ipcam.rtsp_url", &url)] {
            if settings.has(path) && settings.get(path).and_then(Value::as_str) != Some(now) {
                settings.put(path, now);
            }
        }
    }

    /// The late acknowledgements that are due now.
    pub(super) fn late_answers(&mut self) -> Vec<Bytes> {
        let now = self.elapsed_ms;
        self.late.extract_if(.., |(at, _)| *at <= now).map(|(_, ack)| ack).collect()
    }

    /// What a restart leaves behind: it streams again, and has forgotten who may sign.
    pub(super) fn wake(&mut self) {
        self.streaming = true;
        self.late.clear();
        self.applications.clear();
    }

    /// Whether the storage holds a file of this name.
    pub(super) fn has_file(&self, name: &str) -> bool {
        self.files.as_ref().is_none_or(|files| files.iter().any(|file| file == name))
    }

    /// What a URL gives that is to have this MD5, which may be empty.
    pub(super) fn download(&self, url: &str, md5: &str) -> Download {
        self.downloads.0.as_ref().map_or(Download::Unseen, |offers| offers(url, md5))
    }

    /// The firmware that it tells.
    pub(super) fn firmware(&self) -> &str {
        let own = || version::firmware(self.spec.model);
        self.life.firmware.as_deref().unwrap_or_else(own)
    }

    /// Whether its firmware is this or a later one.
    pub(super) fn firmware_from(&self, numbers: [u16; 4]) -> bool {
        self.firmware().parse::<Firmware>().is_ok_and(|own| own >= Firmware::new(numbers))
    }

    /// A P1 with firmware 01.10: slow, and odd in what it answers.
    pub(super) fn slow_p1(&self) -> bool {
        matches!(self.spec.model, Model::P1P | Model::P1S) && self.firmware_from([1, 10, 0, 0])
    }

    /// Lets one reporting period pass, longer by the spec's speed for the simulated world.
    pub(super) fn tick(&mut self, period: Duration) {
        self.elapsed_ms = self.elapsed_ms.saturating_add(period.as_millis() as u64);
        self.show_lock();
        self.show_camera();
        let busy = self.life.busy();
        self.life.pass(period.as_secs_f64() * self.spec.speed);
        self.note_ends();
        if self.life.busy() && !busy {
            self.started_job_ms = self.now_ms();
        }
    }

    /// The last cloud jobs that ended, oldest first.
    pub(super) fn ended(&mut self) -> impl Iterator<Item = &EndedJob> {
        self.note_ends();
        self.ended.iter()
    }

    fn note_ends(&mut self) {
        let ended_ms = self.now_ms();
        for (task_id, well) in self.life.ended.drain(..) {
            if self.ended.len() >= MOST_ENDED {
                self.ended.pop_front();
            }
            self.ended.push_back(EndedJob { task_id, well, ended_ms });
        }
    }

    /// Starts a job, after so many seconds of parsing; false when another one holds the printer.
    pub(super) fn start(&mut self, job: Job, parsing: Option<f64>) -> bool {
        let started = match parsing {
            Some(seconds) => self.life.start_slowly(job, seconds),
            None => self.life.start(job),
        };
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
        self.show_camera();
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
        let identity = Identity { serial: spec.serial.as_str(), ip: spec.ip };
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
            let now = self.sent.get(at);
            // An entry may have moved since a new one came in before it.
            let sent = old.get(at) == now || now.is_some_and(|now| old.contains(now));
            if !sent || path == "wifi_signal" {
                put(&mut print, path, value);
            }
        }
        if feed_changed && let Some(units) = report::ams_units(model, &self.life) {
            put(&mut print, "ams.ams", units);
            for (path, spools) in report::spools(model, &self.life) {
                put(&mut print, path, spools);
            }
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
        self.sent = entries.iter().map(report::fingerprint).collect();
        self.sent_feed = self.life.filament.version;
    }
}

fn envelope(print: Map<String, Value>) -> Bytes {
    let whole = Map::from_iter([("print".to_owned(), Value::Object(print))]);
    Bytes::from(Value::Object(whole).to_string())
}
