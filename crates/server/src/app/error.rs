//! Why the servers cannot start, or have ended by themselves.

use std::{io, net::SocketAddr};

use super::CertificateError;
use bambulab::CloudError;

use crate::{
    auth::OpenError,
    faces::{
        Face,
        camera::CamerasError,
        compat::{CompatError, LegacyError},
        proxy::upstream::UpstreamError,
    },
};

/// Why the servers cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// No face was asked for.
    #[error(
        "no server is turned on; write [proxy.strict], [proxy.full], [compat] or [camera] into bambu.toml"
    )]
    NoFace,
    /// The port cannot be had.
    #[error("{} cannot listen on {address}; free that port, or give it another with listen", face.name())]
    Listen {
        /// Which face.
        face: Face,
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The host that the legacy file names cannot be found.
    #[error(
        "nobody knows the host {host} that the compatibility file names; write an address there"
    )]
    Host {
        /// Which host.
        host: String,
        /// Why.
        source: io::Error,
    },
    /// The tokens cannot be used.
    #[error(transparent)]
    Tokens(#[from] OpenError),
    /// The legacy file cannot be used.
    #[error(transparent)]
    Legacy(#[from] LegacyError),
    /// The compatibility layer has nothing to serve.
    #[error(transparent)]
    Compat(#[from] CompatError),
    /// There is no camera to show.
    #[error(transparent)]
    Cameras(#[from] CamerasError),
    /// TLS towards the cloud cannot be set up.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// The cloud's address cannot be used by the proxy.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// There is no certificate to show.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

/// Something that runs behind the faces has ended, which it never should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a part of the server has failed; start it again, and report what its log says")]
pub struct PartFailed;
