//! We answer as Bambu Lab printers and their cloud do.
//!
//! # Layout
//!
//! * [`machine`]: the trait behind every emulated printer.

pub mod machine;
