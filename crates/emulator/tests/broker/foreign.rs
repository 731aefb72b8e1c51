//! `rumqttc`, a client that we did not write.

use std::time::Duration;

use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, MqttOptions, Packet, QoS,
};

use crate::world::World;

fn client(world: &World, id: &str, password: &str) -> (AsyncClient, EventLoop) {
    let mut options = MqttOptions::new(id, "127.0.0.1", world.address.port());
    options.set_credentials("maker", password);
    options.set_keep_alive(Duration::from_secs(5));
    options.set_max_packet_size(1 << 20, 1 << 20);
    AsyncClient::new(options, 10)
}

#[tokio::test]
async fn rumqttc_is_told_that_its_password_is_wrong() {
    let world = World::start().await;
    let (_client, mut events) = client(&world, "r", "wrong");
    match events.poll().await.unwrap_err() {
        ConnectionError::ConnectionRefused(code) => {
            assert_eq!(code, ConnectReturnCode::BadUserNamePassword);
        }
        error => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn rumqttc_sends_and_receives_at_every_level() {
    let world = World::start().await;
    let (client, mut events) = client(&world, "r", "secret");
    client.subscribe("device/+/report", QoS::AtLeastOnce).await.unwrap();
    let levels = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];
    for (number, level) in levels.into_iter().enumerate() {
        let payload = vec![number as u8; 5000];
        client.publish("device/x/report", level, false, payload).await.unwrap();
    }
    let (mut received, mut completed) = (Vec::new(), false);
    while received.len() < 3 || !completed {
        match events.poll().await.unwrap() {
            Event::Incoming(Packet::Publish(publish)) => {
                received.push((publish.payload[0], publish.qos));
            }
            Event::Incoming(Packet::PubComp(_)) => completed = true,
            _ => {}
        }
    }
    let expected = [(0, QoS::AtMostOnce), (1, QoS::AtLeastOnce), (2, QoS::AtLeastOnce)];
    assert_eq!(received, expected);
}
