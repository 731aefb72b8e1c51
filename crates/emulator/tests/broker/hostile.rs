//! The shared table of hostile packets, over a socket. `interop/` shows the same table to mosquitto.

use bambu_protocol::mqtt::{ConnAck, ConnectCode, Packet};
use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;

use crate::{raw::Raw, world::World};

#[derive(Deserialize)]
struct Row {
    name: String,
    hex: String,
    after_connect: bool,
}

fn from_hex(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

#[tokio::test]
async fn every_hostile_packet_ends_its_connection_and_no_other() {
    let world = World::start().await;
    let mut witness = Raw::connected(world.address, "witness").await;
    let table = include_str!("../../../../interop/hostile_packets.json");
    let rows: Vec<Row> = serde_json::from_str(table).unwrap();
    for row in rows {
        let mut client = if row.after_connect {
            Raw::connected(world.address, "hostile").await
        } else {
            Raw::open(world.address).await
        };
        client.io.write_all(&from_hex(&row.hex)).await.unwrap();
        match client.next().await {
            None => continue,
            Some(Packet::ConnAck(ConnAck { code, .. })) if !row.after_connect => {
                assert_ne!(code, ConnectCode::Accepted, "{}", row.name);
            }
            Some(other) => panic!("{}: {other:?}", row.name),
        }
        assert_eq!(client.next().await, None, "{}", row.name);
    }
    witness.ping().await;
    world.until(|counters| counters.connected == 1).await;
    assert!(world.rules.heard.lock().unwrap().is_empty());
}
