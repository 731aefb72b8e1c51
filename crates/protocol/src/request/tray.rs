//! The name of a tray: unit and slot, or an external spool.

use std::{fmt, str::FromStr};

/// A tray of a filament unit, or an external spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrayId {
    /// Unit on the wire: 0 to 3 AMS, 16 AMS lite of an A2L, 128 to 135 AMS HT; 255 external, 254
    /// the left one of two.
    pub unit: u16,
    /// Slot, 0 to 3; 0 external.
    pub slot: u8,
}

/// A text that names no tray.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no tray; write unit/slot as on the wire (0/2), a flat number (6), a letter and a \
     number as on the screen (B3), or external"
)]
pub struct UnknownTray(String);

impl TrayId {
    /// The external spool; the right one where there are two.
    pub const EXTERNAL: Self = Self { unit: 255, slot: 0 };
    /// The left external spool of a machine with two nozzles.
    pub const EXTERNAL_LEFT: Self = Self { unit: 254, slot: 0 };

    /// Whether it is a spool outside of any unit.
    pub fn is_external(self) -> bool {
        self.unit == 254 || self.unit == 255
    }

    /// The flat number: `unit * 4 + slot`; AMS HT and external spools: the unit.
    pub fn flat(self) -> u16 {
        if self.unit < 128 { self.unit * 4 + u16::from(self.slot) } else { self.unit }
    }

    /// The number in `ams_mapping`: flat, but on an A2L the slot alone.
    pub(crate) fn mapped(self) -> u16 {
        if self.unit == 16 { self.slot.into() } else { self.flat() }
    }
}

impl FromStr for TrayId {
    type Err = UnknownTray;

    fn from_str(text: &str) -> Result<Self, UnknownTray> {
        let plain = text.trim().to_ascii_lowercase();
        let unknown = || UnknownTray(text.trim().chars().take(60).collect());
        let tray = match plain.as_str() {
            "external" | "ext" | "spool" | "external-right" => Some(Self::EXTERNAL),
            "external-left" | "ext-left" => Some(Self::EXTERNAL_LEFT),
            _ => from_numbers(&plain).or_else(|| from_screen(&plain)),
        };
        tray.ok_or_else(unknown)
    }
}

fn from_numbers(text: &str) -> Option<TrayId> {
    if let Some((unit, slot)) = text.split_once(['/', ':', '.']) {
        let tray = TrayId { unit: unit.parse().ok()?, slot: slot.parse().ok()? };
        let slots = if tray.unit < 128 { 4 } else { 1 };
        return (is_unit(tray.unit) && tray.slot < slots).then_some(tray);
    }
    match text.parse::<u16>().ok()? {
        flat @ 0..=15 => Some(TrayId { unit: flat / 4, slot: (flat % 4) as u8 }),
        unit if unit >= 128 && is_unit(unit) => Some(TrayId { unit, slot: 0 }),
        _ => None,
    }
}

fn is_unit(unit: u16) -> bool {
    matches!(unit, 0..=3 | 16 | 128..=135 | 254 | 255)
}

/// `A1` to `D4`, as the screen of the printer names them; `HT-A` to `HT-H` the AMS HT.
fn from_screen(text: &str) -> Option<TrayId> {
    let (letters, is_ht) = match text.strip_prefix("ht-") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let mut chars = letters.chars();
    let unit = u16::from(u8::try_from(chars.next()?).ok()?.checked_sub(b'a')?);
    let slot = chars.as_str();
    match (is_ht, slot) {
        (true, "" | "1") if unit < 8 => Some(TrayId { unit: 128 + unit, slot: 0 }),
        (false, "1" | "2" | "3" | "4") if unit < 4 => {
            Some(TrayId { unit, slot: slot.parse::<u8>().ok()? - 1 })
        }
        _ => None,
    }
}

impl fmt::Display for TrayId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unit {
            255 => f.write_str("external"),
            254 => f.write_str("external-left"),
            unit @ 0..=3 => write!(f, "{}{}", char::from(b'A' + unit as u8), self.slot + 1),
            unit @ 128..=135 => write!(f, "HT-{}", char::from(b'A' + (unit - 128) as u8)),
            unit => write!(f, "{unit}/{}", self.slot),
        }
    }
}
