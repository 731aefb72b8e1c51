//! What a printer remembers of its filaments: pressure-advance profiles and results of calibrations.

use serde_json::{Map, Value, json};

/// One pressure-advance profile.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Profile {
    /// `cali_idx`.
    pub(super) index: i64,
    /// Fields of the asker that make it: filament, nozzle, name, value.
    pub(super) fields: Map<String, Value>,
}

/// All of a printer.
#[derive(Debug, Default)]
pub(super) struct Profiles {
    table: Vec<Profile>,
    /// Filaments that the calibration under way is about.
    pending: Vec<Map<String, Value>>,
    pending_flow: bool,
    /// Results of the last pressure-advance calibration.
    pub(super) results: Vec<Value>,
    /// Results of the last flow calibration.
    pub(super) flow: Vec<Value>,
}

/// Fields that a profile is told with.
const KEYS: [&str; 5] = ["filament_id", "name", "k_value", "nozzle_id", "nozzle_diameter"];

impl Profiles {
    /// Keeps a profile: under its index where it names one that exists, else under a new one.
    pub(super) fn keep(&mut self, fields: &Map<String, Value>) -> i64 {
        let named = fields.get("cali_idx").and_then(Value::as_i64).filter(|index| *index >= 0);
        if let Some(old) = self.table.iter_mut().find(|profile| Some(profile.index) == named) {
            old.fields = fields.clone();
            return old.index;
        }
        let next = self.table.iter().map(|profile| profile.index).max().unwrap_or(0) + 1;
        let index = named.unwrap_or(next);
        self.table.push(Profile { index, fields: fields.clone() });
        index
    }

    /// The profile with this index.
    pub(super) fn get(&self, index: i64) -> Option<&Profile> {
        self.table.iter().find(|profile| profile.index == index)
    }

    /// Drops a profile; false when there is none.
    pub(super) fn drop(&mut self, index: i64, filament: &str) -> bool {
        let before = self.table.len();
        self.table
            .retain(|profile| profile.index != index || profile.text("filament_id") != filament);
        self.table.len() < before
    }

    /// Profiles that fit: an empty filament fits all, a field that is not asked for fits any.
    pub(super) fn find(&self, asked: &Map<String, Value>) -> Vec<Value> {
        let fits = |profile: &&Profile| {
            ["filament_id", "nozzle_diameter", "nozzle_id", "extruder_id"].iter().all(|key| {
                match asked.get(*key) {
                    None => true,
                    Some(Value::String(text)) if text.is_empty() => true,
                    Some(wanted) => profile.fields.get(*key).is_none_or(|has| has == wanted),
                }
            })
        };
        self.table.iter().filter(fits).map(Profile::told).collect()
    }

    /// Remembers what a calibration that begins is about.
    pub(super) fn await_results(&mut self, filaments: Vec<Map<String, Value>>, flow: bool) {
        self.pending = filaments;
        self.pending_flow = flow;
    }

    /// The calibration has ended: its results can be fetched.
    pub(super) fn finish(&mut self) {
        let done: Vec<_> = std::mem::take(&mut self.pending);
        if done.is_empty() {
            return;
        }
        let text =
            |fields: &Map<String, Value>, key: &str| fields.get(key).cloned().unwrap_or_default();
        if self.pending_flow {
            let told = |fields: &Map<String, Value>| {
                json!({"tray_id": text(fields, "tray_id"), "nozzle_diameter": "0.4",
                       "filament_id": text(fields, "filament_id"),
                       "setting_id": text(fields, "setting_id"), "flow_ratio": "0.97", "confidence": 0})
            };
            self.flow = done.iter().map(told).collect();
        } else {
            let told = |fields: &Map<String, Value>| {
                let mut profile = Profile { index: -1, fields: fields.clone() };
                profile.fields.insert("k_value".to_owned(), "0.022000".into());
                let mut told = profile.told();
                if let Value::Object(told) = &mut told {
                    for key in ["tray_id", "ams_id", "slot_id"] {
                        told.insert(key.to_owned(), text(fields, key));
                    }
                    told.insert("n_coef".to_owned(), "0.0".into());
                    told.insert("confidence".to_owned(), 0.into());
                }
                told
            };
            self.results = done.iter().map(told).collect();
        }
    }
}

impl Profile {
    fn text(&self, key: &str) -> &str {
        self.fields.get(key).and_then(Value::as_str).unwrap_or("")
    }

    /// Its value.
    pub(super) fn k(&self) -> f64 {
        self.text("k_value").parse().unwrap_or(0.0)
    }

    /// As the printer tells it.
    fn told(&self) -> Value {
        let mut told = Map::new();
        told.insert("cali_idx".to_owned(), self.index.into());
        for key in KEYS {
            told.insert(key.to_owned(), self.text(key).into());
        }
        let k = self.k();
        told.insert("k_value".to_owned(), format!("{k:.6}").into());
        let number = |key: &str| self.fields.get(key).and_then(Value::as_i64).unwrap_or(0);
        told.insert("extruder_id".to_owned(), number("extruder_id").into());
        told.insert("nozzle_pos".to_owned(), number("nozzle_pos").into());
        let sn = self.fields.get("nozzle_sn").cloned().unwrap_or_else(|| "N/A".into());
        told.insert("nozzle_sn".to_owned(), sn);
        Value::Object(told)
    }
}
