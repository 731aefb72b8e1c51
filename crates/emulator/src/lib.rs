//! We answer as Bambu Lab printers and their cloud do.
//!
//! # Layout
//!
//! * [`certs`]: the certificates of the simulated world.
//! * [`machine`]: the trait behind every emulated printer.

pub mod certs;
pub mod machine;
