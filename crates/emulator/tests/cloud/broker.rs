//! The cloud broker's rules, asked by a client that is not ours.

use std::time::Duration;

use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, MqttOptions, Packet, QoS,
    SubscribeReasonCode,
};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::http::{FOREIGN, MINE, Served};

const PATIENCE: Duration = Duration::from_secs(10);

fn client(served: &Served, user: &str, password: &str) -> (AsyncClient, EventLoop) {
    let mut options = MqttOptions::new("test", "127.0.0.1", served.mqtt_port);
    options.set_credentials(user, password).set_max_packet_size(1 << 20, 1 << 20);
    AsyncClient::new(options, 32)
}

fn mine(served: &Served) -> (AsyncClient, EventLoop) {
    let user = format!("u_{}", served.cloud.accounts().ready.uid);
    client(served, &user, &served.token())
}

async fn next(events: &mut EventLoop) -> Result<Packet, ConnectionError> {
    loop {
        if let Event::Incoming(packet) = timeout(PATIENCE, events.poll()).await.unwrap()? {
            return Ok(packet);
        }
    }
}

/// Subscribes and returns whether that was granted.
async fn subscribed(client: &AsyncClient, events: &mut EventLoop, filter: &str) -> bool {
    client.subscribe(filter, QoS::AtMostOnce).await.unwrap();
    loop {
        if let Packet::SubAck(ack) = next(events).await.unwrap() {
            return ack.return_codes != [SubscribeReasonCode::Failure];
        }
    }
}

async fn message(events: &mut EventLoop) -> Value {
    loop {
        if let Packet::Publish(publish) = next(events).await.unwrap() {
            assert_eq!(publish.topic, format!("device/{MINE}/report"));
            return serde_json::from_slice(&publish.payload).unwrap();
        }
    }
}

#[tokio::test]
async fn only_the_account_and_its_token_get_in() {
    let served = Served::start().await;
    let accounts = served.cloud.accounts();
    let (ready, plain) = (format!("u_{}", accounts.ready.uid), format!("u_{}", accounts.plain.uid));
    let token = served.token();
    let cases = [
        ("bblp", "12345678"),
        ("bblp", token.as_str()),
        (ready.as_str(), "12345678"),
        (plain.as_str(), token.as_str()),
        (ready.trim_start_matches("u_"), token.as_str()),
    ];
    for (user, password) in cases {
        let (_client, mut events) = client(&served, user, password);
        let refused = loop {
            match timeout(PATIENCE, events.poll()).await.unwrap() {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert!(
            matches!(refused, ConnectionError::ConnectionRefused(ConnectReturnCode::NotAuthorized)),
            "{user}: {refused:?}"
        );
    }
    let (_client, mut events) = mine(&served);
    assert!(matches!(next(&mut events).await.unwrap(), Packet::ConnAck(_)));
}

#[tokio::test]
async fn a_subscription_is_granted_for_ones_own_reports_alone() {
    let served = Served::start().await;
    let (client, mut events) = mine(&served);
    let foreign = format!("device/{FOREIGN}/report");
    let request = format!("device/{MINE}/request");
    let unknown = "device/01P00A999999999/report";
    for filter in [foreign.as_str(), &request, unknown, "#", "device/+/report", "device/#"] {
        assert!(!subscribed(&client, &mut events, filter).await, "{filter}");
    }
    assert!(subscribed(&client, &mut events, &format!("device/{MINE}/report")).await);
}

#[tokio::test]
async fn a_request_reaches_the_printer_and_its_answer_comes_back() {
    let served = Served::start().await;
    let (client, mut events) = mine(&served);
    assert!(subscribed(&client, &mut events, &format!("device/{MINE}/report")).await);
    let request = json!({"info": {"sequence_id": "20001", "command": "get_version"}});
    let topic = format!("device/{MINE}/request");
    client.publish(topic, QoS::AtLeastOnce, false, request.to_string()).await.unwrap();
    let answer = message(&mut events).await;
    assert_eq!(answer["info"]["command"], "get_version");
    assert_eq!(answer["info"]["sequence_id"], "20001");
}

#[tokio::test]
async fn a_request_to_somebody_elses_printer_ends_the_connection() {
    let served = Served::start().await;
    let (client, mut events) = mine(&served);
    let topic = format!("device/{FOREIGN}/request");
    client.publish(topic, QoS::AtMostOnce, false, "{}").await.unwrap();
    assert!(matches!(next(&mut events).await.unwrap(), Packet::ConnAck(_)));
    assert!(next(&mut events).await.is_err());
}

#[tokio::test]
async fn the_owner_is_told_when_a_printer_goes_and_comes_back() {
    let served = Served::start().await;
    let (client, mut events) = mine(&served);
    assert!(subscribed(&client, &mut events, &format!("device/{MINE}/report")).await);
    let serial = MINE.parse().unwrap();
    served.switchboard.set_online(&serial, false);
    assert_eq!(message(&mut events).await["event"]["event"], "client.disconnected");
    // While it is away nothing answers: the next message is that it is back.
    let request = json!({"info": {"sequence_id": "20001", "command": "get_version"}});
    let topic = format!("device/{MINE}/request");
    client.publish(topic, QoS::AtLeastOnce, false, request.to_string()).await.unwrap();
    while !matches!(next(&mut events).await.unwrap(), Packet::PubAck(_)) {}
    served.switchboard.set_online(&serial, true);
    assert_eq!(message(&mut events).await["event"]["event"], "client.connected");
}

#[tokio::test]
async fn who_no_longer_owns_a_printer_hears_no_more_of_it() {
    const BIND: &str = "/v1/iot-service/api/user/bind";
    let served = Served::start().await;
    let (client, mut events) = mine(&served);
    let report = format!("device/{MINE}/report");
    assert!(subscribed(&client, &mut events, &report).await);
    let serial = MINE.parse().unwrap();
    let pin = served.cloud.printer(&serial).unwrap().pin().to_owned();
    assert_eq!(served.call("DELETE", BIND, json!({"dev_id": MINE})).await.status, 200);
    served.switchboard.set_online(&serial, false);
    served.switchboard.set_online(&serial, true);
    client.subscribe(&report, QoS::AtMostOnce).await.unwrap();
    let Packet::SubAck(refused) = next(&mut events).await.unwrap() else {
        panic!("it still hears of the printer")
    };
    assert_eq!(refused.return_codes, [SubscribeReasonCode::Failure]);
    let path = format!("/v1/user-service/my/pincode/{pin}");
    assert_eq!(served.call("POST", &path, json!({"pincode": pin})).await.status, 200);
    assert!(subscribed(&client, &mut events, &report).await);
    served.switchboard.set_online(&serial, false);
    assert_eq!(message(&mut events).await["event"]["event"], "client.disconnected");
}
