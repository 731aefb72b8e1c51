//! One fleet of printers, offered to everybody's tools.
//!
//! An [`App`] is made from a [`Config`] (what `bambu.toml` says) and its [`Surroundings`] (where the
//! cloud is, who is signed in, where files may be kept). It binds every face that was asked for, and
//! serves them until it is told to end. A face is an outward interface that other programs speak.

pub mod accounts;
pub mod app;
pub mod auth;
pub mod config;
pub mod error;
pub mod faces;
pub mod fleet;
pub mod limits;
pub mod mask;
pub mod metrics;
pub mod openapi;
pub mod relay;
pub mod routes;
#[cfg(test)]
mod testbed;
pub mod trace;

pub use accounts::{Account, Accounts};
pub use app::{App, BindError, Bound, Face, Surroundings};
pub use config::Config;
pub use error::ApiError;
pub use fleet::{Fleet, Updates};
pub use mask::Masker;
pub use metrics::Metrics;
pub use relay::Relay;
