//! What the faces are made of, each part once per process, and how they are put together.

use std::{io, net::SocketAddr, sync::Arc};

use axum::Router;
use tokio::net::lookup_host;

use super::{BindError, Face, Surroundings};
use crate::{
    auth::{Password, Tokens},
    config::Config,
    faces::compat::LegacyConfig,
    limits::Limits,
    metrics::{Metrics, page::Page},
};

/// The parts.
pub(super) struct Parts {
    pub(super) metrics: Metrics,
    pub(super) tokens: Arc<Tokens>,
    pub(super) limits: Arc<Limits>,
    pub(super) password: Option<Password>,
    pub(super) legacy: Option<LegacyConfig>,
    open_metrics: bool,
}

impl Parts {
    /// Reads the files that the configuration names.
    pub(super) fn new(config: &Config, surroundings: &Surroundings) -> Result<Self, BindError> {
        let proxy = &config.proxy;
        let (file, options) = (proxy.tokens_file.clone(), proxy.token.clone());
        let tokens = Tokens::open(file, options, surroundings.login.clone())?;
        let compat = config.compat.as_ref();
        let file = compat.and_then(|compat| compat.config.as_ref());
        let legacy = file.map(|path| LegacyConfig::read(path)).transpose()?;
        Ok(Self {
            metrics: Metrics::new(),
            tokens: Arc::new(tokens),
            limits: Arc::new(Limits::new(proxy.rate_limit)),
            password: compat.and_then(|compat| compat.token.as_ref()).map(Password::new),
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
                (None, Some(legacy)) => legacy_address(legacy).await?,
                (None, None) => Face::Compat.default_address(),
            };
            wanted.push((Face::Compat, address));
        }
        if wanted.is_empty() { Err(BindError::NoFace) } else { Ok(wanted) }
    }

    /// All routes of a face.
    pub(super) fn router(&self, _face: Face) -> Router {
        self.metrics_page().router()
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

/// Where the legacy file wants to listen; it may name a host.
async fn legacy_address(legacy: &LegacyConfig) -> Result<SocketAddr, BindError> {
    let usual = Face::Compat.default_address();
    let port = legacy.port.unwrap_or(usual.port());
    let Some(host) = &legacy.host else {
        return Ok(SocketAddr::new(usual.ip(), port));
    };
    let failed = |source| BindError::Host { host: host.clone(), source };
    let mut addresses = lookup_host((host.as_str(), port)).await.map_err(failed)?;
    addresses.next().ok_or_else(|| failed(io::ErrorKind::NotFound.into()))
}
