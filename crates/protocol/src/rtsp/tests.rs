//! Messages, logins and descriptions as servers send them; `tests/stream.rs` has the packets.

mod stream;

use bytes::Bytes;
use proptest::prelude::*;

use super::{
    auth::{Challenge, Count, Login},
    sdp::{self, BadSdp, resolve},
    *,
};

fn read_all(bytes: &[u8], step: usize) -> Result<Vec<Message>, BadMessage> {
    let mut reader = Reader::default();
    let mut found = Vec::new();
    for piece in bytes.chunks(step.max(1)) {
        reader.extend(piece);
        while let Some(message) = reader.message()? {
            found.push(message);
        }
    }
    Ok(found)
}

const TALK: &[u8] = b"$\x00\x00\x03abcRTSP/1.0 200 OK\r\nCSeq: 2\r\ncontent-length: 4\r\n\r\nv=0\n\
    $\x01\x00\x00\r\n\r\nRTSP/1.0 401 Unauthorized\nCSeq: 3\n\n\
    OPTIONS * RTSP/1.0\r\nX-Long: one\r\n two\r\n\r\n$\x00\x00\x01$";

#[test]
fn frames_and_messages_come_apart_wherever_they_are_cut() {
    let whole = read_all(TALK, usize::MAX).unwrap();
    assert_eq!(whole.len(), 6);
    let Message::Response(first) = &whole[1] else { panic!("{whole:?}") };
    assert_eq!(
        (first.status, first.reason.as_str(), first.body.as_ref()),
        (200, "OK", &b"v=0\n"[..])
    );
    assert_eq!(first.headers.value("cseq"), Some("2"));
    let Message::Request(request) = &whole[4] else { panic!("{whole:?}") };
    assert_eq!(
        (request.method.as_str(), request.headers.value("X-Long")),
        ("OPTIONS", Some("one two"))
    );
    for step in 1..40 {
        assert_eq!(read_all(TALK, step).unwrap(), whole);
    }
}

#[test]
fn lies_about_lengths_end_the_connection() {
    let answer =
        |headers: &str| read_all(format!("RTSP/1.0 200 OK\r\n{headers}\r\n\r\n").as_bytes(), 7);
    assert_eq!(answer("Content-Length: 99999999999"), Err(BadMessage::BodyTooLong(99_999_999_999)));
    assert_eq!(answer("Content-Length: -1"), Err(BadMessage::Length));
    assert_eq!(answer("Content-Length: 1\r\nContent-Length: 2"), Err(BadMessage::Length));
    assert_eq!(answer("no header"), Err(BadMessage::Header));
    assert_eq!(answer(&"a: b\r\n".repeat(200)), Err(BadMessage::Header));
    assert_eq!(read_all(&[b'a'; 70_000], 1000), Err(BadMessage::HeadTooLong));
    assert_eq!(read_all(b"HTTP/1.1 200 OK\r\n\r\n", 1000), Err(BadMessage::FirstLine));
}

#[test]
fn what_is_written_is_read_again_and_begins_no_other_line() {
    let mut request = Request::new("SETUP", "rtsps://host/1");
    request.headers.push("Session", "1\r\nEvil: 2");
    request.headers.push("Authorization", "Basic c2VjcmV0");
    request.body = Bytes::from_static(b"body");
    assert!(!format!("{request:?}").contains("c2VjcmV0"));
    let read = read_all(&request.encode(), 3).unwrap();
    let [Message::Request(read)] = &read[..] else { panic!("{read:?}") };
    assert_eq!(read.headers.value("Session"), Some("1Evil: 2"));
    assert_eq!((read.headers.value("Evil"), read.body.as_ref()), (None, &b"body"[..]));
    let response = Response::new(453, "Not Enough Bandwidth");
    assert_eq!(read_all(&response.encode(), 1).unwrap(), [Message::Response(response)]);
}

fn challenge(values: &[&str]) -> Option<Challenge> {
    let mut headers = Headers::default();
    values.iter().for_each(|value| headers.push("WWW-Authenticate", *value));
    Challenge::best_of(&headers)
}

fn login() -> Login {
    Login { user: "Mufasa".into(), password: "Circle Of Life".into() }
}

#[test]
fn proofs_are_those_of_the_standards() {
    let count = Count { nonce: "0a4f113b".into(), uses: 1 };
    let told = r#"Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41""#;
    let answer = challenge(&[told]).unwrap().answer(&login(), "GET", "/dir/index.html", &count);
    assert!(answer.contains(r#"response="6629fae49393a05397450978507c4ef1""#), "{answer}");
    assert!(answer.contains(r#"qop=auth, nc=00000001, cnonce="0a4f113b""#), "{answer}");
    assert!(answer.contains(r#"opaque="5ccc069c403ebaf9f0171e9517f40e41""#), "{answer}");
    let plain = r#"Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093""#;
    let answer = challenge(&[plain]).unwrap().answer(&login(), "GET", "/dir/index.html", &count);
    // RFC 2069 with its erratum: MD5 of both hashes and the nonce.
    assert!(answer.contains(r#"response="670fd8c2df070c60b045671b8b24ff02""#), "{answer}");
    assert!(!answer.contains("nc=") && !answer.contains("Circle"), "{answer}");
    let basic = challenge(&[r#"Basic realm="x""#]).unwrap().answer(&login(), "GET", "/", &count);
    assert_eq!(basic, "Basic TXVmYXNhOkNpcmNsZSBPZiBMaWZl");
}

#[test]
fn the_best_challenge_that_is_known_is_taken() {
    let digest = r#"digest REALM="a \"b\", c" , nonce=abc, stale=TRUE"#;
    let Some(Challenge::Digest(found)) = challenge(&["Basic realm=\"x\"", digest]) else {
        panic!("no digest")
    };
    assert_eq!((found.realm.as_str(), found.nonce.as_str()), (r#"a "b", c"#, "abc"));
    assert!(found.is_stale && !found.counted && !found.per_session);
    assert_eq!(challenge(&[r#"Digest realm="a", nonce="b", algorithm=SHA-256"#]), None);
    assert_eq!(challenge(&[r#"Digest realm="a", nonce="b", qop="auth-int""#]), None);
    assert_eq!(challenge(&[r#"Digest realm="a""#, "Bearer", ""]), None);
}

const LIVE555: &str = "v=0\r\no=- 1 1 IN IP4 192.168.1.2\r\ns=Session\r\nt=0 0\r\n\
    a=control:*\r\na=range:npt=0-\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/8000\r\n\
    m=video 0 RTP/AVP 95 96\r\nc=IN IP4 0.0.0.0\r\nb=AS:500\r\na=rtpmap:95 H265/90000\r\n\
    a=rtpmap:96 H264/90000\r\n\
    a=fmtp:96 packetization-mode=1;profile-level-id=42C028;sprop-parameter-sets=Z0LAKA==,aMuDyyA\r\n\
    a=control:track1\r\n";

#[test]
fn a_description_names_the_h264_among_other_streams() {
    let video = sdp::Video::parse(LIVE555.as_bytes()).unwrap();
    assert_eq!((video.payload_type, video.clock, video.packetization_mode), (96, 90_000, 1));
    assert_eq!(video.control.as_deref(), Some("track1"));
    assert_eq!(video.session_control.as_deref(), Some("*"));
    assert_eq!(video.parameter_sets[0].as_ref(), [0x67, 0x42, 0xc0, 0x28]);
    assert_eq!(video.parameter_sets[1].as_ref(), [0x68, 0xcb, 0x83, 0xcb, 0x20]);
    let unordered = LIVE555.replace("mode=1", "mode=2");
    assert_eq!(sdp::Video::parse(unordered.as_bytes()), Err(BadSdp::Order(2)));
    let other = LIVE555.replace("H264", "VP8");
    assert_eq!(sdp::Video::parse(other.as_bytes()), Err(BadSdp::NoH264));
    assert_eq!(sdp::Video::parse(b"<html>"), Err(BadSdp::NoSdp));
}

#[test]
fn addresses_of_tracks_stand_behind_the_base_unless_they_are_whole() {
    let base = "rtsps://host:322/streaming/live/1";
    for (control, found) in [
        (None, base),
        (Some("*"), base),
        (Some("track1"), "rtsps://host:322/streaming/live/1/track1"),
        (Some("rtsp://other/1"), "rtsp://other/1"),
        (Some("/track1"), "rtsps://host:322/track1"),
    ] {
        assert_eq!(resolve(base, control), found);
    }
    assert_eq!(resolve("rtsp://h/1/", Some("t")), "rtsp://h/1/t");
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_are_read_alike(bytes: Vec<u8>, step in 1..50_usize) {
        prop_assert_eq!(read_all(&bytes, step), read_all(&bytes, usize::MAX));
    }

    #[test]
    fn any_mixture_of_talk_is_read_alike_in_any_pieces(
        parts in prop::collection::vec((0..TALK.len(), 0..TALK.len()), 0..6),
        step in 1..50_usize,
    ) {
        let bytes: Vec<u8> =
            parts.iter().flat_map(|&(a, b)| TALK[a.min(b)..a.max(b)].to_vec()).collect();
        prop_assert_eq!(read_all(&bytes, step), read_all(&bytes, usize::MAX));
    }

    #[test]
    fn any_challenge_and_any_description_is_read(text: String, bytes: Vec<u8>) {
        let _ = challenge(&[&format!("Digest {text}"), &text]);
        let _ = sdp::Video::parse(&bytes);
        let _ = sdp::Video::parse(format!("v=0\nm=video 0 RTP/AVP 96\na={text}").as_bytes());
        let _ = resolve(&text, Some(&text));
    }
}
