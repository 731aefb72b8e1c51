//! The login of an RTSP connection: Digest with MD5 and without `qop`, as live555 asks for it. [L]

use bambu_protocol::camera::USER;
use md5::{Digest as _, Md5};
use subtle::ConstantTimeEq as _;

use super::message::Request;

/// The realm of these printers. [L]
pub(super) const REALM: &str = "LIVE555 Streaming Media";

/// What a viewer is asked to prove that it knows the code.
#[derive(Debug)]
pub(super) struct Challenge {
    nonce: String,
}

impl Challenge {
    /// A new one.
    pub(super) fn new() -> Self {
        Self { nonce: format!("{:032x}", rand::random::<u128>()) }
    }

    /// The value of `WWW-Authenticate`.
    pub(super) fn header(&self) -> String {
        format!("Digest realm=\"{REALM}\", nonce=\"{}\"", self.nonce)
    }

    /// Whether a request proves it.
    pub(super) fn is_met(&self, request: &Request, code: &str) -> bool {
        let Some(login) = request.header("Authorization") else { return false };
        let Some(fields) = login.strip_prefix("Digest ") else { return false };
        let uri = field(fields, "uri").unwrap_or_default();
        let same = field(fields, "username") == Some(USER)
            && field(fields, "realm") == Some(REALM)
            && field(fields, "nonce") == Some(&self.nonce);
        let secret = hex(&format!("{USER}:{REALM}:{code}"));
        let asked = hex(&format!("{}:{uri}", request.method));
        let right = hex(&format!("{secret}:{}:{asked}", self.nonce));
        let given = field(fields, "response").unwrap_or_default();
        same && !code.is_empty() && bool::from(given.as_bytes().ct_eq(right.as_bytes()))
    }
}

/// The value of `name="value"`.
fn field<'a>(fields: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = fields;
    while let Some((key, after)) = rest.split_once("=\"") {
        let (value, next) = after.split_once('"')?;
        if key.trim_matches([' ', ',']) == name {
            return Some(value);
        }
        rest = next;
    }
    None
}

fn hex(text: &str) -> String {
    Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
