//! Firmware versions: four numbers with dots, compared as numbers.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

/// A firmware version such as `01.08.02.00`. Compared number by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Firmware([u16; 4]);

/// A text that is no firmware version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a firmware version: four numbers with dots are expected, such as 01.08.02.00")]
pub struct InvalidFirmware;

impl Firmware {
    /// The version with these four numbers, each at most 9999.
    pub const fn new(numbers: [u16; 4]) -> Self {
        Self(numbers)
    }
}

impl FromStr for Firmware {
    type Err = InvalidFirmware;

    fn from_str(text: &str) -> Result<Self, InvalidFirmware> {
        let mut numbers = [0; 4];
        let mut parts = text.trim().split('.');
        for number in &mut numbers {
            let part = parts.next().ok_or(InvalidFirmware)?;
            if part.is_empty() || part.len() > 4 || !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(InvalidFirmware);
            }
            *number = part.parse().map_err(|_| InvalidFirmware)?;
        }
        if parts.next().is_some() { Err(InvalidFirmware) } else { Ok(Self(numbers)) }
    }
}

impl fmt::Display for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{a:02}.{b:02}.{c:02}.{d:02}")
    }
}

impl Serialize for Firmware {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers_and_print_as_the_printer_does() {
        let old: Firmware = "01.08.02.00".parse().unwrap();
        let new: Firmware = "01.10.00.00".parse().unwrap();
        assert!(old < new);
        assert_eq!(old.to_string(), "01.08.02.00");
        for bad in ["", "1.2.3", "1.2.3.4.5", "a.b.c.d", "1..2.3", "99999.0.0.0", "-1.0.0.0"] {
            assert!(bad.parse::<Firmware>().is_err(), "{bad:?}");
        }
    }
}
