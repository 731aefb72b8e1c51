//! The filament of a simulated printer: its AMS units and trays, and what is left on the spools.

use rand::{Rng, rngs::SmallRng};
use serde_json::{Map, Value};

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
    /// Printing temperature of the nozzle in °C.
    pub(super) nozzle: f64,
    /// Temperature of the bed in °C.
    pub(super) bed: f64,
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

/// The air in a unit that has a sensor.
#[derive(Debug, Clone)]
struct Air {
    unit: u32,
    /// °C.
    temperature: f64,
    /// Relative humidity in percent.
    humidity: u32,
}

/// All loaded trays of a printer, and the air around them.
#[derive(Debug, Clone)]
pub(super) struct Filament {
    pub(super) trays: Vec<Tray>,
    air: Vec<Air>,
    /// Counts every change that a reader can see (`ams.version`).
    pub(super) version: u32,
}

impl Filament {
    /// The trays that a report names, each with a little less or more left, by the seed.
    pub(super) fn read(print: &Map<String, Value>, rng: &mut SmallRng) -> Self {
        let (mut trays, mut air) = (Vec::new(), Vec::new());
        for unit in units(print) {
            let id = number(unit, "id");
            if unit.get("humidity_raw").is_some_and(|raw| raw != "0") {
                let temperature = rng.random_range(21.0..31.0);
                air.push(Air { unit: id, temperature, humidity: rng.random_range(6..34) });
            }
            let info = unit.get("info").and_then(Value::as_str).unwrap_or("0");
            let extruder = u32::from_str_radix(info, 16).unwrap_or(0) >> 8 & 0xF;
            for tray in unit.get("tray").and_then(Value::as_array).into_iter().flatten() {
                let Some(material) = tray.get("tray_type").and_then(Value::as_str) else {
                    continue;
                };
                let (nozzle, bed) = temperatures(material);
                let told = tray.get("remain").and_then(Value::as_f64).unwrap_or(-1.0);
                let remain = told - if told > 20.0 { rng.random_range(0.0..18.0) } else { 0.0 };
                let slot = number(tray, "id");
                trays.push(Tray { unit: id, slot, extruder, remain, nozzle, bed });
            }
        }
        Self { trays, air, version: 3 }
    }

    /// Writes what is left into a report's tray objects.
    pub(super) fn write(&self, print: &mut Map<String, Value>) {
        let Some(units) =
            print.get_mut("ams").and_then(|ams| ams.get_mut("ams")).and_then(Value::as_array_mut)
        else {
            return;
        };
        self.write_units(units);
    }

    /// The same for the bare array of units.
    pub(super) fn write_units(&self, units: &mut [Value]) {
        for unit in units {
            let id = number(unit, "id");
            if let Some(air) = self.air.iter().find(|air| air.unit == id) {
                air.write(unit);
            }
            for tray in unit.get_mut("tray").and_then(Value::as_array_mut).into_iter().flatten() {
                let slot = number(tray, "id");
                let known = self.trays.iter().find(|t| t.unit == id && t.slot == slot);
                if let (Some(known), Some(remain)) = (known, tray.get_mut("remain"))
                    && known.remain >= 0.0
                {
                    *remain = Value::from(known.remain.ceil() as i64);
                }
            }
        }
    }

    /// Takes `percent` of a spool; false when it has run out.
    pub(super) fn take(&mut self, at: usize, percent: f64) -> bool {
        let Some(tray) = self.trays.get_mut(at) else { return true };
        if tray.remain < 0.0 {
            return true;
        }
        let before = tray.remain.ceil();
        tray.remain = (tray.remain - percent).max(0.0);
        if tray.remain.ceil() < before {
            self.version = self.version.wrapping_add(1) & 0x7FFF;
        }
        tray.remain > 0.0
    }

    /// Puts a new spool into a tray.
    pub(super) fn refill(&mut self, at: usize) {
        if let Some(tray) = self.trays.get_mut(at) {
            tray.remain = 100.0;
            self.version = self.version.wrapping_add(1) & 0x7FFF;
        }
    }
}

impl Air {
    fn write(&self, unit: &mut Value) {
        // 5 is the driest [L]; where the level is told at all, it follows the percentage.
        let level = match self.humidity {
            0..=12 => 5,
            13..=20 => 4,
            21..=25 => 3,
            26..=29 => 2,
            _ => 1,
        };
        let told = unit.get("humidity").is_some_and(|level| level != "0");
        let mut set = |key: &str, text: String| {
            if let Some(old) = unit.get_mut(key) {
                *old = Value::String(text);
            }
        };
        set("temp", format!("{:.1}", self.temperature));
        set("humidity_raw", self.humidity.to_string());
        if told {
            set("humidity", level.to_string());
        }
    }
}

fn units(print: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    print.get("ams").and_then(|ams| ams.get("ams")).and_then(Value::as_array).into_iter().flatten()
}

fn number(object: &Value, key: &str) -> u32 {
    object.get(key).and_then(Value::as_str).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Nozzle and bed in °C for a material.
fn temperatures(material: &str) -> (f64, f64) {
    match material {
        "PETG" => (250.0, 70.0),
        "ABS" | "ASA" => (270.0, 95.0),
        "PA-CF" | "PA" => (290.0, 100.0),
        "TPU" => (230.0, 40.0),
        _ => (220.0, 60.0),
    }
}
