use proptest::prelude::*;

use super::*;
use crate::Model;

/// As the reference shows it. [L]
const SEEN: &str = r#"{"login":{"command":"detect","sequence_id":3021,"id":"03000A000000001",
    "model":"N1","name":"work\u001bshop","version":"01.07.02.00","bind":"free","connect":"lan",
    "dev_cap":1}}"#;

fn buffer(bytes: &[u8]) -> BytesMut {
    BytesMut::from(bytes)
}

fn seen() -> Announcement {
    match read(SEEN.as_bytes()) {
        Some(Message::Answer(about)) => about,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_frame_is_its_marks_its_whole_length_and_its_json() {
    assert_eq!(frame("{}").unwrap(), [0xa5, 0xa5, 8, 0, b'{', b'}', 0xa7, 0xa7]);
    assert_eq!(decode(&mut buffer(&frame("{}").unwrap())).unwrap(), "{}");
    assert!(frame(&"x".repeat(8_186)).is_some());
    assert!(frame(&"x".repeat(8_187)).is_none());
}

#[test]
fn question_and_answer_are_read_as_they_are_written() {
    assert_eq!(read(question().as_bytes()), Some(Message::Question));
    let about = seen();
    assert_eq!(about.model(), Some(Model::A1Mini));
    assert_eq!(about.name.as_deref(), Some("workshop"));
    assert_eq!((about.connect, about.bind), (Some(Mode::Lan), Some(Bind::Free)));
    assert_eq!(read(answer(&about, 1).as_bytes()), Some(Message::Answer(about)));
}

#[test]
fn a_refusal_tells_its_reason() {
    let text = refusal("LAN-ONLY enabled", LAN_ONLY, 1000);
    let Some(Message::Report(report)) = read(text.as_bytes()) else { panic!("{text}") };
    assert!(report.is_failure());
    assert_eq!(report.message.as_deref(), Some("LAN-ONLY enabled"));
    assert_eq!(report.code, Some(LAN_ONLY));
    let odd = r#"{"login":{"command":"login_report","status":"FAILURE","reason":"tired"}}"#;
    let Some(Message::Report(report)) = read(odd.as_bytes()) else { panic!("{odd}") };
    assert_eq!((report.message, report.code), (None, None));
}

#[test]
fn after_rubbish_the_next_frame_is_found() {
    let good = frame(SEEN).unwrap();
    for rubbish in [
        &b"HTTP/1.1 400 Bad Request\r\n"[..],
        &[0xa5],
        &[0xa5, 0xa5, 0, 0],
        &[0xa5, 0xa5, 7, 0, b'{', 0xa7, 0xa8],
        &[0xa5, 0xa5, 0xa5],
    ] {
        let mut buffer = buffer(&[rubbish, &good].concat());
        assert_eq!(decode(&mut buffer).unwrap(), SEEN, "{rubbish:x?}");
        assert!(buffer.is_empty());
    }
}

#[test]
fn a_frame_may_come_byte_by_byte() {
    let mut inbox = BytesMut::new();
    let good = frame(SEEN).unwrap();
    let (last, rest) = good.split_last().unwrap();
    for byte in rest {
        inbox.extend_from_slice(&[*byte]);
        assert_eq!(decode(&mut inbox), None);
    }
    inbox.extend_from_slice(&[*last]);
    assert_eq!(decode(&mut inbox).unwrap(), SEEN);
}

#[test]
fn what_nobody_says_is_no_message() {
    for text in [
        "",
        "[]",
        "{}",
        r#"{"login":1}"#,
        r#"{"login":{"command":"dance"}}"#,
        r#"{"login":{"command":"detect","id":"a/b"}}"#,
        r#"{"login":{"command":"detect","id":7}}"#,
    ] {
        assert_eq!(read(text.as_bytes()), None, "{text}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic_or_pile_up(chunks in proptest::collection::vec(
        proptest::collection::vec(prop_oneof![any::<u8>(), Just(0xa5), Just(0xa7)], 0..64), 0..16)
    ) {
        let mut inbox = BytesMut::new();
        for chunk in chunks {
            inbox.extend_from_slice(&chunk);
            while let Some(json) = decode(&mut inbox) {
                let _ = read(&json);
            }
            prop_assert!(inbox.len() < LONGEST);
            prop_assert!(inbox.is_empty() || inbox.starts_with(&[0xa5]));
        }
    }
}
