//! What the faces are made of, each part once per process, and how they are put together.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use bambulab::SavedSession;
use tokio::{net::lookup_host, sync::watch};

use super::{BindError, Surroundings, saved::Watched};
use crate::{
    accounts::Accounts,
    auth::{Password, Tokens},
    config::{self, Config},
    faces::{
        Face,
        camera::Wall,
        compat::{Compat, LegacyConfig, Source},
        metrics::Page,
        proxy::{
            self, Forwarder, Mode,
            admin::{self, About},
            realtime::{self, Realtime},
            upstream::{Patience, Upstream},
        },
    },
    frames::Cameras,
    limits::Limits,
    metrics::Metrics,
    openapi,
    relay::Relay,
    routes::camera::{self, Guard},
};

/// The parts.
pub(super) struct Parts {
    pub(super) metrics: Metrics,
    pub(super) tokens: Arc<Tokens>,
    pub(super) limits: Arc<Limits>,
    pub(super) accounts: Arc<Accounts>,
    pub(super) relay: Relay,
    pub(super) realtime: Arc<Realtime>,
    pub(super) compat: Option<Compat>,
    pub(super) cameras: Arc<Cameras>,
    pub(super) wall: Option<Wall>,
    /// Names of this server, beside those that it has by itself.
    names: Arc<[String]>,
    saved: Option<Watched>,
    /// Logins that were renewed, for those who keep links.
    logins: watch::Sender<Option<SavedSession>>,
    forwarder: Arc<Forwarder>,
    pub(super) password: Option<Password>,
    /// Host and port that the legacy file names.
    legacy: Option<(Option<String>, Option<u16>)>,
    open_metrics: bool,
}

impl Parts {
    /// Reads the files that the configuration names.
    pub(super) fn new(config: &Config, surroundings: &Surroundings) -> Result<Self, BindError> {
        let proxy = &config.proxy;
        // The compatibility layer alone does not fail for tokens that are the proxy's.
        let is_proxy = proxy.strict.is_some() || proxy.full.is_some();
        let (file, options) = match is_proxy {
            true => (proxy.tokens_file.clone(), proxy.token.clone()),
            false => Default::default(),
        };
        let tokens = Tokens::open(file, options, surroundings.login.clone())?;
        let (tokens, limits) = (Arc::new(tokens), Arc::new(Limits::new(proxy.rate_limit)));
        let metrics = Metrics::new();
        let accounts = accounts(surroundings)?;
        let relay = Relay::new(event_readers(config.server.max_connections), metrics.clone());
        let cameras = Cameras::new(
            Arc::clone(&accounts),
            surroundings.options.clone(),
            viewers(config.server.max_connections),
            metrics.clone(),
        );
        let cameras = Arc::new(cameras);
        let names = Arc::from(config.server.tls_names.clone());
        let wall = |settings| Wall::new(settings, &surroundings.printers, &cameras, &names);
        let realtime = Realtime::new(
            Arc::clone(&accounts),
            relay.clone(),
            Duration::from_secs(proxy.realtime_seconds),
            metrics.clone(),
        );
        let settings = config.compat.as_ref();
        let file = settings.and_then(|settings| settings.config.as_ref());
        let file = file.map(|path| LegacyConfig::read(path)).transpose()?;
        let legacy = file.as_ref().map(|file| (file.host.clone(), file.port));
        let logins = watch::Sender::new(None);
        let source = source(&accounts, surroundings, logins.subscribe());
        let compat = |settings| Compat::new(settings, file, source);
        let (saved, login) = (surroundings.saved.clone(), surroundings.login.clone());
        Ok(Self {
            forwarder: Arc::new(forwarder(proxy, surroundings, metrics.clone())?),
            realtime: Arc::new(realtime),
            tokens,
            limits,
            relay,
            compat: settings.map(compat).transpose()?,
            wall: config.camera.as_ref().map(wall).transpose()?,
            cameras,
            names,
            saved: saved.map(|saved| Watched::new(saved, login)),
            logins,
            password: settings.and_then(|settings| settings.token.as_ref()).map(Password::new),
            accounts,
            metrics,
            legacy,
            open_metrics: config.server.open_metrics,
        })
    }

    /// The faces that are asked for, and where they shall listen.
    pub(super) async fn wanted(
        &self,
        config: &Config,
    ) -> Result<Vec<(Face, SocketAddr)>, BindError> {
        let mut wanted = Vec::new();
        let proxies =
            [(Face::ProxyStrict, &config.proxy.strict), (Face::ProxyFull, &config.proxy.full)];
        for (face, listen) in proxies {
            if let Some(listen) = listen {
                wanted.push((face, listen.listen.unwrap_or(face.default_address())));
            }
        }
        if let Some(compat) = &config.compat {
            let address = match (compat.listen, &self.legacy) {
                (Some(address), _) => address,
                (None, Some((host, port))) => legacy_address(host.as_deref(), *port).await?,
                (None, None) => Face::Compat.default_address(),
            };
            wanted.push((Face::Compat, address));
        }
        if let Some(camera) = &config.camera {
            wanted.push((Face::Camera, camera.listen.unwrap_or(Face::Camera.default_address())));
        }
        if wanted.is_empty() { Err(BindError::NoFace) } else { Ok(wanted) }
    }

    /// Takes the saved login anew when it was renewed.
    pub(super) fn renew_login(&mut self) {
        let Some(session) = self.saved.as_mut().and_then(Watched::look) else { return };
        self.tokens.renew_login(session.token.clone());
        self.logins.send_replace(Some(session));
    }

    /// All routes of a face.
    pub(super) fn router(&self, face: Face) -> Router {
        let own = match (face, &self.compat) {
            (Face::ProxyStrict, _) => self.proxy(Mode::Strict),
            (Face::ProxyFull, _) => self.proxy(Mode::Full),
            (Face::Compat, Some(compat)) => {
                let parts =
                    camera::Parts { roster: compat.roster(), cameras: Arc::clone(&self.cameras) };
                let names = Arc::clone(&self.names);
                let guard = Guard { has_token: self.password.is_some(), names };
                compat.router(self.relay.clone(), camera::router(parts, guard))
            }
            (Face::Camera, _) => self.wall.as_ref().map(Wall::router).unwrap_or_default(),
            (Face::Compat, None) => Router::new(),
        };
        own.merge(self.metrics_page().router()).merge(openapi::routes(face))
    }

    fn proxy(&self, mode: Mode) -> Router {
        let parts = Arc::new(proxy::Parts {
            mode,
            tokens: Arc::clone(&self.tokens),
            limits: Arc::clone(&self.limits),
            forwarder: Arc::clone(&self.forwarder),
            metrics: self.metrics.clone(),
        });
        let sessions = Arc::clone(&self.realtime);
        let about = About {
            parts: Arc::clone(&parts),
            realtime_seconds: self.realtime.duration().as_secs(),
            sessions: Box::new(move || sessions.sessions()),
        };
        let pages = admin::routes(Arc::new(about));
        let realtime = realtime::routes(Arc::clone(&parts), Arc::clone(&self.realtime));
        proxy::router(parts, pages.merge(realtime))
    }

    fn metrics_page(&self) -> Page {
        Page {
            metrics: self.metrics.clone(),
            tokens: Arc::clone(&self.tokens),
            limits: Arc::clone(&self.limits),
            password: self.password,
            open: self.open_metrics,
        }
    }
}

fn accounts(surroundings: &Surroundings) -> Result<Arc<Accounts>, BindError> {
    let Surroundings { endpoint, roots, options, manners, printers, .. } = surroundings;
    let (options, manners) = (options.clone(), manners.clone());
    Ok(Arc::new(Accounts::new(endpoint, roots, options, manners, printers.clone())?))
}

fn forwarder(
    settings: &config::Proxy,
    surroundings: &Surroundings,
    metrics: Metrics,
) -> Result<Forwarder, BindError> {
    let Surroundings { endpoint, roots, manners, .. } = surroundings;
    let wait = Duration::from_secs(settings.upstream_seconds);
    let patience = Patience { head: wait, body: wait, ..Patience::default() };
    let upstream = Upstream::new(endpoint, roots, patience)?;
    let forwarder = Forwarder::new(upstream, endpoint.clone(), manners.budget, metrics);
    Ok(forwarder.with_cache(settings.cache))
}

fn source(
    accounts: &Arc<Accounts>,
    surroundings: &Surroundings,
    logins: watch::Receiver<Option<SavedSession>>,
) -> Source {
    Source {
        accounts: Arc::clone(accounts),
        login: surroundings.login.clone(),
        logins,
        uid: surroundings.uid.clone(),
        printers: surroundings.printers.clone(),
    }
}

/// Where the legacy file wants to listen; it may name a host.
async fn legacy_address(host: Option<&str>, port: Option<u16>) -> Result<SocketAddr, BindError> {
    let usual = Face::Compat.default_address();
    let port = port.unwrap_or(usual.port());
    let Some(host) = host else {
        return Ok(SocketAddr::new(usual.ip(), port));
    };
    let failed = |source| BindError::Host { host: host.to_owned(), source };
    let mut addresses = lookup_host((host, port)).await.map_err(failed)?;
    addresses.next().ok_or_else(|| failed(io::ErrorKind::NotFound.into()))
}

/// How many of the connections may be event streams, which last as long as their readers like: some
/// are left for whoever only asks, on another face, too.
fn event_readers(connections: usize) -> usize {
    connections - connections / 4
}

/// How many of the connections may look through cameras, for the same reason.
fn viewers(connections: usize) -> usize {
    (connections / 8).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_streams_leave_connections_for_requests() {
        assert_eq!([1, 4, 4096].map(event_readers), [1, 3, 3072]);
    }
}
