//! The life of a connection: takeover, silence, the last will, shutdown.

use std::time::Duration;

use bambu_protocol::mqtt::{Packet, QoS, Will};
use bytes::Bytes;

use crate::{
    raw::{Raw, hello, message},
    world::World,
};

#[tokio::test]
async fn a_newer_connection_takes_the_client_id_over() {
    let world = World::start().await;
    let mut old = Raw::connected(world.address, "same").await;
    old.subscribe("a", QoS::AtMostOnce).await;
    let mut new = Raw::connected(world.address, "same").await;
    assert_eq!(old.next().await, None);
    world.until(|counters| counters.connected == 1 && counters.connections == 2).await;
    assert_eq!(world.broker.publish("a", "x"), 0, "a new session has no subscriptions");
    new.ping().await;
}

#[tokio::test]
async fn an_old_connection_that_reads_nothing_is_taken_over_too() {
    let world = World::start().await;
    let mut old = Raw::connected(world.address, "same").await;
    old.subscribe("a", QoS::AtMostOnce).await;
    for _ in 0..200 {
        world.broker.publish("a", vec![0; 100_000]);
        tokio::task::yield_now().await;
    }
    let mut new = Raw::connected(world.address, "same").await;
    new.ping().await;
    world.until(|counters| counters.connected == 1).await;
    assert_eq!(world.broker.publish("a", "x"), 0);
}

#[tokio::test]
async fn the_same_client_id_of_another_user_is_another_client() {
    let world = World::start().await;
    let mut maker = Raw::connected(world.address, "same").await;
    let mut other = Raw::open(world.address).await;
    let mut connect = hello("same");
    connect.username = Some("other".to_owned());
    other.enter(connect).await;
    maker.ping().await;
    world.broker.disconnect("maker");
    assert_eq!(maker.next().await, None);
    other.ping().await;
}

#[tokio::test]
async fn a_silent_client_is_closed_and_its_will_is_done() {
    let world = World::start().await;
    let mut watcher = Raw::connected(world.address, "watcher").await;
    watcher.subscribe("wills", QoS::AtMostOnce).await;
    let mut lively = Raw::open(world.address).await;
    lively.enter(bambu_protocol::mqtt::Connect { keep_alive: 1, ..hello("lively") }).await;
    let mut silent = Raw::open(world.address).await;
    let will = Will {
        topic: "wills".to_owned(),
        payload: Bytes::from("gone"),
        qos: QoS::AtMostOnce,
        retain: true,
    };
    let mut connect = hello("silent");
    (connect.keep_alive, connect.will) = (1, Some(will));
    silent.enter(connect).await;
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        lively.ping().await;
    }
    assert_eq!(silent.next().await, None);
    assert_eq!(watcher.message().await.1, "gone");
    lively.ping().await;
}

#[tokio::test]
async fn who_says_goodbye_leaves_no_will() {
    let world = World::start().await;
    let mut watcher = Raw::connected(world.address, "watcher").await;
    watcher.subscribe("wills", QoS::AtMostOnce).await;
    let mut client = Raw::open(world.address).await;
    let mut connect = hello("c");
    connect.will = Some(Will {
        topic: "wills".to_owned(),
        payload: Bytes::from("gone"),
        qos: QoS::AtMostOnce,
        retain: false,
    });
    client.enter(connect).await;
    client.send(&Packet::Disconnect).await;
    assert_eq!(client.next().await, None);
    watcher.ping().await;
}

#[tokio::test]
async fn shutdown_closes_every_connection_and_ends() {
    let world = World::start().await;
    let mut clients = Vec::new();
    for number in 0..20 {
        clients.push(Raw::connected(world.address, &number.to_string()).await);
    }
    let mut stuck = Raw::connected(world.address, "stuck").await;
    stuck.subscribe("a", QoS::AtMostOnce).await;
    let waiting = Raw::open(world.address).await;
    for _ in 0..200 {
        world.broker.publish("a", vec![0; 100_000]);
        tokio::task::yield_now().await;
    }
    world.shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(20), world.running).await.unwrap().unwrap();
    for client in &mut clients {
        assert_eq!(client.next().await, None);
    }
    drop((stuck, waiting));
    assert!(tokio::net::TcpStream::connect(world.address).await.is_err());
}

#[tokio::test]
async fn one_who_only_sends_requests_is_heard_before_goodbye() {
    let world = World::start().await;
    let mut client = Raw::connected(world.address, "c").await;
    client.send(&message("a", b"last words", QoS::AtMostOnce, 0)).await;
    client.send(&Packet::Disconnect).await;
    assert_eq!(client.next().await, None);
    assert_eq!(world.rules.heard.lock().unwrap().len(), 1);
}
