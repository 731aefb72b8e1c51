//! URLs in a text: with any scheme, without one but with a password, a port or a signature.

use super::{
    keys::{Class, classify},
    text::{Spans, URL},
};

/// Finds what leads to another place. A URL ends where white space, a quote or an angle bracket
/// stands: better too late than within its query.
pub(super) fn find(text: &[u8], spans: &mut Spans) {
    let mut at = 0;
    for run in text.split(|byte| separates(*byte)) {
        if run.len() > 3
            && let Some(start) = starts(run)
        {
            spans.add(at + start, at + run.len(), URL);
        }
        at += run.len() + 1;
    }
}

/// Whether no address, URL or token goes on beyond this byte.
pub(super) fn separates(byte: u8) -> bool {
    matches!(byte, 0..=b' ' | b'"' | b'<' | b'>')
}

/// Where in a run without separators something begins that leads to another place.
fn starts(run: &[u8]) -> Option<usize> {
    let colon = memchr::memchr(b':', run);
    let slash = memchr::memchr(b'/', run);
    let query = memchr::memchr(b'=', run).filter(|_| is_signed(run)).map(|_| 0);
    let scheme = colon.and_then(|from| with_scheme(run, from));
    let password = colon.and_then(|from| with_password(run, from));
    let port = colon.and_then(|from| with_port(run, from));
    let host = slash.and_then(|from| without_scheme(run, from));
    let found = [query, scheme, password, port, host];
    found.into_iter().flatten().min()
}

fn with_scheme(run: &[u8], from: usize) -> Option<usize> {
    let tail = run.get(from..)?;
    let colon = memchr::memchr_iter(b':', tail)
        .map(|at| from + at)
        .find(|colon| follows(run, *colon, b"://"))?;
    let scheme = run.get(..colon)?.iter().rev();
    let length = scheme
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        .count();
    Some(colon - length)
}

fn follows(run: &[u8], at: usize, text: &[u8]) -> bool {
    run.get(at..).is_some_and(|tail| tail.starts_with(text))
}

/// `user:password@host`.
fn with_password(run: &[u8], colon: usize) -> Option<usize> {
    let tail = run.get(colon + 1..)?;
    let at = memchr::memchr(b'@', tail)?;
    (colon > 0 && at > 0 && at + 1 < tail.len()).then_some(0)
}

/// `host.domain:port`, the port of one to five digits.
fn with_port(run: &[u8], from: usize) -> Option<usize> {
    let colons = memchr::memchr_iter(b':', run.get(from..)?);
    colons.map(|at| from + at).find_map(|colon| {
        let after = run.get(colon + 1..)?;
        let digits = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let ended = after.get(digits).is_none_or(|byte| !byte.is_ascii_alphanumeric());
        if !(1..=5).contains(&digits) || !ended {
            return None;
        }
        let before = run.get(..colon)?;
        let length = before
            .iter()
            .rev()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
            .count();
        let host = before.get(colon - length..)?;
        let dot = memchr::memrchr(b'.', host)?;
        let top = host.get(dot + 1..)?;
        let named = top.len() >= 2 && top.iter().all(u8::is_ascii_alphabetic);
        (dot > 0 && named).then_some(colon - length)
    })
}

/// `//host.domain/path`.
fn without_scheme(run: &[u8], from: usize) -> Option<usize> {
    let begins = |start: usize| {
        if !follows(run, start, b"//") {
            return false;
        }
        let before = start.checked_sub(1).and_then(|before| run.get(before));
        let free = before.is_none_or(|byte| {
            !(byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'-'))
        });
        let host = run.get(start + 2..).unwrap_or_default();
        let length = host.iter().take_while(|byte| **byte != b'/').count();
        let host = host.get(..length).unwrap_or_default();
        let dotted = host.contains(&b'.') || host.starts_with(b"[");
        free && dotted && host.first().is_some_and(|byte| *byte != b'.')
    };
    memchr::memchr_iter(b'/', run.get(from..)?).map(|at| from + at).find(|start| begins(*start))
}

/// Whether a query in the run carries a signature or a token.
fn is_signed(run: &[u8]) -> bool {
    let has_query = memchr::memchr2(b'?', b'&', run).is_some();
    has_query
        && run.split(|byte| matches!(byte, b'?' | b'&' | b';' | b'#')).any(|pair| {
            let Some(end) = memchr::memchr(b'=', pair) else {
                return false;
            };
            let name = pair.get(..end).unwrap_or_default();
            signs(name) && end + 1 < pair.len()
        })
}

fn signs(name: &[u8]) -> bool {
    let starts = |start: &[u8]| {
        name.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
    };
    matches!(classify(name), Class::Secret | Class::Token)
        || starts(b"x-amz-")
        || starts(b"x-goog-")
        || starts(b"x-oss-")
        || [&b"sign"[..], b"key-pair-id", b"googleaccessid", b"hmac", b"policy"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
}
