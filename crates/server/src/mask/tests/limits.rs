//! However much arrives, little of it is held, and what is too long to be judged is not shown.

use super::masker;

fn streamed(parts: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut stream = masker().stream();
    let mut out = Vec::new();
    for part in parts {
        stream.push(&part, &mut out);
    }
    stream.finish(&mut out).unwrap();
    out
}

#[test]
fn a_long_string_without_anything_to_hide_passes_as_it_is() {
    for part in ["QUJD/+09", "G1 X10 Y20\\n", "äöü 1.5 "] {
        let body = format!("[\"{}\",1]", part.repeat(40_000));
        assert_eq!(streamed([body.clone().into_bytes()]), body.into_bytes());
    }
}

#[test]
fn a_long_string_loses_what_is_hidden_in_it() {
    for (hidden, mask) in [
        ("192.168.1.5", "[IP_REDACTED]"),
        ("https://a.b/c", "[URL_REDACTED]"),
        ("farm-user-7f3a9c", "***REDACTED***"),
        ("access code: 12345678", "access code: ********"),
    ] {
        for before in [65_000, 65_270, 65_530, 131_000] {
            let words = |count: usize| "lorem ".repeat(count / 6);
            let body = format!("{{\"x\":\"{}{hidden} {}\"}}", words(before), words(70_000));
            let shown = streamed([body.clone().into_bytes()]);
            assert_eq!(String::from_utf8(shown).unwrap(), body.replace(hidden, mask));
        }
    }
}

#[test]
fn a_long_string_that_cannot_be_judged_is_masked_whole() {
    for start in ["https://a.b/", "{", "a:", "a.b%"] {
        let body = format!("[\"{start}{}\",\"b\"]", "x".repeat(200_000));
        let shown = streamed([body.into_bytes()]);
        assert!(shown.len() < 100, "{start}: {}", shown.len());
        assert!(shown.ends_with(b"\",\"b\"]"));
    }
    let body = format!("{{\"token\":\"{}\",\"b\":1}}", "x ".repeat(200_000));
    assert_eq!(streamed([body.into_bytes()]), b"{\"token\":\"***\",\"b\":1}");
    let body = format!("{{\"{}\":\"a\",\"b\":1}}", "x ".repeat(200_000));
    assert!(streamed([body.into_bytes()]).ends_with(b"\":\"********\",\"b\":1}"));
}

#[test]
fn a_hundred_megabytes_of_anything_take_little_memory() {
    let block = |text: &str| text.repeat(1 << 20 >> text.len().trailing_zeros()).into_bytes();
    for (start, part) in [
        ("[", "[[[["),
        ("", "    "),
        ("{\"a\":\"", "abcd"),
        ("{\"a\":\"", "\\\\\\\\"),
        ("[", "1234"),
        ("", "abcd"),
        ("", "a b "),
        ("{\"token\":{", "{[\"a"),
    ] {
        let mut stream = masker().stream();
        let mut out = Vec::new();
        stream.push(start.as_bytes(), &mut out);
        let part = block(part);
        for _ in 0..4 {
            out.clear();
            stream.push(&part, &mut out);
            assert!(out.len() <= part.len() + 70_000);
            assert!(format!("{stream:?}").len() < 2_000_000, "{start}");
        }
    }
}

#[test]
fn depth_costs_nothing() {
    let deep = 1_000_000;
    let body = format!("{}\"10.0.0.7\"{}", "[".repeat(deep), "]".repeat(deep));
    let shown = streamed([body.clone().into_bytes()]);
    assert_eq!(String::from_utf8(shown).unwrap(), body.replace("10.0.0.7", "[IP_REDACTED]"));
}

#[test]
fn names_within_values_are_read_once() {
    // Read from each sign to the end, one of these strings took seconds.
    for part in ["token=", "token:", "token:{", "token=a;", "access_code: token="] {
        let one = format!("\"{}\"", part.repeat(60_000 / part.len()));
        let body = format!("[{}]", vec![one; 8].join(","));
        let shown = String::from_utf8(streamed([body.into_bytes()])).unwrap();
        assert!(!shown.contains("token=a") && !shown.contains("token:token"), "{part}");
    }
    let shown =
        masker().text("token=access_code= 1234, pin=a=b c; token=x passwd={a} b\nc").into_owned();
    assert_eq!(shown, "token=*** ********, pin=******** c; token=*** passwd=********\nc");
}
