//! One token that lets in and stands for nothing else: what the compatibility layer may ask for.

use axum::http::HeaderMap;
use bambulab::Token;
use subtle::ConstantTimeEq as _;

use super::{AuthError, shown};
use crate::config::TokenDigest;

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
        let digest = TokenDigest::of(shown(headers)?);
        let same: bool = digest.bytes().ct_eq(self.0.bytes()).into();
        same.then_some(()).ok_or(AuthError::Invalid)
    }
}
