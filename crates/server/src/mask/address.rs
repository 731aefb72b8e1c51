//! IPv4 and IPv6 addresses in a text, and what only looks like one: firmware versions, times,
//! hardware addresses.

use super::text::{IP, Spans};

/// Finds the addresses of a text. `version` says that it stands where a version number stands.
pub(super) fn find(text: &[u8], version: bool, spans: &mut Spans) {
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        if !(byte.is_ascii_hexdigit() || *byte == b':') {
            at += 1;
            continue;
        }
        let end = text
            .get(at..)
            .unwrap_or_default()
            .iter()
            .position(|byte| !(byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')))
            .map_or(text.len(), |length| at + length);
        let run = text.get(at..end).unwrap_or_default();
        if !six(text, at, end, spans) {
            four(run, at, version, spans);
        }
        at = end;
    }
}

/// Dotted numbers within a run of hex digits, dots and colons.
fn four(run: &[u8], offset: usize, version: bool, spans: &mut Spans) {
    let mut at = 0;
    for part in run.split(|byte| !(byte.is_ascii_digit() || *byte == b'.')) {
        let dots = part.iter().filter(|byte| **byte == b'.').count();
        if dots >= 3 && is_address(part, version) {
            let shown = trim(part, b'.');
            let from = offset + at + (part.len() - strip_start(part, b'.').len());
            spans.add(from, from + shown.len(), IP);
        }
        at += part.len() + 1;
    }
}

/// Whether four neighbours among the dotted numbers are an address.
///
/// A firmware version is none: it is written with two digits in each place, the first of them a
/// nought (`01.08.02.00`), as no address is. Where a version stands, a first number below ten
/// (`1.10.0.35`) is none either; private networks begin higher.
fn is_address(part: &[u8], version: bool) -> bool {
    let groups: Vec<&[u8]> = part.split(|byte| *byte == b'.').collect();
    groups.windows(4).any(|quad| {
        // What is left of an escape does not hide the address after it: `00192.168.1.5`.
        let left = quad.first().filter(|first| first.first() == Some(&b'0'));
        let glued = left.map_or(0, |first| first.len().saturating_sub(3));
        let cut = [glued, 0, 0, 0];
        let groups = quad.iter().zip(cut).map(|(group, cut)| group.get(cut..).unwrap_or_default());
        let numbers: Option<Vec<u8>> = groups.map(octet).collect();
        let Some(numbers) = numbers else {
            return false;
        };
        let first = numbers.first().copied().unwrap_or_default();
        let padded = first < 10 && quad.iter().all(|group| group.len() == 2);
        first != 127 && !padded && !(version && first < 10)
    })
}

fn octet(group: &[u8]) -> Option<u8> {
    if group.is_empty() || group.len() > 3 {
        return None;
    }
    group
        .iter()
        .try_fold(0u8, |sum, digit| sum.checked_mul(10)?.checked_add(digit.checked_sub(b'0')?))
}

/// An IPv6 address that is the run from `start` to `end`. Not one: a time (`12:30:45`), a hardware
/// address (six pairs), `::` alone, and the loopback `::1`.
fn six(text: &[u8], start: usize, end: usize, spans: &mut Spans) -> bool {
    let run = text.get(start..end).unwrap_or_default();
    if run.iter().filter(|byte| **byte == b':').count() < 2 {
        return false;
    }
    let glued = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let glued_before = glued(start.checked_sub(1).and_then(|before| text.get(before)));
    let (mut from, mut to) = (start, end);
    if glued_before {
        from += run.iter().position(|byte| *byte == b':').unwrap_or(0);
    }
    let glued_after = glued(text.get(end));
    if glued_after {
        to = start + run.iter().rposition(|byte| *byte == b':').map_or(0, |at| at + 1);
    }
    let mut core = text.get(from..to).unwrap_or_default();
    if core.starts_with(b":") && !core.starts_with(b"::") {
        core = core.get(1..).unwrap_or_default();
        from += 1;
    }
    let first = core.iter().position(|byte| *byte == b':').unwrap_or(0);
    if let Some(dot) = core.get(..first).and_then(|group| memchr::memrchr(b'.', group)) {
        core = core.get(dot + 1..).unwrap_or_default();
        from += dot + 1;
    }
    let last = memchr::memrchr(b':', core).map_or(0, |at| at + 1);
    let tail = core.get(last..).unwrap_or_default();
    if !is_dotted(tail)
        && let Some(dot) = memchr::memchr(b'.', tail)
    {
        core = core.get(..last + dot).unwrap_or_default();
        to = from + last + dot;
    }
    while core.ends_with(b".") || (core.ends_with(b":") && !core.ends_with(b"::")) {
        core = core.get(..core.len() - 1).unwrap_or_default();
        to -= 1;
    }
    let glued = usize::from(glued_before) + usize::from(glued_after);
    if !is_six(core, glued) || (!glued_before && is_loopback(core)) {
        return false;
    }
    spans.add(from, to + zone(text.get(to..).unwrap_or_default()), IP);
    true
}

/// Eight groups, or fewer with `::` among them. `lost` groups were cut off because they are glued to
/// a word; the outermost ones may be longer than they should for the same reason.
fn is_six(core: &[u8], lost: usize) -> bool {
    let groups: Vec<&[u8]> = core.split(|byte| *byte == b':').collect();
    let last = groups.len().saturating_sub(1);
    let hex = |(at, group): &(usize, &&[u8])| {
        let outermost = *at == 0 || *at == last;
        !group.is_empty()
            && (group.len() <= 4 || outermost)
            && group.iter().all(u8::is_ascii_hexdigit)
    };
    let words = groups.iter().enumerate().filter(hex).count();
    let empty = groups.iter().filter(|group| group.is_empty()).count();
    let mapped = usize::from(groups.last().is_some_and(|group| is_dotted(group)));
    let squeezed = core.windows(2).any(|pair| pair == b"::");
    let count = words + 2 * mapped;
    words + empty + mapped == groups.len() && (count + lost >= 8 || (squeezed && count > 0))
}

fn is_dotted(group: &[u8]) -> bool {
    let numbers: Vec<&[u8]> = group.split(|byte| *byte == b'.').collect();
    numbers.len() == 4 && numbers.iter().all(|number| octet(number).is_some())
}

fn is_loopback(core: &[u8]) -> bool {
    std::str::from_utf8(core)
        .ok()
        .and_then(|text| text.parse::<std::net::Ipv6Addr>().ok())
        .is_some_and(|address| {
            address.is_loopback() || address.to_ipv4_mapped().is_some_and(|four| four.is_loopback())
        })
}

/// The length of a zone such as `%eth0` after an address.
fn zone(after: &[u8]) -> usize {
    let Some(name) = after.strip_prefix(b"%") else {
        return 0;
    };
    let length = name
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        .count();
    if length == 0 { 0 } else { length + 1 }
}

fn strip_start(text: &[u8], byte: u8) -> &[u8] {
    let from = text.iter().take_while(|other| **other == byte).count();
    text.get(from..).unwrap_or_default()
}

fn trim(text: &[u8], byte: u8) -> &[u8] {
    let text = strip_start(text, byte);
    let cut = text.iter().rev().take_while(|other| **other == byte).count();
    text.get(..text.len() - cut).unwrap_or_default()
}

/// Whether a whole text is a loopback address or name, or says that there is no address.
pub(super) fn is_harmless(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else {
        return false;
    };
    let text = text.trim();
    let known = matches!(text, "" | "0" | "0.0.0.0" | "::" | "localhost");
    known
        || text.parse::<std::net::IpAddr>().is_ok_and(|address| match address {
            std::net::IpAddr::V4(four) => four.is_loopback(),
            std::net::IpAddr::V6(six) => six.is_loopback(),
        })
}

/// Whether a JSON number under an address key gives nothing away: 0 (the interface is down) or the
/// loopback in either byte order.
pub(super) fn is_harmless_number(raw: &[u8]) -> bool {
    std::str::from_utf8(raw).ok().and_then(|text| text.parse::<u32>().ok()).is_some_and(|number| {
        let bytes = number.to_be_bytes();
        number == 0 || bytes == [127, 0, 0, 1] || bytes == [1, 0, 0, 127]
    })
}
