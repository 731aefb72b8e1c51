//! What other people's tools speak to: one file per face.

pub mod compat;
pub mod proxy;
