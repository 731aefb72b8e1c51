//! The filament of a simulated printer: its trays and what is left on them, and what people have
//! written into them. The units that hold them, their air and drying are in `filament/unit.rs`.

mod unit;

use std::collections::BTreeMap;

use rand::{Rng, rngs::SmallRng};
use serde_json::{Map, Value};

pub(super) use self::unit::{Drying, Unit};
use super::template::Template;

/// The external spool of the left extruder, or of the only one on older machines.
pub(super) const LEFT_SPOOL: u32 = 254;
/// The external spool of the right or only extruder.
pub(super) const MAIN_SPOOL: u32 = 255;

/// One loaded tray.
#[derive(Debug, Clone)]
pub(super) struct Tray {
    /// Unit id on the wire: 0 to 3, 16, 128 and up.
    pub(super) unit: u32,
    /// Slot in the unit.
    pub(super) slot: u32,
    /// Extruder that the unit feeds: 0 right or main, 1 left.
    pub(super) extruder: u32,
    /// Percent left; negative where the printer cannot tell.
    pub(super) remain: f64,
    /// What is in it.
    pub(super) material: Material,
}

/// What a kind of filament wants, in °C.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Material {
    /// Printing temperature of the nozzle.
    pub(super) nozzle: f64,
    /// Temperature of the bed.
    pub(super) bed: f64,
    /// Where it goes soft.
    pub(super) soft: f64,
}

impl Material {
    pub(super) fn named(name: &str) -> Self {
        let (nozzle, bed, soft) = match name {
            "PETG" => (250.0, 70.0, 70.0),
            "ABS" | "ASA" => (270.0, 95.0, 100.0),
            "PC" => (275.0, 100.0, 120.0),
            "PA-CF" | "PA" | "PA6-CF" => (290.0, 100.0, 170.0),
            "TPU" => (230.0, 40.0, 30.0),
            _ => (220.0, 60.0, 45.0),
        };
        Self { nozzle, bed, soft }
    }
}

impl Tray {
    /// The number in `tray_now`.
    pub(super) fn flat(&self) -> u32 {
        match self.unit {
            unit @ 0..=3 => unit * 4 + self.slot,
            16 => 64 + self.slot,
            unit => unit,
        }
    }

    /// The number in `snow` and `mapping`: `unit << 8 | slot`.
    pub(super) fn packed(&self) -> u32 {
        self.unit << 8 | self.slot
    }
}

/// All loaded trays of a printer, and the units around them.
#[derive(Debug, Clone)]
pub(super) struct Filament {
    pub(super) trays: Vec<Tray>,
    pub(super) units: Vec<Unit>,
    /// Ids of the external spools that the model reports.
    spools: Vec<u32>,
    /// What was written over the template, by unit and slot; an external spool is its own unit.
    written: BTreeMap<(u32, u32), Map<String, Value>>,
    /// Counts every change that a reader can see (`ams.version`).
    pub(super) version: u32,
}

impl Filament {
    /// The trays that a report names, each with a little less or more left, by the seed.
    pub(super) fn read(template: &Template, rng: &mut SmallRng) -> Self {
        let (mut trays, mut known) = (Vec::new(), Vec::new());
        for object in template.at_rest("ams.ams").and_then(Value::as_array).into_iter().flatten() {
            let unit = Unit::read(object, rng);
            for tray in object.get("tray").and_then(Value::as_array).into_iter().flatten() {
                let Some(name) = tray.get("tray_type").and_then(Value::as_str) else { continue };
                let told = tray.get("remain").and_then(Value::as_f64).unwrap_or(-1.0);
                let remain = told - if told > 20.0 { rng.random_range(0.0..18.0) } else { 0.0 };
                let (slot, material) = (number(tray, "id"), Material::named(name));
                trays.push(Tray { unit: unit.id, slot, extruder: unit.extruder, remain, material });
            }
            known.push(unit);
        }
        let several = template.at_rest("vir_slot").and_then(Value::as_array).into_iter().flatten();
        let one = template.at_rest("vt_tray").into_iter();
        let spools = several.chain(one).map(|spool| number(spool, "id")).collect();
        Self { trays, units: known, spools, written: BTreeMap::new(), version: 3 }
    }

    /// A unit by its id on the wire.
    pub(super) fn unit(&self, id: u32) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.id == id)
    }

    /// Whether the unit has this slot, or an external spool this id.
    pub(super) fn has(&self, unit: u32, slot: u32) -> bool {
        if unit >= LEFT_SPOOL {
            return self.spools.contains(&unit);
        }
        self.unit(unit).is_some_and(|unit| slot < unit.slots)
    }

    /// The loaded tray in this slot.
    pub(super) fn position(&self, unit: u32, slot: u32) -> Option<usize> {
        self.trays.iter().position(|tray| tray.unit == unit && tray.slot == slot)
    }

    /// A change that a reader can see has happened.
    pub(super) fn touch(&mut self) {
        self.version = self.version.wrapping_add(1) & 0x7FFF;
    }

    /// Writes fields over a tray, an external spool or (slot `u32::MAX`) a unit.
    pub(super) fn put(&mut self, unit: u32, slot: u32, key: &str, value: impl Into<Value>) {
        let value = value.into();
        if key == "tray_type"
            && let (Some(at), Some(name)) = (self.position(unit, slot), value.as_str())
            && let Some(tray) = self.trays.get_mut(at)
        {
            tray.material = Material::named(name);
        }
        self.written.entry((unit, slot)).or_default().insert(key.to_owned(), value);
        self.touch();
    }

    /// Says why drying did not start, where the model says it; nothing when it did.
    pub(super) fn excuse(&mut self, unit: u32, reasons: Vec<u32>) {
        if self.unit(unit).is_some_and(Unit::excuses) {
            self.put(unit, u32::MAX, "dry_sf_reason", reasons);
        }
    }

    /// The `state` of a slot where nothing was written, where the model tells it.
    pub(super) fn state_at_rest(&self, unit: u32, slot: u32) -> Option<u64> {
        self.unit(unit)?.states.get(slot as usize).copied().flatten()
    }

    /// Takes back one written field, or all of a slot.
    pub(super) fn forget(&mut self, unit: u32, slot: u32, key: Option<&str>) {
        match (key, self.written.get_mut(&(unit, slot))) {
            (Some(key), Some(fields)) => drop(fields.remove(key)),
            _ => drop(self.written.remove(&(unit, slot))),
        }
        self.touch();
    }

    /// Writes everything into a full report.
    pub(super) fn write(&self, print: &mut Map<String, Value>) {
        if let Some(units) =
            print.get_mut("ams").and_then(|ams| ams.get_mut("ams")).and_then(Value::as_array_mut)
        {
            self.write_units(units);
        }
        for key in ["vir_slot", "vt_tray"] {
            if let Some(spool) = print.get_mut(key) {
                self.write_spools(spool);
            }
        }
    }

    /// Writes into the bare array of units.
    pub(super) fn write_units(&self, units: &mut [Value]) {
        for object in units {
            let id = number(object, "id");
            if let Some(unit) = self.unit(id) {
                unit.write(object);
            }
            self.over(id, u32::MAX, object);
            for tray in object.get_mut("tray").and_then(Value::as_array_mut).into_iter().flatten() {
                let slot = number(tray, "id");
                let known = self.trays.iter().find(|t| t.unit == id && t.slot == slot);
                if let (Some(known), Some(remain)) = (known, tray.get_mut("remain"))
                    && known.remain >= 0.0
                {
                    *remain = Value::from(known.remain.ceil() as i64);
                }
                self.over(id, slot, tray);
            }
        }
    }

    /// Writes into `vt_tray` (one) or `vir_slot` (several); false when nothing was ever written.
    pub(super) fn write_spools(&self, spools: &mut Value) -> bool {
        let list = match spools {
            Value::Array(list) => list.as_mut_slice(),
            one => std::slice::from_mut(one),
        };
        let each = list.iter_mut().map(|spool| self.over(number(spool, "id"), 0, spool));
        each.filter(|written| *written).count() > 0
    }

    fn over(&self, unit: u32, slot: u32, object: &mut Value) -> bool {
        let Some(fields) = self.written.get(&(unit, slot)) else { return false };
        if let Value::Object(object) = object {
            object.extend(fields.clone());
        }
        true
    }

    /// Takes `percent` of a spool; false when it has run out.
    pub(super) fn take(&mut self, at: usize, percent: f64) -> bool {
        let Some(tray) = self.trays.get_mut(at) else { return true };
        if tray.remain < 0.0 {
            return true;
        }
        let before = tray.remain.ceil();
        tray.remain = (tray.remain - percent).max(0.0);
        let left = tray.remain;
        if left.ceil() < before {
            self.touch();
        }
        left > 0.0
    }

    /// Puts a new spool into a tray.
    pub(super) fn refill(&mut self, at: usize) {
        if let Some(tray) = self.trays.get_mut(at) {
            tray.remain = 100.0;
            self.touch();
        }
    }

    /// Lets drying go on.
    pub(super) fn pass(&mut self, seconds: f64) {
        let mut seen = false;
        self.units.iter_mut().for_each(|unit| seen |= unit.pass(seconds));
        if seen {
            self.touch();
        }
    }
}

/// A number that is a string on the wire.
fn number(object: &Value, key: &str) -> u32 {
    object.get(key).and_then(Value::as_str).and_then(|text| text.parse().ok()).unwrap_or(0)
}
