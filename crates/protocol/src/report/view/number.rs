//! Numbers of the wire narrowed to what the status promises; what does not fit is not known.

use crate::{report::leaf::Leaf, status::Text};

/// A whole number within the range of the target type.
pub(super) fn whole<T: TryFrom<i64>>(leaf: &Leaf<f64>) -> Option<T> {
    let number = *leaf.known()?;
    narrow(number)
}

/// The same for a number outside of a leaf.
pub(super) fn narrow<T: TryFrom<i64>>(number: f64) -> Option<T> {
    (number.abs() < 9e15).then_some(number as i64).and_then(|number| T::try_from(number).ok())
}

/// 0 to 100; anything else, such as -1, is not known.
pub(super) fn percent(leaf: &Leaf<f64>) -> Option<u8> {
    whole(leaf).filter(|percent| *percent <= 100)
}

/// An unsigned 32-bit word, which some fields print as a signed one.
pub(super) fn word(leaf: &Leaf<f64>) -> Option<u32> {
    let number: i64 = whole(leaf)?;
    (i64::from(i32::MIN)..=i64::from(u32::MAX)).contains(&number).then_some(number as u32)
}

/// Bit of a 32-bit word.
pub(super) fn bit(word: u32, index: u32) -> bool {
    word.checked_shr(index).is_some_and(|bits| bits & 1 == 1)
}

/// A text that is not empty.
pub(super) fn filled(leaf: &Leaf<Text>) -> Option<Text> {
    leaf.known().filter(|text| !text.is_empty()).cloned()
}

/// A text as sent, empty or not.
pub(super) fn text(leaf: &Leaf<Text>) -> Option<Text> {
    leaf.known().cloned()
}
