//! A value of a report that may be absent, unusable or known, and how JSON of any type becomes one.
//!
//! The tables of wire keys that hold these leaves are in `wire.rs`; lists are in `list.rs`.

use std::{fmt, marker::PhantomData};

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::status::Text;

/// One value of a partial report.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) enum Leaf<T> {
    /// The key is not there: a delta keeps what is known.
    #[default]
    Absent,
    /// The key is there with `null` or a value that cannot be read: nothing is known any more.
    Unknown,
    /// The value.
    Known(T),
}

impl<T> Leaf<T> {
    pub(crate) fn known(&self) -> Option<&T> {
        if let Self::Known(value) = self { Some(value) } else { None }
    }

    pub(crate) fn known_mut(&mut self) -> Option<&mut T> {
        if let Self::Known(value) = self { Some(value) } else { None }
    }

    pub(crate) fn is_present(&self) -> bool {
        !matches!(self, Self::Absent)
    }
}

impl<T: Wire> Leaf<T> {
    /// Takes over what a newer report says.
    pub(crate) fn merge(&mut self, newer: Self) {
        match (self, newer) {
            (_, Self::Absent) => {}
            (Self::Known(old), Self::Known(new)) => old.merge(new),
            (slot, new) => *slot = new,
        }
    }
}

/// A type that can be read from JSON values of several types. `None` means "cannot be read", which
/// is never an error.
pub(crate) trait Wire: Sized {
    fn number(_: f64) -> Option<Self> {
        None
    }
    fn signed(value: i64) -> Option<Self> {
        Self::number(value as f64)
    }
    fn unsigned(value: u64) -> Option<Self> {
        Self::number(value as f64)
    }
    fn boolean(_: bool) -> Option<Self> {
        None
    }
    fn text(_: &str) -> Option<Self> {
        None
    }
    fn object<'de, A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        while map.next_entry::<IgnoredAny, Skip>()?.is_some() {}
        Ok(None)
    }
    fn array<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Option<Self>, A::Error> {
        while seq.next_element::<Skip>()?.is_some() {}
        Ok(None)
    }
    /// How a delta changes a known value; arrays and scalars are replaced whole [V].
    fn merge(&mut self, newer: Self) {
        *self = newer;
    }
}

impl<'de, T: Wire> Deserialize<'de> for Leaf<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LeafVisitor(PhantomData))
    }
}

struct LeafVisitor<T>(PhantomData<T>);

fn leaf<T>(value: Option<T>) -> Leaf<T> {
    value.map_or(Leaf::Unknown, Leaf::Known)
}

impl<'de, T: Wire> Visitor<'de> for LeafVisitor<T> {
    type Value = Leaf<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Leaf<T>, E> {
        Ok(leaf(T::boolean(value)))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Leaf<T>, E> {
        Ok(leaf(T::signed(value)))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Leaf<T>, E> {
        Ok(leaf(T::unsigned(value)))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Leaf<T>, E> {
        Ok(leaf(T::number(value)))
    }
    fn visit_str<E>(self, value: &str) -> Result<Leaf<T>, E> {
        Ok(leaf(T::text(value)))
    }
    fn visit_unit<E>(self) -> Result<Leaf<T>, E> {
        Ok(Leaf::Unknown)
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Leaf<T>, A::Error> {
        T::object(map).map(leaf)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Leaf<T>, A::Error> {
        T::array(seq).map(leaf)
    }
}

/// A value that nobody reads. Unlike `IgnoredAny` it counts nesting, so that a deep document is
/// refused wherever it is deep.
pub(crate) struct Skip;

impl<'de> Deserialize<'de> for Skip {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Leaf::<Self>::deserialize(deserializer).map(|_| Self)
    }
}

impl Wire for Skip {}

/// A number: a JSON number, decimal text, or a boolean as 0 or 1.
impl Wire for f64 {
    fn number(value: f64) -> Option<Self> {
        value.is_finite().then_some(value)
    }
    fn boolean(value: bool) -> Option<Self> {
        Some(Self::from(u8::from(value)))
    }
    fn text(text: &str) -> Option<Self> {
        // Most of them are short whole numbers, which read several times faster.
        if let Ok(whole) = text.parse::<i32>() {
            return Some(whole.into());
        }
        let text = text.trim();
        // `parse` also takes the words "inf" and "nan", which no printer means.
        let numeric = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
        if numeric { text.parse().ok().and_then(Self::number) } else { None }
    }
}

/// A switch: a boolean, 0 or 1, or one of the words that printers use.
impl Wire for bool {
    fn number(value: f64) -> Option<Self> {
        Some(value != 0.0)
    }
    fn boolean(value: bool) -> Option<Self> {
        Some(value)
    }
    fn text(text: &str) -> Option<Self> {
        let is = |words: &[&str]| words.iter().any(|word| text.trim().eq_ignore_ascii_case(word));
        match text {
            _ if is(&["1", "true", "enable", "enabled", "on"]) => Some(true),
            _ if is(&["0", "false", "disable", "disabled", "off"]) => Some(false),
            _ => None,
        }
    }
}

/// A text; numbers become their decimal text.
impl Wire for Text {
    fn number(value: f64) -> Option<Self> {
        Some(value.to_string().into())
    }
    fn signed(value: i64) -> Option<Self> {
        Some(value.to_string().into())
    }
    fn unsigned(value: u64) -> Option<Self> {
        Some(value.to_string().into())
    }
    fn text(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

/// The low 64 bits of a bit field: hexadecimal text of any length and case, or a plain integer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Bits(pub(crate) u64);

impl Bits {
    pub(crate) fn bit(self, index: u32) -> bool {
        self.0.checked_shr(index).is_some_and(|bits| bits & 1 == 1)
    }

    /// `width` bits from `index` on.
    pub(crate) fn field(self, index: u32, width: u32) -> u64 {
        let mask = 1_u64.checked_shl(width).map_or(u64::MAX, |top| top.wrapping_sub(1));
        self.0.checked_shr(index).unwrap_or(0) & mask
    }
}

impl Wire for Bits {
    fn number(value: f64) -> Option<Self> {
        (value.fract() == 0.0).then_some(Self(value as i64 as u64))
    }
    fn signed(value: i64) -> Option<Self> {
        Some(Self(value as u64))
    }
    fn unsigned(value: u64) -> Option<Self> {
        Some(Self(value))
    }
    fn text(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
        if digits.is_empty() {
            return None;
        }
        let mut bits = 0_u64;
        for digit in digits.chars() {
            bits = bits.wrapping_shl(4) | u64::from(digit.to_digit(16)?);
        }
        Some(Self(bits))
    }
}

/// Large parts stand behind a pointer, so that a report without them stays small.
impl<T: Wire> Wire for Box<T> {
    fn object<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Ok(T::object(map)?.map(Self::new))
    }
    fn merge(&mut self, newer: Self) {
        (**self).merge(*newer);
    }
}
