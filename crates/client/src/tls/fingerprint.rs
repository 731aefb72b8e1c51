//! SHA-256 of a certificate, for people to compare.

use std::{fmt, str::FromStr};

/// SHA-256 of a certificate in DER; shown as lower-case hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u8; 32]);

/// A text that is no fingerprint: 64 hexadecimal digits are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InvalidFingerprint;

impl Fingerprint {
    /// The fingerprint of a certificate.
    pub(crate) fn of(der: &[u8]) -> Option<Self> {
        // The TLS provider's own hash: no second implementation for one number.
        let suite = rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256.tls13()?;
        let hash = suite.common.hash_provider.hash(der);
        hash.as_ref().try_into().ok().map(Self)
    }
}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        let mut bytes = [0; 32];
        if text.len() != 2 * bytes.len() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidFingerprint);
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            let digits = text.get(2 * index..2 * index + 2).ok_or(InvalidFingerprint)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| InvalidFingerprint)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
