//! Why a command is not sent.

use crate::{
    Firmware, Model, gcode, request::TrayId, status::PrinterState, verify::DEVELOPER_MODE_STEP,
};

/// Why a command is not sent: a value that cannot be, or a printer that is not ready for it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A value that this printer does not bear.
    #[error(
        "{what} {value}{unit} is out of range{}; choose {min} to {max}{unit}",
        on(*model)
    )]
    OutOfRange {
        /// What the value is, such as `bed temperature`.
        what: &'static str,
        /// The value.
        value: i64,
        /// Lowest value.
        min: i64,
        /// Highest value.
        max: i64,
        /// Unit, with a space before it; empty for counts.
        unit: &'static str,
        /// Model whose limit it is, where known.
        model: Option<Model>,
    },
    /// A value that no printer takes.
    #[error("{0}")]
    BadValue(&'static str),
    /// Something that this model or its firmware does not have.
    #[error("{} has no {what}; leave it out, or force it", name(*model))]
    NotOnThisModel {
        /// What it lacks, such as `chamber heater`.
        what: &'static str,
        /// The model, where known.
        model: Option<Model>,
    },
    /// Firmware that is too old for the command.
    #[error("{what} needs firmware {from} and this printer has {has}; update the printer")]
    NeedsFirmware {
        /// What the command does.
        what: &'static str,
        /// First firmware that takes it.
        from: Firmware,
        /// What the printer has.
        has: Firmware,
    },
    /// The printer is off, or silent for too long.
    #[error("the printer is offline or does not answer; look whether it is switched on and online")]
    Offline,
    /// The printer wants signed commands.
    #[error("the printer takes no unsigned commands: Developer Mode is off; {DEVELOPER_MODE_STEP}")]
    NeedsDeveloperMode,
    /// A job holds the printer.
    #[error("a job is {} and {what} would disturb it; wait or stop the job, or force it", state.name())]
    JobRuns {
        /// What was asked for.
        what: &'static str,
        /// State of the job.
        state: PrinterState,
    },
    /// The job is not in a state for this.
    #[error("nothing to {what}: the printer is {}; look at its status first", state.name())]
    NothingTo {
        /// What was asked for, such as `pause`.
        what: &'static str,
        /// State of the job.
        state: PrinterState,
    },
    /// A tray that the printer does not have.
    #[error("the printer has no tray {0}; look for its trays in its status")]
    NoSuchTray(TrayId),
    /// A tray without a spool.
    #[error("tray {0} is empty; put a spool in, or name another tray")]
    EmptyTray(TrayId),
    /// Something that has not been reported, and that the command must know.
    #[error("the printer has not told {0}; name it, or wait for its whole status")]
    NotTold(&'static str),
    /// A nozzle too cold for filament to move, in °C.
    #[error("the nozzle has {0} °C, too cold to move filament; heat it to 170 °C at least")]
    TooCold(i64),
    /// G-code that this printer does not bear.
    #[error("G-code {0}; correct it, or force it")]
    Gcode(gcode::Finding),
}

impl Refusal {
    /// Whether a person who knows better may send the command all the same.
    pub fn can_be_forced(&self) -> bool {
        !matches!(self, Self::OutOfRange { .. } | Self::BadValue(_) | Self::NotTold(_))
    }

    /// Whether the command itself is wrong for this model, whatever the printer does at the moment.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::OutOfRange { .. }
                | Self::BadValue(_)
                | Self::NotOnThisModel { .. }
                | Self::Gcode(_)
        )
    }

    /// One word for programs, such as `out_of_range`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::OutOfRange { .. } => "out_of_range",
            Self::BadValue(_) => "bad_value",
            Self::NotOnThisModel { .. } => "not_on_this_model",
            Self::NeedsFirmware { .. } => "needs_firmware",
            Self::Offline => "offline",
            Self::NeedsDeveloperMode => "needs_developer_mode",
            Self::JobRuns { .. } => "job_runs",
            Self::NothingTo { .. } => "nothing_to_do",
            Self::NoSuchTray(_) => "no_such_tray",
            Self::EmptyTray(_) => "empty_tray",
            Self::NotTold(_) => "not_told",
            Self::TooCold(_) => "too_cold",
            Self::Gcode(_) => "gcode",
        }
    }
}

fn name(model: Option<Model>) -> &'static str {
    model.map_or("this printer", Model::name)
}

fn on(model: Option<Model>) -> String {
    model.map(|model| format!(" on {model}")).unwrap_or_default()
}
