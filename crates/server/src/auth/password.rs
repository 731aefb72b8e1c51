//! One token that lets in and stands for nothing else: what the compatibility layer may ask for.

use axum::http::HeaderMap;

use super::{AuthError, Digest, InvalidDigest, shown};

/// A token that lets in; it is kept as its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Password(Digest);

impl Password {
    /// The token in clear, or `sha256:` with the 64 digits of its digest.
    ///
    /// # Errors
    /// [`InvalidDigest`]: `sha256:` with something else.
    pub fn new(text: &str) -> Result<Self, InvalidDigest> {
        Digest::written(text).map(Self)
    }

    /// Whether the request shows it, as the proxy's tokens are shown.
    ///
    /// # Errors
    /// [`AuthError`]: it does not.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), AuthError> {
        let digest = Digest::of(shown(headers)?);
        digest.matches(&self.0).then_some(()).ok_or(AuthError::Invalid)
    }
}
