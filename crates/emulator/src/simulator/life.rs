//! The life of one printer: its job from download to end, its heat, fans and filament, driven by
//! elapsed simulated seconds alone. What it says about itself is in `report.rs`.
//!
//! What is done to a job is in `life/control.rs`, how time passes in `life/work.rs`, feeding in
//! `life/feeder.rs`, firmware in `life/upgrade.rs`.

mod control;
mod feeder;
mod upgrade;
mod work;

use bambu_protocol::Model;
use rand::{Rng, SeedableRng, rngs::SmallRng};

pub(super) use self::{
    feeder::{Change, Reading, Source},
    upgrade::Upgrade,
};
use super::{
    filament::Filament,
    heat::{Fan, Heater},
    job::Job,
    phase::{Light, Pause, Phase, SPEEDS},
    profiles::Profiles,
    settings::Settings,
    template::Template,
};

/// One printer's state. Percentages are 0 to 100, temperatures °C.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) phase: Phase,
    pub(super) pause: Option<Pause>,
    /// The current or the last job.
    pub(super) job: Option<Job>,
    /// Seconds of printing done when the last job failed; `None`: it failed before its first layer.
    pub(super) failed_at: Option<f64>,
    /// Cloud jobs that have ended since somebody looked: their task and whether they ended well.
    pub(super) ended: Vec<(String, bool)>,
    /// Index into `filament.trays` of the tray that feeds the job.
    pub(super) tray: Option<usize>,
    /// The external spool that is loaded instead of a tray: 254 or 255.
    pub(super) spool: Option<u32>,
    pub(super) filament: Filament,
    /// A change of filament that goes on.
    pub(super) change: Option<Change>,
    /// A tag that is being read.
    pub(super) reading: Option<Reading>,
    /// The extruder in use: 0 right or main.
    pub(super) active: usize,
    /// The stages (`stg`) of the job or calibration.
    pub(super) stages: Vec<i32>,
    /// Ids of the objects that are left out of the job.
    pub(super) skipped: Vec<u64>,
    /// The print error whose cause persists: the job pauses again a moment after each resume.
    pub(super) cause: Option<u32>,
    /// Seconds until a resumed job looks for the cause again; 0 when it does not.
    recheck: f64,
    /// Seconds that the file of a new job is still parsed, with no answers meanwhile.
    pub(super) parsing: f64,
    pub(super) settings: Settings,
    pub(super) profiles: Profiles,
    pub(super) upgrade: Option<Upgrade>,
    /// The firmware that an upgrade has put in; `None`: the one it came with.
    pub(super) firmware: Option<String>,
    /// A newer firmware that waits to be confirmed.
    pub(super) offered: Option<String>,
    /// What is offered once an older firmware is in.
    pub(super) newer: Option<String>,
    /// Timelapse videos in the storage.
    pub(super) timelapses: u32,
    /// Seconds of darkness left while it restarts; 0 while it is on.
    pub(super) dark: f64,
    /// Seconds that its nozzles are still looked at.
    pub(super) looking: f64,
    /// One per extruder: right or main first.
    pub(super) nozzles: Vec<Heater>,
    pub(super) bed: Heater,
    pub(super) chamber: Heater,
    pub(super) part_fan: Fan,
    pub(super) aux_fan: Fan,
    pub(super) left_fan: Fan,
    pub(super) chamber_fan: Fan,
    pub(super) heatbreak_fan: Fan,
    /// 1 to 4.
    pub(super) speed_level: u8,
    pub(super) light: Light,
    /// `chamber_light2` where there is one.
    pub(super) light2: Light,
    pub(super) work_light: Light,
    pub(super) homed: bool,
    pub(super) wifi_dbm: i32,
    pub(super) print_error: u32,
    pub(super) fail_reason: u32,
    /// `(attr, code)` pairs.
    pub(super) hms: Vec<(u32, u32)>,
    /// Small wobble of held temperatures, °C.
    pub(super) wobble: f64,
    /// Starts the next job of its own accord after a rest of this many seconds.
    pub(super) rest: Option<f64>,
    enclosed: bool,
    wifi_base: i32,
    rng: SmallRng,
}

impl Life {
    pub(super) fn new(model: Model, seed: u64) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed ^ 0x5EED_0B0B_5EED_0B0B);
        let known = model.capabilities();
        let filament = Filament::read(Template::of(model), &mut rng);
        let wifi_base = rng.random_range(-68..-38);
        Self {
            phase: Phase::Idle,
            pause: None,
            job: None,
            failed_at: None,
            ended: Vec::new(),
            tray: None,
            spool: None,
            filament,
            change: None,
            reading: None,
            active: 0,
            stages: Vec::new(),
            skipped: Vec::new(),
            cause: None,
            recheck: 0.0,
            parsing: 0.0,
            settings: Settings::of(model),
            profiles: Profiles::default(),
            upgrade: None,
            firmware: None,
            offered: None,
            newer: None,
            timelapses: 3,
            dark: 0.0,
            looking: 0.0,
            nozzles: vec![Heater::nozzle(); usize::from(known.extruders.max(1))],
            bed: Heater::bed(),
            chamber: Heater::chamber(),
            part_fan: Fan::default(),
            aux_fan: Fan::default(),
            left_fan: Fan::default(),
            chamber_fan: Fan::default(),
            heatbreak_fan: Fan::default(),
            speed_level: 2,
            light: Light::On,
            light2: Light::On,
            work_light: Light::Flashing,
            homed: false,
            wifi_dbm: wifi_base,
            print_error: 0,
            fail_reason: 0,
            hms: Vec::new(),
            wobble: 0.0,
            rest: None,
            enclosed: known.enclosed,
            wifi_base,
            rng,
        }
    }

    /// Begins somewhere inside a job of its own, which ends well: what is looked at first should
    /// not be the odd case. Keeps starting new ones.
    pub(super) fn start_inside_a_job(&mut self) {
        self.rest = Some(0.0);
        let mut job = Job::invent(&mut self.rng);
        job.fails_at = None;
        let share = self.rng.random_range(0.0..0.8);
        let seconds = job.minutes * 60.0;
        self.start(job);
        self.pass(600.0);
        if matches!(self.phase, Phase::Printing(_)) {
            self.phase = Phase::Printing(share * seconds);
        }
    }

    /// Whether it is on, and not away for a restart.
    pub(super) fn is_on(&self) -> bool {
        self.dark <= 0.0
    }

    /// Whether a job holds the printer.
    pub(super) fn busy(&self) -> bool {
        self.parsing > 0.0
            || matches!(
                self.phase,
                Phase::Fetching(_)
                    | Phase::WarmingUp(..)
                    | Phase::Printing(_)
                    | Phase::Calibrating(..)
            )
    }

    /// The word of `gcode_state`.
    pub(super) fn gcode_state(&self) -> &'static str {
        match self.phase {
            Phase::Idle => "IDLE",
            _ if self.pause.is_some() => "PAUSE",
            Phase::Fetching(_) => "PREPARE",
            Phase::WarmingUp(..) | Phase::Printing(_) | Phase::Calibrating(..) => "RUNNING",
            Phase::Finished => "FINISH",
            Phase::Failed => "FAILED",
        }
    }

    /// Fraction of the printing that is done, 0 to 1.
    pub(super) fn progress(&self) -> f64 {
        let total = self.job.as_ref().map_or(1.0, |job| job.minutes * 60.0);
        match self.phase {
            Phase::Idle | Phase::Fetching(_) | Phase::WarmingUp(..) => 0.0,
            Phase::Calibrating(at, _) => at as f64 / self.stages.len().max(1) as f64,
            Phase::Printing(done) => (done / total).clamp(0.0, 1.0),
            Phase::Finished => 1.0,
            Phase::Failed => self.failed_at.map_or(0.0, |done| (done / total).clamp(0.0, 1.0)),
        }
    }

    /// Seconds of printing done at standard speed.
    pub(super) fn done_seconds(&self) -> f64 {
        if let Phase::Printing(done) = self.phase { done } else { 0.0 }
    }

    /// The layer being printed, counted from 1; 0 before the first.
    pub(super) fn layer(&self) -> u32 {
        let layers = self.job.as_ref().map_or(0, |job| job.layers);
        let done = (self.progress() * f64::from(layers)) as u32;
        let begun = matches!(self.phase, Phase::Printing(_))
            || (self.phase == Phase::Failed && self.failed_at.is_some());
        done.saturating_add(begun.into()).min(layers)
    }

    /// Printing time left in minutes, rounded up.
    pub(super) fn remaining_minutes(&self) -> u32 {
        let Some(job) = self.job.as_ref().filter(|_| self.busy()) else { return 0 };
        let left = job.minutes * (1.0 - self.progress());
        (left * 100.0 / f64::from(self.speed_percent())).ceil() as u32
    }

    /// Percent of the standard speed (`spd_mag`).
    pub(super) fn speed_percent(&self) -> u32 {
        SPEEDS.get(usize::from(self.speed_level).wrapping_sub(1)).copied().unwrap_or(100)
    }

    /// Index of the extruder in use.
    pub(super) fn extruder(&self) -> usize {
        self.active.min(self.nozzles.len().saturating_sub(1))
    }
}
