//! `print_error`: the one error of the job.

use serde::Serialize;

use crate::hms;

/// What a print error means for the job: the class of its lower half [V].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// `0x4xxx`: the job ended.
    Ended,
    /// `0x8xxx`: the job waits for the user.
    Paused,
    /// `0xCxxx`: a prompt or notice.
    Notice,
}

/// A print error.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct PrintError {
    /// Eight hex digits in two groups, such as `0300-400C`.
    pub code: String,
    /// The same as an unsigned integer.
    pub number: u32,
    /// What it means for the job.
    pub effect: Effect,
    /// Which module speaks; the same words as in `hms[].module`.
    pub module: &'static str,
    /// What it is about, for the few codes that are known by observation.
    pub meaning: Option<&'static str>,
    /// Page with the vendor's text.
    pub url: String,
}

impl PrintError {
    /// Takes the integer apart. `None` for 0 and for phase values (lower half below 0x4000),
    /// which are no errors [L].
    pub fn from_wire(number: u32) -> Option<Self> {
        let effect = match number & 0xFFFF {
            0x4000..=0x7FFF => Effect::Ended,
            0x8000..=0xBFFF => Effect::Paused,
            0xC000..=0xFFFF => Effect::Notice,
            _ => return None,
        };
        Some(Self {
            code: format!("{:04X}-{:04X}", number >> 16, number & 0xFFFF),
            number,
            effect,
            module: hms::module((number >> 24) as u8),
            meaning: meaning(number),
            url: format!("https://e.bambulab.com/?e={number:08X}"),
        })
    }
}

/// Whether this error says that a person cancelled the job, `0300-400C` or `0500-400E` [L].
pub fn is_cancel(number: u32) -> bool {
    matches!(number, 0x0300_400C | 0x0500_400E)
}

/// Codes that projects have observed, with a short gloss of our own [L].
pub const KNOWN: [(u32, &str); 20] = [
    (0x0300_400C, "job cancelled by the user"),
    (0x0300_8004, "filament ran out"),
    (0x0300_8015, "the external filament ran out"),
    (0x0500_400E, "job cancelled"),
    (0x0500_4003, "the job file could not be read or parsed"),
    (0x0500_4004, "the printer is busy, the start was refused"),
    (0x0500_4019, "refused because LAN-only mode is on"),
    (0x0500_C010, "storage read or write failed"),
    (0x0502_4007, "command refused: not signed, and Developer Mode is off"),
    (0x0502_4008, "command refused: its sequence id was used before"),
    (0x0502_4009, "command refused: the printer wants the application certificate again"),
    (0x0502_400A, "command refused: signature check failed"),
    (0x0502_400B, "command refused: signature check failed"),
    (0x0502_400C, "command refused: signature check failed"),
    (0x0700_8011, "AMS filament ran out"),
    (0x0700_8012, "the AMS mapping could not be resolved"),
    (0x07FF_8011, "the external filament ran out"),
    (0x07FF_8012, "the AMS mapping could not be resolved"),
    (0x1200_8011, "AMS lite filament ran out"),
    (0x1800_8011, "AMS HT filament ran out"),
];

/// The gloss of a code in [`KNOWN`].
pub fn meaning(number: u32) -> Option<&'static str> {
    KNOWN.iter().find(|(code, _)| *code == number).map(|(_, gloss)| *gloss)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_keep_their_leading_zeros() {
        let error = PrintError::from_wire(50_348_044).unwrap();
        assert_eq!(error.code, "0300-400C");
        assert_eq!((error.effect, error.module), (Effect::Ended, "motion_controller"));
        assert_eq!(error.meaning, Some("job cancelled by the user"));
    }

    #[test]
    fn zero_and_phase_values_are_no_errors() {
        assert_eq!(PrintError::from_wire(0), None);
        assert_eq!(PrintError::from_wire(0x0300_0001), None);
    }
}
