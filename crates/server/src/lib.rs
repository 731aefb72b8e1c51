//! One fleet of printers, offered to everybody's tools.
//!
//! An [`App`] is made from a [`Config`] (what `bambu.toml` says) and its [`Surroundings`] (where the
//! cloud is, who is signed in, where files may be kept). It binds every face that was asked for, and
//! serves them until it is told to end. A face is an outward interface that other programs speak.

mod accounts;
mod app;
mod auth;
pub mod config;
mod error;
mod faces;
mod fleet;
mod frames;
mod limits;
mod mask;
mod metrics;
mod openapi;
mod page;
mod relay;
mod routes;
mod stall;
#[cfg(test)]
mod testbed;
mod trace;

pub use app::{App, BindError, Bound, PartFailed, SavedLogin, Surroundings};
pub use config::Config;
pub use faces::Face;
pub use fleet::{Fleet, Updates};
