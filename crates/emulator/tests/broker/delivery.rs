//! Messages and what becomes of them.

use std::sync::atomic::Ordering;

use bambu_emulator::mqtt::Limits;
use bambu_protocol::mqtt::{Packet, QoS, Unsubscribe};
use bytes::Bytes;

use crate::{
    raw::{Raw, message},
    world::World,
};

#[tokio::test]
async fn a_message_reaches_each_subscriber_once_at_the_lower_level() {
    let world = World::start().await;
    let mut exact = Raw::connected(world.address, "exact").await;
    let mut wild = Raw::connected(world.address, "wild").await;
    let mut both = Raw::connected(world.address, "both").await;
    assert_eq!(exact.subscribe("a/b", QoS::ExactlyOnce).await, Some(QoS::AtLeastOnce));
    assert_eq!(wild.subscribe("+/b", QoS::AtMostOnce).await, Some(QoS::AtMostOnce));
    both.subscribe("#", QoS::AtMostOnce).await;
    both.subscribe("a/b", QoS::AtLeastOnce).await;
    let mut sender = Raw::connected(world.address, "sender").await;
    sender.send(&message("a/b", b"one", QoS::AtLeastOnce, 7)).await;
    assert_eq!(sender.next().await, Some(Packet::PubAck(7)));
    for (client, level) in [
        (&mut exact, QoS::AtLeastOnce),
        (&mut wild, QoS::AtMostOnce),
        (&mut both, QoS::AtLeastOnce),
    ] {
        let Some(Packet::Publish(publish)) = client.next().await else { panic!("no message") };
        assert_eq!((publish.qos, publish.payload), (level, Bytes::from("one")));
        client.ping().await;
    }
    assert_eq!(world.rules.heard.lock().unwrap().len(), 1);
    world.until(|counters| counters.deliveries == 3).await;
}

#[tokio::test]
async fn what_is_no_longer_wanted_is_no_longer_sent() {
    let world = World::start().await;
    let mut client = Raw::connected(world.address, "c").await;
    client.subscribe("a", QoS::AtMostOnce).await;
    assert_eq!(world.broker.publish("a", "1"), 1);
    assert_eq!(client.message().await.1, "1");
    let filters = vec!["a".to_owned(), "never".to_owned()];
    client.send(&Packet::Unsubscribe(Unsubscribe { packet_id: 3, filters })).await;
    assert_eq!(client.next().await, Some(Packet::UnsubAck(3)));
    assert_eq!(world.broker.publish("a", "2"), 0);
    client.ping().await;
}

#[tokio::test]
async fn a_qos_2_message_is_taken_once_however_often_it_comes() {
    let world = World::start().await;
    let mut client = Raw::connected(world.address, "c").await;
    for _ in 0..3 {
        client.send(&message("a", b"x", QoS::ExactlyOnce, 4)).await;
        assert_eq!(client.next().await, Some(Packet::PubRec(4)));
    }
    assert_eq!(world.rules.heard.lock().unwrap().len(), 1);
    client.send(&Packet::PubRel(4)).await;
    assert_eq!(client.next().await, Some(Packet::PubComp(4)));
    client.send(&message("a", b"y", QoS::ExactlyOnce, 4)).await;
    assert_eq!(client.next().await, Some(Packet::PubRec(4)));
    assert_eq!(world.rules.heard.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn an_acknowledged_stream_goes_on_past_the_window() {
    let world = World::start().await;
    let mut client = Raw::connected(world.address, "c").await;
    client.subscribe("a", QoS::AtLeastOnce).await;
    let mut sender = Raw::connected(world.address, "sender").await;
    let send = async {
        for id in 1..=900 {
            sender.send(&message("a", &[0; 10], QoS::AtLeastOnce, id)).await;
            assert_eq!(sender.next().await, Some(Packet::PubAck(id)));
        }
    };
    let receive = async {
        for _ in 0..900 {
            client.message().await;
        }
    };
    tokio::join!(send, receive);
}

#[tokio::test]
async fn a_message_of_a_megabyte_arrives_whole() {
    let world = World::start().await;
    let mut client = Raw::connected(world.address, "c").await;
    client.subscribe("a", QoS::AtMostOnce).await;
    let payload: Vec<u8> = (0..1_000_000_u32).map(|n| n as u8).collect();
    let mut sender = Raw::connected(world.address, "sender").await;
    sender.send(&message("a", &payload, QoS::AtMostOnce, 0)).await;
    assert_eq!(client.message().await.1, payload);
}

/// The value in `full 7` or `7`, and whether it is the full one.
fn value(payload: &[u8]) -> (bool, u64) {
    let text = std::str::from_utf8(payload).unwrap();
    let number = text.trim_start_matches("full ").split(' ').next().unwrap();
    (text.starts_with("full"), number.parse().unwrap())
}

#[tokio::test]
async fn a_client_that_cannot_keep_up_misses_nothing_that_the_full_status_does_not_tell() {
    let world = World::with(Limits { queue_messages: 16, ..Limits::default() }, None).await;
    let mut slow = Raw::connected(world.address, "slow").await;
    slow.subscribe("counted", QoS::AtMostOnce).await;
    let mut published = 0;
    while world.broker.counters().overflows == 0 {
        published = world.rules.latest.fetch_add(1, Ordering::SeqCst) + 1;
        world.broker.publish("counted", format!("{published} {}", "x".repeat(30_000)));
        tokio::task::yield_now().await;
    }
    let (mut latest, mut fulls) = (0, 0);
    while latest < published {
        let (full, number) = value(&slow.message().await.1);
        assert!(full || number <= latest + 1, "{latest} then {number}: lost in between");
        fulls += u32::from(full);
        latest = number;
    }
    assert!(fulls > 0);
}

#[tokio::test]
async fn reports_lost_before_the_broker_are_made_good_by_the_full_status() {
    let world = World::start().await;
    let mut client = Raw::connected(world.address, "c").await;
    client.subscribe("counted", QoS::AtMostOnce).await;
    client.subscribe("without", QoS::AtMostOnce).await;
    world.broker.resync("without");
    world.broker.resync("counted");
    assert_eq!(client.message().await.1, "full 0");
}
