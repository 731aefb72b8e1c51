//! A reader of punctuation, strings and numbers that holds one string at a time and counts depth
//! instead of remembering it.

use std::borrow::Cow;

use super::{
    Truncated,
    hidden::Hidden,
    known::Known,
    quoted::{self, Quoted},
};
use crate::mask::{
    Rules,
    keys::Class,
    scalar::{self, Verdict},
    segments::Plain,
    text::{SECRET, TOKEN},
};

/// What was read last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Start,
    Open,
    Comma,
    Colon,
    /// A string that may be a key.
    Text,
    /// A value.
    Scalar,
    Close,
}

/// Where the reader is.
#[derive(Debug)]
enum Place {
    Between,
    Scalar,
    Quoted(Quoted),
    Hidden(Hidden),
    /// Within a number that is too long to be one.
    Endless,
    Plain(Plain),
}

/// Reads one body, or one document within a string.
#[derive(Debug)]
pub(super) struct Reader {
    place: Place,
    last: Last,
    /// White space since then.
    gap: bool,
    depth: u64,
    /// What the last string says about a value, if it is a key.
    named: Class,
    /// The depth of the list of addresses that this is in.
    addresses: Option<u64>,
    known: Known,
    held: Vec<u8>,
    level: u8,
    mark: u8,
}

impl Reader {
    /// `level` counts how deep it lies within strings.
    pub(super) fn new(level: u8) -> Self {
        Self {
            place: Place::Between,
            last: Last::Start,
            gap: false,
            depth: 0,
            named: Class::Plain,
            addresses: None,
            known: Known::new(),
            held: Vec::new(),
            level,
            mark: 0,
        }
    }

    /// Takes the next chunk and appends what may be shown.
    pub(super) fn push(&mut self, rules: &Rules, chunk: &[u8], out: &mut Vec<u8>) {
        let mut rest = chunk;
        while !rest.is_empty() {
            rest = match &mut self.place {
                Place::Between => self.between(rules, rest, out),
                Place::Scalar => self.scalar(rules, rest, out),
                Place::Quoted(_) => self.quoted(rules, rest, out),
                Place::Hidden(_) => self.hidden(rest),
                Place::Endless => self.endless(rest),
                Place::Plain(plain) => {
                    plain.push(rules, rest, out);
                    &[]
                }
            };
        }
    }

    /// Reads punctuation and whole strings and numbers, which pass as one piece as long as nothing in
    /// them is masked.
    fn between<'a>(&mut self, rules: &Rules, rest: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        let mut at = 0;
        let mut from = 0;
        while let Some(byte) = rest.get(at) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => {
                    self.gap = true;
                    at += 1;
                    continue;
                }
                b'"' if self.may_begin() => {
                    let text = rest.get(at + 1..).unwrap_or_default();
                    let Some((length, shown)) = self.text(rules, text) else {
                        out.extend_from_slice(rest.get(from..=at).unwrap_or_default());
                        self.place = Place::Quoted(Quoted::default());
                        return text;
                    };
                    if let Some(shown) = shown {
                        out.extend_from_slice(rest.get(from..=at).unwrap_or_default());
                        out.extend_from_slice(&shown);
                        from = at + 1 + length;
                    }
                    at += length + 2;
                    continue;
                }
                b':' if self.last == Last::Text && self.depth > 0 => self.after(Last::Colon),
                b',' if self.depth > 0 && self.last != Last::Colon => self.after(Last::Comma),
                b'{' | b'[' if self.may_begin() => {
                    if self.class().hides() {
                        out.extend_from_slice(rest.get(from..at).unwrap_or_default());
                        return self.hide(rest.get(at + 1..).unwrap_or_default(), out);
                    }
                    self.depth += 1;
                    if *byte == b'[' && self.last == Last::Colon && self.named == Class::Address {
                        self.addresses = Some(self.depth);
                    }
                    self.after(Last::Open);
                }
                b'}' | b']' if self.depth > 0 => {
                    if self.addresses == Some(self.depth) {
                        self.addresses = None;
                    }
                    self.depth -= 1;
                    self.after(Last::Close);
                }
                0xEF | 0xBB | 0xBF if self.marks(*byte) => {}
                _ if scalar::ends(*byte) || !self.may_begin() => {
                    out.extend_from_slice(rest.get(from..at).unwrap_or_default());
                    self.become_plain();
                    return rest.get(at..).unwrap_or_default();
                }
                _ => {
                    if let Some(length) = self.calm_scalar(rules, rest.get(at..)) {
                        at += length;
                        self.after(Last::Scalar);
                        continue;
                    }
                    out.extend_from_slice(rest.get(from..at).unwrap_or_default());
                    self.place = Place::Scalar;
                    return rest.get(at..).unwrap_or_default();
                }
            }
            at += 1;
        }
        out.extend_from_slice(rest.get(from..).unwrap_or_default());
        &[]
    }

    /// The length of the string that begins here, and what is shown instead of it, if not itself;
    /// `None` if it does not end in this chunk.
    fn text(&mut self, rules: &Rules, text: &[u8]) -> Option<(usize, Option<Cow<'static, [u8]>>)> {
        let (class, value) = (self.class(), self.last == Last::Colon);
        let may_be_known = !value && class == Class::Plain;
        if may_be_known && let Some((length, named)) = self.known.expected(text) {
            self.named = named;
            self.after(Last::Text);
            return Some((length, None));
        }
        let (length, seen) = quoted::closed(text)?;
        let raw = text.get(..length)?;
        let shown = quoted::mask(rules, raw, seen, class, self.level);
        if value {
            self.after(Last::Scalar);
            return Some((length, shown));
        }
        self.named = quoted::class(raw, seen);
        self.after(Last::Text);
        if may_be_known && shown.is_none() {
            self.known.add(raw, self.named);
        }
        Some((length, shown))
    }

    /// Whether the byte belongs to a byte order mark at the very beginning.
    fn marks(&mut self, byte: u8) -> bool {
        let belongs = self.last == Last::Start
            && !self.gap
            && [0xEF, 0xBB, 0xBF].get(usize::from(self.mark)) == Some(&byte);
        self.mark += u8::from(belongs);
        belongs
    }

    /// Whether a value or a key may stand here. On the outermost level one may follow another: a
    /// document per line.
    fn may_begin(&self) -> bool {
        match self.last {
            Last::Start | Last::Open | Last::Comma | Last::Colon => true,
            Last::Close => self.depth == 0,
            Last::Text | Last::Scalar => self.depth == 0 && self.gap,
        }
    }

    /// What the place says about the value that begins here.
    fn class(&self) -> Class {
        match self.last {
            Last::Colon => self.named,
            _ if self.addresses == Some(self.depth) => Class::Address,
            _ => Class::Plain,
        }
    }

    fn after(&mut self, last: Last) {
        self.last = last;
        self.gap = false;
    }

    /// The length of a number or a word that passes, if it ends in this chunk.
    fn calm_scalar(&self, rules: &Rules, rest: Option<&[u8]>) -> Option<usize> {
        let rest = rest?;
        let length = rest.iter().position(|byte| scalar::ends(*byte))?;
        let calm = length < scalar::LONGEST
            && rest.get(length) != Some(&b':')
            && scalar::judge(rest.get(..length)?, self.class(), rules) == Verdict::Keep;
        calm.then_some(length)
    }

    fn scalar<'a>(&mut self, rules: &Rules, rest: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        let room = scalar::LONGEST.saturating_sub(self.held.len());
        let length = rest.iter().take(room).position(|byte| scalar::ends(*byte));
        let (now, later) = rest.split_at(length.unwrap_or(room.min(rest.len())));
        self.held.extend_from_slice(now);
        let full = self.held.len() >= scalar::LONGEST;
        if let Some(byte) = later.first() {
            // A colon after a number: a time or an address, no JSON.
            if length.is_some() && *byte == b':' {
                return self.scalar_was_text(rules, later, out);
            }
        } else if !full {
            return later;
        }
        match scalar::judge(&self.held, self.class(), rules) {
            Verdict::Text => return self.scalar_was_text(rules, later, out),
            Verdict::Keep if !full => out.extend_from_slice(&self.held),
            Verdict::Keep => quoted::write(TOKEN, out),
            Verdict::Mask(mask) => quoted::write(mask, out),
        }
        self.held.clear();
        self.place = if full { Place::Endless } else { Place::Between };
        self.after(Last::Scalar);
        later
    }

    fn scalar_was_text<'a>(
        &mut self,
        rules: &Rules,
        later: &'a [u8],
        out: &mut Vec<u8>,
    ) -> &'a [u8] {
        let held = std::mem::take(&mut self.held);
        self.become_plain();
        if let Place::Plain(plain) = &mut self.place {
            plain.push(rules, &held, out);
        }
        later
    }

    fn endless<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let Some(end) = rest.iter().position(|byte| scalar::ends(*byte)) else {
            return &[];
        };
        self.place = Place::Between;
        rest.get(end..).unwrap_or_default()
    }

    /// From here on it is text. What the last key says holds for the first value in it.
    fn become_plain(&mut self) {
        let before: &[u8] = match (self.last, self.named) {
            (Last::Colon | Last::Text, Class::Token) => b"\"token\": ",
            (Last::Colon | Last::Text, Class::Secret) => b"\"access_code\": ",
            _ => b"",
        };
        self.place = Place::Plain(Plain::after(before));
    }

    /// An object or a list begins that is masked as one.
    fn hide<'a>(&mut self, rest: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        let mask = if self.named == Class::Token { TOKEN } else { SECRET };
        quoted::write(mask, out);
        self.place = Place::Hidden(Hidden::opened());
        rest
    }

    fn hidden<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let Place::Hidden(hidden) = &mut self.place else {
            return rest;
        };
        let Some(length) = hidden.push(rest) else {
            return &[];
        };
        self.place = Place::Between;
        self.after(Last::Close);
        rest.get(length..).unwrap_or_default()
    }

    fn quoted<'a>(&mut self, rules: &Rules, rest: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        let class = self.class();
        let level = self.level;
        let Place::Quoted(text) = &mut self.place else {
            return rest;
        };
        let Some(length) = text.push(rules, rest, class, out) else {
            return &[];
        };
        let named = text.end(rules, class, level, out);
        out.push(b'"');
        self.place = Place::Between;
        if self.last == Last::Colon {
            self.after(Last::Scalar);
        } else {
            self.named = named;
            self.after(Last::Text);
        }
        rest.get(length + 1..).unwrap_or_default()
    }

    /// Appends what is left.
    pub(super) fn finish(mut self, rules: &Rules, out: &mut Vec<u8>) -> Result<(), Truncated> {
        let class = self.class();
        let ended = match std::mem::replace(&mut self.place, Place::Between) {
            Place::Between | Place::Endless => self.depth == 0,
            Place::Scalar => {
                match scalar::judge(&self.held, class, rules) {
                    Verdict::Keep => out.extend_from_slice(&self.held),
                    Verdict::Mask(mask) => quoted::write(mask, out),
                    Verdict::Text => {
                        self.scalar_was_text(rules, &[], out);
                        if let Place::Plain(plain) = self.place {
                            plain.finish(rules, out);
                        }
                        return Ok(());
                    }
                }
                self.depth == 0
            }
            Place::Quoted(mut text) => {
                text.end(rules, class, self.level, out);
                false
            }
            Place::Hidden(_) => false,
            Place::Plain(plain) => {
                plain.finish(rules, out);
                true
            }
        };
        if ended { Ok(()) } else { Err(Truncated) }
    }
}
