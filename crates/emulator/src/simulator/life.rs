//! The life of one printer: its job from download to end, its heat, fans and filament, driven by
//! elapsed simulated seconds alone. What it says about itself is in `report.rs`.

use bambu_protocol::Model;
use rand::{Rng, SeedableRng, rngs::SmallRng};

use super::{
    filament::Filament,
    heat::{Fan, Heater, ROOM},
    job::Job,
    phase::{
        CANCELLED, FAN_FAULT, FAN_STOPPED, Light, Pause, Phase, RUN_OUT, SPEEDS, STORAGE_FAULT,
        UNREADABLE, WARM_UP,
    },
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
    /// Index into `filament.trays` of the tray that feeds the job.
    pub(super) tray: Option<usize>,
    pub(super) filament: Filament,
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
        let filament = Filament::read(&Template::of(model).print, &mut rng);
        let wifi_base = rng.random_range(-68..-38);
        Self {
            phase: Phase::Idle,
            pause: None,
            job: None,
            failed_at: None,
            tray: None,
            filament,
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

    /// Whether a job holds the printer.
    pub(super) fn busy(&self) -> bool {
        matches!(self.phase, Phase::Fetching(_) | Phase::WarmingUp(..) | Phase::Printing(_))
    }

    /// The word of `gcode_state`.
    pub(super) fn gcode_state(&self) -> &'static str {
        match self.phase {
            Phase::Idle => "IDLE",
            _ if self.pause.is_some() => "PAUSE",
            Phase::Fetching(_) => "PREPARE",
            Phase::WarmingUp(..) | Phase::Printing(_) => "RUNNING",
            Phase::Finished => "FINISH",
            Phase::Failed => "FAILED",
        }
    }

    /// Fraction of the printing that is done, 0 to 1.
    pub(super) fn progress(&self) -> f64 {
        let total = self.job.as_ref().map_or(1.0, |job| job.minutes * 60.0);
        match self.phase {
            Phase::Idle | Phase::Fetching(_) | Phase::WarmingUp(..) => 0.0,
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
        let tray = self.tray.and_then(|at| self.filament.trays.get(at));
        tray.map_or(0, |tray| tray.extruder as usize).min(self.nozzles.len().saturating_sub(1))
    }

    /// Starts a job; false when another one holds the printer.
    pub(super) fn start(&mut self, mut job: Job) -> bool {
        if self.busy() {
            return false;
        }
        job.minutes = if job.minutes > 0.0 { job.minutes.min(1e6) } else { 0.01 };
        self.print_error = 0;
        self.fail_reason = 0;
        self.hms.clear();
        self.failed_at = None;
        self.pause = None;
        self.tray = self.choose_tray(&job);
        self.phase = Phase::Fetching(0.0);
        self.job = Some(job);
        true
    }

    fn choose_tray(&mut self, job: &Job) -> Option<usize> {
        let trays = &self.filament.trays;
        let asked = job.tray.and_then(|flat| trays.iter().position(|tray| tray.flat() == flat));
        asked.or_else(|| {
            let usual = |tray: &super::filament::Tray| tray.nozzle <= 250.0 && tray.remain != 0.0;
            let fit: Vec<usize> =
                (0..trays.len()).filter(|at| trays.get(*at).is_some_and(usual)).collect();
            let at = self.rng.random_range(0..fit.len().max(1));
            fit.get(at).copied()
        })
    }

    /// Pauses a running job; false when there is none.
    pub(super) fn pause(&mut self, why: Pause) -> bool {
        let possible = self.busy() && self.pause.is_none();
        if possible {
            self.pause = Some(why);
            if why == Pause::RunOut {
                self.print_error = RUN_OUT;
            }
            self.part_fan.set = 0.0;
            self.rest = self.rest.map(|_| 300.0);
        }
        possible
    }

    /// Goes on with a paused job; false when there is none. An empty spool has been replaced.
    pub(super) fn resume(&mut self) -> bool {
        let Some(why) = self.pause.take() else { return false };
        if let (Pause::RunOut, Some(tray)) = (why, self.tray) {
            self.filament.refill(tray);
            self.print_error = 0;
        }
        if self.layer() > 1 {
            self.part_fan.set = 100.0;
        }
        true
    }

    /// Cancels the job; false when there is none.
    pub(super) fn stop(&mut self) -> bool {
        let possible = self.busy();
        if possible {
            self.fail(CANCELLED, None);
        }
        possible
    }

    fn fail(&mut self, error: u32, hms: Option<(u32, u32)>) {
        if let Phase::Printing(done) = self.phase {
            self.failed_at = Some(done);
        }
        self.phase = Phase::Failed;
        self.print_error = error;
        self.fail_reason = error;
        self.hms.extend(hms);
        self.cool_down();
    }

    fn cool_down(&mut self) {
        self.pause = None;
        self.nozzles.iter_mut().for_each(|nozzle| nozzle.target = 0.0);
        self.bed.target = 0.0;
        self.chamber.target = 0.0;
        for fan in [&mut self.part_fan, &mut self.aux_fan, &mut self.chamber_fan] {
            fan.set = 0.0;
        }
        if self.rest.is_some() {
            self.rest = Some(self.rng.random_range(120.0..900.0));
        }
    }

    /// Lets simulated time pass, in steps small enough that no stage is jumped over.
    pub(super) fn pass(&mut self, seconds: f64) {
        let steps = (seconds / 4.0).ceil().clamp(1.0, 250.0);
        for _ in 0..steps as u32 {
            self.step(seconds / steps);
        }
        self.wobble = self.rng.random_range(-0.35..0.35);
        if self.rng.random_bool(0.3) {
            self.wifi_dbm = self.wifi_base + self.rng.random_range(-3..=3);
        }
    }

    fn step(&mut self, seconds: f64) {
        self.proceed(seconds);
        let rest = if self.enclosed { 0.22 * (self.bed.now - ROOM).max(0.0) } else { 0.0 };
        self.chamber.pass(seconds, ROOM + rest);
        self.bed.pass(seconds, ROOM);
        let around = self.chamber.now;
        self.nozzles.iter_mut().for_each(|nozzle| nozzle.pass(seconds, around));
        let hot = self.nozzles.iter().any(|nozzle| nozzle.now > 50.0);
        self.heatbreak_fan.set = if hot { 100.0 } else { 0.0 };
        for fan in [
            &mut self.part_fan,
            &mut self.aux_fan,
            &mut self.left_fan,
            &mut self.chamber_fan,
            &mut self.heatbreak_fan,
        ] {
            fan.pass(seconds);
        }
    }

    fn proceed(&mut self, seconds: f64) {
        match (self.pause, self.rest.as_mut()) {
            (None, _) => {}
            // Nobody watches a printer that lives by itself: the spool is replaced after a while.
            (Some(Pause::RunOut), Some(rest)) if *rest > 0.0 => return *rest -= seconds,
            (Some(Pause::RunOut), Some(_)) => {
                self.resume();
            }
            (Some(_), _) => return,
        }
        match self.phase {
            Phase::Fetching(done) if done >= 100.0 => self.warm_up(0),
            Phase::Fetching(done) => self.phase = Phase::Fetching(done + seconds * 8.0),
            Phase::WarmingUp(at, spent) => {
                let spent = spent + seconds;
                let over = match WARM_UP.get(at) {
                    Some(2) => self.bed.ready(),
                    Some(14) => spent > 25.0 && self.nozzles.iter().all(Heater::ready),
                    Some(13) => spent > 12.0,
                    _ => spent > 45.0,
                };
                if over { self.warm_up(at + 1) } else { self.phase = Phase::WarmingUp(at, spent) }
            }
            Phase::Printing(done) => self.print(done, seconds),
            Phase::Idle | Phase::Finished | Phase::Failed => self.recover(seconds),
        }
    }

    fn warm_up(&mut self, at: usize) {
        let tray = self.tray.and_then(|at| self.filament.trays.get(at));
        let (nozzle, bed) = tray.map_or((220.0, 60.0), |tray| (tray.nozzle, tray.bed));
        let extruder = self.extruder();
        match WARM_UP.get(at) {
            Some(2) => self.bed.target = bed,
            Some(13) => self.homed = true,
            Some(14) => {
                if let Some(heater) = self.nozzles.get_mut(extruder) {
                    heater.target = nozzle;
                }
            }
            _ => {}
        }
        self.phase =
            if at < WARM_UP.len() { Phase::WarmingUp(at, 0.0) } else { Phase::Printing(0.0) };
    }

    fn print(&mut self, done: f64, seconds: f64) {
        let Some(job) = self.job.as_ref() else { return };
        let total = job.minutes * 60.0;
        let worked = (seconds * f64::from(self.speed_percent()) / 100.0).min(total - done);
        let taken = job.grams / 10.0 * worked / total;
        let fails = job.fails_at.is_some_and(|share| (done + worked) / total >= share);
        let first = self.layer() <= 1;
        self.phase = Phase::Printing(done + worked);
        if first && self.layer() > 1 {
            self.part_fan.set = 100.0;
            self.aux_fan.set = if self.enclosed { 70.0 } else { 0.0 };
            self.chamber_fan.set = if self.enclosed { 30.0 } else { 0.0 };
        }
        if fails {
            self.break_down();
        } else if done + worked >= total {
            self.phase = Phase::Finished;
            self.cool_down();
            self.tray = None;
        } else if let Some(tray) = self.tray
            && !self.filament.take(tray, taken)
        {
            self.pause(Pause::RunOut);
        }
    }

    fn break_down(&mut self) {
        if self.rng.random_bool(0.5) {
            self.fail(UNREADABLE, Some(STORAGE_FAULT));
        } else {
            self.fail(FAN_STOPPED, Some(FAN_FAULT));
        }
    }

    fn recover(&mut self, seconds: f64) {
        let Some(rest) = self.rest.as_mut() else { return };
        *rest -= seconds;
        if *rest <= 0.0 {
            let job = Job::invent(&mut self.rng);
            self.start(job);
        }
    }
}
