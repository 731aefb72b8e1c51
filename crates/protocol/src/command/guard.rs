//! What speaks against a request, by what it carries on the wire: the same for one that is typed
//! and one that somebody wrote.

use super::{Refusal, limits};
use crate::{
    Firmware, Model, gcode,
    request::{
        Request, TrayId,
        body::{Body, number, objects, text, whole},
    },
    status::{Feature, PrinterState, Status},
};

/// Who made a G-code line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Author {
    /// A person: it is read with suspicion.
    Person,
    /// We, from a command that was checked.
    Us,
}

/// When a command makes sense.
#[derive(Clone, Copy)]
enum When {
    /// While a job runs.
    Running,
    /// While a job is held.
    Paused,
    /// While there is a job, held or not.
    Active,
    /// While there is none.
    Free,
    /// While none runs; it may be held.
    NotRunning,
}

const WHEN: &[(&str, &str, When, &str)] = &[
    ("print", "pause", When::Running, "pause"),
    ("print", "resume", When::Paused, "resume"),
    ("print", "ignore", When::Paused, "ignore"),
    ("print", "stop", When::Active, "stop"),
    ("print", "skip_objects", When::Active, "skip"),
    ("print", "project_file", When::Free, "a second job"),
    ("print", "gcode_file", When::Free, "a second job"),
    ("print", "calibration", When::Free, "calibration"),
    ("print", "extrusion_cali", When::Free, "calibration"),
    ("print", "flowrate_cali", When::Free, "calibration"),
    ("print", "back_to_center", When::Free, "homing"),
    ("print", "xyz_ctrl", When::Free, "moving"),
    ("print", "select_extruder", When::Free, "a change of the nozzle"),
    ("print", "nozzle_holder_ctrl", When::Free, "moving the rack"),
    ("print", "set_extrusion_length", When::NotRunning, "extruding"),
    ("print", "ams_change_filament", When::NotRunning, "a change of filament"),
    ("print", "unload_filament", When::NotRunning, "a change of filament"),
    ("system", "reboot", When::Free, "a restart"),
    ("upgrade", "start", When::Free, "an upgrade"),
    ("upgrade", "upgrade_confirm", When::Free, "an upgrade"),
    ("upgrade", "consistency_confirm", When::Free, "an upgrade"),
    ("upgrade", "upgrade_history", When::Free, "an upgrade"),
];

/// What a command needs: a test, and what is missing when it fails.
type Needs = (&'static [&'static str], fn(&Status) -> bool, &'static str);

const NEEDS: &[Needs] = &[
    (&["set_airduct"], |s| has(s, |m| m.capabilities().air_duct), "air duct"),
    (&["set_fan"], |s| s.air_duct.is_some() || has(s, |m| m.capabilities().air_duct), "air duct"),
    (&["set_ctt"], |s| limits::chamber(s).is_some(), "chamber heater"),
    (
        &["set_nozzle_temp", "set_extrusion_length", "select_extruder", "manual_ams_bind"],
        |s| has(s, |m| m.capabilities().extruders > 1),
        "second nozzle, which this command is for",
    ),
    (
        &["nozzle_holder_ctrl", "nozzle_info_confirm", "holder_nozzle_refresh"],
        |s| s.features.has(Feature::NozzleRack) || has(s, |m| m == Model::H2C),
        "nozzle rack",
    ),
    (&["set_bed_temp"], |s| s.features.has(Feature::SetBedTemp), "command set_bed_temp"),
    (&["back_to_center"], |s| s.features.has(Feature::HomeCommand), "command back_to_center"),
    (&["xyz_ctrl"], |s| s.features.has(Feature::JogCommand), "command xyz_ctrl"),
    (&["skip_objects"], |s| s.features.may_have(Feature::SkipObjects), "way to skip objects"),
    (&["set_door_stat"], |s| s.features.has(Feature::DoorCheck), "door check"),
    (&["ams_filament_drying"], |s| s.features.may_have(Feature::RemoteDrying), "drying on command"),
    (
        &["set_against_continued_heating_mode"],
        |s| s.features.has(Feature::IdleProtection),
        "protection of idle hot nozzles",
    ),
];

/// First firmware by command and model. [L]
const FIRMWARE: &[(&str, &str, &[Model], [u16; 4])] = &[
    ("ams_change_filament", "changing filament", &[Model::X1C, Model::X1], [1, 5, 6, 1]),
    ("ams_change_filament", "changing filament", &[Model::P1P, Model::P1S], [1, 2, 99, 10]),
    ("ams_get_rfid", "reading a tag", &[Model::X1C, Model::X1, Model::X1E], [1, 9, 0, 0]),
    ("ams_get_rfid", "reading a tag", &[Model::P1P, Model::P1S], [1, 8, 1, 0]),
    ("ams_get_rfid", "reading a tag", &[Model::A1, Model::A1Mini], [1, 6, 0, 0]),
    ("ams_filament_drying", "drying", &[Model::X1C, Model::X1], [1, 8, 50, 18]),
    ("ams_filament_drying", "drying", &[Model::P1P, Model::P1S], [1, 7, 50, 18]),
    ("ams_filament_drying", "drying", &[Model::A1, Model::A1Mini], [1, 6, 10, 33]),
];

/// Everything that speaks against sending it, the weightiest first.
pub(super) fn refusals(request: &Request, status: &Status, author: Author) -> Vec<Refusal> {
    let (section, command, body) = (request.section(), request.command(), request.body());
    let mut found = values(command, &body, status);
    for (commands, has, what) in NEEDS {
        if section == "print" && commands.contains(&command) && !has(status) {
            found.push(Refusal::NotOnThisModel { what, model: status.model });
        }
    }
    found.extend(connection(section, status));
    found.extend(too_old(command, status));
    let states = WHEN.iter().filter(|(s, c, ..)| (*s, *c) == (section, command));
    found.extend(states.filter_map(|(_, _, when, what)| when.against(status.state, what)));
    match command {
        "ledctrl" => found.extend(light(&body, status)),
        "ams_filament_setting" => found.extend(tray(&body, status)),
        "ams_change_filament" | "ams_get_rfid" => {
            found.extend(tray(&body, status).or_else(|| empty_tray(&body, status)));
        }
        "project_file" => {
            let trays = objects(&body, "ams_mapping2");
            found.extend(trays.filter_map(|body| tray(body, status)));
        }
        "gcode_line" if section == "print" && author == Author::Person => {
            found.extend(gcode_line(&body, status));
        }
        _ => {}
    }
    found
}

/// What holds for every command to this printer at the moment.
pub(super) fn connection(section: &str, status: &Status) -> Option<Refusal> {
    // What asks for a sign of life goes out to a silent printer, too.
    if status.online == Some(false) && !matches!(section, "pushing" | "info") {
        return Some(Refusal::Offline);
    }
    let is_checked = section == "print" && status.developer_mode == Some(false);
    is_checked.then_some(Refusal::NeedsDeveloperMode)
}

pub(super) fn too_old(command: &str, status: &Status) -> Option<Refusal> {
    let (model, has) = (status.model?, status.firmware?);
    FIRMWARE.iter().find_map(|(word, what, models, from)| {
        let from = Firmware::new(*from);
        let is_old = *word == command && models.contains(&model) && has < from;
        is_old.then_some(Refusal::NeedsFirmware { what, from, has })
    })
}

/// What speaks against doing something that wants the printer free.
pub(super) fn while_free(status: &Status, what: &'static str) -> Option<Refusal> {
    When::Free.against(status.state, what)
}

/// What speaks against moving filament.
pub(super) fn while_not_running(status: &Status, what: &'static str) -> Option<Refusal> {
    When::NotRunning.against(status.state, what)
}

impl When {
    fn against(self, state: PrinterState, what: &'static str) -> Option<Refusal> {
        let (active, paused) = (state.is_active(), state == PrinterState::Paused);
        let fits = match self {
            Self::Running => active && !paused,
            Self::Paused => paused,
            Self::Active => active,
            Self::Free => !active,
            Self::NotRunning => !active || paused,
        };
        if fits || state == PrinterState::Unknown {
            return None;
        }
        Some(match self {
            Self::Free | Self::NotRunning => Refusal::JobRuns { what, state },
            _ => Refusal::NothingTo { what, state },
        })
    }
}

/// A field, what it is, and its range.
fn values(command: &str, body: &Body, status: &Status) -> Vec<Refusal> {
    let nozzle = ("nozzle temperature", 0, i64::from(limits::nozzle_max(status)), " °C");
    let bed = ("bed temperature", 0, i64::from(limits::bed_max(status)), " °C");
    let extruder = ("extruder", 0, i64::from(limits::extruders(status)) - 1, "");
    let chamber = limits::chamber(status);
    let chamber = chamber.map(|r| ("chamber temperature", r.min.into(), r.max.into(), " °C"));
    let load = (nozzle.0, -1, nozzle.2, nozzle.3);
    let fields = match command {
        "set_nozzle_temp" => vec![("target_temp", nozzle), ("extruder_index", extruder)],
        "set_bed_temp" => vec![("temp", bed)],
        "set_ctt" => chamber.map(|range| ("ctt_val", range)).into_iter().collect(),
        "set_fan" => vec![("speed", ("fan speed", 0, 100, " %"))],
        "select_extruder" => vec![("extruder_index", extruder)],
        "set_extrusion_length" => {
            vec![("extruder_index", extruder), ("length", ("length", -200, 200, " mm"))]
        }
        "ams_change_filament" => vec![("curr_temp", load), ("tar_temp", load)],
        "ams_filament_setting" => vec![("nozzle_temp_min", nozzle), ("nozzle_temp_max", nozzle)],
        "print_speed" => vec![("param", ("speed level", 1, 4, ""))],
        "calibration" => vec![("option", ("calibration", 1, 127, ""))],
        "set_door_stat" => vec![("config", ("door check", 0, 2, ""))],
        "extrusion_cali" | "extrusion_cali_set" | "flowrate_cali" => {
            vec![("nozzle_temp", nozzle), ("bed_temp", bed)]
        }
        "ams_filament_drying" => return drying(body, status),
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for body in std::iter::once(body).chain(objects(body, "filaments")) {
        found
            .extend(fields.iter().filter_map(|(field, range)| beyond(body, field, *range, status)));
    }
    found
}

/// A field out of its range; the part of a number behind the dot counts as one more.
fn beyond(body: &Body, field: &str, range: Named, status: &Status) -> Option<Refusal> {
    match number(body, field).filter(|number| !number.is_nan()) {
        Some(number) => out_of(range, number.ceil() as i64, status),
        // What we cannot read, a printer may: `220C`.
        None => body.get(field).is_some_and(|value| !value.is_null()).then_some(Refusal::BadValue(
            "a value of the request is no number; write plain digits, such as 60",
        )),
    }
}

/// What it is, lowest, highest, unit.
pub(super) type Named = (&'static str, i64, i64, &'static str);

pub(super) fn out_of(
    (what, min, max, unit): Named,
    value: i64,
    status: &Status,
) -> Option<Refusal> {
    let model = status.model;
    (!(min..=max).contains(&value)).then_some(Refusal::OutOfRange {
        what,
        value,
        min,
        max,
        unit,
        model,
    })
}

fn drying(body: &Body, status: &Status) -> Vec<Refusal> {
    let unit = whole(body, "ams_id").unwrap_or(0);
    let is_there = status.state == PrinterState::Unknown || status.ams.unit(unit).is_some();
    let Some(range) = limits::drying(status, unit).filter(|_| is_there) else {
        return vec![Refusal::NotOnThisModel { what: "dryer in this unit", model: status.model }];
    };
    if whole(body, "mode") == Some(0) {
        return Vec::new();
    }
    let temperature = ("drying temperature", range.min.into(), range.max.into(), " °C");
    [("temp", temperature), ("duration", ("drying time", 1, 24, " h"))]
        .into_iter()
        .filter_map(|(field, range)| beyond(body, field, range, status))
        .collect()
}

fn light(body: &Body, status: &Status) -> Option<Refusal> {
    let node = text(body, "led_node")?;
    let known = limits::known(status)?;
    let what = if node == "chamber_light" { "chamber light" } else { "such light" };
    (!known.lights.contains(&node)).then_some(Refusal::NotOnThisModel { what, model: status.model })
}

/// A tray that is named and not there. Without any status nobody knows.
fn tray(body: &Body, status: &Status) -> Option<Refusal> {
    let named = named_tray(body)?;
    let unit = status.ams.unit(named.unit);
    let has = unit.is_some_and(|unit| unit.trays.is_empty() || unit.tray(named.slot).is_some());
    (!has && status.state != PrinterState::Unknown).then_some(Refusal::NoSuchTray(named))
}

fn empty_tray(body: &Body, status: &Status) -> Option<Refusal> {
    let named = named_tray(body)?;
    let tray = status.ams.tray(named.unit, named.slot)?;
    (tray.loaded == Some(false)).then_some(Refusal::EmptyTray(named))
}

/// The tray of a unit that a body names; `None` for external spools and for unloading.
fn named_tray(body: &Body) -> Option<TrayId> {
    let named = TrayId { unit: whole(body, "ams_id")?, slot: whole(body, "slot_id")? };
    (!named.is_external() && named.slot != u8::MAX).then_some(named)
}

fn gcode_line(body: &Body, status: &Status) -> Vec<Refusal> {
    if body.get("param").is_some_and(|param| !param.is_string()) {
        return vec![Refusal::BadValue(
            "the G-code of the request is no text; write its lines in quotes",
        )];
    }
    let lines = text(body, "param").unwrap_or_default();
    let finding = gcode::inspect(lines, &limits::gcode(status)).err().map(Refusal::Gcode);
    finding.into_iter().chain(while_free(status, "G-code")).collect()
}

fn has(status: &Status, test: impl FnOnce(Model) -> bool) -> bool {
    status.model.is_none_or(test)
}
