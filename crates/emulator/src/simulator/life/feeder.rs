//! Filament on its way: changes of tray, step by step, and the reading of tags.

use super::Life;
use crate::simulator::filament::{LEFT_SPOOL, MAIN_SPOOL};

/// Where filament comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulator) enum Source {
    /// Nothing: what is loaded goes out.
    Nothing,
    /// The tray at this index.
    Tray(usize),
    /// The external spool with this id.
    Spool(u32),
}

/// The steps of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Heat,
    Unload,
    Load,
    Purge,
}

/// A change of filament that goes on.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::simulator) struct Change {
    /// What is to be loaded at its end.
    pub(in crate::simulator) to: Source,
    /// The extruder it happens in.
    extruder: usize,
    /// Nozzle temperature in °C that it waits for.
    celsius: f64,
    /// Target to go back to.
    before: f64,
    step: Step,
    spent: f64,
    /// Held up by `ams_control`.
    pub(in crate::simulator) held: bool,
}

impl Change {
    /// The stage that `stg_cur` shows.
    pub(in crate::simulator) fn stage(&self) -> i32 {
        match self.step {
            Step::Heat => 7,
            Step::Unload => 22,
            Step::Load => 24,
            Step::Purge => 4,
        }
    }

    /// `ams_status`: main state 1, a change; the numbers of its steps are ours [G].
    pub(in crate::simulator) fn status(&self) -> u32 {
        1 << 8
            | match self.step {
                Step::Heat => 2,
                Step::Unload => 4,
                Step::Load => 5,
                Step::Purge => 7,
            }
    }
}

/// A tag that is being read.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::simulator) struct Reading {
    pub(in crate::simulator) unit: u32,
    pub(in crate::simulator) slot: u32,
    /// `ams_status` meanwhile: main state 2, or 4 when the unit is calibrated.
    pub(in crate::simulator) status: u32,
    spent: f64,
    /// The tray's `state` before, where it tells one.
    state: Option<u64>,
}

/// What `state` goes through while a tag is read, three seconds each.
const TRANSIENTS: [u64; 5] = [17, 21, 5, 21, 5];

impl Life {
    /// Begins a change; false while another one goes on, or a job prints.
    pub(in crate::simulator) fn change_filament(
        &mut self,
        to: Source,
        extruder: Option<usize>,
        celsius: Option<f64>,
    ) -> bool {
        if self.change.is_some() || self.busy() && self.pause.is_none() {
            return false;
        }
        let trays = &self.filament.trays;
        let tray = |at: usize| trays.get(at);
        let wanted = match to {
            Source::Tray(at) => tray(at).map(|tray| tray.extruder as usize),
            Source::Spool(LEFT_SPOOL) if self.nozzles.len() > 1 => Some(1),
            Source::Spool(_) => Some(0),
            Source::Nothing => None,
        };
        let extruder = extruder.or(wanted).unwrap_or_else(|| self.extruder());
        let usual = match to {
            Source::Tray(at) => tray(at).map_or(220.0, |tray| tray.material.nozzle),
            _ => 220.0,
        };
        let celsius = celsius.filter(|celsius| *celsius >= 150.0).unwrap_or(usual);
        let Some(nozzle) = self.nozzles.get_mut(extruder) else { return false };
        let before = nozzle.target;
        nozzle.target = celsius;
        self.active = extruder;
        self.change = Some(Change {
            to,
            extruder,
            celsius,
            before,
            step: Step::Heat,
            spent: 0.0,
            held: false,
        });
        true
    }

    /// Ends a change before its time; what is in the extruder stays.
    pub(in crate::simulator) fn abort_change(&mut self) {
        if let Some(change) = self.change.take()
            && let Some(nozzle) = self.nozzles.get_mut(change.extruder)
        {
            nozzle.target = change.before;
        }
    }

    /// What is loaded.
    pub(in crate::simulator) fn loaded(&self) -> Source {
        match (self.tray, self.spool) {
            (Some(at), _) => Source::Tray(at),
            (None, Some(spool)) => Source::Spool(spool),
            (None, None) => Source::Nothing,
        }
    }

    fn load(&mut self, source: Source) {
        (self.tray, self.spool) = match source {
            Source::Tray(at) => (Some(at), None),
            Source::Spool(id @ (LEFT_SPOOL | MAIN_SPOOL)) => (None, Some(id)),
            Source::Spool(_) | Source::Nothing => (None, None),
        };
    }

    /// Starts to read the tag in a slot, alone or while its unit is calibrated.
    pub(in crate::simulator) fn read_tag(&mut self, unit: u32, slot: u32, calibrates: bool) {
        if let Some(before) = self.reading.take() {
            self.tag_read(&before);
        }
        let state = self.filament.state_at_rest(unit, slot);
        let status = if calibrates { 4 << 8 } else { 2 << 8 };
        self.reading = Some(Reading { unit, slot, status, spent: 0.0, state });
        self.show_reading(unit, slot, true);
    }

    /// Lets feeding go on.
    pub(super) fn feed(&mut self, seconds: f64) {
        if let Some(mut reading) = self.reading.take() {
            reading.spent += seconds;
            let at = (reading.spent / 3.0) as usize;
            match (TRANSIENTS.get(at), reading.state) {
                (None, _) => self.tag_read(&reading),
                (Some(transient), Some(8..)) => {
                    self.filament.put(reading.unit, reading.slot, "state", *transient);
                    self.reading = Some(reading);
                }
                _ => self.reading = Some(reading),
            }
        }
        let Some(mut change) = self.change.take_if(|change| !change.held) else { return };
        change.spent += seconds;
        let hot = self
            .nozzles
            .get(change.extruder)
            .is_none_or(|nozzle| nozzle.now + 3.0 >= change.celsius);
        let next = match change.step {
            Step::Heat if !hot => Step::Heat,
            Step::Heat if self.loaded() == Source::Nothing => Step::Load,
            Step::Heat => Step::Unload,
            Step::Unload if change.spent < 20.0 => Step::Unload,
            Step::Unload => {
                self.load(Source::Nothing);
                Step::Load
            }
            Step::Load if change.spent < 25.0 => Step::Load,
            Step::Load => {
                self.load(change.to);
                Step::Purge
            }
            Step::Purge => Step::Purge,
        };
        let over = match next {
            Step::Load => change.to == Source::Nothing,
            Step::Purge => change.step == Step::Purge && change.spent > 15.0,
            _ => false,
        };
        if next != change.step {
            (change.step, change.spent) = (next, 0.0);
        }
        self.change = Some(change);
        if over {
            self.abort_change();
        }
    }

    /// The spool tells who it is: what people wrote into the slot is gone, where it has a tag.
    fn tag_read(&mut self, reading: &Reading) {
        let (unit, slot) = (reading.unit, reading.slot);
        let tagged = self.settings.bits("ams.tray_is_bbl_bits") >> bit_of(unit, slot) & 1 == 1;
        self.filament.forget(unit, slot, if tagged { None } else { Some("state") });
        self.show_reading(unit, slot, false);
    }

    fn show_reading(&mut self, unit: u32, slot: u32, on: bool) {
        let bit = bit_of(unit, slot);
        self.settings.set_bit("ams.tray_reading_bits", bit, on);
        self.settings.set_bit("ams.tray_read_done_bits", bit, !on);
        self.settings.put("ams_rfid_status", u32::from(on));
        self.filament.touch();
    }
}

/// The bit of a slot in `tray_exist_bits` and its like.
fn bit_of(unit: u32, slot: u32) -> u32 {
    match unit {
        0..=3 => unit * 4 + slot,
        16 => 24 + slot,
        _ => 16 + unit.saturating_sub(128).min(15),
    }
}
