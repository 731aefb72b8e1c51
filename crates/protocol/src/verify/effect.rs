//! What a status shows after a command. How it is read is in `verify/shown.rs`, which request wants
//! what in `verify/expected.rs`.

use std::fmt;

use super::shown::{dries, fan, filament, light};
use crate::{
    request::{AirDuctMode, Fan},
    status::{Heater, PrinterState, Status, Text},
};

/// One thing that a status shows when a command took effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// A heater has this target in °C.
    Target(Heater, f64),
    /// A fan turns at this percentage.
    Fan {
        /// Which fan.
        fan: Fan,
        /// Percent.
        percent: u8,
        /// What it was before: steps of some printers are too coarse to show every change.
        before: Option<u8>,
    },
    /// The air takes this way.
    AirDuct(u8),
    /// A light is `on`, `off`, `flashing`: `chamber_light`, `chamber_light2`, `work_light`.
    Light(&'static str, String),
    /// Speed level 1 to 4.
    Speed(u8),
    /// The job waits.
    Paused,
    /// The job does not wait any more.
    Resumed,
    /// No job runs.
    Stopped,
    /// Another job runs, or one where none ran.
    Started {
        /// Whether one ran before.
        ran: bool,
        /// Title and file before.
        job: (Option<Text>, Option<Text>),
    },
    /// These objects are left out.
    Skipped(Vec<i64>),
    /// This error is gone.
    ErrorGone(u32),
    /// This tray feeds the nozzle; `None` no tray does.
    Feeds(Option<(u16, u8)>),
    /// A tray holds this.
    Filament {
        /// Unit and slot; 254 and 255 are external spools.
        tray: (u16, u8),
        /// Material; empty for nothing.
        material: String,
        /// `RRGGBBAA`; not compared when the material is empty.
        color: String,
        /// Filament id; not compared when it is empty or the printer tells none.
        id: String,
        /// Lowest and highest nozzle temperature in °C, as far as the printer tells them; 0 is
        /// not compared.
        celsius: (u16, u16),
    },
    /// A pressure advance profile is chosen; `None` the default.
    Profile((u16, u8), Option<i64>),
    /// A unit dries, or does not.
    Drying(u16, bool),
    /// This extruder is the active one.
    Extruder(u8),
    /// All axes know where they are.
    Homed,
    /// The nozzle is of this diameter and material.
    Nozzle(f64, String),
    /// A firmware upgrade runs.
    Upgrading,
    /// A switch of the status document has this value.
    Switch(Switch, bool),
    /// A word of the status document has this value.
    Word(Word, String),
    /// What this command does, written without the fields that printers read: nothing shows it.
    Unreadable(String),
}

/// A yes or no of the status document; known by its name.
#[derive(Debug, Clone, Copy)]
pub struct Switch {
    pub(super) name: &'static str,
    pub(super) read: fn(&Status) -> Option<bool>,
}

/// A word of the status document; known by its name.
#[derive(Debug, Clone, Copy)]
pub struct Word {
    pub(super) name: &'static str,
    pub(super) read: fn(&Status) -> Option<&str>,
}

impl PartialEq for Switch {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl PartialEq for Word {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Effect {
    /// Whether the status shows it.
    pub fn holds(&self, status: &Status) -> bool {
        match self {
            // Firmware cuts off what is behind the point.
            Self::Target(which, wanted) => status
                .temperatures
                .of(*which)
                .target
                .is_some_and(|target| (target - wanted).abs() < 1.0),
            Self::Fan { fan: which, percent, before } => {
                let near = |is: u8| {
                    // A machine with 15 steps shows tens, up to a step away.
                    let off = if is.is_multiple_of(10) { 9 } else { 5 };
                    is == *percent
                        || (is.abs_diff(*percent) <= off
                            && (is == 0) == (*percent == 0)
                            && Some(is) != *before)
                };
                fan(status, *which).is_some_and(near)
            }
            Self::AirDuct(mode) => status.air_duct.as_ref().and_then(|d| d.mode) == Some(*mode),
            Self::Light(node, mode) => light(status, node) == Some(mode),
            Self::Speed(level) => status.speed.level == Some(*level),
            Self::Paused => status.state == PrinterState::Paused,
            Self::Resumed => {
                status.state == PrinterState::Finished
                    || (status.state.is_active() && status.state != PrinterState::Paused)
            }
            Self::Stopped => matches!(
                status.state,
                PrinterState::Idle | PrinterState::Finished | PrinterState::Failed
            ),
            Self::Started { ran, job } => {
                let other = (&status.job.name, &status.job.file) != (&job.0, &job.1);
                status.state.is_active() && (!ran || other)
            }
            Self::Skipped(ids) => ids.iter().all(|id| status.job.skipped_objects.contains(id)),
            Self::ErrorGone(number) => {
                status.error.as_ref().is_none_or(|error| error.number != *number)
            }
            Self::Feeds(None) => status.ams.active.is_none(),
            Self::Feeds(Some((unit, slot))) => status.ams.active.is_some_and(|active| {
                // The id of the only holder is 254 or 255; with two they name the side.
                let only = status.external_spools.len() < 2;
                let external = only && *unit >= 254 && active.unit >= 254;
                external || (active.unit, active.tray) == (*unit, *slot)
            }),
            Self::Filament { tray, material, color, id, celsius } => {
                let same =
                    |is: Option<u16>, wanted: u16| wanted == 0 || is.is_none_or(|is| is == wanted);
                filament(status, *tray).is_some_and(|is| {
                    is.material.unwrap_or_default() == material
                        && (material.is_empty()
                            || is.color.is_some_and(|is| is.eq_ignore_ascii_case(color)))
                        && (id.is_empty() || is.id.is_none_or(|is| is == id))
                        && same(is.celsius.0, celsius.0)
                        && same(is.celsius.1, celsius.1)
                })
            }
            Self::Profile((unit, slot), wanted) => {
                let tray = status.ams.tray(*unit, *slot);
                tray.is_some_and(|tray| tray.calibration_index == *wanted)
            }
            Self::Drying(unit, wanted) => dries(status, *unit) == Some(*wanted),
            Self::Extruder(id) => status.active_extruder() == Some(*id),
            Self::Homed => status.homed_axes.is_some_and(|axes| axes.x && axes.y && axes.z),
            Self::Nozzle(diameter, kind) => status.nozzles.first().is_some_and(|nozzle| {
                nozzle.kind.as_deref() == Some(kind)
                    && nozzle.diameter_mm.is_some_and(|is| (is - diameter).abs() < 0.01)
            }),
            Self::Upgrading => status.upgrade.state.as_deref().is_some_and(|state| {
                let words = ["downloading", "flashing", "pre_flash", "upgrade_success"];
                words.iter().any(|word| state.starts_with(word))
            }),
            Self::Switch(switch, wanted) => (switch.read)(status) == Some(*wanted),
            Self::Word(word, wanted) => (word.read)(status) == Some(wanted),
            Self::Unreadable(_) => false,
        }
    }

    /// Seconds that it may take after the acknowledgement: two reports of a P1 at least, and as
    /// long as the machine needs.
    pub(super) fn patience_seconds(&self) -> u64 {
        match self {
            // P1 firmware parses a new job for up to 135 s [L].
            Self::Started { .. } => 150,
            // Cutting, drawing back and purging.
            Self::Feeds(_) => 180,
            // Some clean and heat the nozzle first.
            Self::Homed => 120,
            Self::Upgrading => 60,
            Self::Paused | Self::Resumed | Self::Stopped | Self::Extruder(_) | Self::Drying(..) => {
                30
            }
            _ => 10,
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(heater, target) => {
                let name = match heater {
                    Heater::Nozzle => "nozzle",
                    Heater::NozzleLeft => "left nozzle",
                    Heater::Bed => "bed",
                    Heater::Chamber => "chamber",
                };
                write!(f, "{name} target {target} °C")
            }
            Self::Fan { fan, percent, .. } => write!(f, "{fan} fan at {percent} %"),
            Self::AirDuct(mode) => {
                let name = AirDuctMode::ALL.iter().find(|one| one.wire() == *mode);
                write!(f, "air duct {}", name.map_or("in another mode", |name| name.name()))
            }
            Self::Light(node, mode) => write!(f, "{} {mode}", node.replace('_', " ")),
            Self::Speed(level) => write!(f, "speed level {level}"),
            Self::Paused => f.write_str("the job paused"),
            Self::Resumed => f.write_str("the job going on"),
            Self::Stopped => f.write_str("the job ended"),
            Self::Started { .. } => f.write_str("the job started"),
            Self::Skipped(ids) => write!(f, "objects {ids:?} skipped"),
            Self::ErrorGone(_) => f.write_str("the error cleared"),
            Self::Feeds(None) => f.write_str("no filament loaded"),
            Self::Feeds(Some((unit, _))) if *unit >= 254 => {
                f.write_str("the external spool loaded")
            }
            Self::Feeds(Some((unit, slot))) => write!(f, "tray {unit}/{slot} loaded"),
            Self::Filament { tray: (unit, slot), material, .. } => {
                let material = if material.is_empty() { "nothing" } else { material };
                write!(f, "{material} in tray {unit}/{slot}")
            }
            Self::Profile((unit, slot), _) => write!(f, "the profile of tray {unit}/{slot}"),
            Self::Drying(unit, true) => write!(f, "unit {unit} drying"),
            Self::Drying(unit, false) => write!(f, "unit {unit} not drying"),
            Self::Extruder(id) => write!(f, "extruder {id} active"),
            Self::Homed => f.write_str("all axes homed"),
            Self::Nozzle(diameter, kind) => write!(f, "nozzle {diameter} mm {kind}"),
            Self::Upgrading => f.write_str("an upgrade running"),
            Self::Switch(switch, on) => {
                write!(f, "{} {}", switch.name, if *on { "on" } else { "off" })
            }
            Self::Word(word, wanted) => write!(f, "{} {wanted}", word.name),
            Self::Unreadable(command) => {
                write!(f, "any effect of {command}, which lacks the fields that printers read")
            }
        }
    }
}
