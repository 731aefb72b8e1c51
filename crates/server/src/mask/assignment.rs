//! Names with values in a text that is no JSON: `access_code=12345678`, `token: abc`,
//! `'passwd': 'x'`, `Bearer abc`.

use super::{
    keys::{Class, classify},
    text::{SECRET, Spans, TOKEN},
};

/// Finds the values of names that say that they are secret.
pub(super) fn find(text: &[u8], spans: &mut Spans) {
    for at in memchr::memchr2_iter(b':', b'=', text) {
        let mask = match class(text.get(..at).unwrap_or_default()) {
            Class::Token => TOKEN,
            Class::Secret => SECRET,
            _ => continue,
        };
        if let Some((start, end)) = value(text, at + 1) {
            spans.add(start, end, mask);
        }
    }
    bearer(text, spans);
}

/// Words longer than this are not read as names.
const LONGEST: usize = 96;

/// The class of the name at the end of `before`: its last word, or its last two (`access code`).
fn class(before: &[u8]) -> Class {
    let before = trim_end(before, |byte| matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'\\'));
    let last = word(before);
    if last.is_empty() {
        return Class::Plain;
    }
    let found = classify(last);
    if found.hides() {
        return found;
    }
    let rest = before.get(..before.len() - last.len()).unwrap_or_default();
    let Some(rest) = rest.strip_suffix(b" ") else {
        return Class::Plain;
    };
    let length = word(rest).len() + 1 + last.len();
    let two = before.get(before.len() - length..).unwrap_or_default();
    match classify(two) {
        Class::Secret if !classify(word(rest)).hides() => Class::Secret,
        _ => Class::Plain,
    }
}

/// The word at the end of a text.
fn word(text: &[u8]) -> &[u8] {
    let length = text
        .iter()
        .rev()
        .take(LONGEST)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        .count();
    text.get(text.len() - length..).unwrap_or_default()
}

fn trim_end(text: &[u8], drop: impl Fn(u8) -> bool) -> &[u8] {
    let cut = text.iter().rev().take_while(|byte| drop(**byte)).count();
    text.get(..text.len() - cut).unwrap_or_default()
}

/// From where to where the value stands that begins after `from`.
fn value(text: &[u8], from: usize) -> Option<(usize, usize)> {
    let rest = text.get(from..)?;
    let opens = |byte: &u8| {
        byte.is_ascii_whitespace() || matches!(byte, b':' | b'=' | b',' | b'"' | b'\'' | b'\\')
    };
    let start = from + rest.iter().take_while(|byte| opens(byte)).count();
    let quote = start
        .checked_sub(1)
        .filter(|before| *before >= from)
        .and_then(|before| text.get(before))
        .filter(|byte| matches!(byte, b'"' | b'\''));
    let tail = text.get(start..)?;
    let length = match (tail.first(), quote) {
        (Some(b'{' | b'['), None) => line(tail),
        (_, Some(quote)) => {
            tail.iter().position(|byte| byte == quote || *byte == b'\n').unwrap_or(tail.len())
        }
        _ => unquoted(tail),
    };
    let shown = tail.get(..length)?;
    let masked = !shown.is_empty() && shown.iter().all(|byte| *byte == b'*');
    (length > 0 && !masked && shown != super::text::OWN).then_some((start, start + length))
}

/// An unquoted value; `Bearer` and `Basic` go on with the next word.
fn unquoted(tail: &[u8]) -> usize {
    let plain = |text: &[u8]| {
        text.iter()
            .take_while(|byte| {
                !(**byte <= b' ' || matches!(byte, b'"' | b'\'' | b'<' | b'>' | b',' | b';' | b'&'))
            })
            .count()
    };
    let first = plain(tail);
    let name = tail.get(..first).unwrap_or_default();
    if name.eq_ignore_ascii_case(b"bearer") || name.eq_ignore_ascii_case(b"basic") {
        let after = tail.get(first + 1..).unwrap_or_default();
        return (first + 1 + plain(after)).min(tail.len());
    }
    first
}

fn line(text: &[u8]) -> usize {
    memchr::memchr(b'\n', text).unwrap_or(text.len())
}

/// `Bearer` and what follows it.
fn bearer(text: &[u8], spans: &mut Spans) {
    for space in memchr::memchr_iter(b' ', text) {
        if !ends_with_bearer(text.get(..space).unwrap_or_default()) {
            continue;
        }
        let length = unquoted(text.get(space + 1..).unwrap_or_default());
        let end = space + 1 + length;
        let shown = text.get(space + 1..end).unwrap_or_default();
        if length >= 8 && !shown.starts_with(TOKEN) {
            spans.add(space + 1, end, TOKEN);
        }
    }
}

/// Whether the word before a space says that a token follows.
pub(super) fn ends_with_bearer(before: &[u8]) -> bool {
    let from = before.len().checked_sub(b"bearer".len());
    from.and_then(|from| before.get(from..))
        .is_some_and(|word| word.eq_ignore_ascii_case(b"bearer"))
}
