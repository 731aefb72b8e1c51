//! `[server]`: what all faces share.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use super::{InvalidSetting, written};

/// What all faces share.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// The certificate; without one the faces speak plain HTTP. Default: none.
    pub tls: Option<Tls>,
    /// More names and addresses that a made certificate is good for, beside this machine's and those
    /// listened on. Default: none.
    pub tls_names: Vec<String>,
    /// How many connections are open at once, over all faces, 1 to 1000000. Default: 4096.
    #[serde(deserialize_with = "written::within::<_, _, 1, 1_000_000>")]
    pub max_connections: usize,
    /// How many of them one address may have; an IPv6 address counts by its /64, 1 to 1000000.
    /// Default: 2048.
    #[serde(deserialize_with = "written::within::<_, _, 1, 1_000_000>")]
    pub max_connections_per_address: usize,
    /// Whether `/metrics` is open to everybody; else other machines need a token. Default: false.
    pub open_metrics: bool,
}

/// Where the certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// Made by this program, signed by itself, and kept: `tls = "made"`.
    Made,
    /// Given: `tls = { certificate = "cert.pem", key = "key.pem" }`.
    Files {
        /// PEM file of the certificate and those between it and its authority.
        certificate: PathBuf,
        /// PEM file of its private key.
        key: PathBuf,
    },
}

impl Default for Server {
    fn default() -> Self {
        Self {
            tls: None,
            tls_names: Vec::new(),
            max_connections: 4096,
            max_connections_per_address: 2048,
            open_metrics: false,
        }
    }
}

impl<'de> Deserialize<'de> for Tls {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Files {
            certificate: PathBuf,
            key: PathBuf,
        }
        written::word_or(
            deserializer,
            "\"made\", or a table with certificate and key",
            |word| (word == "made").then_some(Self::Made).ok_or(InvalidSetting::Tls),
            |_| None,
            |Files { certificate, key }| Self::Files { certificate, key },
        )
    }
}
