//! Bytes of a payload as JSON text, tolerant of what printers and their brokers do to it.

use std::borrow::Cow;

/// The payload as text: without byte order mark, padding and trailing NUL bytes; bytes that are no
/// UTF-8 are read as Latin-1, since file names in reports can carry raw bytes [L].
pub(crate) fn text(payload: &[u8]) -> Cow<'_, str> {
    let payload = payload.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(payload);
    let end = payload.iter().rposition(|b| *b != 0 && !b.is_ascii_whitespace());
    let payload = payload.get(..end.map_or(0, |last| last + 1)).unwrap_or_default();
    std::str::from_utf8(payload)
        .map_or_else(|_| payload.iter().map(|b| char::from(*b)).collect(), Cow::Borrowed)
}

/// Rewrites what a strict JSON reader refuses but a printer may mean: numbers beyond a double
/// become `null`, lone surrogate escapes U+FFFD, bare control characters escapes. Only called after a strict read failed.
pub(crate) fn repaired(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut in_string = false;
    while let Some(first) = rest.chars().next() {
        let taken = match (in_string, first) {
            (true, '\\') => escape(rest, &mut out),
            (false, '-' | '0'..='9') => number(rest, &mut out),
            (true, '\0'..='\x1F') => {
                out.push_str(&format!("\\u{:04x}", u32::from(first)));
                1
            }
            _ => {
                in_string ^= first == '"';
                out.push(first);
                first.len_utf8()
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    out
}

/// Copies one escape sequence; returns the bytes it took.
fn escape(text: &str, out: &mut String) -> usize {
    let pair = |at: usize| text.get(at..at + 6).filter(|_| surrogate(text, at, 0xD800..0xDC00));
    if let Some(high) = pair(0) {
        if surrogate(text, 6, 0xDC00..0xE000) {
            out.push_str(text.get(..12).unwrap_or(high));
            return 12;
        }
        out.push_str("\\uFFFD");
        return 6;
    }
    if surrogate(text, 0, 0xDC00..0xE000) {
        out.push_str("\\uFFFD");
        return 6;
    }
    let taken = text.chars().take(2).map(char::len_utf8).sum();
    out.push_str(text.get(..taken).unwrap_or_default());
    taken
}

fn surrogate(text: &str, at: usize, range: std::ops::Range<u32>) -> bool {
    let digits = text.get(at..at + 6).and_then(|escape| escape.strip_prefix("\\u"));
    let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    unit.is_some_and(|unit| range.contains(&unit))
}

/// Copies one number, or `null` when no double can hold it; returns the bytes it took.
fn number(text: &str, out: &mut String) -> usize {
    let is_part = |b: u8| b.is_ascii_digit() || b"+-.eE".contains(&b);
    let taken = text.bytes().position(|b| !is_part(b)).unwrap_or(text.len());
    let literal = text.get(..taken).unwrap_or_default();
    let too_large = literal.parse::<f64>().is_ok_and(f64::is_infinite);
    out.push_str(if too_large { "null" } else { literal });
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_and_a_byte_order_mark_are_dropped_and_latin_1_is_read() {
        assert_eq!(text(b"\xEF\xBB\xBF{}\r\n\0\0"), "{}");
        assert_eq!(text(b"\0 \n"), "");
        assert_eq!(text(b"\"K\xFCche\""), "\"Küche\"");
        assert_eq!(text("\"Küche\"".as_bytes()), "\"Küche\"");
    }

    #[test]
    fn numbers_beyond_a_double_lone_surrogates_and_control_characters_are_repaired() {
        let digits = "9".repeat(400);
        for (bad, good) in [
            ("[1e400,-1E+999]", "[null,null]"),
            (&*format!("[{digits},1]"), "[null,1]"),
            (r#""\ud800 \udc00 \ud83d\ude00""#, r#""\uFFFD \uFFFD \ud83d\ude00""#),
            (r#""1e400 \\" "#, r#""1e400 \\" "#),
            (r#""\ud800"#, r#""\uFFFD"#),
            ("\t\"a\tb\"", "\t\"a\\u0009b\""),
            ("\"\\", "\"\\"),
            ("\"\\é", "\"\\é"),
        ] {
            assert_eq!(repaired(bad), good, "{bad}");
        }
    }
}
