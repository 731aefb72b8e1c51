//! The simulated cloud from outside: raw HTTP and a foreign MQTT client on real sockets.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod answers;
mod broker;
mod control;
mod discovery;
mod http;
mod print;
mod signing_in;
mod store;
mod weather;
mod whole_world;
