//! The `bambu` binary from outside: what it prints, where, and how it ends. One test binary.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod control;
mod control_library;
mod decode;
mod deploy;
mod discover;
mod doctor;
mod journey;
mod live;
mod login;
mod names;
mod patience;
mod print;
mod query;
mod run;
mod selftest;
mod session;
mod settings;
mod simulate;
mod trust;
mod world;
