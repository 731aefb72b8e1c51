//! The simulated cloud from outside: raw HTTP and a foreign MQTT client on real sockets.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod answers;
mod binding;
mod bodies;
mod broker;
mod control;
mod discovery;
mod documented;
mod http;
mod person;
mod presets;
mod print;
mod projects;
mod signing_in;
mod spools;
mod store;
mod weather;
mod whole_world;
