//! What is written so that a search for it finds nothing.

use super::{json, masker, text};

#[test]
fn escapes_hide_neither_keys_nor_values() {
    assert_eq!(
        json(
            r#"{"dev\u005faccess\u005Fcode":"12345678","a":"\u0068ttps:\/\/x.y\/z","b":"192\u002e168.1.5","c":"farm\u002duser-7f3a9c"}"#
        ),
        r#"{"dev\u005faccess\u005Fcode":"********","a":"[URL_REDACTED]","b":"[IP_REDACTED]","c":"***REDACTED***"}"#
    );
}

#[test]
fn half_an_escape_hides_no_address_after_it() {
    assert_eq!(json(r#"["x,u003192.168.77.5","uDE00192.168.77.5"]"#).matches("192.168").count(), 0);
}

#[test]
fn json_within_a_string_is_read_as_json_however_deep() {
    let inner = r#"{"dev_access_code":"12345678","n":[1,{"url":"https:\/\/a.b"}]}"#;
    let mut body = inner.to_owned();
    for level in 0..9 {
        body = serde_json::to_string(&serde_json::json!({ "content": body })).unwrap();
        let shown = json(&body);
        assert!(!shown.contains("12345678") && !shown.contains("a.b"), "{level}: {shown}");
        let _: serde_json::Value = serde_json::from_str(&shown).unwrap();
    }
    assert_eq!(
        json(r#"{"content":"{\"dev_access_code\":\"12345678\",\"x\":1}"}"#),
        r#"{"content":"{\"dev_access_code\":\"********\",\"x\":1}"}"#
    );
}

#[test]
fn percent_signs_and_backslashes_hide_no_url() {
    for hidden in [
        "https%3A%2F%2Fhost.example%2Fx",
        "https%253A%252F%252Fhost.example%252Fx",
        r"https:\/\/host.example/x",
        r"https:\\host.example\x",
        r"\\host.example\share\x",
        r"\u0068ttps:\/\/host.example",
        "x?a=1%26Signature%3Dhost.example",
    ] {
        assert!(!text(hidden).contains("host.example"), "{}", text(hidden));
    }
}

#[test]
fn a_url_may_have_any_scheme_or_none() {
    for hidden in [
        "HTTPS://X.Y/z",
        "rtsps://bblp:12345678@192.168.1.5:322/streaming/live/1",
        "ftp://part.3mf",
        "s3://bucket/key",
        "mqtts://us.mqtt.bambulab.com:8883",
        "bambu:///tutk?uid=TT&authkey=AK&passwd=PW",
        "https://[fe80::1]:80/x",
        "//cdn.example.com/x",
        "us.mqtt.bambulab.com:8883",
        "bblp:12345678@printer",
        "users/1/model.3mf?AWSAccessKeyId=AK&Expires=1&Signature=S",
        "/x?X-Amz-Credential=c&X-Amz-Date=1",
        "a.3mf?auth_key=123-0-0-abc",
    ] {
        assert_eq!(text(hidden), "[URL_REDACTED]", "{hidden}");
        assert_eq!(text(&format!("see <{hidden}> or")), "see <[URL_REDACTED]> or");
    }
}

#[test]
fn ipv6_addresses_are_found_in_all_their_forms() {
    for hidden in [
        "fe80::1%eth0",
        "2001:db8::8a2e:370:7334",
        "2001:0DB8:0:0:0:0:0:1",
        "::ffff:192.168.1.5",
        "64:ff9b::192.0.2.33",
        "fe80::",
    ] {
        assert_eq!(text(hidden), "[IP_REDACTED]", "{hidden}");
        assert_eq!(text(&format!("at [{hidden}]:80.")), "at [[IP_REDACTED]]:80.");
    }
    assert_eq!(text("ip:fe80::1, 5.fe80::2"), "ip:[IP_REDACTED], 5.[IP_REDACTED]");
    assert_eq!(text("1.192.168.1.5"), "[IP_REDACTED]");
    assert_eq!(text("host192.168.1.5x"), "host[IP_REDACTED]x");
}

#[test]
fn text_that_is_no_json_is_masked_as_text() {
    for (plain, shown) in [
        ("no route to 10.0.0.7: refused", "no route to [IP_REDACTED]: refused"),
        ("404 page https://a.b/c", "404 page [URL_REDACTED]"),
        ("192.168.1.5", "[IP_REDACTED]"),
        ("2001:0:0:0:0:0:0:5", "[IP_REDACTED]"),
        ("{'dev_access_code': '12345678'}", "{'dev_access_code': '********'}"),
        ("{dev_access_code: 12345678}", "{dev_access_code: ********"),
        (r#"{"dev_access_code" "12345678"}"#, r#"{"dev_access_code" "********"}"#),
        (r#"{"dev_access_code":,"12345678"}"#, r#"{"dev_access_code":,"********"}"#),
        (r#"{"access_code":: "12345678"}"#, r#"{"access_code":: "********"}"#),
        (r#"{"access_code":'12345678'}"#, r#"{"access_code":'********'}"#),
        ("Access code: 12345678, passwd=abc;", "Access code: ********, passwd=********;"),
        ("Authorization: Bearer AQAB.cdef", "Authorization: ********"),
        ("sent Bearer AQAB.cdefgh", "sent Bearer ***"),
        ("token=abc&x=1", "[URL_REDACTED]"),
    ] {
        assert_eq!(json(plain), shown);
    }
}

#[test]
fn utf_16_hides_nothing() {
    let body = r#"{"dev_access_code":"12345678"}"#;
    let wide: Vec<u8> = body.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut marked = vec![0xFF, 0xFE];
    marked.extend_from_slice(&wide);
    for body in [wide, marked] {
        let shown: Vec<u8> = masker().json(&body).into_iter().filter(|byte| *byte != 0).collect();
        assert!(!String::from_utf8_lossy(&shown).contains("12345678"));
    }
}

#[test]
fn a_mark_at_the_beginning_and_a_document_per_line_are_json() {
    let body = "\u{feff}{\"access_code\":\"1\"}\n{\"access_code\":\"2\"}\n[\"\\u0031\"] 5\n";
    assert_eq!(
        json(body),
        "\u{feff}{\"access_code\":\"********\"}\n{\"access_code\":\"********\"}\n[\"\\u0031\"] 5\n"
    );
}

#[test]
fn an_answer_that_is_cut_off_shows_nothing_and_says_so() {
    let body = r#"{"dev_access_code":"12345678","url":"https://a.b/c","x":"192.168.1.5"}"#;
    for end in 0..body.len() {
        let mut stream = masker().stream();
        let mut out = Vec::new();
        stream.push(&body.as_bytes()[..end], &mut out);
        assert_eq!(stream.finish(&mut out).is_err(), end > 0, "{end}");
        let shown = String::from_utf8(out).unwrap();
        assert!(!shown.contains("1234") && !shown.contains("://") && !shown.contains("168.1.5"));
    }
}

#[test]
fn a_lone_surrogate_passes_and_does_not_spoil_what_is_masked() {
    assert_eq!(json(r#"["\ud83d","\ud83d 10.0.0.7"]"#), "[\"\\ud83d\",\"\u{fffd} [IP_REDACTED]\"]");
}
