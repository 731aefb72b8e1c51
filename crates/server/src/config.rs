//! What `bambu.toml` says about the servers, as it is written there: no path is resolved and no file
//! is read here. What the process brings along is `app::Surroundings`.

mod camera;
mod compat;
mod proxy;
mod server;
#[cfg(test)]
mod tests;
mod written;

use serde::Deserialize;

pub use camera::Camera;
pub use compat::Compat;
pub use proxy::{Cache, Listen, Proxy, RateLimit, TokenOptions};
pub use server::{Server, Tls};
pub use written::{Expiry, TokenDigest};

/// The tables `[server]`, `[proxy]`, `[compat]` and `[camera]`. A face runs only if its table is there.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What all faces share.
    pub server: Server,
    /// The proxy: `[proxy.strict]` and `[proxy.full]` turn its faces on.
    pub proxy: Proxy,
    /// The compatibility layer; off without its table.
    pub compat: Option<Compat>,
    /// The cameras of the local network; off without its table.
    pub camera: Option<Camera>,
}

/// Why a word on the command line or in the file is no setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSetting {
    /// Write `off`, or 1 to 1000000 requests per minute.
    #[error(
        "this is no rate limit; write off, or a number of requests per minute from 1 to 1000000"
    )]
    RateLimit,
    /// Write `off`, or 1 to 3600 seconds.
    #[error("this is no time for the cache; write off, or a number of seconds from 1 to 3600")]
    Cache,
    /// Write `made`, or a table with `certificate` and `key`.
    #[error("this is no TLS setting; write \"made\", or {{ certificate = FILE, key = FILE }}")]
    Tls,
    /// Write `sha256:` and 64 hex digits, or the token itself.
    #[error(
        "this is no token; write sha256: and 64 hex digits, or the token itself, 1 to 4096 printing characters without spaces"
    )]
    Token,
    /// Write a date or a time with its zone.
    #[error(
        "this is no end; write a date such as 2027-01-31, or a time such as 2027-01-31T18:00:00Z"
    )]
    Expiry,
}
