use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits { max_packet: 1 << 20 };

fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_ äöü€🙂-]{0,24}"
}

fn topic_name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_$ é-]{1,8}(/[a-zA-Z0-9_]{0,5}){0,4}"
}

fn filter() -> impl Strategy<Value = String> {
    prop_oneof![topic_name(), Just("#".to_owned()), Just("device/+/report".to_owned())]
}

fn qos() -> impl Strategy<Value = QoS> {
    prop_oneof![Just(QoS::AtMostOnce), Just(QoS::AtLeastOnce), Just(QoS::ExactlyOnce)]
}

fn bytes() -> impl Strategy<Value = Bytes> {
    proptest::collection::vec(any::<u8>(), 0..300).prop_map(Bytes::from)
}

fn will() -> impl Strategy<Value = Will> {
    (topic_name(), bytes(), qos(), any::<bool>()).prop_map(|(topic, payload, qos, retain)| Will {
        topic,
        payload,
        qos,
        retain,
    })
}

fn connect() -> impl Strategy<Value = Packet> {
    let login = proptest::option::of((text(), proptest::option::of(bytes())));
    (text(), any::<bool>(), any::<u16>(), login, proptest::option::of(will())).prop_map(
        |(client_id, clean_session, keep_alive, login, will)| {
            let (username, password) = match login {
                Some((username, password)) => (Some(username), password),
                None => (None, None),
            };
            Packet::Connect(Connect {
                client_id,
                clean_session,
                keep_alive,
                username,
                password,
                will,
            })
        },
    )
}

fn publish() -> impl Strategy<Value = Packet> {
    (topic_name(), bytes(), qos(), any::<bool>(), any::<bool>(), 1..=u16::MAX).prop_map(
        |(topic, payload, qos, retain, dup, id)| {
            let acknowledged = qos != QoS::AtMostOnce;
            let packet_id = acknowledged.then_some(id);
            Packet::Publish(Publish {
                topic,
                payload,
                qos,
                retain,
                dup: dup && acknowledged,
                packet_id,
            })
        },
    )
}

fn conn_ack() -> impl Strategy<Value = Packet> {
    (any::<bool>(), 0..6_u8).prop_map(|(present, number)| {
        let code = ConnectCode::from_wire(number).unwrap();
        Packet::ConnAck(ConnAck { session_present: present && number == 0, code })
    })
}

fn lists() -> impl Strategy<Value = Packet> {
    let id = 1..=u16::MAX;
    let subscribe = (id.clone(), proptest::collection::vec((filter(), qos()), 1..5))
        .prop_map(|(packet_id, filters)| Packet::Subscribe(Subscribe { packet_id, filters }));
    let sub_ack = (id.clone(), proptest::collection::vec(proptest::option::of(qos()), 1..5))
        .prop_map(|(packet_id, granted)| Packet::SubAck(SubAck { packet_id, granted }));
    let unsubscribe = (id, proptest::collection::vec(filter(), 1..5))
        .prop_map(|(packet_id, filters)| Packet::Unsubscribe(Unsubscribe { packet_id, filters }));
    prop_oneof![subscribe, sub_ack, unsubscribe]
}

fn packet() -> impl Strategy<Value = Packet> {
    let id = 1..=u16::MAX;
    prop_oneof![
        connect(),
        conn_ack(),
        publish(),
        lists(),
        id.clone().prop_map(Packet::PubAck),
        id.clone().prop_map(Packet::PubRec),
        id.clone().prop_map(Packet::PubRel),
        id.clone().prop_map(Packet::PubComp),
        id.prop_map(Packet::UnsubAck),
        Just(Packet::PingReq),
        Just(Packet::PingResp),
        Just(Packet::Disconnect),
    ]
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_the_same(packets in proptest::collection::vec(packet(), 1..6)) {
        let mut wire = BytesMut::new();
        for packet in &packets {
            encode(packet, &mut wire).unwrap();
        }
        let mut read = Vec::new();
        while let Some(packet) = decode(&mut wire, &LIMITS).unwrap() {
            read.push(packet);
        }
        prop_assert_eq!(read, packets);
        prop_assert!(wire.is_empty());
    }

    #[test]
    fn a_packet_in_pieces_is_waited_for_and_never_refused(packet in packet(), cut in any::<usize>()) {
        let mut wire = BytesMut::new();
        encode(&packet, &mut wire).unwrap();
        let mut front = wire.split_to(cut % wire.len());
        prop_assert_eq!(decode(&mut front, &LIMITS), Ok(None));
        front.unsplit(wire);
        prop_assert_eq!(decode(&mut front, &LIMITS), Ok(Some(packet)));
    }

    #[test]
    fn decoding_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut wire = BytesMut::from(bytes.as_slice());
        while let Ok(Some(_)) = decode(&mut wire, &LIMITS) {}
    }

    #[test]
    fn a_damaged_packet_never_panics_and_what_passes_encodes_again(
        packet in packet(), at in any::<usize>(), with in any::<u8>(),
    ) {
        let mut wire = BytesMut::new();
        encode(&packet, &mut wire).unwrap();
        let at = at % wire.len();
        wire[at] = with;
        if let Ok(Some(read)) = decode(&mut wire, &LIMITS) {
            let mut again = BytesMut::new();
            encode(&read, &mut again).unwrap();
            prop_assert_eq!(decode(&mut again, &LIMITS), Ok(Some(read)));
        }
    }
}

#[test]
fn a_payload_is_a_slice_of_the_read_buffer() {
    let mut wire = BytesMut::from(&b"\x30\x05\x00\x01tab"[..]);
    let end = wire.as_ptr().wrapping_add(5);
    let Ok(Some(Packet::Publish(publish))) = decode(&mut wire, &LIMITS) else { panic!() };
    assert_eq!(publish.payload.as_ptr(), end);
}

#[test]
fn a_claimed_256_mb_packet_is_refused_before_anything_is_allocated() {
    let mut wire = BytesMut::with_capacity(8);
    wire.extend_from_slice(b"\x30\xff\xff\xff\x7f");
    let capacity = wire.capacity();
    let error = decode(&mut wire, &LIMITS).unwrap_err();
    assert_eq!(error, DecodeError::TooLarge { size: 268_435_460, limit: 1 << 20 });
    assert_eq!(wire.capacity(), capacity);
}

#[test]
fn the_limit_is_the_largest_packet_taken() {
    let limits = Limits { max_packet: 7 };
    assert!(decode(&mut BytesMut::from(&b"\x30\x05\x00\x01tab"[..]), &limits).unwrap().is_some());
    assert!(decode(&mut BytesMut::from(&b"\x30\x06\x00\x01tabc"[..]), &limits).is_err());
}

#[test]
fn a_password_is_never_shown_by_debug() {
    let connect = Connect {
        client_id: "c".to_owned(),
        clean_session: true,
        keep_alive: 30,
        username: Some("bblp".to_owned()),
        password: Some(Bytes::from_static(b"12345678")),
        will: None,
    };
    assert!(!format!("{connect:?}").contains("1234"));
}

#[test]
fn an_unwritable_packet_leaves_the_output_as_it_was() {
    let mut out = BytesMut::from(&b"before"[..]);
    let publish = |topic: &str, qos, dup, packet_id| {
        Packet::Publish(Publish {
            topic: topic.to_owned(),
            payload: Bytes::new(),
            qos,
            retain: false,
            dup,
            packet_id,
        })
    };
    let bad = [
        publish("a/+", QoS::AtMostOnce, false, None),
        publish("a\u{7f}", QoS::AtMostOnce, false, None),
        publish("a", QoS::AtMostOnce, true, None),
        publish("a", QoS::AtMostOnce, false, Some(1)),
        publish("a", QoS::AtLeastOnce, false, None),
        publish("a", QoS::AtLeastOnce, false, Some(0)),
        Packet::PubAck(0),
        Packet::Subscribe(Subscribe { packet_id: 1, filters: vec![] }),
        Packet::Unsubscribe(Unsubscribe { packet_id: 1, filters: vec!["a#".to_owned()] }),
        Packet::ConnAck(ConnAck { session_present: true, code: ConnectCode::NotAuthorized }),
    ];
    for packet in bad {
        assert!(encode(&packet, &mut out).is_err(), "{packet:?}");
        assert_eq!(out, &b"before"[..], "{packet:?}");
    }
}
