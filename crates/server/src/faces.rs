//! What other people's tools speak to: one file per face.

pub(crate) mod compat;
pub(crate) mod proxy;
