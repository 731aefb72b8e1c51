//! The words of a printer's life: phases, pauses, stages, lights, error codes.

/// Where a printer is in its job.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Phase {
    /// No job since power-on.
    Idle,
    /// Fetching and unpacking the file; percent done.
    Fetching(f64),
    /// A stage of the start: the position in its stages and the seconds spent in it.
    WarmingUp(usize, f64),
    /// A calibration: the position in its stages and the seconds spent in the current one.
    Calibrating(usize, f64),
    /// Layer by layer; seconds of printing done at standard speed.
    Printing(f64),
    /// The last job ended well.
    Finished,
    /// The last job failed or was cancelled.
    Failed,
}

/// Why a running job stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pause {
    /// A person asked for it.
    Asked,
    /// The spool is empty.
    RunOut,
    /// A fault with this print error, whose cause may persist.
    Fault(u32),
}

/// `print_error` of a job that a person cancelled.
pub(super) const CANCELLED: u32 = 0x0300_400C;
/// `print_error` of a file that cannot be read or parsed.
pub(super) const UNREADABLE: u32 = 0x0500_4003;
/// `print_error` of an AMS mapping that names no tray.
pub(super) const NO_MAPPING: u32 = 0x0700_8012;
/// `print_error` of a start while another job runs.
pub(super) const BUSY: u32 = 0x0500_4004;
/// `print_error` of a job that the hotend's stopped fan has ended [G].
pub(super) const FAN_STOPPED: u32 = 0x0300_4005;
/// `print_error` while an empty spool holds up the job [G].
pub(super) const RUN_OUT: u32 = 0x0700_8011;

/// HMS entry of a P1 that refuses a command while Developer Mode is off [L].
pub(super) const UNSIGNED: (u32, u32) = (0x0500_0500, 0x0001_0007);
/// HMS entry, attribute and code, of a hotend fan that stands still [G].
pub(super) const FAN_FAULT: (u32, u32) = (0x0300_0300, 0x0001_0001);
/// HMS entry of a storage that cannot be read [G].
pub(super) const STORAGE_FAULT: (u32, u32) = (0x0500_0100, 0x0003_0005);

/// Percent of the standard speed by level: silent, standard, sport, ludicrous.
pub(super) const SPEEDS: [u32; 4] = [50, 100, 124, 166];

/// What a light does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Light {
    On,
    Off,
    Flashing,
}

impl Light {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Flashing => "flashing",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        [Self::On, Self::Off, Self::Flashing].into_iter().find(|light| light.word() == word)
    }
}
