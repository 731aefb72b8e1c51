//! What other people's tools speak to: one file per face, and one for `/metrics`, which all have.

pub(crate) mod camera;
pub(crate) mod compat;
pub(crate) mod metrics;
pub(crate) mod proxy;

use std::net::SocketAddr;

/// An outward interface that other programs speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Face {
    /// The proxy that only reads.
    ProxyStrict,
    /// The proxy that forwards every method.
    ProxyFull,
    /// The compatibility layer.
    Compat,
    /// The cameras of the local network.
    Camera,
}

impl Face {
    /// Its name in the ready file, in logs and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::ProxyStrict => "proxy_strict",
            Self::ProxyFull => "proxy_full",
            Self::Compat => "compat",
            Self::Camera => "camera",
        }
    }

    /// Where it listens unless told otherwise: on this machine alone.
    pub fn default_address(self) -> SocketAddr {
        let port = match self {
            Self::ProxyStrict => 5001,
            Self::ProxyFull => 5003,
            Self::Compat => 8080,
            Self::Camera => 8081,
        };
        SocketAddr::from(([127, 0, 0, 1], port))
    }
}
