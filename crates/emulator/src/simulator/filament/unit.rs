//! An AMS unit: its kind, the air in it, and drying.

use rand::{Rng, rngs::SmallRng};
use serde_json::{Value, json};

use super::number;

/// The air in a unit that has a sensor.
#[derive(Debug, Clone)]
struct Air {
    /// °C.
    temperature: f64,
    /// °C when nothing heats it.
    rest: f64,
    /// Relative humidity in percent.
    humidity: u32,
}

/// A drying run.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::simulator) struct Drying {
    /// Minutes left.
    pub(in crate::simulator) minutes: f64,
    /// Target in °C.
    pub(in crate::simulator) celsius: u32,
    /// Hours it was started for.
    pub(in crate::simulator) hours: u32,
    /// Material it was started for.
    pub(in crate::simulator) filament: String,
}

/// One AMS unit.
#[derive(Debug, Clone)]
pub(in crate::simulator) struct Unit {
    /// Id on the wire.
    pub(in crate::simulator) id: u32,
    /// Type nibble of `info`: 1 AMS, 2 lite, 3 AMS 2 Pro, 4 AMS HT, 5 lite on A2L; 0 not told.
    pub(in crate::simulator) kind: u32,
    /// Extruder it feeds: 0 right or main, 1 left.
    pub(in crate::simulator) extruder: u32,
    /// Number of slots.
    pub(in crate::simulator) slots: u32,
    /// The `state` of each slot, where the model tells it.
    pub(in crate::simulator) states: Vec<Option<u64>>,
    /// Whether the model reports the reasons against drying.
    excuses: bool,
    /// The drying that runs.
    pub(in crate::simulator) drying: Option<Drying>,
    air: Option<Air>,
}

impl Unit {
    pub(super) fn read(object: &Value, rng: &mut SmallRng) -> Self {
        let air = object.get("humidity_raw").is_some_and(|raw| raw != "0").then(|| {
            let temperature = rng.random_range(21.0..31.0);
            Air { temperature, rest: temperature, humidity: rng.random_range(6..34) }
        });
        let info = object.get("info").and_then(Value::as_str).unwrap_or("0");
        let info = u32::from_str_radix(info, 16).unwrap_or(0);
        let slots = object.get("tray").and_then(Value::as_array).map_or(0, Vec::len) as u32;
        let id = number(object, "id");
        let trays = object.get("tray").and_then(Value::as_array).into_iter().flatten();
        Self {
            id,
            kind: info & 0xF,
            extruder: info >> 8 & 0xF,
            slots,
            states: trays.map(|tray| tray.get("state").and_then(Value::as_u64)).collect(),
            excuses: object.get("dry_sf_reason").is_some(),
            drying: None,
            air,
        }
    }

    /// Whether this model reports the reasons against drying.
    pub(super) fn excuses(&self) -> bool {
        self.excuses
    }

    /// Highest drying temperature in °C; `None` for a unit that cannot dry.
    pub(in crate::simulator) fn dries_to(&self) -> Option<u32> {
        match self.kind {
            3 => Some(65),
            4 => Some(85),
            _ => None,
        }
    }

    /// Lets drying go on; true when a reader can see it.
    pub(super) fn pass(&mut self, seconds: f64) -> bool {
        let goal = self.drying.as_ref().map(|drying| f64::from(drying.celsius));
        let before = self.shown();
        if let Some(air) = self.air.as_mut() {
            let goal = goal.unwrap_or(air.rest);
            if (goal - air.temperature).abs() > 0.05 {
                air.temperature += (goal - air.temperature) * (1.0 - (-seconds / 400.0).exp());
            }
        }
        if let Some(drying) = self.drying.as_mut() {
            drying.minutes -= seconds / 60.0;
            if drying.minutes <= 0.0 {
                self.drying = None;
            }
        }
        self.shown() != before
    }

    fn shown(&self) -> (i64, i64) {
        let minutes = self.drying.as_ref().map_or(0.0, |drying| (drying.minutes - 1e-6).ceil());
        let degrees = self.air.as_ref().map_or(0.0, |air| air.temperature);
        (minutes as i64, degrees.round() as i64)
    }

    pub(super) fn write(&self, object: &mut Value) {
        if let Some(air) = &self.air {
            air.write(object);
        }
        let mut set = |key: &str, value: Value| {
            if let Some(old) = object.get_mut(key) {
                *old = value;
            }
        };
        let (minutes, _) = self.shown();
        set("dry_time", minutes.into());
        if let Some(drying) = &self.drying {
            set(
                "dry_setting",
                json!({"dry_filament": drying.filament, "dry_temperature": drying.celsius,
                       "dry_duration": drying.hours}),
            );
        }
        let Some(info) = object.get_mut("info") else { return };
        let bits = info.as_str().and_then(|hex| u32::from_str_radix(hex, 16).ok()).unwrap_or(0);
        // Dry status 2 is drying, sub status 1 heating.
        let dry = if self.drying.is_some() { 2 << 4 | 1 << 22 } else { 0 };
        let bits = bits & !(0xF << 22 | 0xFF0) | self.extruder << 8 | dry;
        *info = Value::from(format!("{bits:X}"));
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
