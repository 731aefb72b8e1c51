//! `[camera]`: the cameras of the local network, for browsers and old tools.

use std::net::SocketAddr;

use bambulab::Token;
use serde::Deserialize;

use super::compat::token;

/// The cameras of the local network.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Camera {
    /// Address and port. Default: 127.0.0.1:8081.
    pub listen: Option<SocketAddr>,
    /// Names or serial numbers of the printers whose cameras are shown. Default: all of `[[printer]]`
    /// that have a `host` and an `access_code`.
    pub printers: Vec<String>,
    /// A token that every request must show. Default: none.
    #[serde(deserialize_with = "token")]
    pub token: Option<Token>,
}
