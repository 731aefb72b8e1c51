//! The compatibility layer: what tools that knew the old local interface ask for over HTTP.
//!
//! The live state behind it is that of `accounts.rs`; new clients use `routes.rs`, mounted here.

mod answers;
pub(crate) mod config;
mod devices;
mod door;
mod follow;
mod known;
pub(crate) mod legacy;
mod rest;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc, time::Duration};

use axum::{Router, middleware, routing::get};
use bambulab::{LanTarget, SavedSession, Token};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    accounts::Accounts,
    auth::Password,
    config::Compat as Settings,
    error::ApiError,
    relay::Relay,
    routes::{self, Parts, Roster, Shown},
};
use answers::Answers;
use follow::Follow;
use known::Known;
use rest::{Demand, Rest};

pub(crate) use config::{LegacyConfig, LegacyDevice, LegacyError};

/// What the process brings along for this face.
#[derive(Debug)]
pub(crate) struct Source {
    /// The accounts, with their links.
    pub accounts: Arc<Accounts>,
    /// The token of the saved login; the legacy file's goes before it.
    pub login: Option<Token>,
    /// The user id of the saved login, if it is known.
    pub uid: Option<String>,
    /// Logins that replace it while the layer runs.
    pub logins: watch::Receiver<Option<SavedSession>>,
    /// The printers of `bambu.toml`, served where there is no legacy file.
    pub printers: Vec<LanTarget>,
}

/// Why the layer has nothing to serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompatError {
    /// There is neither an account nor a printer of the local network.
    #[error(
        "there is no account and no printer; run `bambu login`, or write cloud_token or devices with local_ip and access_code into the configuration"
    )]
    Nothing,
    /// Without live links the cloud is asked, and there is no account.
    #[error(
        "{} switches the live links off, and there is no account to ask instead; write cloud_token, or enable_mqtt_bridge: true", path.display()
    )]
    NoWay {
        /// The legacy file.
        path: PathBuf,
    },
}

/// The compatibility layer; nothing happens before [`Compat::run`].
#[derive(Debug)]
pub(crate) struct Compat {
    answers: Answers,
    follow: Follow,
    password: Option<Password>,
    cors_origins: Vec<String>,
    warnings: Vec<String>,
}

impl Compat {
    /// The layer as it is configured. `legacy` is what the file of `settings.config` says.
    ///
    /// # Errors
    /// [`CompatError`].
    pub(crate) fn new(
        settings: &Settings,
        legacy: Option<LegacyConfig>,
        source: Source,
    ) -> Result<Self, CompatError> {
        let Source { accounts, login, uid, logins, printers } = source;
        let of_file = legacy.as_ref().and_then(|legacy| legacy.token.clone());
        // The saved login's number says nothing about another token.
        let uid = if of_file.is_some() { None } else { uid };
        let uid = legacy.as_ref().and_then(|legacy| legacy.uid.clone()).or(uid);
        // The file's token is not replaced by a login.
        let logins = of_file.is_none().then_some(logins);
        let token = of_file.or(login);
        let live = legacy.as_ref().is_none_or(|legacy| legacy.live);
        let has_file = legacy.is_some();
        let named = match legacy {
            Some(legacy) => legacy.devices,
            None => printers.into_iter().map(LegacyDevice::from).collect(),
        };
        if token.is_none() && !live {
            let path = settings.config.clone().unwrap_or_default();
            return Err(CompatError::NoWay { path });
        }
        let warnings = match &token {
            Some(_) => Vec::new(),
            None => unreachable(&named)?,
        };
        let knows_uid = uid.is_some() || token.as_ref().is_some_and(|it| it.uid().is_some());
        let account = token.map(|token| accounts.of(&token));
        if let Some((account, uid)) = account.as_ref().zip(uid) {
            account.set_uid(&uid);
        }
        let stale_after = Duration::from_secs(settings.stale_after_seconds);
        let roster = Arc::new(Roster::new(stale_after));
        for device in &named {
            let (serial, name) = (device.serial.clone(), device.name.clone());
            roster.put(Shown { serial, name, model: None, link: None });
            // Those of bambu.toml are known there already, with their models.
            let target = device.target().filter(|_| has_file);
            target.into_iter().for_each(|target| accounts.on_lan(target));
        }
        let known = Arc::new(Known {
            roster,
            rest: Rest::default(),
            demand: Demand::new(),
            only_named: has_file && !named.is_empty(),
            named,
            has_account: account.is_some(),
        });
        let show_access_codes = settings.show_access_codes;
        Ok(Self {
            answers: Answers { known: known.clone(), live, show_access_codes },
            follow: Follow { known, accounts, account, logins, knows_uid, live },
            password: settings.token.as_ref().map(Password::new),
            cors_origins: settings.cors_origins.clone(),
            warnings,
        })
    }

    /// What the owner should know, a sentence each.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The printers that it shows.
    pub(crate) fn roster(&self) -> Arc<Roster> {
        self.answers.known.roster.clone()
    }

    /// All its routes, and those of its printers' cameras.
    pub(crate) fn router(&self, relay: Relay, cameras: Router) -> Router {
        Router::new()
            .route("/", get(answers::index))
            .route("/health", get(answers::health))
            .route("/api/version", get(answers::version))
            .route("/api/v1/status", get(answers::status))
            .route("/api/v1/print", get(answers::status))
            .route("/api/v1/devices", get(answers::devices))
            .with_state(self.answers.clone())
            .merge(routes::router(Parts { roster: self.roster(), relay }))
            .merge(cameras)
            .fallback(nothing_here)
            .method_not_allowed_fallback(ApiError::only_reads)
            .layer(middleware::from_fn_with_state(self.password, door::check))
            .layer(door::cors(&self.cors_origins))
    }

    /// Its work in the background: links, the account's list of printers, the REST interface. Ends
    /// with the shutdown.
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        self.follow.run(shutdown).await;
    }
}

impl From<LanTarget> for LegacyDevice {
    fn from(target: LanTarget) -> Self {
        let LanTarget { serial, host, port, access_code, name, .. } = target;
        Self { serial, name, host: Some((host, Some(port))), access_code: Some(access_code) }
    }
}

/// Without an account: warnings about printers that cannot be reached.
fn unreachable(named: &[LegacyDevice]) -> Result<Vec<String>, CompatError> {
    let (here, lost): (Vec<_>, Vec<_>) = named.iter().partition(|it| it.target().is_some());
    if here.is_empty() {
        return Err(CompatError::Nothing);
    }
    let warning = |device: &LegacyDevice| {
        let serial = &device.serial;
        format!(
            "printer {serial} cannot be reached without an account; write cloud_token, or its local_ip and access_code"
        )
    };
    Ok(lost.into_iter().map(warning).collect())
}

async fn nothing_here() -> ApiError {
    ApiError::not_found("Not found", "there is no such route; GET / lists those that are here")
}
