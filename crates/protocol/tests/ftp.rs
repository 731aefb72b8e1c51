//! Whatever a printer's storage answers or lists: bounded, and never a panic.

use bambu_protocol::ftp::{
    LONGEST_REPLY, Reply, entries, extended_passive_port, partial_path, passive_port, remote_path,
    upload_name,
};
use bytes::BytesMut;
use proptest::{collection::vec, prelude::*};

/// Bytes that look like replies or listings more often than chance would have it.
fn almost() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop_oneof![
        Just("220".to_owned()),
        Just("-".to_owned()),
        Just(" ".to_owned()),
        Just("\r\n".to_owned()),
        Just("-rwxr-xr-x 1 103 107 ".to_owned()),
        Just("Nov 21 22:10 ".to_owned()),
        Just("..".to_owned()),
        Just("(|||50000|)".to_owned()),
        Just("(0,0,0,0,195,80)".to_owned()),
        any::<u64>().prop_map(|number| number.to_string()),
        any::<String>(),
    ];
    let texts = vec(pieces, 0..30).prop_map(|pieces| pieces.concat().into_bytes());
    prop_oneof![texts, vec(any::<u8>(), 0..300)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_reply_is_found_the_same_however_its_bytes_arrive(bytes in almost(), cut in any::<prop::sample::Index>()) {
        let mut whole = BytesMut::from(&bytes[..]);
        let at_once = Reply::decode(&mut whole);
        let (first, second) = bytes.split_at(cut.index(bytes.len() + 1));
        let mut parts = BytesMut::from(first);
        let mut in_two = Reply::decode(&mut parts);
        if matches!(in_two, Ok(None)) {
            parts.extend_from_slice(second);
            in_two = Reply::decode(&mut parts);
        }
        prop_assert_eq!(&in_two, &at_once);
        if let Ok(Some(reply)) = at_once {
            prop_assert!((100..700).contains(&reply.code));
            prop_assert!(!reply.text().chars().any(char::is_control));
        }
    }

    #[test]
    fn what_was_told_is_read_back(code in 100u16..659, lines in vec("[ -~]{0,40}", 1..6)) {
        prop_assume!(code % 100 < 60);
        let (last, before) = lines.split_last().unwrap();
        let mut text: String = before.iter().map(|line| format!("{code}-{line}\r\n")).collect();
        text += &format!("{code} {last}\r\n");
        let mut buffer = BytesMut::from(text.as_bytes());
        prop_assert_eq!(Reply::decode(&mut buffer), Ok(Some(Reply { code, lines })));
        prop_assert!(buffer.is_empty());
    }

    #[test]
    fn a_buffer_that_is_full_is_never_waited_for(filler in vec(any::<u8>(), 1..20)) {
        let bytes: Vec<u8> = filler.iter().copied().cycle().take(LONGEST_REPLY).collect();
        prop_assert_ne!(Reply::decode(&mut BytesMut::from(&bytes[..])), Ok(None));
    }

    #[test]
    fn entries_are_names_and_never_paths(bytes in almost()) {
        for entry in entries(&bytes) {
            prop_assert!(!entry.name.is_empty() && !entry.name.contains('/'));
            prop_assert!(!entry.name.chars().any(char::is_control));
            prop_assert!(entry.name != "." && entry.name != "..");
        }
    }

    #[test]
    fn a_listed_name_is_read_back(name in "[^/\\p{C}]{1,40}", size in any::<u64>()) {
        prop_assume!(name != "." && name != "..");
        let line = format!("-rwxr-xr-x   1 103 107 {size} Feb  3 2025 {name}\r\n");
        let read = entries(line.as_bytes());
        prop_assert_eq!(read.len(), 1);
        prop_assert_eq!((&read[0].name, read[0].size), (&name, size));
    }

    #[test]
    fn a_path_that_is_sent_is_one_line_and_stays_one(path in any::<String>()) {
        if let Ok(clean) = remote_path(&path) {
            prop_assert!(clean.starts_with('/') && !clean.chars().any(char::is_control));
            prop_assert!(!clean.split('/').any(|part| part == ".."));
            prop_assert_eq!(remote_path(&clean).unwrap(), clean.clone());
            prop_assert!(remote_path(&partial_path(&clean)).is_ok());
        }
        let name = upload_name(&path);
        prop_assert!(!name.contains(['/', '\\']) && !name.chars().any(char::is_control));
    }

    #[test]
    fn ports_are_read_from_anything(bytes in almost()) {
        let text = String::from_utf8_lossy(&bytes);
        prop_assert_ne!(passive_port(&text), Some(0));
        prop_assert_ne!(extended_passive_port(&text), Some(0));
    }
}
