//! One string of JSON: in one piece as a rule, over several chunks, or longer than is held.

use std::borrow::Cow;

use crate::mask::{
    Rules, address, assignment, escape,
    keys::{self, Class},
    segments::{self, Context, LIMIT},
    text::{self, IP, SECRET, TOKEN, traits},
};

/// JSON within strings within JSON is read so far; deeper ones are text.
const LEVELS: u8 = 3;

/// The length of the string that begins here and ends in this chunk, and its traits; `None` if it
/// does not, or is too long to be judged as one.
pub(super) fn closed(rest: &[u8]) -> Option<(usize, u8)> {
    let mut at = 0;
    let mut seen = 0;
    loop {
        let byte = *rest.get(at)?;
        let trait_ = traits::OF[usize::from(byte)];
        if trait_ & traits::STOP == 0 {
            seen |= trait_;
            at += 1;
        } else if byte == b'"' {
            return (at < LIMIT).then_some((at, seen));
        } else {
            seen |= trait_;
            at += 2;
        }
    }
}

/// The class of the values under this string, if it is a key.
pub(super) fn class(raw: &[u8], seen: u8) -> Class {
    if seen & traits::STOP == 0 {
        return keys::classify(raw);
    }
    let mut text = Vec::with_capacity(raw.len());
    escape::decode(raw, &mut text);
    keys::classify(&text)
}

/// What is written instead of this string; `None` if it passes as it is.
pub(super) fn mask(
    rules: &Rules,
    raw: &[u8],
    seen: u8,
    class: Class,
    level: u8,
) -> Option<Cow<'static, [u8]>> {
    match class {
        Class::Secret => return Some(SECRET.into()),
        Class::Token => return Some(TOKEN.into()),
        _ => {}
    }
    let calm = seen & !(traits::SPACE | traits::DOT | traits::SLASH) == 0;
    if calm && class != Class::Address && !rules.secrets.are_in(raw) && quiet(raw, seen) {
        return None;
    }
    if class != Class::Address && is_time(raw) && !rules.secrets.are_in(raw) {
        return None;
    }
    let mut decoded = Vec::new();
    let text = if seen & traits::STOP == 0 {
        raw
    } else {
        escape::decode(raw, &mut decoded);
        &decoded
    };
    let shown = if class == Class::Address {
        (!address::is_harmless(text)).then(|| IP.to_vec())
    } else if level < LEVELS && is_nested(text) {
        let shown = super::whole(rules, text, level + 1);
        (shown != text).then_some(shown)
    } else {
        text::mask(text, class, &rules.secrets)
    };
    shown.map(|shown| {
        let mut raw = Vec::with_capacity(shown.len());
        escape::encode(&shown, &mut raw);
        raw.into()
    })
}

/// Writes what stands in the place of a value.
pub(super) fn write(mask: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(mask);
    out.push(b'"');
}

/// Whether a text of letters, dots, slashes and spaces has nothing to be looked at more closely.
fn quiet(raw: &[u8], seen: u8) -> bool {
    let dots = || memchr::memchr_iter(b'.', raw).count();
    (seen & traits::DOT == 0 || dots() < 3)
        && (seen & traits::SLASH == 0 || !raw.windows(2).any(|pair| pair == b"//"))
        && (seen & traits::SPACE == 0
            || !memchr::memchr_iter(b' ', raw)
                .any(|space| assignment::ends_with_bearer(raw.get(..space).unwrap_or_default())))
}

/// Whether a text can be nothing but a date, a time, a number: half of what has a colon in it.
fn is_time(raw: &[u8]) -> bool {
    let mut colons = 0;
    let mut dots = 0;
    raw.len() <= 40
        && raw.iter().all(|byte| {
            colons += usize::from(*byte == b':');
            dots += usize::from(*byte == b'.');
            byte.is_ascii_digit() || matches!(byte, b':' | b'-' | b'+' | b' ' | b'.' | b'T' | b'Z')
        })
        && colons <= 3
        && dots < 3
        && !raw.windows(2).any(|pair| pair == b"::")
}

/// Whether a string holds a JSON document, to all appearances.
fn is_nested(text: &[u8]) -> bool {
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(first, Some(b'{' | b'[' | b'"'))
}

/// A string that did not end in the chunk in which it began.
#[derive(Debug, Default)]
pub(super) struct Quoted {
    held: Vec<u8>,
    escaped: bool,
    /// It is longer than is held: this came before.
    long: Option<Context>,
    /// Nothing more of it is shown.
    dropping: bool,
}

impl Quoted {
    /// Takes more of it; where in `rest` its closing quote stands.
    pub(super) fn push(
        &mut self,
        rules: &Rules,
        rest: &[u8],
        class: Class,
        out: &mut Vec<u8>,
    ) -> Option<usize> {
        let mut at = 0;
        loop {
            let tail = rest.get(at..).filter(|tail| !tail.is_empty())?;
            let length = if self.escaped {
                self.escaped = false;
                1
            } else {
                let plain = memchr::memchr2(b'"', b'\\', tail).unwrap_or(tail.len());
                match (plain, tail.first()) {
                    (0, Some(b'"')) => return Some(at),
                    (0, _) => {
                        self.escaped = true;
                        1
                    }
                    _ => plain.min(LIMIT.saturating_sub(self.held.len())),
                }
            };
            at += length;
            if self.dropping {
                continue;
            }
            self.held.extend_from_slice(tail.get(..length).unwrap_or_default());
            if self.held.len() >= LIMIT && !self.escaped {
                self.overflow(rules, class, out);
            }
        }
    }

    /// Shows what may be shown of a string that is too long, and forgets it.
    fn overflow(&mut self, rules: &Rules, class: Class, out: &mut Vec<u8>) {
        let nested = self.long.is_none() && is_nested(&self.held);
        let cut = match class {
            Class::Plain | Class::Version if !nested => segments::cut(rules, &self.held),
            _ => None,
        };
        let Some(at) = cut else {
            let shown = match class {
                Class::Secret => SECRET,
                Class::Address => IP,
                _ => TOKEN,
            };
            out.extend_from_slice(shown);
            self.dropping = true;
            self.held = Vec::new();
            self.long = Some(Context::default());
            return;
        };
        let rest = self.held.split_off(at);
        self.piece(rules, out);
        self.held = rest;
    }

    fn piece(&mut self, rules: &Rules, out: &mut Vec<u8>) {
        let mut text = Vec::with_capacity(self.held.len());
        escape::decode(&self.held, &mut text);
        let context = self.long.get_or_insert_default();
        match context.mask(rules, &text) {
            Some(shown) => escape::encode(&shown, out),
            None => out.extend_from_slice(&self.held),
        }
    }

    /// Writes what is left of it, without the closing quote; what it says about values if it is a
    /// key.
    pub(super) fn end(
        &mut self,
        rules: &Rules,
        class: Class,
        level: u8,
        out: &mut Vec<u8>,
    ) -> Class {
        if self.long.is_some() {
            if !self.dropping {
                self.piece(rules, out);
            }
            return Class::Secret;
        }
        let seen = traits::of(&self.held);
        match mask(rules, &self.held, seen, class, level) {
            Some(shown) => out.extend_from_slice(&shown),
            None => out.extend_from_slice(&self.held),
        }
        self::class(&self.held, seen)
    }
}
