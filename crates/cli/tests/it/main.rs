//! The `bambu` binary from outside: what it prints, where, and how it ends. One test binary.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod camera;
mod compat;
mod control;
mod control_library;
mod decode;
mod deploy;
mod discover;
mod doctor;
mod http;
mod journey;
mod live;
mod login;
mod names;
mod patience;
mod print;
mod print_lan;
mod proxy;
mod query;
mod realtime;
mod run;
mod selftest;
mod serving;
mod session;
mod settings;
mod simulate;
mod trust;
mod world;

/// Looks until it is so.
fn until(mut so: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + world::PATIENCE;
    while !so() {
        assert!(std::time::Instant::now() < end, "it never came to be so");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}
