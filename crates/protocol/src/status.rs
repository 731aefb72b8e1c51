//! The one typed status of every model, and the JSON document it serializes to.
//!
//! One shape everywhere: `serde` in the library, `--json`, HTTP, events. Units stand in the key
//! where a bare number could be misread. What is not known is `null`, never 0. The status is
//! built from the merged report by [`crate::report::State`]; nothing here reads the wire.

mod ams;
mod features;
mod job;
mod options;
mod parts;
mod text;
mod upgrade;

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::{Firmware, Model, Serial, hms::Hms, print_error::PrintError};

pub use ams::{ActiveTray, Ams, AmsUnit, Drying, DryingSetting, ExternalSpool, Tray};
pub use features::{Feature, Features};
pub use job::{Job, JobKind, PrinterState, Speed, Stage};
pub use options::{Detectors, HomedAxes, Options, Tool};
pub use parts::{
    AirDuct, AirDuctPart, Camera, Fans, Heater, Lights, Network, Nozzle, Storage, Temperature,
    Temperatures,
};
pub use text::Text;
pub use upgrade::{ModuleVersion, Upgrade, UpgradeModule};

/// Everything that is known about a printer at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Status {
    /// Serial number; `null` when neither the caller nor a report named it.
    pub serial: Option<Serial>,
    /// The name its owner gave it; the reports do not carry it.
    pub name: Option<String>,
    /// Model, such as `P1S` or `A1 mini`; from `get_version`, else from the caller or the serial number.
    pub model: Option<Model>,
    /// Firmware: `sw_ver` of the module `ota`. X1Plus (99.x) counts as the 01.08.02.00 it stands on.
    pub firmware: Option<Firmware>,
    /// Whether the printer answers. Filled by whoever holds the connection.
    pub online: Option<bool>,
    /// When the last report was merged, RFC 3339 in UTC. Filled by whoever has a clock.
    pub updated_at: Option<String>,
    /// State of the job (`gcode_state`).
    pub state: PrinterState,
    /// What it does right now (`stg_cur`).
    pub stage: Stage,
    /// The job; while idle its fields hold what the printer last reported.
    pub job: Job,
    /// All temperatures in °C.
    pub temperatures: Temperatures,
    /// Nozzles in the same order as `temperatures.nozzles`.
    pub nozzles: Vec<Nozzle>,
    /// Nozzles that wait in the rack (H2C).
    pub nozzle_rack: Vec<Nozzle>,
    /// Fans in percent.
    pub fans: Fans,
    /// Air duct; `null` on models without one.
    pub air_duct: Option<AirDuct>,
    /// Print speed.
    pub speed: Speed,
    /// Filament units.
    pub ams: Ams,
    /// External spool holders: id 254 (254 left and 255 right on machines with two nozzles).
    pub external_spools: Vec<ExternalSpool>,
    /// Lights.
    pub lights: Lights,
    /// Whether the door is open (`stat` bit 23; older X1: `home_flag` bit 23) [V]; `null` without a
    /// sensor, and on an X1 whose firmware is too old or not known.
    pub door_open: Option<bool>,
    /// Whether the top lid is open (`stat` bit 24) [V]; `null` without a sensor.
    pub lid_open: Option<bool>,
    /// Camera.
    pub camera: Camera,
    /// Network.
    pub network: Network,
    /// The error that ended or paused the job (`print_error`); `null` when there is none.
    pub error: Option<PrintError>,
    /// Health messages, as the printer lists them.
    pub hms: Vec<Hms>,
    /// Whether a storage medium is present (`sdcard`).
    pub storage_present: Option<bool>,
    /// Storage in more detail.
    pub storage: Storage,
    /// Whether commands are taken unsigned (`fun` bit 29 is clear) [L]; `null` on machines without
    /// `fun` (A1, P1).
    pub developer_mode: Option<bool>,
    /// What the machine says that it can do; not part of the JSON document.
    #[serde(skip)]
    pub features: Features,
    /// What the printer is set to do by itself.
    pub options: Options,
    /// What it watches for.
    pub detectors: Detectors,
    /// Which axes are homed.
    pub homed_axes: Option<HomedAxes>,
    /// Laser, cutter or fan; `null` on machines without a place for one.
    pub tool: Option<Tool>,
    /// Build plate that the camera recognized, such as `P0101`.
    pub plate_detected: Option<Text>,
    /// Firmware upgrade in progress or on offer.
    pub upgrade: Upgrade,
    /// Modules and their firmware, from `get_version`.
    #[serde(serialize_with = "list")]
    pub modules: Arc<[ModuleVersion]>,
}

impl Status {
    /// The extruder that is active: 0 right or only, 1 left; `None` where not told.
    pub fn active_extruder(&self) -> Option<u8> {
        self.nozzles.iter().find(|nozzle| nozzle.active).map(|nozzle| nozzle.id)
    }
}

fn list<S: Serializer>(list: &Arc<[ModuleVersion]>, serializer: S) -> Result<S::Ok, S::Error> {
    list.as_ref().serialize(serializer)
}
