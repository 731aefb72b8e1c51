//! Command names of earlier tools, and what each of them wanted.

use super::Command;
use crate::request::{Fan, LightMode, Request, SpeedLevel};

/// The names that [`seed_name`] knows.
pub const SEED_NAMES: [&str; 16] = [
    "pause",
    "resume",
    "stop",
    "set_nozzle_temp",
    "set_bed_temp",
    "set_chamber_temp",
    "set_fan_speed",
    "set_airduct",
    "set_airduct_fan",
    "set_ctt",
    "set_chamber_fan",
    "print_speed",
    "set_light",
    "gcode_line",
    "request_full_status",
    "get_version",
];

/// What a command name of earlier tools wanted, with its value: °C, percent, a word, or lines of
/// G-code. `None` for a name that is not known and a value that it cannot have.
///
/// `set_airduct` and `set_ctt` meant the auxiliary and the chamber fan in percent there; on the
/// wire they are something else.
pub fn seed_name(name: &str, value: &str) -> Option<Command> {
    let value = value.trim();
    let celsius = || value.parse::<u16>().ok();
    let fan = |fan| Some(Command::Fan { fan, percent: value.parse().ok()? });
    match name {
        "pause" => Some(Command::Pause),
        "resume" => Some(Command::Resume),
        "stop" => Some(Command::Stop),
        "set_nozzle_temp" => Some(Command::Nozzle { extruder: None, celsius: celsius()? }),
        "set_bed_temp" => celsius().map(Command::Bed),
        "set_chamber_temp" => celsius().map(Command::Chamber),
        "set_fan_speed" => fan(Fan::Part),
        "set_airduct" | "set_airduct_fan" => fan(Fan::Aux),
        "set_ctt" | "set_chamber_fan" => fan(Fan::Chamber),
        "print_speed" => value.parse::<SpeedLevel>().ok().map(Command::Speed),
        "set_light" => Some(Command::Light { node: None, mode: value.parse::<LightMode>().ok()? }),
        "gcode_line" => Some(Command::Gcode(value.to_owned())),
        "request_full_status" => Some(Command::Exact(Request::PushAll)),
        "get_version" => Some(Command::Exact(Request::GetVersion)),
        _ => None,
    }
}
