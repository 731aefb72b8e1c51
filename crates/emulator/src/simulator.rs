//! Invented printers of every model: they live, report and obey as the observed ones do.
//!
//! `simulator/life.rs` is what happens to a printer, `report.rs` how its model tells it,
//! `requests.rs` what it is asked; `replay.rs` is a printer made from a captured report.

mod filament;
mod habits;
mod heat;
mod job;
mod life;
mod mainboard;
mod phase;
mod profiles;
pub mod replay;
mod report;
mod requests;
mod settings;
mod sliced;
mod summary;
mod template;
mod version;

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bambu_protocol::{AccessCode, Firmware, Model, Serial, serial::InvalidSerial};
use bytes::Bytes;
use tokio::{
    sync::broadcast,
    time::{Instant, MissedTickBehavior, interval_at},
};
use tokio_util::sync::CancellationToken;

use self::{
    habits::Habits,
    mainboard::{Certificate, Downloads, Mainboard},
    phase::Pause,
};
use crate::{
    faults::{Fault, Faults},
    machine::{Machine, Power},
    picture::Scene,
    storage::Storage,
};

pub use self::job::{Job, Origin};
pub use self::mainboard::Download;
pub use self::replay::{Replay, ReplayError};
pub use self::summary::{EndedJob, JobSummary, Summary};

/// Reports that a slow reader may lag behind before it gets a full one instead.
const BACKLOG: usize = 64;

/// Highest speed factor: a day in ten seconds.
const FASTEST: f64 = 8640.0;

/// What a printer does when it is switched on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StartState {
    /// Stands idle until it is asked to print.
    #[default]
    Idle,
    /// Is somewhere inside a job, and starts another one some time after each.
    Printing,
}

/// What a simulated printer is made from.
#[derive(Debug, Clone)]
pub struct PrinterSpec {
    /// Serial number.
    pub serial: Serial,
    /// Name that its owner gave it.
    pub name: String,
    /// Model.
    pub model: Model,
    /// LAN access code.
    pub access_code: AccessCode,
    /// Decides everything that chance decides.
    pub seed: u64,
    /// Idle or printing at first.
    pub start: StartState,
    /// Simulated seconds per second, above 0 and at most 8640; 1 for anything else.
    pub speed: f64,
    /// Its own address, as its reports tell it.
    pub ip: Ipv4Addr,
    /// Developer Mode: without it, commands of the `print` section are refused.
    pub developer_mode: bool,
    /// What goes wrong on purpose; switched while it runs.
    pub faults: Faults,
    /// Milliseconds since 1970 when it was switched on; now, unless a test wants the same each time.
    pub started_ms: u64,
}

/// The serial number of an invented printer: prefix of the model, `00A`, nine digits.
pub(crate) fn invented_serial(model: Model, number: u64) -> Result<Serial, InvalidSerial> {
    Serial::new(&format!("{}00A{:09}", model.serial_prefix(), number % 1_000_000_000))
}

impl PrinterSpec {
    /// An idle printer in Developer Mode on 127.0.0.1, named after its model.
    pub fn new(serial: Serial, model: Model, access_code: AccessCode) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            serial,
            name: model.name().to_owned(),
            model,
            access_code,
            seed: 1,
            start: StartState::Idle,
            speed: 1.0,
            ip: Ipv4Addr::LOCALHOST,
            developer_mode: true,
            faults: Faults::default(),
            started_ms: now.as_millis() as u64,
        }
    }
}

/// A simulated printer.
#[derive(Debug)]
pub struct Printer {
    spec: Arc<PrinterSpec>,
    board: Mutex<Mainboard>,
    reports: broadcast::Sender<Bytes>,
    power: Power,
}

/// Why a job was not started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the printer is busy with another job: stop it or wait for its end")]
pub struct Busy;

impl Printer {
    /// Makes a printer. It lives as long as [`Printer::run`] runs, and answers from the start.
    pub fn new(mut spec: PrinterSpec) -> Arc<Self> {
        spec.speed = if spec.speed > 0.0 { spec.speed.min(FASTEST) } else { 1.0 };
        spec.faults.reseed(spec.seed);
        let spec = Arc::new(spec);
        let board = Mutex::new(Mainboard::new(spec.clone()));
        let (reports, _) = broadcast::channel(BACKLOG);
        Arc::new(Self { spec, board, reports, power: Power::default() })
    }

    /// What it was made from.
    pub fn spec(&self) -> &PrinterSpec {
        &self.spec
    }

    /// The firmware version that it tells (`ota` of `get_version`).
    pub fn firmware(&self) -> Option<Firmware> {
        self.board().firmware().parse().ok()
    }

    /// Switches Developer Mode, as its screen does; without it, commands of the `print` section are
    /// refused.
    pub fn set_developer_mode(&self, on: bool) {
        self.board().set_developer_mode(on);
    }

    /// Whether Developer Mode is off, by its screen or by a fault.
    pub fn is_locked(&self) -> bool {
        self.board().locked()
    }

    /// Pauses the running job with this print error, whose cause persists: the job pauses again a
    /// moment after each `resume`, until it is told to `ignore` the error or [`Printer::mend`] is
    /// called. False when no job runs.
    pub fn hold(&self, error: u32) -> bool {
        let mut board = self.board();
        let held = board.life.pause(Pause::Fault(error));
        if held {
            board.life.cause = Some(error);
        }
        held
    }

    /// Takes away the cause of what [`Printer::hold`] has done.
    pub fn mend(&self) {
        self.board().life.cause = None;
    }

    /// Puts a storage in: files that a job names are looked for there, and the job is what they say.
    pub fn set_storage(&self, storage: Storage) {
        self.board().storage = Some(storage);
    }

    /// Says which files a printer without storage has, by their names. Until then every file that a job
    /// names counts as there.
    pub fn store(&self, files: impl IntoIterator<Item = String>) {
        self.board().files = Some(files.into_iter().collect());
    }

    /// Says what can be downloaded: what a URL gives that is to have this MD5, which may be empty.
    /// Until then every URL gives a file that nobody has seen.
    pub fn set_downloads(&self, offers: impl Fn(&str, &str) -> Download + Send + Sync + 'static) {
        self.board().downloads = Downloads(Some(Box::new(offers)));
    }

    /// Says at which port its video is, so that its reports tell it; 322 until then.
    pub fn set_video_port(&self, port: u16) {
        self.board().set_video_port(port);
    }

    /// Says how to make the certificate (PEM) with which it answers an application that installs
    /// its own; made each time, since few ever ask.
    pub fn set_certificate(&self, make: impl Fn() -> Option<String> + Send + Sync + 'static) {
        self.board().certificate = Certificate(Some(Box::new(make)));
    }

    /// Lets it live and report until `shutdown`.
    ///
    /// Simulated time passes by its own ticks alone, so the same seed gives the same reports.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let period = Habits::of(self.spec.model).period;
        // Printers of one fleet do not all speak in the same millisecond.
        let offset = Duration::from_millis(self.spec.seed.wrapping_mul(7919) % 2000).min(period);
        let mut ticks = interval_at(Instant::now() + offset, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
            self.tick(period);
        }
    }

    /// Lets one period pass and sends the report that is due, if anybody listens.
    fn tick(&self, period: Duration) {
        let mut board = self.board();
        let was_on = board.life.is_on();
        board.tick(period);
        self.show_power(&mut board, was_on);
        if !board.life.is_on() || self.spec.faults.strikes(Fault::Silence) {
            return;
        }
        // Nobody may be left to hear it: that is no fault.
        for late in board.late_answers() {
            let _ = self.reports.send(late);
        }
        if board.streaming && self.reports.receiver_count() > 0 {
            let report = board.due();
            let _ = self.reports.send(report);
        }
    }

    /// Takes one payload that the cloud itself sends: it is signed, so that Developer Mode does not
    /// matter.
    pub fn order(&self, payload: &[u8]) {
        self.asked(payload, true);
    }

    fn asked(&self, payload: &[u8], of_cloud: bool) {
        let mut board = self.board();
        let was_on = board.life.is_on();
        for answer in requests::answer(&mut board, payload, of_cloud) {
            let _ = self.reports.send(answer);
        }
        self.show_power(&mut board, was_on);
    }

    /// Tells the faces when a restart begins or is over.
    fn show_power(&self, board: &mut Mainboard, was_on: bool) {
        let on = board.life.is_on();
        if on != was_on {
            if on {
                board.wake();
            }
            self.power.set(on);
        }
    }

    /// Starts a job, as the printer's screen would.
    ///
    /// # Errors
    /// [`Busy`] while another job holds the printer.
    pub fn start_print(&self, job: Job) -> Result<(), Busy> {
        let mut board = self.board();
        let started = board.start(job, None);
        if started { Ok(()) } else { Err(Busy) }
    }

    /// What the cloud knows of it.
    pub fn summary(&self) -> Summary {
        Summary::of(&self.board())
    }

    /// The last cloud jobs that ended, oldest first.
    pub fn ended_jobs(&self) -> Vec<EndedJob> {
        self.board().ended().cloned().collect()
    }

    fn board(&self) -> MutexGuard<'_, Mainboard> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Machine for Printer {
    fn serial(&self) -> &Serial {
        &self.spec.serial
    }

    fn access_code(&self) -> AccessCode {
        self.spec.access_code.clone()
    }

    fn request(&self, payload: &[u8]) {
        self.asked(payload, false);
    }

    fn reports(&self) -> broadcast::Receiver<Bytes> {
        self.reports.subscribe()
    }

    fn full_report(&self) -> Option<Bytes> {
        let board = self.board();
        let dumb = !board.life.is_on() || self.spec.faults.is_on(Fault::Silence);
        (!dumb).then(|| board.copy())
    }

    fn faults(&self) -> Faults {
        self.spec.faults.clone()
    }

    fn power(&self) -> Power {
        self.power.clone()
    }

    fn scene(&self) -> Option<Scene> {
        Some(self.board().scene())
    }
}

#[cfg(test)]
mod tests;
