//! `[compat]`: the compatibility layer. What its legacy JSON file says is in `faces/compat/`.

use std::{net::SocketAddr, path::PathBuf};

use bambulab::Token;
use serde::{Deserialize, Deserializer};

use super::{InvalidSetting, written};

/// The compatibility layer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Compat {
    /// Address and port. Default: what the legacy file says, else 127.0.0.1:8080.
    pub listen: Option<SocketAddr>,
    /// The legacy file, `compatibility_config.json`. Default: none, the printers are the account's
    /// and those of `[[printer]]`.
    pub config: Option<PathBuf>,
    /// A token that every request must show. Default: none.
    #[serde(deserialize_with = "token")]
    pub token: Option<Token>,
    /// Silence of a printer, in seconds, after which what it said last is stale, 5 to 86400.
    /// Default: 30.
    #[serde(deserialize_with = "written::within::<_, _, 5, 86_400>")]
    pub stale_after_seconds: u64,
    /// Whether `/api/v1/devices` tells access codes. Default: false.
    pub show_access_codes: bool,
    /// Origins whose pages may read the answers in a browser. Default: `["*"]`.
    pub cors_origins: Vec<String>,
}

impl Default for Compat {
    fn default() -> Self {
        Self {
            listen: None,
            config: None,
            token: None,
            stale_after_seconds: 30,
            show_access_codes: false,
            cors_origins: vec!["*".to_owned()],
        }
    }
}

pub(super) fn token<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Token>, D::Error> {
    written::secret(deserializer, |text| {
        written::is_token(text).then(|| Some(Token::new(text))).ok_or(InvalidSetting::Token)
    })
}
