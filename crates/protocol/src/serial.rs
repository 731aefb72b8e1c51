//! The serial number of a printer: its name in topics, certificates and the cloud.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// A printer's serial number, such as `01P00A000000001`.
///
/// Real ones are 15 upper-case letters and digits [L]. Anything of 1 to 40 letters, digits, `-`
/// and `_` is taken, so that a wildcard or a slash can never reach a topic.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Serial(Arc<str>);

/// Why a text is no serial number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a serial number: it takes 1 to 40 letters, digits, '-' or '_'")]
pub struct InvalidSerial(String);

impl Serial {
    /// Reads a serial number; surrounding white space is dropped.
    ///
    /// # Errors
    /// [`InvalidSerial`] for an empty, too long or oddly spelled one.
    pub fn new(text: &str) -> Result<Self, InvalidSerial> {
        let text = text.trim();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if text.is_empty() || text.len() > 40 || !text.bytes().all(plain) {
            return Err(InvalidSerial(text.chars().take(60).collect()));
        }
        Ok(Self(text.into()))
    }

    /// The serial number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serial({})", self.0)
    }
}

impl FromStr for Serial {
    type Err = InvalidSerial;

    fn from_str(text: &str) -> Result<Self, InvalidSerial> {
        Self::new(text)
    }
}

impl TryFrom<String> for Serial {
    type Error = InvalidSerial;

    fn try_from(text: String) -> Result<Self, InvalidSerial> {
        Self::new(&text)
    }
}

impl From<Serial> for String {
    fn from(serial: Serial) -> Self {
        serial.0.as_ref().into()
    }
}

impl AsRef<str> for Serial {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Serial {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_never_carries_topic_syntax() {
        for bad in ["", " ", "a/b", "#", "+", "01P\0", "é", &"x".repeat(41)] {
            assert!(Serial::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Serial::new(" 01P00A000000001\n").unwrap().as_str(), "01P00A000000001");
    }
}
