//! The broker and the LAN face over real sockets: raw bytes, and `rumqttc` as a foreign client.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod delivery;
mod faults;
mod foreign;
mod hostile;
mod lan;
mod raw;
mod rules;
mod sessions;
mod tls;
mod world;
