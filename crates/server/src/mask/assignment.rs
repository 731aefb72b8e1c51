//! Names with values in a text that is no JSON: `access_code=12345678`, `token: abc`,
//! `'passwd': 'x'`, `Bearer abc`.

use super::{
    keys::{Class, classify},
    text::{SECRET, Spans, TOKEN},
};

/// Finds the values of names that say that they are secret.
pub(super) fn find(text: &[u8], spans: &mut Spans) {
    let mut ends = Ends::default();
    for at in memchr::memchr2_iter(b':', b'=', text) {
        let mask = match class(text.get(..at).unwrap_or_default()) {
            Class::Token => TOKEN,
            Class::Secret => SECRET,
            _ => continue,
        };
        if let Some((start, end)) = value(text, at + 1, &mut ends) {
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

/// Where values end that were looked at already. One that begins within another ends where that one
/// does: without this, `token=token=…` would be read to its end from each of its signs.
#[derive(Debug, Default)]
struct Ends {
    word: usize,
    line: usize,
}

impl Ends {
    /// The length of the word at `start`.
    fn word(&mut self, text: &[u8], start: usize) -> usize {
        if start >= self.word {
            self.word = start + word_length(text.get(start..).unwrap_or_default());
        }
        self.word - start
    }

    /// The length of the line from `start` on.
    fn line(&mut self, text: &[u8], start: usize) -> usize {
        if start >= self.line {
            let tail = text.get(start..).unwrap_or_default();
            self.line = start + memchr::memchr(b'\n', tail).unwrap_or(tail.len());
        }
        self.line - start
    }
}

/// From where to where the value stands that begins after `from`.
fn value(text: &[u8], from: usize, ends: &mut Ends) -> Option<(usize, usize)> {
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
        (Some(b'{' | b'['), None) => ends.line(text, start),
        (_, Some(quote)) => {
            tail.iter().position(|byte| byte == quote || *byte == b'\n').unwrap_or(tail.len())
        }
        _ => unquoted(tail, ends.word(text, start)),
    };
    let shown = tail.get(..length)?;
    let masked = !shown.is_empty() && shown.iter().all(|byte| *byte == b'*');
    (length > 0 && !masked && shown != super::text::OWN).then_some((start, start + length))
}

/// The length of an unquoted value whose first word is that long; `Bearer` and `Basic` go on with
/// the next word.
fn unquoted(tail: &[u8], first: usize) -> usize {
    let name = tail.get(..first).unwrap_or_default();
    if name.eq_ignore_ascii_case(b"bearer") || name.eq_ignore_ascii_case(b"basic") {
        let after = tail.get(first + 1..).unwrap_or_default();
        return (first + 1 + word_length(after)).min(tail.len());
    }
    first
}

fn word_length(text: &[u8]) -> usize {
    let goes_on = |byte: &&u8| {
        !(**byte <= b' ' || matches!(byte, b'"' | b'\'' | b'<' | b'>' | b',' | b';' | b'&'))
    };
    text.iter().take_while(goes_on).count()
}

/// `Bearer` and what follows it.
fn bearer(text: &[u8], spans: &mut Spans) {
    for space in memchr::memchr_iter(b' ', text) {
        if !ends_with_bearer(text.get(..space).unwrap_or_default()) {
            continue;
        }
        let after = text.get(space + 1..).unwrap_or_default();
        let length = unquoted(after, word_length(after));
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
