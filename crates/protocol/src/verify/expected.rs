//! Which effect a request has on this printer. Read from the JSON that is published, so that a raw
//! request is judged like a typed one.

use serde_json::Value;

use super::{
    effect::{Effect, Switch, Word},
    shown::{dries, fan, filament, light},
};
use crate::{
    gcode,
    request::{
        Fan, Request,
        body::{Body, number, text, whole},
    },
    status::{Heater, Status},
};

impl Effect {
    /// Everything that a status of this printer shows when the request took effect; empty where
    /// nothing does. `before` is the status when the request is sent: what the printer does not
    /// report there is not waited for.
    pub fn of(request: &Request, before: &Status) -> Vec<Self> {
        let body = request.body();
        let mut found = match (request.section(), request.command()) {
            ("print", "gcode_line") => {
                text(&body, "param").map_or_else(Vec::new, |lines| of_lines(lines, before))
            }
            ("print", command) => of_print(command, &body, before),
            ("system", command) => of_system(command, &body),
            ("camera", command) => of_camera(command, &body),
            ("xcam", "xcam_control_set") => of_xcam(&body),
            ("upgrade", "get_history") => vec![],
            ("upgrade", _) => vec![Self::Upgrading],
            _ => vec![],
        };
        found.retain(|effect| effect.is_visible(before));
        found
    }

    /// Whether this printer reports it at all.
    fn is_visible(&self, status: &Status) -> bool {
        match self {
            Self::Target(which, _) => status.temperatures.of(*which).target.is_some(),
            Self::Fan { fan: which, .. } => fan(status, *which).is_some(),
            Self::AirDuct(_) => status.air_duct.is_some(),
            Self::Light(node, _) => light(status, node).is_some(),
            Self::Filament { tray, .. } => filament(status, *tray).is_some(),
            Self::Profile((unit, slot), _) => status.ams.tray(*unit, *slot).is_some(),
            Self::Drying(unit, _) => dries(status, *unit).is_some(),
            Self::Extruder(_) => status.nozzles.len() > 1,
            // Axes that are homed stay so while they are homed again.
            Self::Homed => status.homed_axes.is_some_and(|axes| !(axes.x && axes.y && axes.z)),
            Self::Nozzle(..) => status.nozzles.iter().any(|nozzle| nozzle.kind.is_some()),
            Self::Upgrading => status.upgrade.state.is_some(),
            Self::Switch(switch, _) => (switch.read)(status).is_some(),
            Self::Word(word, _) => (word.read)(status).is_some(),
            Self::Unreadable(_) => true,
            _ => true,
        }
    }
}

fn of_print(command: &str, body: &Body, before: &Status) -> Vec<Effect> {
    let started = || Effect::Started {
        ran: before.state.is_active(),
        job: (before.job.name.clone(), before.job.file.clone()),
    };
    let one = match command {
        "pause" => Some(Effect::Paused),
        "resume" | "ignore" => Some(Effect::Resumed),
        "stop" => Some(Effect::Stopped),
        "project_file" | "gcode_file" | "calibration" | "extrusion_cali" | "flowrate_cali" => {
            Some(started())
        }
        "print_speed" => whole(body, "param").map(Effect::Speed),
        "skip_objects" => {
            let ids = body.get("obj_list").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let ids: Option<Vec<_>> = ids.iter().map(Value::as_i64).collect();
            ids.filter(|ids| !ids.is_empty()).map(Effect::Skipped)
        }
        "clean_print_error" => whole(body, "print_error").map(Effect::ErrorGone),
        "idle_ignore" => whole(body, "err").map(Effect::ErrorGone),
        "set_nozzle_temp" => {
            let left = whole(body, "extruder_index") == Some(1_u8);
            let heater = if left { Heater::NozzleLeft } else { Heater::Nozzle };
            number(body, "target_temp").map(|celsius| Effect::Target(heater, celsius))
        }
        "set_bed_temp" => number(body, "temp").map(|celsius| Effect::Target(Heater::Bed, celsius)),
        "set_ctt" => {
            number(body, "ctt_val").map(|celsius| Effect::Target(Heater::Chamber, celsius))
        }
        "set_fan" => match (whole(body, "fan_index"), whole(body, "speed")) {
            (Some(index), Some(percent)) => turning(index, percent, before),
            _ => None,
        },
        "set_airduct" => whole(body, "modeId").map(Effect::AirDuct),
        "select_extruder" => whole(body, "extruder_index").map(Effect::Extruder),
        "back_to_center" => Some(Effect::Homed),
        "unload_filament" => Some(Effect::Feeds(None)),
        "ams_change_filament" => change_filament(body),
        "ams_filament_setting" => place(body).map(|tray| Effect::Filament {
            tray,
            material: text(body, "tray_type").unwrap_or_default().into(),
            color: text(body, "tray_color").unwrap_or_default().into(),
            id: text(body, "tray_info_idx").unwrap_or_default().into(),
            celsius: (
                whole(body, "nozzle_temp_min").unwrap_or_default(),
                whole(body, "nozzle_temp_max").unwrap_or_default(),
            ),
        }),
        "ams_filament_drying" => {
            let on = whole(body, "mode").is_some_and(|mode: u8| mode > 0);
            whole(body, "ams_id").map(|unit| Effect::Drying(unit, on))
        }
        "extrusion_cali_sel" => place(body).map(|place| {
            Effect::Profile(place, whole(body, "cali_idx").filter(|index: &i64| *index >= 0))
        }),
        "ams_user_setting" => {
            return switches(
                body,
                &[
                    ("startup_read_option", "reading tags at power-on", |s| {
                        s.options.ams_read_on_power_on
                    }),
                    ("tray_read_option", "reading tags on insertion", |s| {
                        s.options.ams_read_on_insert
                    }),
                    ("calibrate_remain_flag", "estimate of the rest", |s| {
                        s.options.ams_remain_estimate
                    }),
                ],
            );
        }
        "print_option" => {
            return switches(
                body,
                &[
                    ("auto_recovery", "auto recovery", |s| s.options.auto_recovery),
                    ("auto_switch_filament", "auto refill", |s| s.options.ams_auto_refill),
                    ("air_print_detect", "air print detection", |s| s.detectors.air_print),
                    ("filament_tangle_detect", "tangle detection", |s| s.detectors.filament_tangle),
                    ("nozzle_blob_detect", "blob detection", |s| s.detectors.nozzle_blob),
                    ("sound_enable", "prompt sound", |s| s.options.prompt_sound),
                ],
            );
        }
        _ => None,
    };
    let lacking = || MUST_READ.contains(&command).then(|| Effect::Unreadable(command.into()));
    one.or_else(lacking).into_iter().collect()
}

/// Commands that do something visible whenever a printer understands them: written with fields
/// that no printer reads, as earlier tools do, an acknowledgement says nothing.
const MUST_READ: [&str; 8] = [
    "set_nozzle_temp",
    "set_bed_temp",
    "set_ctt",
    "set_airduct",
    "print_speed",
    "select_extruder",
    "skip_objects",
    "ams_change_filament",
];

fn of_system(command: &str, body: &Body) -> Vec<Effect> {
    let one = match command {
        "ledctrl" => {
            let nodes = ["chamber_light", "chamber_light2", "work_light"];
            let node = nodes.into_iter().find(|node| text(body, "led_node") == Some(node));
            match (node, text(body, "led_mode")) {
                (Some(node), Some(mode)) => Some(Effect::Light(node, mode.into())),
                _ => None,
            }
        }
        "set_accessories" => match (number(body, "nozzle_diameter"), text(body, "nozzle_type")) {
            (Some(diameter), Some(kind)) => Some(Effect::Nozzle(diameter, kind.into())),
            _ => None,
        },
        "set_door_stat" => {
            let words = ["off", "warn", "pause"];
            let word = whole(body, "config").and_then(|index: usize| words.get(index).copied());
            let door = Word { name: "door check", read: |status| status.options.door_check };
            word.map(|word| Effect::Word(door, word.into()))
        }
        "print_cache_set" => {
            return switches(
                body,
                &[("config", "keeping sent files", |s| s.options.keep_sent_files)],
            );
        }
        _ => None,
    };
    one.into_iter().collect()
}

fn of_camera(command: &str, body: &Body) -> Vec<Effect> {
    let switch = match command {
        "ipcam_record_set" => Switch { name: "recording", read: |s| s.camera.recording },
        "ipcam_timelapse" => Switch { name: "time-lapse", read: |s| s.camera.timelapse },
        "ipcam_resolution_set" => {
            let word = Word { name: "resolution", read: |s| s.camera.resolution.as_deref() };
            let wanted = text(body, "resolution").map(|size| Effect::Word(word, size.into()));
            return wanted.into_iter().collect();
        }
        _ => return vec![],
    };
    let wanted = text(body, "control").map(|word| Effect::Switch(switch, word == "enable"));
    wanted.into_iter().collect()
}

fn of_xcam(body: &Body) -> Vec<Effect> {
    const DETECTORS: [Row; 9] = [
        ("printing_monitor", "AI monitoring", |s| s.detectors.ai_monitoring),
        ("spaghetti_detector", "spaghetti detection", |s| s.detectors.spaghetti),
        ("first_layer_inspector", "first layer inspection", |s| s.detectors.first_layer),
        ("buildplate_marker_detector", "plate marker detection", |s| s.detectors.plate_marker),
        ("pileup_detector", "pile-up detection", |s| s.detectors.purge_pile_up),
        ("clump_detector", "clumping detection", |s| s.detectors.nozzle_clumping),
        ("airprint_detector", "air print detection", |s| s.detectors.air_print),
        ("plate_offset_switch", "plate alignment check", |s| s.detectors.plate_alignment),
        ("fod_check", "foreign object check", |s| s.detectors.foreign_object),
    ];
    let module = text(body, "module_name");
    let row = DETECTORS.iter().find(|(wire, ..)| module == Some(wire));
    let wanted = body.get("control").and_then(Value::as_bool);
    row.zip(wanted)
        .map(|((_, name, read), on)| Effect::Switch(Switch { name, read: *read }, on))
        .into_iter()
        .collect()
}

/// The heaters and fans that lines of G-code set; of several the last counts.
fn of_lines(lines: &str, before: &Status) -> Vec<Effect> {
    let mut found: Vec<Effect> = Vec::new();
    for effect in gcode::commands(lines).filter_map(|command| of_line(&command, before)) {
        let same = |old: &Effect| match (old, &effect) {
            (Effect::Target(old, _), Effect::Target(new, _)) => old == new,
            (Effect::Fan { fan: old, .. }, Effect::Fan { fan: new, .. }) => old == new,
            _ => false,
        };
        found.retain(|old| !same(old));
        found.push(effect);
    }
    found
}

fn of_line(line: &gcode::Command<'_>, before: &Status) -> Option<Effect> {
    let target = |heater| line.word('S').map(|celsius| Effect::Target(heater, celsius));
    let fan = |speed: f64| {
        let percent = (speed.clamp(0.0, 255.0) * 100.0 / 255.0).round() as u8;
        turning(line.word('P').unwrap_or(1.0) as u64, percent, before)
    };
    match (line.letter, line.code) {
        ('M', 104 | 109) => {
            let tool = line.word('T').map(|tool| tool as u8).or_else(|| before.active_extruder());
            target(if tool == Some(1) { Heater::NozzleLeft } else { Heater::Nozzle })
        }
        ('M', 140 | 190) => target(Heater::Bed),
        ('M', 141 | 191) => target(Heater::Chamber),
        ('M', 106) => fan(line.word('S').unwrap_or(255.0)),
        ('M', 107) => fan(0.0),
        ('G', 28) => {
            let axes = ['X', 'Y', 'Z'].map(|axis| line.words.iter().any(|(word, _)| *word == axis));
            (axes == [false; 3] || axes == [true; 3]).then_some(Effect::Homed)
        }
        _ => None,
    }
}

fn turning(index: u64, percent: u8, before: &Status) -> Option<Effect> {
    let which = *Fan::ALL.iter().find(|fan| u64::from(fan.wire()) == index)?;
    Some(Effect::Fan { fan: which, percent, before: fan(before, which) })
}

fn change_filament(body: &Body) -> Option<Effect> {
    let target: u16 = whole(body, "target")?;
    let slot: u16 = whole(body, "slot_id").unwrap_or(target);
    let unit: Option<u16> = whole(body, "ams_id");
    if slot == 255 || (target == 255 && unit != Some(255)) {
        return Some(Effect::Feeds(None));
    }
    let unit = unit.unwrap_or(if target >= 128 { target } else { target / 4 });
    Some(Effect::Feeds(Some((unit, u8::try_from(slot).ok()?))))
}

/// Unit and slot of a request that names a tray; an external spool where no unit is named.
fn place(body: &Body) -> Option<(u16, u8)> {
    let tray: Option<u16> = whole(body, "tray_id");
    let unit: u16 = whole(body, "ams_id").or(tray.filter(|tray| *tray >= 254))?;
    let slot: u16 = whole(body, "slot_id").or(tray)?;
    Some((unit, if unit >= 128 { 0 } else { u8::try_from(slot).ok()? }))
}

type Row = (&'static str, &'static str, fn(&Status) -> Option<bool>);

fn switches(body: &Body, rows: &[Row]) -> Vec<Effect> {
    let wanted = |(key, name, read): &Row| {
        let on = body.get(*key)?.as_bool()?;
        Some(Effect::Switch(Switch { name, read: *read }, on))
    };
    rows.iter().filter_map(wanted).collect()
}
