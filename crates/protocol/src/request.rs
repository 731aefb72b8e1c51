//! What a printer is asked: every request as a type, and its JSON. One file per kind beside this
//! one; what a person wants of any model is a [`crate::command::Command`].
//!
//! The answers are in [`crate::report`]. Topics are in [`crate::mqtt::topic`].

mod ams;
pub(crate) mod body;
mod calibration;
mod camera;
mod catalogue;
mod climate;
mod gcode;
mod job;
mod motion;
mod option;
mod project_file;
mod query;
mod rack;
mod raw;
mod security;
mod sequence;
mod system;
mod tray;
mod upgrade;
mod words;
mod written;
mod xcam;

use serde_json::{Map, Value};

use self::{
    catalogue::Part,
    query::{Info, Pushing},
};
use crate::mqtt::QoS;

pub use ams::{Ams, AmsAction, AmsBinding, ChangeFilament, Drying, FilamentSetting};
pub use calibration::{
    Calibration, FlowFilament, PressureDeletion, PressureFilament, PressureKey, PressureProfile,
    PressureSelection, RackNozzle, Steps, TrayPressure, TrayPressureRun,
};
pub use camera::{Camera, MediaStorage, Resolution, Switch};
pub use catalogue::{Answer, Entry};
pub use climate::{AirDuctMode, Climate, Fan};
pub use gcode::Gcode;
pub use job::{Fault, Job, SpeedLevel};
pub use motion::{Axis, Motion};
pub use option::{Auto, PrintOption, Purification};
pub use project_file::{MappedTray, ProjectFile};
pub use rack::{FilamentGroup, Rack, RackPosition};
pub use raw::{Raw, RawError};
pub use security::Security;
pub use sequence::SequenceId;
pub use system::{Blink, DoorCheck, LightMode, LightNode, NozzleType, System};
pub use tray::{TrayId, UnknownTray};
pub use upgrade::Upgrade;
pub use words::UnknownWord;
pub use xcam::{Sensitivity, Xcam, XcamModule};

/// Commands that the vendor publishes at least once; all others at most once. [V]
const AT_LEAST_ONCE: [&str; 11] = [
    "get_version",
    "stop",
    "pause",
    "resume",
    "ignore",
    "idle_ignore",
    "skip_objects",
    "buzzer_ctrl",
    "set_nozzle_temp",
    "set_ctt",
    "refresh_nozzle",
];

/// One request to a printer, published to `device/<serial>/request`.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// `pushing.pushall`: send the whole status. The answer is a report, not an acknowledgement;
    /// at most every 3 s [V].
    PushAll,
    /// `pushing.start`: send reports again after a silence. Never acknowledged. [V]
    StartPush,
    /// `pushing.stop`: send no reports. Never acknowledged. [V]
    StopPush,
    /// `info.get_version`: name the modules and their firmware. [L]
    GetVersion,
    /// Jobs.
    Job(Job),
    /// G-code lines.
    Gcode(Gcode),
    /// Temperatures, fans, air duct.
    Climate(Climate),
    /// Motion.
    Motion(Motion),
    /// Filament.
    Ams(Ams),
    /// Calibration.
    Calibration(Calibration),
    /// Print options.
    Option(PrintOption),
    /// Nozzle rack.
    Rack(Rack),
    /// Lights, accessories, dialogs.
    System(System),
    /// Camera.
    Camera(Camera),
    /// Detectors.
    Xcam(Xcam),
    /// Firmware.
    Upgrade(Upgrade),
    /// Certificates of applications.
    Security(Security),
    /// As somebody wrote it.
    Raw(Raw),
}

/// Every command, in the order of the reference.
pub fn catalogue() -> impl Iterator<Item = &'static Entry> {
    [
        Pushing::ENTRIES,
        Info::ENTRIES,
        Upgrade::ENTRIES,
        System::ENTRIES,
        Camera::ENTRIES,
        Xcam::ENTRIES,
        Job::ENTRIES,
        Gcode::ENTRIES,
        Climate::ENTRIES,
        Motion::ENTRIES,
        PrintOption::ENTRIES,
        Rack::ENTRIES,
        Ams::ENTRIES,
        Calibration::ENTRIES,
        Security::ENTRIES,
    ]
    .into_iter()
    .flatten()
}

/// One exact frame or more for every command, with sequence id 20001; values are examples, types
/// are exact.
pub fn examples() -> impl Iterator<Item = &'static str> {
    include_str!("request/frames.jsonl").lines()
}

impl Request {
    fn part(&self) -> Result<&dyn Part, &Raw> {
        Ok(match self {
            Self::PushAll => &Pushing::PushAll,
            Self::StartPush => &Pushing::StartPush,
            Self::StopPush => &Pushing::StopPush,
            Self::GetVersion => &Info::GetVersion,
            Self::Job(part) => part,
            Self::Gcode(part) => part,
            Self::Climate(part) => part,
            Self::Motion(part) => part,
            Self::Ams(part) => part,
            Self::Calibration(part) => part,
            Self::Option(part) => part,
            Self::Rack(part) => part,
            Self::System(part) => part,
            Self::Camera(part) => part,
            Self::Xcam(part) => part,
            Self::Upgrade(part) => part,
            Self::Security(part) => part,
            Self::Raw(raw) => return Err(raw),
        })
    }

    /// Its row of the [`catalogue`]; for a raw one the first row with its section and command.
    pub fn entry(&self) -> Option<&'static Entry> {
        match self.part() {
            Ok(part) => Some(part.entry()),
            Err(raw) => catalogue()
                .find(|entry| (entry.section, entry.command) == (raw.section(), raw.command())),
        }
    }

    /// The section of the request and of its acknowledgement: `print`, `system`, `info`, `pushing`.
    pub fn section(&self) -> &str {
        self.part().map_or_else(Raw::section, |part| part.entry().section)
    }

    /// The command word inside the section.
    pub fn command(&self) -> &str {
        self.part().map_or_else(Raw::command, |part| part.entry().command)
    }

    /// The payload to publish. A raw request that brought its own sequence id keeps it.
    pub fn json(&self, id: SequenceId) -> String {
        self.part().map_or_else(|raw| raw.json(id), |part| part.json(id))
    }

    /// The sequence id by which its answer is found.
    pub fn answered_by(&self, id: SequenceId) -> String {
        let own = if let Self::Raw(raw) = self { raw.own_id() } else { None };
        own.unwrap_or_else(|| id.to_string())
    }

    /// The fields inside the section, as they are published.
    pub fn body(&self) -> Map<String, Value> {
        let text = self.json(SequenceId::from_random(0));
        let sections: Map<String, Value> = serde_json::from_str(&text).unwrap_or_default();
        match sections.into_iter().next() {
            Some((_, Value::Object(body))) => body,
            _ => Map::new(),
        }
    }

    /// How the vendor publishes it. [V]
    pub fn qos(&self) -> QoS {
        let words = |word: &&str| *word == self.command() && self.section() != "pushing";
        if AT_LEAST_ONCE.iter().any(words) { QoS::AtLeastOnce } else { QoS::AtMostOnce }
    }
}

macro_rules! into_request {
    ($($part:ident => $variant:ident),+) => { $(
        impl $part {
            fn into_request(self) -> Request {
                Request::$variant(self)
            }
        }
    )+ };
}

into_request!(
    Job => Job, Gcode => Gcode, Climate => Climate, Motion => Motion, Ams => Ams,
    Calibration => Calibration, PrintOption => Option, Rack => Rack, System => System,
    Camera => Camera, Xcam => Xcam, Upgrade => Upgrade, Security => Security
);

impl From<Raw> for Request {
    fn from(raw: Raw) -> Self {
        Self::Raw(raw)
    }
}

#[cfg(test)]
mod tests;
