//! Who comes in, and what is allowed then.

use bambu_emulator::mqtt::Limits;
use bambu_protocol::mqtt::{ConnAck, ConnectCode, Packet, QoS, SubAck, Subscribe};
use bytes::Bytes;

use crate::{
    raw::{Raw, hello, message},
    world::World,
};

async fn refused(
    world: &World,
    user: Option<&str>,
    password: Option<&'static [u8]>,
) -> ConnectCode {
    let mut client = Raw::open(world.address).await;
    let mut connect = hello("c");
    connect.username = user.map(str::to_owned);
    connect.password = password.map(Bytes::from_static);
    client.send(&Packet::Connect(connect)).await;
    let Some(Packet::ConnAck(ConnAck { code, session_present: false })) = client.next().await
    else {
        panic!("no CONNACK");
    };
    assert_eq!(client.next().await, None, "closed after a refusal");
    code
}

#[tokio::test]
async fn a_wrong_login_gets_the_code_of_the_rules_and_is_closed() {
    let world = World::start().await;
    let bad = refused(&world, Some("maker"), Some(b"wrong")).await;
    assert_eq!(bad, ConnectCode::BadCredentials);
    let stranger = refused(&world, Some("stranger"), Some(b"secret")).await;
    assert_eq!(stranger, ConnectCode::NotAuthorized);
    assert_eq!(refused(&world, None, None).await, ConnectCode::NotAuthorized);
    world.until(|counters| counters.refused == 3 && counters.connections == 0).await;
}

#[tokio::test]
async fn other_protocol_levels_get_code_1() {
    let world = World::start().await;
    let levels: [&[u8]; 2] =
        [b"\x10\x0e\0\x06MQIsdp\x03\x02\0\0\0\0", b"\x10\x0e\0\x04MQTT\x05\x02\0\0\0\0\x01a"];
    for connect in levels {
        let mut client = Raw::open(world.address).await;
        tokio::io::AsyncWriteExt::write_all(&mut client.io, connect).await.unwrap();
        let code = ConnectCode::UnacceptableProtocol;
        let expected = Packet::ConnAck(ConnAck { session_present: false, code });
        assert_eq!(client.next().await, Some(expected));
        assert_eq!(client.next().await, None);
    }
}

#[tokio::test]
async fn a_nameless_client_is_let_in_only_when_it_keeps_nothing() {
    let world = World::start().await;
    let mut one = Raw::connected(world.address, "").await;
    let mut two = Raw::connected(world.address, "").await;
    one.ping().await;
    two.ping().await;
    let mut client = Raw::open(world.address).await;
    let mut connect = hello("");
    connect.clean_session = false;
    client.send(&Packet::Connect(connect)).await;
    let code = ConnectCode::IdentifierRejected;
    let expected = Packet::ConnAck(ConnAck { session_present: false, code });
    assert_eq!(client.next().await, Some(expected));
}

#[tokio::test]
async fn each_filter_is_granted_or_refused_by_itself() {
    let world = World::start().await;
    let mut client = Raw::connected(world.address, "c").await;
    let filters = vec![
        ("a".to_owned(), QoS::AtMostOnce),
        ("private/x".to_owned(), QoS::AtMostOnce),
        ("b/#".to_owned(), QoS::ExactlyOnce),
    ];
    client.send(&Packet::Subscribe(Subscribe { packet_id: 5, filters })).await;
    let granted = vec![Some(QoS::AtMostOnce), None, Some(QoS::AtLeastOnce)];
    assert_eq!(client.next().await, Some(Packet::SubAck(SubAck { packet_id: 5, granted })));
    world.broker.publish("private/x", "no");
    world.broker.publish("b/c", "yes");
    assert_eq!(client.message().await, ("b/c".to_owned(), Bytes::from("yes")));
}

#[tokio::test]
async fn a_publish_to_a_forbidden_topic_ends_the_connection() {
    let world = World::start().await;
    let mut client = Raw::connected(world.address, "c").await;
    client.send(&message("private/x", b"x", QoS::AtLeastOnce, 1)).await;
    assert_eq!(client.next().await, None);
    assert!(world.rules.heard.lock().unwrap().is_empty());
}

#[tokio::test]
async fn limits_hold_for_packets_subscriptions_and_connections() {
    let limits =
        Limits { max_packet: 1000, max_subscriptions: 2, max_connections: 2, ..Limits::default() };
    let world = World::with(limits, None).await;
    let mut client = Raw::connected(world.address, "c").await;
    for (filter, granted) in [("a", true), ("b", true), ("c", false), ("a", true)] {
        assert_eq!(client.subscribe(filter, QoS::AtMostOnce).await.is_some(), granted, "{filter}");
    }
    let second = Raw::connected(world.address, "d").await;
    assert_eq!(Raw::open(world.address).await.next().await, None, "no room for a third");
    drop(second);
    world.until(|counters| counters.connected == 1).await;
    client.send(&message("a", &[0; 1000], QoS::AtMostOnce, 0)).await;
    assert_eq!(client.next().await, None);
}

#[tokio::test]
async fn a_client_that_does_not_introduce_itself_is_closed() {
    let handshake = std::time::Duration::from_millis(50);
    let world = World::with(Limits { handshake, ..Limits::default() }, None).await;
    assert_eq!(Raw::open(world.address).await.next().await, None);
    world.until(|counters| counters.refused == 1).await;
}
