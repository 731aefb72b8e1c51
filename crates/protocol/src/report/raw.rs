//! The bytes of the reports behind a state, so that keys nobody knows yet stay reachable.

use serde_json::{Map, Value};

use super::text;

/// Deltas kept as they came; more are folded into one document.
const MAX_DELTA_BYTES: usize = 4096;

/// The last full report, the deltas since, and the last `get_version`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Raw {
    full: Option<Box<[u8]>>,
    deltas: Vec<Box<[u8]>>,
    delta_bytes: usize,
    version: Option<Box<[u8]>>,
}

impl Raw {
    pub(crate) fn full(&mut self, payload: &[u8]) {
        self.full = Some(payload.into());
        self.deltas = Vec::new();
        self.delta_bytes = 0;
    }

    pub(crate) fn version(&mut self, payload: &[u8]) {
        self.version = Some(payload.into());
    }

    pub(crate) fn delta(&mut self, payload: &[u8]) {
        self.deltas.push(payload.into());
        self.delta_bytes = self.delta_bytes.saturating_add(payload.len());
        if self.delta_bytes > MAX_DELTA_BYTES {
            let folded = self.print().to_string();
            self.full(folded.as_bytes());
        }
    }

    /// Everything known, as one document.
    pub(crate) fn merged(&self) -> Value {
        let mut merged = self.print();
        if let (Value::Object(merged), Some(Value::Object(version))) =
            (&mut merged, self.version.as_deref().and_then(value))
            && let Some(info) = version.get("info")
        {
            merged.insert("info".into(), info.clone());
        }
        merged
    }

    fn print(&self) -> Value {
        let mut merged = self.full.as_deref().and_then(value).unwrap_or_else(empty);
        for delta in &self.deltas {
            if let Some(delta) = value(delta) {
                merge(&mut merged, delta);
            }
        }
        merged
    }
}

fn empty() -> Value {
    Value::Object(Map::new())
}

fn value(payload: &[u8]) -> Option<Value> {
    let text = text::text(payload);
    serde_json::from_str(&text).or_else(|_| serde_json::from_str(&text::repaired(&text))).ok()
}

/// Objects merge key by key; filament units and trays by id; all else is replaced.
fn merge(old: &mut Value, new: Value) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, new) in new {
                match old.get_mut(&key) {
                    Some(old) if key == "ams" || key == "tray" => merge_by_id(old, new),
                    Some(old) => merge(old, new),
                    None => drop(old.insert(key, new)),
                }
            }
        }
        (old, new) => *old = new,
    }
}

fn merge_by_id(old: &mut Value, new: Value) {
    match (old, new) {
        (Value::Array(old), Value::Array(new)) => {
            for new in new {
                match old.iter_mut().find(|old| old.get("id") == new.get("id")) {
                    Some(old) => merge(old, new),
                    None => old.push(new),
                }
            }
        }
        (old, new) => merge(old, new),
    }
}
