//! The LAN access code: the password of MQTT, FTPS and the camera on the local network.

use std::fmt;

use serde::{Deserialize, Deserializer};

/// The access code of a printer: 8 characters, shown on its screen and by the cloud [L].
///
/// A secret: it has no `Display` or `Serialize`, and `Debug` shows `<redacted>`.
/// [`AccessCode::reveal`] is the only way to its text.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessCode(String);

impl AccessCode {
    /// Takes a code; surrounding white space is dropped (the cloud may append a newline [L]).
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The code itself, for the login packet and nowhere else.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether there is no code at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for AccessCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessCode(<redacted>)")
    }
}

impl<'de> Deserialize<'de> for AccessCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::new(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_never_shown_by_debug() {
        let code = AccessCode::new("12345678\n");
        assert_eq!(code.reveal(), "12345678");
        assert!(!format!("{code:?}").contains("1234"));
    }
}
