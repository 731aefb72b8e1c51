//! What holds for whatever arrives.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::Value;

use super::{OWN, masker};

/// What may stand nowhere, and the part of it that is looked for.
const HIDDEN: [(&str, &str); 10] = [
    ("https://secret.example/p?q=1", "secret.example"),
    ("RTSPS://bblp:pw@secret.example", "secret.example"),
    ("//secret.example/x", "secret.example"),
    ("secret.example:8883", "secret.example"),
    ("u:p@secret.example", "secret.example"),
    ("secret.example?Signature=x", "secret.example"),
    ("192.168.77.5", "192.168.77.5"),
    ("fe80::dead:beef:1%eth0", "fe80::dead:beef:1"),
    ("2001:db8:0:0:dead:beef:0:1", "2001:db8:0:0:dead:beef:0:1"),
    (OWN, OWN),
];

/// What stands under a key that hides it.
const CODE: &str = "CODE9999";

const KEYS: [&str; 9] = [
    "dev_access_code",
    "accessCode",
    "Access Code",
    "refreshToken",
    "TOKENS",
    "passwd",
    "ttcode",
    "upload_ticket",
    "authkey",
];

const BEFORE: [&str; 12] =
    ["", " ", "at ", "(", "<", "[", "{", "ä", "v1.2 ", "\n", "\"", "\u{1F600}"];

const AFTER: [&str; 9] = ["", " x", ")", ">", "]", "ö", "\n", "\"", " 1.2"];

/// A text in which something hides.
fn hidden() -> impl Strategy<Value = String> {
    (select(&BEFORE[..]), select(&HIDDEN[..]), select(&AFTER[..]))
        .prop_map(|(before, (text, _), after)| format!("{before}{text}{after}"))
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        hidden().prop_map(Value::from),
        "[a-zA-Z0-9 .:/=_-]{0,12}".prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let entry = (prop_oneof!["[a-z_]{1,8}", hidden()], inner.clone());
        let secret = (select(&KEYS[..]), select(&[0, 1, 2][..])).prop_map(|(key, shape)| {
            let code = match shape {
                0 => Value::from(CODE),
                1 => serde_json::json!([CODE, {"x": CODE}]),
                _ => serde_json::json!({"y": [CODE], CODE: 1}),
            };
            (key.to_owned(), code)
        });
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec(entry, 0..5).prop_map(|entries| entries.into_iter().collect()),
            vec(secret, 0..3).prop_map(|entries| entries.into_iter().collect()),
            inner.prop_map(|value| Value::from(value.to_string())),
        ]
    })
}

/// Writes JSON, with escapes and spaces where `dice` says so.
fn write(value: &Value, dice: &[u8], at: &mut usize, out: &mut String) {
    let mut roll = || {
        *at += 1;
        dice.get(*at % dice.len().max(1)).copied().unwrap_or(0)
    };
    match value {
        Value::String(text) => {
            out.push('"');
            for character in text.chars() {
                let mut units = [0; 2];
                match roll() % 8 {
                    0 => {
                        for unit in character.encode_utf16(&mut units) {
                            out.push_str(&format!("\\u{unit:04X}"));
                        }
                    }
                    1 if character == '/' => out.push_str("\\/"),
                    _ => {
                        let quoted = serde_json::to_string(&character).unwrap();
                        out.push_str(quoted.get(1..quoted.len() - 1).unwrap());
                    }
                }
            }
            out.push('"');
        }
        Value::Array(list) => {
            out.push('[');
            for (index, item) in list.iter().enumerate() {
                out.push_str(if index > 0 { " ,\n" } else { "" });
                write(item, dice, at, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (index, (key, item)) in map.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write(&Value::from(key.as_str()), dice, at, out);
                out.push_str(if dice.len().is_multiple_of(2) { ":" } else { " : " });
                write(item, dice, at, out);
            }
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

fn chunked(body: &[u8], sizes: &[usize]) -> Vec<u8> {
    let mut stream = masker().stream();
    let mut out = Vec::new();
    let mut rest = body;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (now, later) = rest.split_at((*size).min(rest.len()));
        stream.push(now, &mut out);
        rest = later;
    }
    let _ = stream.finish(&mut out);
    out
}

/// Everything that the document says, the strings in strings resolved.
fn said(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => {
            out.push_str(text);
            out.push('\n');
            if let Ok(inner @ (Value::String(_) | Value::Array(_) | Value::Object(_))) =
                serde_json::from_str(text)
            {
                said(&inner, out);
            }
        }
        Value::Array(list) => list.iter().for_each(|item| said(item, out)),
        Value::Object(map) => map.iter().for_each(|(key, item)| {
            said(&Value::from(key.as_str()), out);
            said(item, out);
        }),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn nothing_hidden_survives_in_any_document_and_it_stays_json(
        value in value(),
        dice in vec(any::<u8>(), 1..40),
        sizes in vec(1usize..40, 1..6),
    ) {
        let mut body = String::new();
        write(&value, &dice, &mut 0, &mut body);
        let whole = masker().json(body.as_bytes());
        prop_assert_eq!(&chunked(body.as_bytes(), &sizes), &whole);
        let shown: Value = serde_json::from_slice(&whole).map_err(|error| {
            TestCaseError::fail(format!("{error}: {body} {}", String::from_utf8_lossy(&whole)))
        })?;
        let mut text = String::new();
        said(&shown, &mut text);
        for part in HIDDEN.iter().map(|(_, part)| *part).chain([CODE]) {
            prop_assert!(!text.contains(part), "{} in {} of {}", part, text, body);
        }
    }

    #[test]
    fn what_comes_again_in_a_list_is_masked_as_it_is_alone(
        values in vec(value(), 1..4),
        order in vec(any::<prop::sample::Index>(), 1..9),
        sizes in vec(1usize..40, 1..6),
    ) {
        let bodies: Vec<String> = values.iter().map(Value::to_string).collect();
        let listed = |shown: &dyn Fn(&String) -> String| {
            let items: Vec<String> = order.iter().map(|at| shown(at.get(&bodies))).collect();
            format!("[{}]", items.join(","))
        };
        let body = listed(&String::clone);
        let alone = listed(&|body| super::json(body));
        prop_assert_eq!(super::json(&body), alone.clone());
        let shown = chunked(body.as_bytes(), &sizes);
        prop_assert_eq!(String::from_utf8_lossy(&shown), alone);
    }

    #[test]
    fn nothing_hidden_survives_in_a_document_that_is_broken(
        value in value(),
        dice in vec(any::<u8>(), 1..40),
        cuts in vec((any::<prop::sample::Index>(), select(&b"\",:{}[]'x \n"[..]), any::<bool>()), 1..4),
        sizes in vec(1usize..40, 1..6),
    ) {
        let mut body = String::new();
        write(&value, &dice, &mut 0, &mut body);
        let mut body = body.into_bytes();
        for (at, byte, insert) in cuts {
            let at = at.index(body.len());
            if insert {
                body.insert(at, byte);
            } else {
                body[at] = byte;
            }
        }
        let whole = masker().json(&body);
        prop_assert_eq!(&chunked(&body, &sizes), &whole);
        let shown = String::from_utf8_lossy(&whole);
        for (_, part) in &HIDDEN[6..] {
            prop_assert!(!shown.contains(part), "{} in {} of {}", part, shown, String::from_utf8_lossy(&body));
        }
    }

    #[test]
    fn any_bytes_in_any_chunks_come_out_the_same(
        body in vec(prop_oneof![any::<u8>(), select(&b"{}[]\",:\\u0 .-1e/%token"[..])], 0..400),
        sizes in vec(1usize..9, 1..6),
    ) {
        let whole = masker().json(&body);
        prop_assert_eq!(chunked(&body, &sizes), whole);
    }

    #[test]
    fn what_has_nothing_to_hide_passes_byte_for_byte(
        body in vec("[a-z{}\\[\\]\", \n0-9äß-]{0,9}", 0..60),
    ) {
        let body = body.concat();
        prop_assert_eq!(String::from_utf8(masker().json(body.as_bytes())).unwrap(), body);
    }
}

#[test]
fn long_texts_come_out_the_same_in_any_chunks() {
    let parts = [
        "lorem ipsum ",
        "x",
        "10.0.0.7",
        "https://a.b/c ",
        "\\n",
        "\\u0041",
        "\"",
        "a:",
        "token: abc ",
        OWN,
        "%41",
    ];
    for (index, part) in parts.iter().enumerate() {
        for start in ["[\"", "", "{\"a\":"] {
            let filler = parts[(index * 7 + 3) % parts.len()];
            let body = format!(
                "{start}{}{}{}\"]",
                filler.repeat(66_000 / filler.len()),
                part.repeat(100),
                filler.repeat(70_000 / filler.len())
            );
            let whole = masker().json(body.as_bytes());
            for sizes in [&[1usize][..], &[7, 65_536], &[1000, 1, 3]] {
                assert!(chunked(body.as_bytes(), sizes) == whole, "{start}{part}{sizes:?}");
            }
        }
    }
}
