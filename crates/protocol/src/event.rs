//! What happened, derived from how the status changed. Pure: the caller brings the statuses.
//!
//! [`Watcher`] is in `event/watcher.rs`; what it remembers of a job, of filament, of faults and of
//! the machine is in a file each. The statuses come from [`crate::report::State::status`].

mod faults;
mod filament;
mod job;
mod machine;
mod steps;
mod watcher;

#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::{
    hms::Hms,
    print_error::PrintError,
    status::{Heater, Job, JobKind, Text},
};

pub use watcher::Watcher;

/// Something that happened to a printer. As JSON an object whose `event` holds [`Event::name`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event")]
pub enum Event {
    /// The printer answers again.
    #[serde(rename = "device.online")]
    DeviceOnline,
    /// The printer does not answer any more.
    #[serde(rename = "device.offline")]
    DeviceOffline,
    /// A job began; a job that ran already when the watcher began is not told.
    #[serde(rename = "print.started")]
    PrintStarted {
        /// Which job.
        job: JobName,
    },
    /// The job waits.
    #[serde(rename = "print.paused")]
    PrintPaused {
        /// Which job.
        job: JobName,
        /// What it waits for, where the printer names an error; `null` when a person paused it.
        error: Option<PrintError>,
    },
    /// The job goes on.
    #[serde(rename = "print.resumed")]
    PrintResumed {
        /// Which job.
        job: JobName,
    },
    /// The job is done.
    #[serde(rename = "print.completed")]
    PrintCompleted {
        /// Which job.
        job: JobName,
    },
    /// The job ended early, and nobody asked for it.
    #[serde(rename = "print.failed")]
    PrintFailed {
        /// Which job.
        job: JobName,
        /// Why; `null` where the printer does not say.
        error: Option<PrintError>,
    },
    /// The job was stopped by a person.
    #[serde(rename = "print.cancelled")]
    PrintCancelled {
        /// Which job.
        job: JobName,
    },
    /// The job passed a step of progress: 10, 20 … 100 percent unless the watcher was told otherwise.
    #[serde(rename = "print.progress")]
    PrintProgress {
        /// Which job.
        job: JobName,
        /// The step that was passed, in percent.
        percent: u8,
        /// Minutes left when it was seen.
        remaining_minutes: Option<u32>,
    },
    /// A layer began.
    #[serde(rename = "print.layer")]
    PrintLayer {
        /// Which job.
        job: JobName,
        /// The layer, counted from 1.
        layer: u32,
        /// Number of layers.
        total_layers: Option<u32>,
    },
    /// The job does something else now: heats, levels, prints …
    #[serde(rename = "print.stage")]
    PrintStage {
        /// Which job.
        job: JobName,
        /// Id of the stage; 0 while it just prints.
        id: i64,
        /// Its name, as in the status document.
        name: Option<&'static str>,
    },
    /// Filament ran out.
    #[serde(rename = "filament.runout")]
    FilamentRunout {
        /// Unit, 254 for an external spool; `null` where the printer does not say.
        unit: Option<u16>,
        /// Slot in the unit.
        tray: Option<u8>,
    },
    /// Other filament feeds the nozzle.
    #[serde(rename = "filament.changed")]
    FilamentChanged {
        /// Unit that feeds it now.
        unit: u16,
        /// Slot in the unit.
        tray: u8,
        /// Material, such as `PLA`.
        material: Option<Text>,
        /// First colour, `RRGGBBAA`.
        color: Option<Text>,
    },
    /// A health message appeared.
    #[serde(rename = "hms.raised")]
    HmsRaised {
        /// The message.
        hms: Hms,
    },
    /// A health message is gone.
    #[serde(rename = "hms.cleared")]
    HmsCleared {
        /// The message.
        hms: Hms,
    },
    /// The printer reports an error. Cancelling a job is none, though the wire has a code for it.
    #[serde(rename = "error.raised")]
    ErrorRaised {
        /// The error.
        error: PrintError,
    },
    /// The error is gone, or another took its place.
    #[serde(rename = "error.cleared")]
    ErrorCleared {
        /// The error.
        error: PrintError,
    },
    /// The door was opened.
    #[serde(rename = "door.opened")]
    DoorOpened,
    /// The door was closed.
    #[serde(rename = "door.closed")]
    DoorClosed,
    /// A heater came within 2 °C of a target that was set, once for each target.
    #[serde(rename = "temperature.reached")]
    TemperatureReached {
        /// Which heater.
        heater: Heater,
        /// The target in °C.
        target: f64,
    },
}

/// Which job an event is about, as the printer named it then.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct JobName {
    /// Title.
    pub name: Option<Text>,
    /// File.
    pub file: Option<Text>,
    /// Plate, counted from 1.
    pub plate: Option<u32>,
    /// Origin; calibrations are `system`.
    pub kind: Option<JobKind>,
    /// Cloud task, `"0"` on the LAN.
    pub task_id: Option<Text>,
    /// Cloud subtask, `"0"` on the LAN.
    pub subtask_id: Option<Text>,
}

impl Event {
    /// Every name with what it says, in the order of [`Event`].
    pub const NAMES: [(&'static str, &'static str); 20] = [
        ("device.online", "The printer answers again."),
        ("device.offline", "The printer does not answer any more."),
        ("print.started", "A job began."),
        ("print.paused", "The job waits."),
        ("print.resumed", "The job goes on."),
        ("print.completed", "The job is done."),
        ("print.failed", "The job ended early, and nobody asked for it."),
        ("print.cancelled", "The job was stopped by a person."),
        ("print.progress", "The job passed a step of progress."),
        ("print.layer", "A layer began."),
        ("print.stage", "The job does something else now."),
        ("filament.runout", "Filament ran out."),
        ("filament.changed", "Other filament feeds the nozzle."),
        ("hms.raised", "A health message appeared."),
        ("hms.cleared", "A health message is gone."),
        ("error.raised", "The printer reports an error."),
        ("error.cleared", "The error is gone, or another took its place."),
        ("door.opened", "The door was opened."),
        ("door.closed", "The door was closed."),
        ("temperature.reached", "A heater came within 2 °C of a target that was set."),
    ];

    /// Its name, such as `print.started`; the seeds' webhook names where they have one.
    pub fn name(&self) -> &'static str {
        match self {
            Self::DeviceOnline => "device.online",
            Self::DeviceOffline => "device.offline",
            Self::PrintStarted { .. } => "print.started",
            Self::PrintPaused { .. } => "print.paused",
            Self::PrintResumed { .. } => "print.resumed",
            Self::PrintCompleted { .. } => "print.completed",
            Self::PrintFailed { .. } => "print.failed",
            Self::PrintCancelled { .. } => "print.cancelled",
            Self::PrintProgress { .. } => "print.progress",
            Self::PrintLayer { .. } => "print.layer",
            Self::PrintStage { .. } => "print.stage",
            Self::FilamentRunout { .. } => "filament.runout",
            Self::FilamentChanged { .. } => "filament.changed",
            Self::HmsRaised { .. } => "hms.raised",
            Self::HmsCleared { .. } => "hms.cleared",
            Self::ErrorRaised { .. } => "error.raised",
            Self::ErrorCleared { .. } => "error.cleared",
            Self::DoorOpened => "door.opened",
            Self::DoorClosed => "door.closed",
            Self::TemperatureReached { .. } => "temperature.reached",
        }
    }
}

impl JobName {
    /// Names the job of a status.
    pub fn of(job: &Job) -> Self {
        Self {
            name: job.name.clone(),
            file: job.file.clone(),
            plate: job.plate,
            kind: job.kind,
            task_id: job.task_id.clone(),
            subtask_id: job.subtask_id.clone(),
        }
    }

    /// Whether this is surely another job: by the ids of the cloud, else by title or file. What is
    /// empty or not known decides nothing.
    fn differs(&self, other: &Self) -> bool {
        let known = |text: &Option<Text>| text.clone().filter(|text| !text.is_empty());
        let differ = |a: &Option<Text>, b: &Option<Text>| match (known(a), known(b)) {
            (Some(a), Some(b)) => Some(a != b),
            _ => None,
        };
        let local = |text: &Option<Text>| text.as_deref() == Some("0");
        for (a, b) in [(&self.task_id, &other.task_id), (&self.subtask_id, &other.subtask_id)] {
            match differ(a, b) {
                Some(true) => return true,
                Some(false) if !local(a) => return false,
                _ => {}
            }
        }
        differ(&self.name, &other.name) == Some(true)
            || differ(&self.file, &other.file) == Some(true)
    }
}
