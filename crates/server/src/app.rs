//! All faces of a process: bound first, served until shutdown. The only place that spawns tasks.
//!
//! Ports and connections are in `app/door.rs`, what the faces are made of is in `app/parts.rs`.

mod door;
mod error;
mod parts;
mod patience;
mod places;
mod saved;
mod session;
mod surroundings;
#[cfg(test)]
mod tests;
mod tls;
mod warnings;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{config::Config, faces::Face, trace::Seen};
use door::{Door, Inside, Times};
use parts::Parts;
use places::Places;
use tls::Certificate;

pub use error::{BindError, PartFailed};
pub(crate) use session::Session;
pub use surroundings::{SavedLogin, Surroundings};
pub(crate) use tls::CertificateError;

/// How often files are looked at for changes.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long links may take to close, once all requests are done.
const LINKS_CLOSE: Duration = Duration::from_secs(1);

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

impl Bound {
    fn new(face: Face, address: SocketAddr, is_tls: bool) -> Self {
        let scheme = if is_tls { "https" } else { "http" };
        let mut here = address;
        match address {
            SocketAddr::V4(v4) if v4.ip().is_unspecified() => here.set_ip([127, 0, 0, 1].into()),
            SocketAddr::V6(v6) if v6.ip().is_unspecified() => {
                here.set_ip(std::net::Ipv6Addr::LOCALHOST.into());
            }
            _ => {}
        }
        Self { face, address, url: format!("{scheme}://{here}") }
    }
}

/// All faces of a process, each with its port; nothing is served before [`App::run`].
pub struct App {
    faces: Vec<Bound>,
    listeners: Vec<TcpListener>,
    certificate: Option<Certificate>,
    warnings: Vec<String>,
    places: Places,
    times: Times,
    parts: Parts,
}

impl App {
    /// Reads the files, makes the certificate, takes the ports: whatever can be wrong is wrong here.
    ///
    /// # Errors
    /// [`BindError`]; nothing is bound then.
    pub async fn bind(config: Config, surroundings: Surroundings) -> Result<Self, BindError> {
        let parts = Parts::new(&config, &surroundings)?;
        let (mut bound, mut listeners) = (Vec::new(), Vec::new());
        for (face, address) in parts.wanted(&config).await? {
            let failed = |source| BindError::Listen { face, address, source };
            let listener = TcpListener::bind(address).await.map_err(failed)?;
            bound.push((face, listener.local_addr().map_err(failed)?));
            listeners.push(listener);
        }
        let addresses: Vec<_> = bound.iter().map(|(_, address)| address.ip()).collect();
        let certificate = Certificate::of(&config.server, &addresses, &surroundings.state_dir)?;
        let is_tls = certificate.is_some();
        let faces: Vec<_> =
            bound.into_iter().map(|(face, address)| Bound::new(face, address, is_tls)).collect();
        let server = &config.server;
        Ok(Self {
            warnings: warnings::of(&config, &faces, &parts),
            places: Places::new(server.max_connections, server.max_connections_per_address),
            times: Times::default(),
            faces,
            listeners,
            certificate,
            parts,
        })
    }

    /// The faces and where they are.
    pub fn faces(&self) -> &[Bound] {
        &self.faces
    }

    /// What the owner should know before this runs, a sentence each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Serves until shutdown. Then no request is taken any more, those under way finish within 8 s,
    /// event streams end, and links close.
    ///
    /// # Errors
    /// [`PartFailed`]: it ended by itself; half a server would answer as if all were well.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), PartFailed> {
        let Self { faces, listeners, certificate, places, times, mut parts, .. } = self;
        let acceptor = certificate.as_ref().map(Certificate::acceptor);
        let mut doors = JoinSet::new();
        for (bound, listener) in faces.iter().zip(listeners) {
            let metrics = parts.metrics.clone();
            let seen = Seen { face: bound.face.name(), metrics: metrics.clone() };
            let (router, shutdown) = (parts.router(bound.face), shutdown.clone());
            let inside = Inside { router, seen, metrics, shutdown };
            let (tls, places) = (acceptor.clone(), places.clone());
            let door = Door { listener, tls, places, times, inside: Arc::new(inside) };
            info!(face = bound.face.name(), url = bound.url, "serving");
            doors.spawn(door.serve());
        }
        if let Some(file) = parts.tokens.path() {
            info!(file = %file.display(), count = parts.tokens.count(), "tokens of the proxies");
        }
        let mut tasks = JoinSet::new();
        let (relay, ending) = (parts.relay.clone(), shutdown.clone());
        tasks.spawn(async move { relay.run(ending).await });
        if let Some(compat) = parts.compat.take() {
            tasks.spawn(compat.run(shutdown.clone()));
        }
        let ended = tokio::select! {
            biased;
            () = shutdown.cancelled() => Ok(()),
            () = tend(&mut parts, certificate.as_ref()) => Ok(()),
            _ = tasks.join_next() => Err(PartFailed),
        };
        shutdown.cancel();
        while doors.join_next().await.is_some() {}
        parts.realtime.close();
        let rest = async {
            while tasks.join_next().await.is_some() {}
            parts.cameras.close().await;
            parts.accounts.close().await;
        };
        if timeout(LINKS_CLOSE, rest).await.is_err() {
            warn!("a link did not close in time; it is cut");
        }
        info!("the servers have ended");
        ended
    }
}

/// What is looked at again and again.
async fn tend(parts: &mut Parts, certificate: Option<&Certificate>) {
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        parts.tokens.reload_if_changed();
        parts.renew_login();
        parts.realtime.tend();
        parts.accounts.tend(&parts.metrics);
        if let Some(certificate) = certificate {
            certificate.reload_if_changed();
        }
    }
}
