//! One token that lets in and stands for nothing else: what the compatibility layer may ask for.

use std::borrow::Cow;

use axum::http::{HeaderMap, header::SEC_WEBSOCKET_PROTOCOL};
use bambulab::Token;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq as _;

use super::{AuthError, shown};
use crate::config::TokenDigest;

/// What a page calls the protocol of our WebSockets. A browser lets it show no other header than this
/// one, so beside it there may be `bearer.` and the token in base64url; a query would be logged by
/// whatever stands between.
pub(crate) const PROTOCOL: &str = "bambu.camera";

/// A token that lets in; it is kept as its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Password(TokenDigest);

impl Password {
    /// Asks for this token.
    pub(crate) fn new(token: &Token) -> Self {
        Self(TokenDigest::of(token.reveal()))
    }

    /// Whether the request shows it, as the proxy's tokens are shown.
    ///
    /// # Errors
    /// [`AuthError`]: it does not.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), AuthError> {
        let token = match (shown(headers), shown_to_socket(headers)) {
            (Err(AuthError::Missing), Some(token)) => Cow::Owned(token),
            (token, _) => Cow::Borrowed(token?),
        };
        let digest = TokenDigest::of(&token);
        let same: bool = digest.bytes().ct_eq(self.0.bytes()).into();
        same.then_some(()).ok_or(AuthError::Invalid)
    }
}

/// The token beside the name of the WebSocket's protocol.
fn shown_to_socket(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    let coded = text.split(',').find_map(|word| word.trim().strip_prefix("bearer."))?;
    String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(coded).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::header::AUTHORIZATION;

    use super::*;

    #[test]
    fn a_page_shows_the_token_of_its_socket_beside_the_protocol() {
        let password = Password::new(&Token::new("let me in"));
        let mut headers = HeaderMap::new();
        assert_eq!(password.check(&headers), Err(AuthError::Missing));
        let coded = format!("{PROTOCOL}, bearer.{}", BASE64_URL_SAFE_NO_PAD.encode("let me in"));
        headers.insert(SEC_WEBSOCKET_PROTOCOL, coded.parse().unwrap());
        assert_eq!(password.check(&headers), Ok(()));
        headers.insert(AUTHORIZATION, "Bearer wrong".parse().unwrap());
        assert_eq!(password.check(&headers), Err(AuthError::Invalid));
        headers.remove(AUTHORIZATION);
        headers.insert(SEC_WEBSOCKET_PROTOCOL, "bearer.!".parse().unwrap());
        assert_eq!(password.check(&headers), Err(AuthError::Missing));
    }
}
