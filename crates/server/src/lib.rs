//! One fleet of printers, offered to everybody's tools.
//!
//! Today it holds the fleet itself; the outward faces (proxy, web, webhooks) come to stand on it.

pub mod fleet;

pub use fleet::{Fleet, Updates};
