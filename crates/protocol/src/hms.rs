//! Health messages (HMS): their codes taken apart. Texts are Bambu Lab's and are not carried.

use serde::Serialize;

/// How bad a health message is: the upper half of `code` [V].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// 1.
    Fatal,
    /// 2.
    Serious,
    /// 3.
    Common,
    /// 4.
    Info,
    /// Any other value.
    Unknown,
}

/// One health message.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Hms {
    /// Four groups of four hex digits, such as `0300-0100-0001-0007`.
    pub code: String,
    /// How bad it is [V].
    pub severity: Severity,
    /// Which module speaks: `motion_controller`, `mainboard`, `ams`, `toolhead`, `xcam`, `print_setup`,
    /// `ams_lite`, `ams_ht`, `unknown`.
    pub module: &'static str,
    /// Which of several such modules, counted from 0 (an AMS unit, for example).
    pub module_instance: u8,
    /// What it is about, for the few messages that are known by observation.
    pub meaning: Option<&'static str>,
    /// Page with the vendor's text.
    pub url: String,
}

impl Hms {
    /// Takes `attr` and `code` apart. `None` when either is 0: no message [V].
    pub fn from_wire(attr: u32, code: u32) -> Option<Self> {
        if attr == 0 || code == 0 {
            return None;
        }
        let severity = match code >> 16 {
            1 => Severity::Fatal,
            2 => Severity::Serious,
            3 => Severity::Common,
            4 => Severity::Info,
            _ => Severity::Unknown,
        };
        let [a, b, c, d] = [attr >> 16, attr & 0xFFFF, code >> 16, code & 0xFFFF];
        Some(Self {
            code: format!("{a:04X}-{b:04X}-{c:04X}-{d:04X}"),
            severity,
            module: module((attr >> 24) as u8),
            module_instance: (attr >> 16) as u8,
            meaning: meaning(attr, code),
            url: format!("https://e.bambulab.com/?e={attr:08X}{code:08X}"),
        })
    }

    /// Whether the vendor's slicer hides it: `05nn-0400-0001-0044` and `05nn-0500-0001-0010`. [V]
    pub fn is_noise(&self) -> bool {
        let hidden = |tail, last| self.code.ends_with(tail) && self.module_instance <= last;
        self.module == "mainboard" && (hidden("-0400-0001-0044", 3) || hidden("-0500-0001-0010", 6))
    }
}

/// Name of the module behind the first byte of an HMS code or print error [V].
pub fn module(byte: u8) -> &'static str {
    match byte {
        0x03 => "motion_controller",
        0x05 => "mainboard",
        0x07 => "ams",
        0x08 => "toolhead",
        0x0C => "xcam",
        0x10 => "print_setup",
        0x12 => "ams_lite",
        0x18 => "ams_ht",
        _ => "unknown",
    }
}

/// What a message is about, in our words, for the few that are known by observation. [L]
fn meaning(attr: u32, code: u32) -> Option<&'static str> {
    // Of filament: `07nn-2s00`, unit and slot; 12 and 18 are AMS lite and AMS HT.
    let filament = matches!(attr >> 24, 0x07 | 0x12 | 0x18) && attr & 0xF0FF == 0x2000;
    match (attr, code) {
        (0x0500_0500, 0x0001_0007) => Some("a command was refused because Developer Mode is off"),
        (_, 0x0002_0001) if filament => Some("filament ran out"),
        (_, 0x0003_0001 | 0x0003_0002) if filament => {
            Some("filament ran out; it goes on with another spool")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_about_a_message_is_said_in_words() {
        let meaning = |attr, code| Hms::from_wire(attr, code).unwrap().meaning;
        let refused = meaning(0x0500_0500, 0x0001_0007).unwrap();
        assert!(refused.contains("Developer Mode is off"), "{refused}");
        assert_eq!(meaning(0x0702_2300, 0x0002_0001), Some("filament ran out"));
        assert_eq!(meaning(0x0702_2300, 0x0002_0002), None);
        assert_eq!(meaning(0x0500_2300, 0x0002_0001), None);
    }

    #[test]
    fn the_worked_example_of_the_reference_is_taken_apart() {
        let hms = Hms::from_wire(201_327_360, 196_615).unwrap();
        assert_eq!(hms.code, "0C00-0300-0003-0007");
        assert_eq!((hms.severity, hms.module), (Severity::Common, "xcam"));
        assert_eq!(Hms::from_wire(0, 196_615), None);
        assert_eq!(Hms::from_wire(201_327_360, 0), None);
    }
}
