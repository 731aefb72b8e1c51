//! The bytes of the reports behind a state, so that keys nobody knows yet stay reachable.

use serde_json::{Map, Value};

use super::{merge, text};

/// Deltas kept as they came; more are folded into one document.
const MAX_DELTA_BYTES: usize = 4096;

/// Longest document kept. Ten times the largest known report: what is longer is no printer's, and
/// as JSON values it would take a large multiple of its bytes.
const MAX_RETAINED: usize = 128 * 1024;

/// The last full report, the deltas since, and the last `get_version`, as bytes; a copy of them
/// lets the merging be done elsewhere than where the state is kept.
#[derive(Debug, Clone, Default)]
pub struct Raw {
    full: Option<Vec<u8>>,
    deltas: Vec<Box<[u8]>>,
    delta_bytes: usize,
    version: Option<Box<[u8]>>,
}

impl Raw {
    pub(crate) fn full(&mut self, payload: &[u8]) {
        // Whole reports come every second: the next one takes the memory of the last.
        self.full = (payload.len() <= MAX_RETAINED).then(|| {
            let mut bytes = self.full.take().unwrap_or_default();
            bytes.clear();
            bytes.reserve_exact(payload.len());
            bytes.extend_from_slice(payload);
            bytes
        });
        self.deltas = Vec::new();
        self.delta_bytes = 0;
    }

    pub(crate) fn version(&mut self, payload: &[u8]) {
        self.version = (payload.len() <= MAX_RETAINED).then(|| payload.into());
    }

    pub(crate) fn delta(&mut self, payload: &[u8]) {
        if payload.len() > MAX_RETAINED {
            return;
        }
        self.deltas.push(payload.into());
        self.delta_bytes = self.delta_bytes.saturating_add(payload.len());
        if self.delta_bytes > MAX_DELTA_BYTES {
            let folded = Value::Object(self.print()).to_string();
            self.full(folded.as_bytes());
        }
    }

    /// Everything known, as one document: `{"print": {…}, "info": {…}}`.
    pub fn merged(&self) -> Value {
        let mut merged = self.print();
        let info = self.version.as_deref().and_then(|payload| document(payload).remove("info"));
        merged.extend(info.map(|info| ("info".to_owned(), info)));
        Value::Object(merged)
    }

    /// The merged `print` section, and `t_utc` where it stands beside it.
    fn print(&self) -> Map<String, Value> {
        let mut merged = self.full.as_deref().map(document).unwrap_or_default();
        merged.retain(|key, _| key == "print" || key == "t_utc");
        settle(&mut merged);
        for delta in &self.deltas {
            let mut delta = document(delta);
            delta.retain(|key, _| key == "print" || key == "t_utc");
            merge_objects(&mut merged, delta);
            settle(&mut merged);
        }
        merged
    }
}

fn document(payload: &[u8]) -> Map<String, Value> {
    let text = text::text(payload);
    serde_json::from_str(&text)
        .or_else(|_| serde_json::from_str(&text::repaired(&text)))
        .unwrap_or_default()
}

/// Objects merge key by key, filament units and trays by id; all else is replaced, the external
/// spool too.
fn merge_objects(old: &mut Map<String, Value>, new: Map<String, Value>) {
    let unit = id(old).or_else(|| id(&new));
    for (key, new) in new {
        match (old.get_mut(&key), new) {
            (Some(Value::Array(old)), Value::Array(new)) if key == "ams" => merge_by_id(old, new),
            (Some(Value::Array(old)), Value::Array(new)) if key == "tray" => {
                let is_gone = |tray: &Value| unit.is_some_and(|unit| merge::says_gone(unit, tray));
                for old in old.iter_mut() {
                    if new.iter().any(|new| same_id(old, new) && is_gone(new)) {
                        empty(old);
                    }
                }
                merge_by_id(old, new);
            }
            (Some(Value::Object(old)), Value::Object(new)) if key != "vt_tray" => {
                merge_objects(old, new);
            }
            (_, new) => drop(old.insert(key, new)),
        }
    }
}

fn merge_by_id(old: &mut Vec<Value>, new: Vec<Value>) {
    for new in new {
        match (old.iter_mut().find(|old| same_id(old, &new)), new) {
            (Some(Value::Object(old)), Value::Object(new)) => merge_objects(old, new),
            (_, new) => old.push(new),
        }
    }
}

/// Ids come as numbers and as decimal text.
fn id(object: &Map<String, Value>) -> Option<u16> {
    match object.get("id")? {
        Value::String(text) => text.trim().parse().ok(),
        number => {
            let id = number.as_f64().filter(|id| id.fract() == 0.0);
            id.filter(|id| (0.0..=65535.0).contains(id)).map(|id| id as u16)
        }
    }
}

fn same_id(a: &Value, b: &Value) -> bool {
    match (a.as_object().and_then(id), b.as_object().and_then(id)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

/// Forgets the spool of a tray.
fn empty(tray: &mut Value) {
    if let Value::Object(tray) = tray {
        tray.retain(|key, _| key == "id" || key == "state");
    }
}

/// Applies the exist bits: what they deny is not kept.
fn settle(document: &mut Map<String, Value>) {
    let ams = document.get_mut("print").and_then(|print| print.get_mut("ams"));
    let Some(Value::Object(ams)) = ams else { return };
    let bits = |key| ams.get(key).and_then(merge::bits);
    let (units_exist, trays_exist) = (bits("ams_exist_bits"), bits("tray_exist_bits"));
    let Some(Value::Array(units)) = ams.get_mut("ams") else { return };
    let unit_id = |unit: &Value| unit.as_object().and_then(id);
    units.retain(|unit| {
        let bit = unit_id(unit).and_then(merge::unit_bit);
        bit.zip(units_exist).is_none_or(|(bit, bits)| bits.bit(bit))
    });
    for unit in units {
        let Some((unit_id, bits)) = unit_id(unit).zip(trays_exist) else { continue };
        let Some(Value::Array(trays)) = unit.get_mut("tray") else { continue };
        for tray in trays {
            let slot = tray.as_object().and_then(id);
            let bit = slot.and_then(|slot| merge::slot_bit(unit_id, slot));
            if bit.is_some_and(|bit| !bits.bit(bit)) {
                empty(tray);
            }
        }
    }
}
