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

/// What can happen. A row: when, variant with its fields, `=` its name.
///
/// It expands to the enum, in whose JSON the name is `event`, and to `NAMES` and `name()`.
macro_rules! events {
    ($(#[$meta:meta])* pub enum $enum:ident { $(
        $(#[doc = $doc:literal])+
        $variant:ident $({ $($fields:tt)* })? = $name:literal,
    )+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(tag = "event")]
        pub enum $enum { $(
            $(#[doc = $doc])+
            #[serde(rename = $name)]
            $variant $({ $($fields)* })?,
        )+ }

        impl $enum {
            /// Every name with what it says.
            pub const NAMES: &[(&str, &str)] =
                &[$(($name, concat!($($doc),+).trim_ascii())),+];

            /// Its name, such as `print.started`; the names of earlier tools' webhooks where they
            /// have one.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $name),+ }
            }
        }
    };
}

events! {
    /// Something that happened to a printer. As JSON an object whose `event` holds [`Event::name`].
    pub enum Event {
        /// The printer answers again.
        DeviceOnline = "device.online",
        /// The printer does not answer any more.
        DeviceOffline = "device.offline",
        /// A job began; a job that ran already when the watcher began is not told.
        PrintStarted {
            /// Which job.
            job: JobName,
        } = "print.started",
        /// The job waits.
        PrintPaused {
            /// Which job.
            job: JobName,
            /// What it waits for, where the printer names an error; `null` when a person paused it.
            error: Option<PrintError>,
        } = "print.paused",
        /// The job goes on.
        PrintResumed {
            /// Which job.
            job: JobName,
        } = "print.resumed",
        /// The job is done.
        PrintCompleted {
            /// Which job.
            job: JobName,
        } = "print.completed",
        /// The job ended early, and nobody asked for it.
        PrintFailed {
            /// Which job.
            job: JobName,
            /// Why; `null` where the printer does not say.
            error: Option<PrintError>,
        } = "print.failed",
        /// The job was stopped by a person.
        PrintCancelled {
            /// Which job.
            job: JobName,
        } = "print.cancelled",
        /// The job passed a step of progress: 10, 20 … 100 percent unless the watcher was told
        /// otherwise.
        PrintProgress {
            /// Which job.
            job: JobName,
            /// The step that was passed, in percent.
            percent: u8,
            /// Minutes left when it was seen.
            remaining_minutes: Option<u32>,
        } = "print.progress",
        /// A layer began.
        PrintLayer {
            /// Which job.
            job: JobName,
            /// The layer, counted from 1.
            layer: u32,
            /// Number of layers.
            total_layers: Option<u32>,
        } = "print.layer",
        /// The job does something else now: heats, levels, prints …
        PrintStage {
            /// Which job.
            job: JobName,
            /// Id of the stage; 0 while it just prints.
            id: i64,
            /// Its name, as in the status document.
            name: Option<&'static str>,
        } = "print.stage",
        /// Filament ran out.
        FilamentRunout {
            /// Unit, 254 for an external spool; `null` where the printer does not say.
            unit: Option<u16>,
            /// Slot in the unit.
            tray: Option<u8>,
        } = "filament.runout",
        /// Other filament feeds the nozzle.
        FilamentChanged {
            /// Unit that feeds it now.
            unit: u16,
            /// Slot in the unit.
            tray: u8,
            /// Material, such as `PLA`.
            material: Option<Text>,
            /// First colour, `RRGGBBAA`.
            color: Option<Text>,
        } = "filament.changed",
        /// A health message appeared.
        HmsRaised {
            /// The message.
            hms: Hms,
        } = "hms.raised",
        /// A health message is gone.
        HmsCleared {
            /// The message.
            hms: Hms,
        } = "hms.cleared",
        /// The printer reports an error. Cancelling a job is none, though the wire has a code for it.
        ErrorRaised {
            /// The error.
            error: PrintError,
        } = "error.raised",
        /// The error is gone, or another took its place.
        ErrorCleared {
            /// The error.
            error: PrintError,
        } = "error.cleared",
        /// The door was opened.
        DoorOpened = "door.opened",
        /// The door was closed.
        DoorClosed = "door.closed",
        /// A heater came within 2 °C of a target that was set, once for each target.
        TemperatureReached {
            /// Which heater.
            heater: Heater,
            /// The target in °C.
            target: f64,
        } = "temperature.reached",
    }
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
