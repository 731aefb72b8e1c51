//! What is done to a job: started, paused, gone on with, ended.

use rand::Rng;

use super::Life;
use crate::simulator::{
    filament::{LEFT_SPOOL, MAIN_SPOOL, Tray},
    job::Job,
    phase::{CANCELLED, Pause, Phase, RUN_OUT},
};

/// Ends of jobs that are remembered at once; a printer starts far fewer in one period.
const MOST_ENDED: usize = 64;

impl Life {
    /// Starts a job; false when another one holds the printer.
    pub(in crate::simulator) fn start(&mut self, mut job: Job) -> bool {
        if self.busy() {
            return false;
        }
        job.minutes = if job.minutes > 0.0 { job.minutes.min(1e6) } else { 0.01 };
        self.begin();
        self.stages = job.stages();
        self.cause = job.trouble;
        self.spool = job.tray.filter(|flat| [LEFT_SPOOL, MAIN_SPOOL].contains(flat));
        self.tray = if self.spool.is_some() { None } else { self.choose_tray(&job) };
        self.active = self.fed_extruder();
        self.phase = Phase::Fetching(0.0);
        self.job = Some(job);
        true
    }

    /// The same, with a printer that parses the file for so many seconds before it says so.
    pub(in crate::simulator) fn start_slowly(&mut self, job: Job, seconds: f64) -> bool {
        let before = self.phase;
        let started = self.start(job);
        if started {
            (self.phase, self.parsing) = (before, seconds);
        }
        started
    }

    /// Starts a calibration with these stages; false when a job holds the printer.
    pub(in crate::simulator) fn calibrate(&mut self, stages: Vec<i32>) -> bool {
        if self.busy() {
            return false;
        }
        self.begin();
        self.stages = stages;
        self.phase = Phase::Calibrating(0, 0.0);
        self.job = Some(Job::calibration());
        true
    }

    pub(super) fn begin(&mut self) {
        self.print_error = 0;
        self.fail_reason = 0;
        self.hms.clear();
        self.failed_at = None;
        self.pause = None;
        self.cause = None;
        self.recheck = 0.0;
        self.change = None;
        self.skipped.clear();
    }

    /// The extruder that what is loaded feeds.
    pub(super) fn fed_extruder(&self) -> usize {
        let tray = self.tray.and_then(|at| self.filament.trays.get(at));
        match (tray, self.spool) {
            (Some(tray), _) => tray.extruder as usize,
            (None, Some(LEFT_SPOOL)) if self.nozzles.len() > 1 => 1,
            _ => 0,
        }
    }

    pub(super) fn choose_tray(&mut self, job: &Job) -> Option<usize> {
        let trays = &self.filament.trays;
        let asked = job.tray.and_then(|flat| trays.iter().position(|tray| tray.flat() == flat));
        asked.or_else(|| {
            let usual = |tray: &Tray| tray.material.nozzle <= 250.0 && tray.remain != 0.0;
            let fit: Vec<usize> =
                (0..trays.len()).filter(|at| trays.get(*at).is_some_and(usual)).collect();
            let at = self.rng.random_range(0..fit.len().max(1));
            fit.get(at).copied()
        })
    }

    /// Pauses a running job; false when there is none.
    pub(in crate::simulator) fn pause(&mut self, why: Pause) -> bool {
        let possible = self.busy() && self.parsing <= 0.0 && self.pause.is_none();
        if possible {
            self.pause = Some(why);
            match why {
                Pause::RunOut => self.print_error = RUN_OUT,
                Pause::Fault(error) => self.print_error = error,
                Pause::Asked => {}
            }
            self.part_fan.set = 0.0;
            self.rest = self.rest.map(|_| 300.0);
        }
        possible
    }

    /// Goes on with a paused job; false when there is none. An empty spool has been replaced; any
    /// other cause is looked for again.
    pub(in crate::simulator) fn resume(&mut self) -> bool {
        let Some(why) = self.pause.take() else { return false };
        if why != Pause::Asked {
            self.print_error = 0;
        }
        if let (Pause::RunOut, Some(tray)) = (why, self.tray) {
            self.filament.refill(tray);
        }
        if let Pause::Fault(_) = why {
            self.recheck = 1.5;
        }
        if self.layer() > 1 {
            self.part_fan.set = 100.0;
        }
        true
    }

    /// Goes on without looking for the cause; false when nothing is paused with this error.
    pub(in crate::simulator) fn ignore(&mut self, error: u32) -> bool {
        let paused = self.pause.is_some() && self.print_error == error;
        if paused {
            self.cause = None;
            self.recheck = 0.0;
            if let (Some(Pause::RunOut), Some(tray)) = (self.pause, self.tray) {
                self.filament.refill(tray);
            }
            self.pause = Some(Pause::Asked);
            self.print_error = 0;
            self.resume();
        }
        paused
    }

    /// Whether a print error, an HMS entry or a pause says this, by its 32-bit number.
    pub(in crate::simulator) fn says(&self, error: u32) -> bool {
        error != 0 && (self.print_error == error || self.hms.iter().any(|hms| short(*hms) == error))
    }

    /// Takes away what says this.
    pub(in crate::simulator) fn dismiss(&mut self, error: u32) {
        if self.print_error == error {
            self.print_error = 0;
        }
        self.hms.retain(|hms| short(*hms) != error);
    }

    /// Cancels the job; false when there is none.
    pub(in crate::simulator) fn stop(&mut self) -> bool {
        let possible = self.busy();
        if possible {
            self.fail(CANCELLED, None);
        }
        possible
    }

    pub(super) fn fail(&mut self, error: u32, hms: Option<(u32, u32)>) {
        if let Phase::Printing(done) = self.phase {
            self.failed_at = Some(done);
        }
        self.phase = Phase::Failed;
        self.remember_end(false);
        self.parsing = 0.0;
        self.change = None;
        self.print_error = error;
        self.fail_reason = error;
        self.hms.extend(hms);
        self.cool_down();
    }

    /// The cloud's history wants to know how its jobs end.
    pub(super) fn remember_end(&mut self, well: bool) {
        if let Some(job) = self.job.as_ref().filter(|job| job.task_id != "0")
            && self.ended.len() < MOST_ENDED
        {
            self.ended.push((job.task_id.clone(), well));
        }
    }

    pub(super) fn cool_down(&mut self) {
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
}

/// The 32-bit number of an HMS entry: module and part above, message below.
fn short((attr, code): (u32, u32)) -> u32 {
    attr & 0xFFFF_0000 | code & 0xFFFF
}
