//! How bodies are read: the cloud changes names and types, and one odd value must not hide the rest.
//!
//! A key that is missing, null or of a type that makes no sense is absent; a list leaves out the
//! entries that cannot be read. Of several names for one thing, the first that can be read counts.

use serde_json::{Map, Value};

use super::{Secret, SignedUrl};
use crate::{AccessCode, Serial};

/// An object of the cloud.
pub(super) type Keys = Map<String, Value>;

/// What one value is read as.
pub(super) trait Leaf: Sized {
    /// The value, where it makes sense.
    fn leaf(value: &Value) -> Option<Self>;
}

/// What a field is read as, from the keys that it may have.
pub(super) trait Field: Sized {
    /// `None` when the object is worth nothing without it.
    fn field(keys: &Keys, names: &[&str]) -> Option<Self>;

    /// Whether a whole body with it can be believed.
    fn is_sane(_keys: &Keys, _names: &[&str]) -> bool {
        true
    }
}

impl<T: Leaf> Field for Option<T> {
    fn field(keys: &Keys, names: &[&str]) -> Option<Self> {
        Some(first(keys, names))
    }
}

impl<T: Leaf> Field for Vec<T> {
    fn field(keys: &Keys, names: &[&str]) -> Option<Self> {
        Some(first(keys, names).unwrap_or_default())
    }

    /// Something else in the place of a list is no empty list: nobody may be told "there is none".
    fn is_sane(keys: &Keys, names: &[&str]) -> bool {
        let mut values = names.iter().filter_map(|name| keys.get(*name));
        let is_empty = |value: &Value| match value {
            Value::Null => true,
            Value::Object(keys) => keys.is_empty(),
            _ => false,
        };
        values.clone().all(is_empty) || values.any(Value::is_array)
    }
}

impl Field for Serial {
    fn field(keys: &Keys, names: &[&str]) -> Option<Self> {
        first(keys, names)
    }
}

impl Field for SignedUrl {
    fn field(keys: &Keys, names: &[&str]) -> Option<Self> {
        first(keys, names)
    }
}

impl Field for Keys {
    fn field(keys: &Keys, names: &[&str]) -> Option<Self> {
        Some(first(keys, names).unwrap_or_default())
    }
}

fn first<T: Leaf>(keys: &Keys, names: &[&str]) -> Option<T> {
    names.iter().find_map(|name| T::leaf(keys.get(*name)?))
}

impl Leaf for String {
    /// Numbers and booleans become text; empty text is none.
    fn leaf(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(truth) => Some(truth.to_string()),
            _ => None,
        }
    }
}

impl Leaf for bool {
    /// 0, 1, `"true"` and `"false"` are taken, too.
    fn leaf(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(truth) => Some(*truth),
            Value::Number(number) => number.as_f64().map(|number| number != 0.0),
            Value::String(text) => match text.trim() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Leaf for f64 {
    /// Text that is a number is taken, too.
    fn leaf(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok().filter(|it: &Self| it.is_finite()),
            _ => None,
        }
    }
}

impl Leaf for i64 {
    /// Text that is a whole number is taken, too, and a fraction of nothing (`20.0`).
    fn leaf(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "in range and without a fraction")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

impl Leaf for Serial {
    fn leaf(value: &Value) -> Option<Self> {
        Self::new(value.as_str()?).ok()
    }
}

impl Leaf for AccessCode {
    fn leaf(value: &Value) -> Option<Self> {
        String::leaf(value).map(|text| Self::new(&text))
    }
}

impl Leaf for Secret {
    fn leaf(value: &Value) -> Option<Self> {
        String::leaf(value).map(Self::new)
    }
}

impl Leaf for SignedUrl {
    fn leaf(value: &Value) -> Option<Self> {
        String::leaf(value).map(Self::new)
    }
}

impl Leaf for Value {
    fn leaf(value: &Value) -> Option<Self> {
        Some(value.clone()).filter(|value| !value.is_null())
    }
}

impl Leaf for Keys {
    fn leaf(value: &Value) -> Option<Self> {
        value.as_object().cloned()
    }
}

impl<T: Leaf> Leaf for Vec<T> {
    fn leaf(value: &Value) -> Option<Self> {
        Some(value.as_array()?.iter().filter_map(T::leaf).collect())
    }
}

/// An object as a struct. Each line is a field, and the names it has on the wire, the first that can
/// be read first; its own name is always one of them. It serializes under its own names.
macro_rules! body {
    ($(
        $(#[$about:meta])*
        $public:vis struct $name:ident {
            $($(#[$doc:meta])* $vis:vis $field:ident: $kind:ty $(= $($key:literal)|+)?,)*
        }
    )*) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        $public struct $name {
            $($(#[$doc])* $vis $field: $kind,)*
        }

        impl $name {
            fn of_keys(keys: &super::lenient::Keys) -> Option<Self> {
                Some(Self {$(
                    $field: super::lenient::Field::field(
                        keys,
                        &[$($($key,)+)? stringify!($field)],
                    )?,
                )*})
            }
        }

        impl super::lenient::Leaf for $name {
            fn leaf(value: &serde_json::Value) -> Option<Self> {
                Self::of_keys(value.as_object()?)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                super::lenient::read(from, |keys| {
                    let is_sane = $(<$kind as super::lenient::Field>::is_sane(
                        keys,
                        &[$($($key,)+)? stringify!($field)],
                    ))&&*;
                    Self::of_keys(keys).filter(|_| is_sane)
                })
            }
        }
    )*};
}

pub(super) use body;

/// The cloud's words, as they may be shown: at most 200 characters, none of them steers.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

/// A whole body: an object, or a bare list, which is read as the list under `data`.
pub(super) fn read<'de, D: serde::Deserializer<'de>, T>(
    from: D,
    read: impl FnOnce(&Keys) -> Option<T>,
) -> Result<T, D::Error> {
    use serde::{Deserialize as _, de::Error as _};
    let keys = match Value::deserialize(from)? {
        Value::Object(keys) => keys,
        list @ Value::Array(_) => Keys::from_iter([("data".to_owned(), list)]),
        _ => return Err(D::Error::custom("neither an object nor a list")),
    };
    read(&keys).ok_or_else(|| D::Error::custom("a value that it is named by is missing"))
}
