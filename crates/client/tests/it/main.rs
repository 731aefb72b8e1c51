//! The client against scripted servers on this machine. Nothing here knows the emulator: it must
//! not be checked with its own mirror image.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod answers;
mod both;
mod cloud_print;
mod cloud_session;
mod discovery;
mod errors;
mod examples;
mod fake;
mod ftps;
mod ftps_fake;
mod hostile;
mod http_fake;
mod inspect;
mod lan;
mod login;
mod many;
mod printer;
mod resources;
mod rest;
mod upload;
