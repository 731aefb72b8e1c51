//! What stands between the punctuation of JSON without quotes: numbers and the three words, or
//! something that shows that this is no JSON.

use super::{
    Rules, address,
    keys::Class,
    text::{IP, SECRET, TOKEN},
};

/// Longer ones are never numbers that somebody needs.
pub(super) const LONGEST: usize = 1024;

/// What is done with it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It passes.
    Keep,
    /// This stands in its place, in quotes.
    Mask(&'static [u8]),
    /// This is no JSON.
    Text,
}

/// Whether the byte ends a number or a word.
pub(super) fn ends(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' | b'[' | b']' | b'{' | b'}' | b'"')
}

/// Judges a number or a word by what it stands under.
pub(super) fn judge(raw: &[u8], class: Class, rules: &Rules) -> Verdict {
    // NaN and its kin are no JSON, but Python writes and reads them.
    let word = matches!(raw, b"true" | b"false" | b"null" | b"NaN" | b"Infinity" | b"-Infinity");
    if !word && !is_number(raw) {
        return Verdict::Text;
    }
    match class {
        Class::Secret => Verdict::Mask(SECRET),
        Class::Token if !word => Verdict::Mask(TOKEN),
        Class::Address if !word && !address::is_harmless_number(raw) => Verdict::Mask(IP),
        _ => match rules.secrets.whole(raw) {
            Some(mask) if !word => Verdict::Mask(mask),
            _ => Verdict::Keep,
        },
    }
}

fn is_number(raw: &[u8]) -> bool {
    let mut dots = 0;
    let begins = raw.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-');
    begins
        && raw.iter().all(|byte| {
            dots += usize::from(*byte == b'.');
            byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E')
        })
        && dots <= 1
}
