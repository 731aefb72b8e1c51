//! Presence, door and heaters.

use super::Event;
use crate::status::{Heater, Status, Temperature};

/// °C within which a target counts as reached.
const NEAR: f64 = 2.0;

/// The machine in the status before.
#[derive(Debug, Clone, Default)]
pub(super) struct Machine {
    online: Option<bool>,
    door_open: Option<bool>,
    heaters: [Heating; Heater::ALL.len()],
}

#[derive(Debug, Clone, Default)]
struct Heating {
    target: Option<f64>,
    awaited: bool,
}

impl Machine {
    pub(super) fn online(&mut self, status: &Status, events: &mut Vec<Event>) {
        change(
            &mut self.online,
            status.online,
            [Event::DeviceOffline, Event::DeviceOnline],
            events,
        );
    }

    pub(super) fn observe(&mut self, status: &Status, first: bool, events: &mut Vec<Event>) {
        let door = [Event::DoorClosed, Event::DoorOpened];
        change(&mut self.door_open, status.door_open, door, events);
        for (heating, heater) in self.heaters.iter_mut().zip(Heater::ALL) {
            if let Some(target) = heating.reached(status.temperatures.of(heater), first) {
                events.push(Event::TemperatureReached { heater, target });
            }
        }
    }
}

impl Heating {
    /// The target, when it has just been reached.
    fn reached(&mut self, now: Temperature, first: bool) -> Option<f64> {
        if now.target.is_some() && now.target != self.target {
            self.target = now.target;
            self.awaited = now.target.is_some_and(|target| target > 0.0);
        }
        let (target, current) = (self.target?, now.current?);
        let arrived = self.awaited && (current - target).abs() <= NEAR;
        if arrived {
            self.awaited = false;
        }
        (arrived && !first).then_some(target)
    }
}

/// Tells that a yes or no changed; the first that is known is where it starts from.
fn change(old: &mut Option<bool>, new: Option<bool>, tell: [Event; 2], events: &mut Vec<Event>) {
    let Some(is) = new else { return };
    let before = old.replace(is);
    let [no, yes] = tell;
    if before.is_some_and(|was| was != is) {
        events.push(if is { yes } else { no });
    }
}
