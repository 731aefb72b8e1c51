//! The cloud's access token: a secret that may name its user.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, alphabet::URL_SAFE, engine};

use crate::tls::Fingerprint;

/// An access token of the cloud.
///
/// A secret: it has no `Display` or `Serialize`, and `Debug` shows `<redacted>`.
/// [`Token::reveal`] is the only way to its text.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Takes a token; surrounding white space is dropped.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The token itself, for the request header and the broker's login and nowhere else.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether there is no token at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The user id that an old three-part token names; new tokens are opaque, ask
    /// [`Cloud::uid`](crate::cloud::Cloud::uid) then. [L]
    pub fn uid(&self) -> Option<String> {
        let claims = self.claims()?;
        let uid = claims.get("username")?.as_str()?.strip_prefix("u_")?;
        is_uid(uid).then(|| uid.to_owned())
    }

    /// When an old three-part token ends (its claim `exp`); new tokens do not tell. [D]
    pub fn expires_at(&self) -> Option<SystemTime> {
        let end = self.claims()?.get("exp")?.as_u64()?;
        UNIX_EPOCH.checked_add(Duration::from_secs(end))
    }

    /// What tells this token from others and gives nothing of it away.
    pub fn fingerprint(&self) -> TokenFingerprint {
        TokenFingerprint(self.digest())
    }

    /// SHA-256 of its text.
    pub(crate) fn digest(&self) -> Option<Fingerprint> {
        Fingerprint::of(self.0.as_bytes())
    }

    fn claims(&self) -> Option<serde_json::Value> {
        let parts: Vec<&str> = self.0.split('.').collect();
        let [_, claims, _] = parts.as_slice() else {
            return None;
        };
        let padding = engine::DecodePaddingMode::Indifferent;
        let engine = engine::GeneralPurpose::new(
            &URL_SAFE,
            engine::GeneralPurposeConfig::new().with_decode_padding_mode(padding),
        );
        serde_json::from_slice(&engine.decode(claims).ok()?).ok()
    }
}

/// Whether this may be a user id: it is printed, saved, and a part of the broker's user name.
pub(crate) fn is_uid(uid: &str) -> bool {
    (1..=64).contains(&uid.len())
        && uid != "0"
        && uid.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The first 12 hex digits of a token's SHA-256: to be shown and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenFingerprint(Option<Fingerprint>);

impl TokenFingerprint {
    /// The digits alone.
    pub fn digits(&self) -> String {
        self.0.map(|print| print.to_string().chars().take(12).collect()).unwrap_or_default()
    }
}

impl fmt::Display for TokenFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.digits())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(<redacted>)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_token_names_its_user_and_a_new_one_does_not() {
        let claims = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(r#"{"username":"u_123"}"#);
        assert_eq!(Token::new(&format!("aa.{claims}.bb\n")).uid().as_deref(), Some("123"));
        for text in ["", "AQAopaque", "a.b.c", "a.e30.c", "a.b.c.d"] {
            assert_eq!(Token::new(text).uid(), None, "{text}");
        }
    }

    #[test]
    fn an_old_token_names_its_end() {
        let claims = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(r#"{"exp":1800000000}"#);
        let end = Token::new(&format!("aa.{claims}.bb")).expires_at();
        assert_eq!(end, Some(UNIX_EPOCH + Duration::from_secs(1_800_000_000)));
        assert_eq!(Token::new("AQAopaque").expires_at(), None);
    }

    #[test]
    fn a_token_is_shown_by_its_fingerprint_alone() {
        // As `printf AQAsecret | sha256sum` tells.
        assert_eq!(Token::new("AQAsecret").fingerprint().to_string(), "sha256:be7cae4a412d");
        assert_eq!(format!("{:?}", Token::new("AQAsecret")), "Token(<redacted>)");
    }
}
