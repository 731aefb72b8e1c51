//! The table of hostile packets, shared with the programs in `interop/` that show it to mosquitto.

use bytes::BytesMut;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Row {
    name: String,
    hex: String,
    /// The codec's error; `None` where only the state of the connection makes the packet wrong.
    error: Option<String>,
    reason: String,
}

fn from_hex(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

#[test]
fn every_hostile_packet_is_refused_for_its_reason() {
    let table = include_str!("../../../../interop/hostile_packets.json");
    let rows: Vec<Row> = serde_json::from_str(table).unwrap();
    assert!(rows.len() > 70);
    for Row { name, hex, error, reason } in rows {
        let mut wire = BytesMut::from(from_hex(&hex).as_slice());
        let result = decode(&mut wire, &Limits { max_packet: 1 << 20 });
        match (error, result) {
            (Some(error), Err(found)) => {
                let found = format!("{found:?}");
                assert!(found.starts_with(&error), "{name} ({reason}): {found}, not {error}");
            }
            (None, Ok(Some(_))) => {}
            (expected, found) => panic!("{name} ({reason}): {found:?}, not {expected:?}"),
        }
    }
}
