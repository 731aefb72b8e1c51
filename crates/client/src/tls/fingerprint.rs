//! SHA-256 of a certificate, for people to compare.

use std::fmt;

/// SHA-256 of a certificate in DER; shown as lower-case hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a certificate.
    pub(crate) fn of(der: &[u8]) -> Option<Self> {
        // The TLS provider's own hash: no second implementation for one number.
        let suite = rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256.tls13()?;
        let hash = suite.common.hash_provider.hash(der);
        hash.as_ref().try_into().ok().map(Self)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
