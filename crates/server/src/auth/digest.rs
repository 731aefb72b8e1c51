//! SHA-256 of a token: what tokens are kept and compared by.

use std::fmt;

use subtle::ConstantTimeEq as _;

/// SHA-256 of a token.
///
/// `==` may take as long as it likes: it is for maps. [`Digest::matches`] takes the same time always.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// A text that is no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "sha256: is to be followed by 64 hexadecimal digits; printf %s TOKEN | sha256sum tells them"
)]
pub struct InvalidDigest;

impl Digest {
    /// The digest of a token.
    pub fn of(token: &str) -> Self {
        let hash = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
        let mut bytes = [0; 32];
        // The hash is 32 bytes long by its definition.
        bytes.iter_mut().zip(hash.as_ref()).for_each(|(byte, of)| *byte = *of);
        Self(bytes)
    }

    /// What a configuration says: `sha256:` with 64 digits, or the token itself.
    ///
    /// # Errors
    /// [`InvalidDigest`]: `sha256:` with something else.
    pub fn written(text: &str) -> Result<Self, InvalidDigest> {
        let Some(digits) = text.strip_prefix("sha256:") else {
            return Ok(Self::of(text.trim()));
        };
        let digits = digits.trim().as_bytes();
        let mut bytes = [0; 32];
        if digits.len() != 64 {
            return Err(InvalidDigest);
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let value = pair.iter().try_fold(0, |value, digit| {
                char::from(*digit).to_digit(16).map(|digit| value * 16 + digit)
            });
            *byte = value.and_then(|value| u8::try_from(value).ok()).ok_or(InvalidDigest)?;
        }
        Ok(Self(bytes))
    }

    /// Whether they are the same, in a time that does not depend on how much of them is.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// The first hexadecimal digits, for people; 12 are the fingerprint.
    pub fn digits(&self, count: usize) -> String {
        let mut text: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        text.truncate(count);
        text
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.digits(12))
    }
}

#[cfg(test)]
mod tests {
    use bambulab::Token;

    use super::*;

    #[test]
    fn a_digest_is_read_as_sha256sum_writes_it() {
        let hex = "be7cae4a412d";
        let digest = Digest::of("AQAsecret");
        assert_eq!(digest.digits(12), hex);
        assert_eq!(format!("{digest:?}"), Token::new("AQAsecret").fingerprint().to_string());
        let whole = format!("sha256:{}", digest.digits(64));
        assert!(Digest::written(&whole).unwrap().matches(&digest));
        assert_eq!(Digest::written(&whole.to_uppercase().replace("SHA256", "sha256")), Ok(digest));
        assert_eq!(Digest::written("AQAsecret"), Ok(digest));
    }

    #[test]
    fn what_only_looks_like_a_digest_is_refused() {
        let long = "a".repeat(65);
        let foreign = "g".repeat(64);
        let signs = "+1".repeat(32);
        for text in ["", "12", &long, &foreign, &signs, "ä"] {
            assert!(Digest::written(&format!("sha256:{text}")).is_err(), "{text}");
        }
    }
}
