//! The rules for text: what is masked wherever it stands, in a string of an answer, in a plain
//! error text, in a header. `address`, `link` and `assignment` know one kind each.

use memchr::memmem::Finder;

use super::{address, assignment, escape, keys::Class, link};

/// What stands in the place of an address.
pub(super) const IP: &[u8] = b"[IP_REDACTED]";
/// What stands in the place of a URL.
pub(super) const URL: &[u8] = b"[URL_REDACTED]";
/// What stands in the place of the caller's own token.
pub(super) const OWN: &[u8] = b"***REDACTED***";
/// What stands in the place of a token.
pub(super) const TOKEN: &[u8] = b"***";
/// What stands in the place of an access code and its kind.
pub(super) const SECRET: &[u8] = b"********";

/// Texts that may not pass, wherever they stand.
#[derive(Debug, Default)]
pub(super) struct Secrets(Vec<(Finder<'static>, &'static [u8])>);

impl Secrets {
    /// Adds a text; an empty one is none.
    pub(super) fn add(&mut self, text: &str, mask: &'static [u8]) {
        if !text.is_empty() {
            self.0.push((Finder::new(text.as_bytes()).into_owned(), mask));
        }
    }

    /// The length of the longest one in bytes.
    pub(super) fn longest(&self) -> usize {
        let lengths = self.0.iter().map(|(finder, _)| finder.needle().len());
        lengths.max().unwrap_or(0)
    }

    /// Whether one of them stands in the text.
    pub(super) fn are_in(&self, text: &[u8]) -> bool {
        self.0
            .iter()
            .any(|(finder, _)| finder.needle().len() <= text.len() && finder.find(text).is_some())
    }

    /// Where one begins that stands on both sides of a cut.
    pub(super) fn across(&self, text: &[u8], cut: usize) -> Option<usize> {
        let starts = self.0.iter().filter_map(|(finder, _)| {
            let length = finder.needle().len();
            let from = cut.saturating_sub(length - 1);
            let to = (cut + length - 1).min(text.len());
            Some(from + finder.find(text.get(from..to)?)?)
        });
        starts.min()
    }

    /// The mask of the one that is the whole text.
    pub(super) fn whole(&self, text: &[u8]) -> Option<&'static [u8]> {
        let found = self.0.iter().find(|(finder, _)| finder.needle() == text);
        found.map(|(_, mask)| *mask)
    }

    fn find(&self, text: &[u8], spans: &mut Spans) {
        for (finder, mask) in &self.0 {
            let length = finder.needle().len();
            if length > text.len() {
                continue;
            }
            for at in finder.find_iter(text) {
                spans.add(at, at + length, mask);
            }
        }
    }
}

/// The parts of a text that are masked, and with what.
#[derive(Debug, Default)]
pub(super) struct Spans(Vec<(usize, usize, &'static [u8])>);

impl Spans {
    /// The bytes from `start` to before `end` are masked.
    pub(super) fn add(&mut self, start: usize, end: usize, mask: &'static [u8]) {
        if start < end {
            self.0.push((start, end, mask));
        }
    }

    /// Sorted, and those that overlap joined: the longer one's mask counts.
    fn joined(mut self) -> Vec<(usize, usize, &'static [u8])> {
        self.0.sort_unstable_by_key(|(start, end, _)| (*start, usize::MAX - *end));
        let mut joined: Vec<(usize, usize, &'static [u8])> = Vec::new();
        for (start, end, mask) in self.0 {
            match joined.last_mut() {
                Some(last) if start < last.1 => {
                    if end - start > last.1 - last.0 {
                        last.2 = mask;
                    }
                    last.1 = last.1.max(end);
                }
                _ => joined.push((start, end, mask)),
            }
        }
        joined
    }
}

/// Which rules a text can break at all, by the bytes in it.
pub(super) mod traits {
    /// `:` or `=`: a URL, an address, a pair of name and value.
    pub(in super::super) const PAIR: u8 = 1;
    /// A dot: four of them may be an address.
    pub(in super::super) const DOT: u8 = 2;
    /// A slash: two of them may begin a host.
    pub(in super::super) const SLASH: u8 = 4;
    /// A backslash, a percent sign, NUL: something is written in disguise.
    pub(in super::super) const DISGUISE: u8 = 8;
    /// A space: `Bearer` and what follows it.
    pub(in super::super) const SPACE: u8 = 16;
    /// A brace, a bracket: JSON within a string.
    pub(in super::super) const NESTED: u8 = 32;
    /// Ends a string, or its plain part.
    pub(in super::super) const STOP: u8 = 64;

    /// The traits of each byte.
    pub(in super::super) static OF: [u8; 256] = table();

    const fn table() -> [u8; 256] {
        let mut table = [0; 256];
        table[b':' as usize] = PAIR;
        table[b'=' as usize] = PAIR;
        table[b'.' as usize] = DOT;
        table[b'/' as usize] = SLASH;
        table[b'%' as usize] = DISGUISE;
        table[0] = DISGUISE;
        table[b' ' as usize] = SPACE;
        table[b'{' as usize] = NESTED;
        table[b'[' as usize] = NESTED;
        table[b'\\' as usize] = STOP | DISGUISE;
        table[b'"' as usize] = STOP;
        table
    }

    /// The traits of a text.
    pub(in super::super) fn of(text: &[u8]) -> u8 {
        text.iter().fold(0, |seen, byte| seen | OF.get(usize::from(*byte)).copied().unwrap_or(0))
    }
}

/// Masks a text; `None` if there is nothing in it that has to be.
pub(super) fn mask(text: &[u8], class: Class, secrets: &Secrets) -> Option<Vec<u8>> {
    mask_after(0, text, class, secrets)
}

/// Masks what follows the first `context` bytes of a text, which are read but not written.
pub(super) fn mask_after(
    context: usize,
    text: &[u8],
    class: Class,
    secrets: &Secrets,
) -> Option<Vec<u8>> {
    let plain = text.get(context..).unwrap_or_default();
    let mut shown = Vec::new();
    let mut done = context;
    for (start, end, mask) in spans(text, class, secrets).joined() {
        if end <= context {
            continue;
        }
        shown.extend_from_slice(text.get(done..start.max(context)).unwrap_or_default());
        shown.extend_from_slice(mask);
        done = end;
    }
    let masked = done > context;
    if masked {
        shown.extend_from_slice(text.get(done..).unwrap_or_default());
    }
    let seen = if masked { shown.as_slice() } else { plain };
    match disguised(seen, secrets) {
        Some(unmasked) => Some(unmasked),
        None => masked.then_some(shown),
    }
}

/// Lines that hide something in another spelling are masked whole, since nobody knows which part.
fn disguised(text: &[u8], secrets: &Secrets) -> Option<Vec<u8>> {
    memchr::memchr3(b'\\', b'%', 0, text)?;
    let mut shown = Vec::with_capacity(text.len());
    let mut found = false;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        match hides(line, secrets) {
            Some(mask) => {
                found = true;
                shown.extend_from_slice(mask);
                if line.ends_with(b"\n") {
                    shown.push(b'\n');
                }
            }
            None => shown.extend_from_slice(line),
        }
    }
    found.then_some(shown)
}

fn hides(line: &[u8], secrets: &Secrets) -> Option<&'static [u8]> {
    memchr::memchr3(b'\\', b'%', 0, line)?;
    let slashes: Vec<u8> =
        line.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect();
    if let Some(mask) = first(&slashes, secrets) {
        return Some(mask);
    }
    let mut layer = line.to_vec();
    for _ in 0..LAYERS {
        let plain = escape::undress(&layer)?;
        if let Some(mask) = first(&plain, secrets) {
            return Some(mask);
        }
        layer = plain;
    }
    Some(SECRET)
}

/// What is disguised more often than this is masked unread.
const LAYERS: usize = 8;

fn first(text: &[u8], secrets: &Secrets) -> Option<&'static [u8]> {
    let found = spans(text, Class::Plain, secrets).joined();
    found.first().map(|(_, _, mask)| *mask)
}

fn spans(text: &[u8], class: Class, secrets: &Secrets) -> Spans {
    let mut spans = Spans::default();
    let seen = traits::of(text);
    secrets.find(text, &mut spans);
    if seen & (traits::PAIR | traits::SLASH) != 0 {
        link::find(text, &mut spans);
    }
    if seen & (traits::PAIR | traits::DOT) != 0 {
        address::find(text, class == Class::Version, &mut spans);
    }
    if seen & (traits::PAIR | traits::SPACE) != 0 {
        assignment::find(text, &mut spans);
    }
    spans
}
