//! Heat and fans: first-order curves towards a target. What asks for them is in `life.rs`.

/// Room temperature in °C.
pub(super) const ROOM: f64 = 24.0;

/// A heated body: a nozzle, the bed or the chamber.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heater {
    /// Temperature now, °C.
    pub(super) now: f64,
    /// Target, °C; 0 is off.
    pub(super) target: f64,
    heating: f64,
    cooling: f64,
}

impl Heater {
    pub(super) const fn nozzle() -> Self {
        Self { now: ROOM, target: 0.0, heating: 22.0, cooling: 90.0 }
    }

    pub(super) const fn bed() -> Self {
        Self { now: ROOM, target: 0.0, heating: 55.0, cooling: 500.0 }
    }

    pub(super) const fn chamber() -> Self {
        Self { now: ROOM, target: 0.0, heating: 600.0, cooling: 900.0 }
    }

    /// Lets `seconds` pass; `rest` is the temperature without own heat.
    pub(super) fn pass(&mut self, seconds: f64, rest: f64) {
        let goal = self.target.max(rest);
        let constant = if goal > self.now { self.heating } else { self.cooling };
        self.now += (goal - self.now) * (1.0 - (-seconds / constant).exp());
    }

    /// Near enough to its target to print.
    pub(super) fn ready(&self) -> bool {
        self.now + 1.5 >= self.target
    }

    /// On and at its target.
    pub(super) fn holding(&self) -> bool {
        self.target > 0.0 && (self.now - self.target).abs() < 2.0
    }

    /// What heater states say: 0 off, 1 holding, 2 heating.
    pub(super) fn state(&self) -> u8 {
        match self.target {
            t if t <= 0.0 => 0,
            _ if self.holding() => 1,
            _ => 2,
        }
    }
}

/// A fan: the value it was set to and the drive it has reached, both in percent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fan {
    pub(super) set: f64,
    pub(super) now: f64,
}

impl Fan {
    pub(super) fn pass(&mut self, seconds: f64) {
        self.now += (self.set - self.now) * (1.0 - (-seconds / 2.5).exp());
        if (self.now - self.set).abs() < 1.0 {
            self.now = self.set;
        }
    }

    /// The instantaneous drive, 0 to 15.
    pub(super) fn step(&self) -> u8 {
        (self.now * 15.0 / 100.0).round().clamp(0.0, 15.0) as u8
    }

    /// The instantaneous drive, 0 to 255.
    pub(super) fn gear(&self) -> u8 {
        (self.now * 2.55).round().clamp(0.0, 255.0) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bed_reaches_its_target_and_cools_when_switched_off() {
        let mut bed = Heater::bed();
        bed.target = 60.0;
        assert!(!bed.ready());
        for _ in 0..60 {
            bed.pass(5.0, ROOM);
        }
        assert!(bed.ready() && bed.holding() && bed.state() == 1);
        bed.target = 0.0;
        bed.pass(5000.0, ROOM);
        assert!(bed.now < ROOM + 1.0 && bed.state() == 0);
    }

    #[test]
    fn one_long_step_ends_where_many_short_ones_do() {
        let (mut long, mut short) = (Heater::nozzle(), Heater::nozzle());
        long.target = 220.0;
        short.target = 220.0;
        long.pass(100.0, ROOM);
        (0..100).for_each(|_| short.pass(1.0, ROOM));
        assert!((long.now - short.now).abs() < 0.01);
    }
}
