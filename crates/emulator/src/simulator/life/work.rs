//! How simulated time passes for a printer: heat, the stages of a job, layers, calibration.

use rand::Rng;

use super::Life;
use crate::simulator::{
    heat::{Heater, ROOM},
    job::Job,
    phase::{FAN_FAULT, FAN_STOPPED, Pause, Phase, STORAGE_FAULT, UNREADABLE},
};

impl Life {
    /// Lets simulated time pass, in steps small enough that no stage is jumped over.
    pub(in crate::simulator) fn pass(&mut self, seconds: f64) {
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
        if self.dark > 0.0 {
            self.dark = (self.dark - seconds).max(0.0);
        } else {
            self.proceed(seconds);
            self.feed(seconds);
            self.upgrade_on(seconds);
        }
        self.filament.pass(seconds);
        if self.looking > 0.0 {
            self.looking -= seconds;
            self.settings.put("device.nozzle.state", u32::from(self.looking > 0.0));
        }
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
        if self.parsing > 0.0 {
            self.parsing -= seconds;
            if self.parsing <= 0.0 {
                self.phase = Phase::Fetching(0.0);
            }
            return;
        }
        if self.recheck > 0.0 {
            self.recheck -= seconds;
            if let Some(error) = self.cause.filter(|_| self.recheck <= 0.0) {
                self.pause(Pause::Fault(error));
            }
        }
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
            Phase::Calibrating(at, spent) if spent < 40.0 => {
                self.phase = Phase::Calibrating(at, spent + seconds);
            }
            Phase::Calibrating(at, _) if at + 1 < self.stages.len() => {
                self.homed = true;
                self.phase = Phase::Calibrating(at + 1, 0.0);
            }
            Phase::Calibrating(..) => {
                self.phase = Phase::Finished;
                self.profiles.finish();
                self.cool_down();
            }
            Phase::Fetching(done) => self.prepare(done, seconds),
            Phase::WarmingUp(at, spent) => {
                let spent = spent + seconds;
                let over = match self.stages.get(at) {
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

    fn prepare(&mut self, done: f64, seconds: f64) {
        if done >= 40.0 && self.trouble() {
            return;
        }
        if done >= 100.0 {
            self.warm_up(0);
        } else {
            self.phase = Phase::Fetching(done + seconds * 8.0);
        }
    }

    /// What stands in the job's way: it ends or pauses; false when nothing does.
    fn trouble(&mut self) -> bool {
        let Some(error) = self.cause.filter(|_| self.recheck <= 0.0) else { return false };
        if error & 0xF000 == 0x4000 {
            self.cause = None;
            self.fail(error, (error == UNREADABLE).then_some(STORAGE_FAULT));
            return true;
        }
        self.pause(Pause::Fault(error))
    }

    fn warm_up(&mut self, at: usize) {
        let tray = self.tray.and_then(|at| self.filament.trays.get(at));
        let (nozzle, bed) =
            tray.map_or((220.0, 60.0), |tray| (tray.material.nozzle, tray.material.bed));
        let extruder = self.extruder();
        match self.stages.get(at) {
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
            if at < self.stages.len() { Phase::WarmingUp(at, 0.0) } else { Phase::Printing(0.0) };
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
            self.remember_end(true);
            self.cool_down();
            (self.tray, self.spool) = (None, None);
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
