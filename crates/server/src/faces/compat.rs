//! The compatibility layer: what tools that knew the old local interface ask for over HTTP.
//!
//! The live state behind it is that of `accounts.rs` and `fleet.rs`; new clients use `routes.rs`.

pub mod config;
pub mod legacy;

pub use config::{LegacyConfig, LegacyDevice, LegacyError};
