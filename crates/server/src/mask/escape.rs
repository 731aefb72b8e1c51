//! The escapes of a JSON string, resolved and written again, and the other disguises that text may
//! wear: percent signs, doubled backslashes.

/// What a JSON string says, without its quotes. Never fails: a lone surrogate becomes U+FFFD, an
/// escape that is none becomes the character itself.
pub(super) fn decode(raw: &[u8], into: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (before, from) = rest.split_at(at);
        into.extend_from_slice(before);
        rest = escape(from, into);
    }
    into.extend_from_slice(rest);
}

/// One escape at the beginning of `text`; what follows it.
fn escape<'a>(text: &'a [u8], into: &mut Vec<u8>) -> &'a [u8] {
    let (length, byte) = match text.get(1) {
        Some(b'u') => return unicode(text, into),
        Some(b'n') => (2, b'\n'),
        Some(b't') => (2, b'\t'),
        Some(b'r') => (2, b'\r'),
        Some(b'b') => (2, 8),
        Some(b'f') => (2, 12),
        Some(other) => (2, *other),
        None => (1, b'\\'),
    };
    into.push(byte);
    text.get(length..).unwrap_or_default()
}

fn unicode<'a>(text: &'a [u8], into: &mut Vec<u8>) -> &'a [u8] {
    let Some(first) = unit(text) else {
        into.push(b'u');
        return text.get(2..).unwrap_or_default();
    };
    let mut length = 6;
    let mut code = u32::from(first);
    if (0xD800..0xDC00).contains(&code)
        && let Some(second) = text.get(6..).and_then(unit)
        && (0xDC00..0xE000).contains(&second)
    {
        length = 12;
        code = 0x10000 + ((code - 0xD800) << 10) + (u32::from(second) - 0xDC00);
    }
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    into.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    text.get(length..).unwrap_or_default()
}

/// The number of `\uXXXX` at the beginning of `text`.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0u16, |sum, digit| {
        let value = char::from(*digit).to_digit(16)?;
        Some((sum << 4) | u16::try_from(value).ok()?)
    })
}

/// Writes text as the inside of a JSON string.
pub(super) fn encode(text: &[u8], into: &mut Vec<u8>) {
    for byte in text {
        match byte {
            b'"' | b'\\' => into.extend_from_slice(&[b'\\', *byte]),
            b'\n' => into.extend_from_slice(b"\\n"),
            b'\t' => into.extend_from_slice(b"\\t"),
            b'\r' => into.extend_from_slice(b"\\r"),
            0..0x20 => into.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => into.push(*byte),
        }
    }
}

/// The text with one layer of disguise taken off: JSON escapes, percent signs, NUL bytes between
/// the letters (UTF-16). `None` if it wears none.
pub(super) fn undress(text: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr3(b'\\', b'%', 0, text)?;
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr3(b'\\', b'%', 0, rest) {
        let (before, from) = rest.split_at(at);
        plain.extend_from_slice(before);
        rest = match from {
            [b'\\', ..] => escape(from, &mut plain),
            [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default();
                let value = (digit(*high) << 4) | digit(*low);
                plain.push(u8::try_from(value).unwrap_or_default());
                from.get(3..).unwrap_or_default()
            }
            [b'%', after @ ..] => {
                plain.push(b'%');
                after
            }
            [_, after @ ..] => after,
            [] => from,
        };
    }
    plain.extend_from_slice(rest);
    (plain != text).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(raw: &str) -> String {
        let mut text = Vec::new();
        decode(raw.as_bytes(), &mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn escapes_are_resolved_as_json_has_them() {
        assert_eq!(decoded(r"\u0068ttp:\/\/a\n"), "http://a\n");
        assert_eq!(decoded(r"\ud83d\ude00\u00e4"), "😀ä");
        assert_eq!(decoded(r"a\ud83db"), "a\u{fffd}b");
        assert_eq!(decoded(r"\ud83d\u0041"), "\u{fffd}A");
        assert_eq!(decoded(r"\u12"), "u12");
        assert_eq!(decoded("a\\"), "a\\");
    }

    #[test]
    fn what_was_decoded_is_encoded_so_that_json_reads_it_again() {
        let text = "a\"b\\c\nd\u{1}e😀";
        let mut raw = b"\"".to_vec();
        encode(text.as_bytes(), &mut raw);
        raw.push(b'"');
        assert_eq!(serde_json::from_slice::<String>(&raw).unwrap(), text);
    }

    #[test]
    fn one_layer_of_disguise_is_taken_off_at_a_time() {
        let once = undress(b"https%3A%2F%2fhost").unwrap();
        assert_eq!(once, b"https://host");
        assert_eq!(undress(br"\\u0068").unwrap(), br"\u0068");
        assert_eq!(undress(b"h\0t\0t\0p\0").unwrap(), b"http");
        assert_eq!(undress(b"100 % sure"), None);
    }
}
