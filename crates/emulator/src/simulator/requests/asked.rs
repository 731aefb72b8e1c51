//! The fields of a command, by the JSON type that a printer takes.

use serde_json::{Map, Value};

/// The fields of one command as they came.
pub(super) struct Asked<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Asked<'a> {
    /// A field of any type.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.0.get(key)
    }

    /// A string.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.get(key)?.as_str()
    }

    /// A number.
    pub(super) fn number(&self, key: &str) -> Option<f64> {
        self.get(key)?.as_f64().filter(|number| number.is_finite())
    }

    /// A whole number.
    pub(super) fn whole(&self, key: &str) -> Option<i64> {
        self.get(key)?.as_i64()
    }

    /// A whole number that is not negative.
    pub(super) fn count(&self, key: &str) -> Option<u32> {
        u32::try_from(self.whole(key)?).ok()
    }

    /// A bool, and nothing else that might mean one.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.get(key)?.as_bool()
    }

    /// An array.
    pub(super) fn list(&self, key: &str) -> Option<&'a [Value]> {
        self.get(key)?.as_array().map(Vec::as_slice)
    }

    /// An array of objects.
    pub(super) fn objects(&self, key: &str) -> Option<Vec<&'a Map<String, Value>>> {
        self.list(key)?.iter().map(Value::as_object).collect()
    }

    /// One of the words `enable` and `disable`.
    pub(super) fn control(&self) -> Option<bool> {
        match self.text("control")? {
            "enable" => Some(true),
            "disable" => Some(false),
            _ => None,
        }
    }

    /// A print error as a decimal text, as `resume`, `stop`, `ignore` and `idle_ignore` want it.
    /// The hex form of the same number names no error.
    pub(super) fn error(&self) -> Option<u32> {
        let text = self.text("err")?;
        let decimal = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| decimal)
    }
}
