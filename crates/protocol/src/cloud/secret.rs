//! Values of bodies that must not reach a log. Addresses that are secrets are `SignedUrl`.

use std::fmt;

/// A secret of the cloud, such as a camera password. It has no `Display` and no `Serialize`, and
/// `Debug` shows `<redacted>`; [`Secret::reveal`] is the only way to its text.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for whom it is meant and nobody else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(<redacted>)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown_by_debug() {
        assert_eq!(Secret::new("hush").reveal(), "hush");
        assert!(!format!("{:?}", Secret::new("hush")).contains("hush"));
    }
}
