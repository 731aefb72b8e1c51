//! What a printer has been told to be, beside its life: one value per key of the report, over the
//! template at rest. Bit fields are kept in the spelling of their model.

use std::collections::BTreeMap;

use bambu_protocol::Model;
use serde_json::Value;

use super::template::Template;

/// Dotted keys of `print` and the values they were set to.
#[derive(Debug)]
pub(super) struct Settings {
    template: &'static Template,
    values: BTreeMap<&'static str, Value>,
}

impl Settings {
    pub(super) fn of(model: Model) -> Self {
        Self { template: Template::of(model), values: BTreeMap::new() }
    }

    /// Sets a key; false where the model has no such key.
    pub(super) fn put(&mut self, path: &'static str, value: impl Into<Value>) -> bool {
        let shaped = self.template.shaped(path, value.into());
        let known = shaped.is_some();
        self.values.extend(shaped.map(|value| (path, value)));
        known
    }

    /// What the key says now.
    pub(super) fn get(&self, path: &str) -> Option<&Value> {
        self.values.get(path).or_else(|| self.template.at_rest(path))
    }

    /// Whether the model reports the key.
    pub(super) fn has(&self, path: &str) -> bool {
        self.template.at_rest(path).is_some()
    }

    /// All that was set.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.values.iter().map(|(path, value)| (*path, value))
    }

    /// A bit field as a number, whatever its spelling; 0 where the model has none.
    pub(super) fn bits(&self, path: &str) -> u64 {
        match self.get(path) {
            Some(Value::String(hex)) => u64::from_str_radix(hex, 16).unwrap_or(0),
            // Signed on the wire: the bits of a negative number are meant.
            Some(Value::Number(number)) => u64::from(number.as_i64().unwrap_or(0) as u32),
            _ => 0,
        }
    }

    /// Whether one bit is set.
    pub(super) fn bit(&self, path: &str, bit: u32) -> bool {
        self.bits(path) >> bit & 1 == 1
    }

    /// Writes `width` bits from `shift` on; nothing where the model has no such key.
    pub(super) fn set_bits(&mut self, path: &'static str, shift: u32, width: u32, value: u64) {
        let mask = ((1 << width) - 1) << shift;
        let bits = self.bits(path) & !mask | value << shift & mask;
        let spelled = match self.get(path) {
            Some(Value::String(_)) => Value::from(format!("{bits:X}")),
            Some(Value::Number(_)) => Value::from(i64::from(bits as u32 as i32)),
            _ => return,
        };
        self.values.insert(path, spelled);
    }

    /// Writes one bit.
    pub(super) fn set_bit(&mut self, path: &'static str, bit: u32, on: bool) {
        self.set_bits(path, bit, 1, on.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_keep_the_spelling_of_their_key() {
        let mut h2d = Settings::of(Model::H2D);
        h2d.set_bits("cfg", 20, 2, 2);
        assert!(h2d.get("cfg").is_some_and(Value::is_string));
        assert_eq!(h2d.bits("cfg") >> 20 & 3, 2);
        h2d.set_bit("home_flag", 31, true);
        assert!(h2d.get("home_flag").and_then(Value::as_i64).is_some_and(|flag| flag < 0));
        let mut p1s = Settings::of(Model::P1S);
        p1s.set_bit("cfg", 3, true);
        assert!(p1s.get("cfg").is_none() && !p1s.put("xcam.cfg", 3));
    }
}
