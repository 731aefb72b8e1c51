//! The simulated cloud from outside: raw HTTP and a foreign MQTT client on real sockets.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod answers;
mod binding;
mod broker;
mod control;
mod discovery;
mod http;
mod presets;
mod print;
mod signing_in;
mod spools;
mod store;
mod weather;
mod whole_world;
