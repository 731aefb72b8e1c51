//! All faces of a process: bound first, served until shutdown. The only place that spawns tasks.

mod door;
mod patience;
mod places;
mod surroundings;
mod tls;

use std::{net::SocketAddr, sync::Arc};

use axum::Router;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{config::Config, metrics::Metrics, trace::Seen};
use door::{Door, Inside, Times};
use places::Places;

pub use surroundings::Surroundings;

/// An outward interface that other programs speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Face {
    /// The proxy that only reads.
    ProxyStrict,
    /// The proxy that forwards every method.
    ProxyFull,
    /// The compatibility layer.
    Compat,
}

impl Face {
    /// Its name in the ready file, in logs and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::ProxyStrict => "proxy_strict",
            Self::ProxyFull => "proxy_full",
            Self::Compat => "compat",
        }
    }

    /// Where it listens unless told otherwise: on this machine alone.
    pub fn default_address(self) -> SocketAddr {
        let port = match self {
            Self::ProxyStrict => 5001,
            Self::ProxyFull => 5003,
            Self::Compat => 8080,
        };
        SocketAddr::from(([127, 0, 0, 1], port))
    }
}

/// A face that has its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// Which face.
    pub face: Face,
    /// Where it listens.
    pub address: SocketAddr,
    /// How to reach it from this machine, such as `http://127.0.0.1:5001`, without a slash at its
    /// end.
    pub url: String,
}

/// Why the servers cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// No face was asked for.
    #[error("no face is turned on; write [proxy.strict], [proxy.full] or [compat] into bambu.toml")]
    NoFace,
    /// The port cannot be had.
    #[error("{} cannot listen on {address}; free that port, or give it another with listen", face.name())]
    Listen {
        /// Which face.
        face: Face,
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

/// All faces of a process, each with its port; nothing is served before [`App::run`].
#[derive(Debug)]
pub struct App {
    faces: Vec<Bound>,
    listeners: Vec<TcpListener>,
    warnings: Vec<String>,
}

impl App {
    /// Reads the files, makes the certificate, takes the ports: whatever can be wrong is wrong here.
    ///
    /// # Errors
    /// [`BindError`]; nothing is bound then.
    pub async fn bind(config: Config, _surroundings: Surroundings) -> Result<Self, BindError> {
        let proxy = &config.proxy;
        let wanted = [
            (Face::ProxyStrict, proxy.strict.as_ref().map(|face| face.listen)),
            (Face::ProxyFull, proxy.full.as_ref().map(|face| face.listen)),
            (Face::Compat, config.compat.as_ref().map(|face| face.listen)),
        ];
        let (mut faces, mut listeners) = (Vec::new(), Vec::new());
        for (face, listen) in wanted {
            let Some(listen) = listen else { continue };
            let address = listen.unwrap_or(face.default_address());
            let failed = |source| BindError::Listen { face, address, source };
            let listener = TcpListener::bind(address).await.map_err(failed)?;
            let address = listener.local_addr().map_err(failed)?;
            faces.push(Bound { face, address, url: format!("http://{address}") });
            listeners.push(listener);
        }
        if faces.is_empty() {
            return Err(BindError::NoFace);
        }
        Ok(Self { faces, listeners, warnings: Vec::new() })
    }

    /// The faces and where they are.
    pub fn faces(&self) -> &[Bound] {
        &self.faces
    }

    /// What the owner should know before this runs, a sentence each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Serves until shutdown. Then no request is taken any more, those under way finish within 10 s,
    /// event streams end, and links close.
    pub async fn run(self, shutdown: CancellationToken) {
        shutdown.cancelled().await;
        drop(self.listeners);
    }
}
