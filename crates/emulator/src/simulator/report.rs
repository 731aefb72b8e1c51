//! What a printer says about itself: full reports and deltas, in the shape of its model.
//!
//! Keys that the model's template lacks are left out, and every value takes the JSON type it has there.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::Ipv4Addr,
};

use bambu_protocol::Model;
use serde_json::{Map, Value, json};

use super::{
    habits::Habits,
    job::Job,
    life::{Life, Source},
    phase::{Pause, Phase},
    template::{Template, put},
};

/// What belongs to one printer and does not change with its life.
pub(super) struct Identity<'a> {
    pub(super) serial: &'a str,
    pub(super) ip: Ipv4Addr,
}

/// One key of a report and its value.
pub(super) type Entry = (&'static str, Value);

/// All living keys of a report, as this model sends them.
pub(super) fn entries(model: Model, life: &Life) -> Vec<Entry> {
    let habits = Habits::of(model);
    let template = Template::of(model);
    let mut out = Entries { template, list: Vec::with_capacity(96) };
    job(&mut out, life, habits);
    heat(&mut out, life, model);
    fans(&mut out, life);
    feed(&mut out, life, habits);
    switches(&mut out, life);
    out.list
}

/// The full report: everything the model sends; `sequence_id` and `t_utc` are at rest.
pub(super) fn full(model: Model, life: &Life, identity: &Identity<'_>) -> Map<String, Value> {
    let template = Template::of(model);
    let mut print = template.print.clone();
    for (path, value) in entries(model, life) {
        put(&mut print, path, value);
    }
    life.filament.write(&mut print);
    let octets = identity.ip.octets();
    let lan = u32::from_le_bytes(octets);
    let mut own = Entries { template, list: Vec::new() };
    own.put("upgrade_state.sn", identity.serial);
    own.put("ipcam.rtsp_url", format!("rtsps://{}:322/streaming/live/1", identity.ip));
    for (path, value) in own.list {
        put(&mut print, path, value);
    }
    if let Some(first) =
        print.get_mut("net").and_then(|net| net.get_mut("info")).and_then(|info| info.get_mut(0))
    {
        *first = json!({"ip": lan, "mask": 0x00FF_FFFF});
    }
    print
}

/// The whole array of AMS units, with what is left on the spools.
pub(super) fn ams_units(model: Model, life: &Life) -> Option<Value> {
    let mut units = Template::of(model).at_rest("ams.ams")?.as_array()?.clone();
    life.filament.write_units(&mut units);
    Some(Value::Array(units))
}

/// The external spools under their key, once anybody has written into them.
pub(super) fn spools(model: Model, life: &Life) -> Vec<(&'static str, Value)> {
    let written = |key: &'static str| {
        let mut spools = Template::of(model).at_rest(key)?.clone();
        life.filament.write_spools(&mut spools).then_some((key, spools))
    };
    ["vir_slot", "vt_tray"].into_iter().filter_map(written).collect()
}

/// A short number for an entry, to see whether it has changed since it was last sent.
pub(super) fn fingerprint(entry: &Entry) -> u64 {
    let mut hasher = DefaultHasher::new();
    entry.hash(&mut hasher);
    hasher.finish()
}

struct Entries {
    template: &'static Template,
    list: Vec<Entry>,
}

impl Entries {
    fn put(&mut self, path: &'static str, value: impl Into<Value>) {
        if let Some(value) = self.template.shaped(path, value.into()) {
            self.list.push((path, value));
        }
    }

    fn text(&mut self, path: &'static str, number: impl Into<u64>) {
        self.put(path, number.into().to_string());
    }
}

fn job(out: &mut Entries, life: &Life, habits: &Habits) {
    let state = life.gcode_state();
    let percent = (life.progress() * 100.0).floor() as u32;
    let (layer, minutes) = (life.layer(), life.remaining_minutes());
    let prepared = match life.phase {
        Phase::Idle => 0,
        Phase::Fetching(done) => done.clamp(0.0, 100.0) as u32,
        _ => 100,
    };
    let job = life.job.as_ref();
    let layers = job.map_or(0, |job| job.layers);
    out.put("gcode_state", state);
    out.put("mc_percent", percent);
    out.put("percent", percent);
    out.put("mc_remaining_time", minutes);
    out.put("remain_time", minutes);
    out.put("layer_num", layer);
    out.put("total_layer_num", layers);
    out.put("3D.layer_num", layer);
    out.put("3D.total_layer_num", layers);
    out.text("gcode_file_prepare_percent", prepared);
    out.put("prepare_per", prepared);
    out.put("mc_print_stage", if life.busy() { "2" } else { "1" });
    out.text("mc_print_line_number", (life.progress() * 9_000.0 * f64::from(layers)) as u64 / 10);
    let file = job.map_or_else(String::new, |job| habits.gcode_file(job));
    out.put("gcode_file", file.clone());
    out.put("file", file);
    out.put("subtask_name", job.map_or("", |job| &job.name));
    let zero = |id: Option<&String>| id.map_or("0", String::as_str).to_owned();
    out.put("task_id", zero(job.map(|job| &job.task_id)));
    out.put("subtask_id", zero(job.map(|job| &job.subtask_id)));
    out.put("project_id", zero(job.map(|job| &job.project_id)));
    out.put("profile_id", zero(job.map(|job| &job.profile_id)));
    out.put("job_id", zero(job.map(|job| &job.task_id)));
    let plate = job.map_or(0, |job| job.plate);
    out.put("plate_id", plate);
    out.put("plate_idx", plate);
    let origin = match job {
        Some(job) if life.busy() => job.origin.word(),
        _ => habits.resting_print_type,
    };
    out.put("print_type", origin);
    out.put("model_id", job.map_or("", Job::model_id));
    let stages: &[i32] = match job {
        Some(_) if life.busy() || habits.keeps_stages => &life.stages,
        _ => &[],
    };
    out.put("stg", stages.to_vec());
    out.put("stg_cur", stage(life, habits));
    out.put(
        "state",
        match life.phase {
            Phase::Idle => 0,
            Phase::Finished => 6,
            Phase::Failed => 7,
            _ => 4,
        },
    );
    let working = life.busy();
    out.put("job_attr", if working { 17 } else { 3 });
    out.put("job.cur_stage.state", if working { 2 } else { 0 });
    out.put("job.job_state", job_state(life));
    out.put("mc_stage", if working { 2 } else { 1 });
    out.put("mc_action", if working { 0 } else { 255 });
    out.put("print_gcode_action", if working { 0 } else { 255 });
    out.put("print_error", life.print_error);
    out.text("mc_print_error_code", life.print_error & 0xFFFF);
    out.text("fail_reason", life.fail_reason);
    out.put(
        "hms",
        life.hms.iter().map(|(attr, code)| habits.hms(*attr, *code)).collect::<Vec<_>>(),
    );
    out.put("s_obj", life.skipped.clone());
    out.put("spd_lvl", life.speed_level);
    out.put("spd_mag", life.speed_percent());
}

fn stage(life: &Life, habits: &Habits) -> i32 {
    if let Some(change) = &life.change {
        return change.stage();
    }
    match (life.pause, life.phase) {
        (Some(Pause::Asked), _) => 16,
        (Some(Pause::RunOut), _) => 6,
        // A pause that no other stage names.
        (Some(Pause::Fault(_)), _) => 5,
        (None, Phase::WarmingUp(at, _) | Phase::Calibrating(at, _)) => {
            life.stages.get(at).copied().unwrap_or(0)
        }
        (None, Phase::Printing(_)) => 0,
        (None, Phase::Idle | Phase::Fetching(_)) => habits.idle_stage,
        (None, Phase::Finished | Phase::Failed) => habits.stage_after_job,
    }
}

fn job_state(life: &Life) -> u32 {
    match life.phase {
        Phase::Idle => 0,
        _ if life.pause.is_some() => 5,
        Phase::Fetching(_) => 2,
        Phase::WarmingUp(..) => 3,
        Phase::Printing(_) | Phase::Calibrating(..) => 4,
        Phase::Finished => 8,
        Phase::Failed => 9,
    }
}

fn heat(out: &mut Entries, life: &Life, model: Model) {
    let habits = Habits::of(model);
    let shown = |heater: &super::heat::Heater| {
        let wobble = if heater.holding() { life.wobble } else { 0.0 };
        let grain = if habits.whole_degrees { 1.0 } else { 32.0 };
        ((heater.now + wobble) * grain).round() / grain
    };
    let packed = |heater: &super::heat::Heater| {
        (heater.target.round() as u32) << 16 | shown(heater).round() as u32
    };
    // The flat fields of an H2D show the other extruder [L].
    let flat =
        if habits.flat_shows_left { life.nozzles.len().saturating_sub(1) } else { life.extruder() };
    if let Some(nozzle) = life.nozzles.get(flat) {
        out.put("nozzle_temper", shown(nozzle));
        out.put("nozzle_target_temper", nozzle.target);
    }
    out.put("bed_temper", shown(&life.bed));
    out.put("bed_target_temper", life.bed.target);
    out.put("device.bed.info.temp", packed(&life.bed));
    out.put("device.bed_temp", packed(&life.bed));
    out.put("device.bed.state", life.bed.state());
    // 5 is what machines without a chamber thermometer send [L].
    let measured = model.capabilities().chamber_sensor;
    out.put("chamber_temper", if measured { shown(&life.chamber) } else { 5.0 });
    out.put("ctt", life.chamber.target);
    out.put("info.temp", packed(&life.chamber));
    out.put("device.cham_temp", packed(&life.chamber));
    out.put("device.ctc.info.temp", packed(&life.chamber));
    out.put("device.ctc.state", life.chamber.state());
    let Some(Value::Array(at_rest)) = out.template.at_rest("device.extruder.info") else { return };
    let mut extruders = at_rest.clone();
    let tray = life.tray.and_then(|at| life.filament.trays.get(at));
    for (at, extruder) in extruders.iter_mut().enumerate() {
        let Some(nozzle) = life.nozzles.get(at) else { continue };
        put_if(extruder, "temp", packed(nozzle));
        if let Some(tray) = tray.filter(|tray| tray.extruder as usize == at) {
            for key in ["snow", "spre", "star"] {
                put_if(extruder, key, tray.packed());
            }
            put_if(extruder, "info", 0b1110_u32);
            put_if(extruder, "stat", 768_u32);
        } else if let Some(spool) = life.spool.filter(|_| at == life.extruder()) {
            for key in ["snow", "spre", "star"] {
                put_if(extruder, key, spool << 8);
            }
            put_if(extruder, "info", 0b1010_u32);
        }
        if let Some(change) = life.change.as_ref().filter(|_| at == life.extruder()) {
            let none = extruder_at_rest(at_rest, at, "star");
            put_if(extruder, "star", packed_source(life, change.to).unwrap_or(none));
            put_if(extruder, "stat", change.status());
        }
    }
    let count = extruders.len() as u32;
    out.put("device.extruder.info", extruders);
    let active = life.extruder() as u32;
    out.put("device.extruder.state", count | active << 4 | active << 8);
}

fn extruder_at_rest(at_rest: &[Value], at: usize, key: &str) -> u32 {
    let value = at_rest.get(at).and_then(|extruder| extruder.get(key)).and_then(Value::as_u64);
    value.unwrap_or(65535) as u32
}

fn packed_source(life: &Life, source: Source) -> Option<u32> {
    match source {
        Source::Nothing => None,
        Source::Tray(at) => life.filament.trays.get(at).map(super::filament::Tray::packed),
        Source::Spool(spool) => Some(spool << 8),
    }
}

fn put_if(object: &mut Value, key: &str, value: u32) {
    if let Some(old) = object.get_mut(key) {
        *old = Value::from(value);
    }
}

fn fans(out: &mut Entries, life: &Life) {
    out.text("cooling_fan_speed", life.part_fan.step());
    out.text("big_fan1_speed", life.aux_fan.step());
    out.text("big_fan2_speed", life.chamber_fan.step());
    out.text("heatbreak_fan_speed", life.heatbreak_fan.step());
    let gears = [life.part_fan.gear(), life.aux_fan.gear(), life.chamber_fan.gear(), 0];
    out.put("fan_gear", u32::from_le_bytes(gears));
    let Some(Value::Array(at_rest)) = out.template.at_rest("device.airduct.parts") else { return };
    let mut parts = at_rest.clone();
    for part in &mut parts {
        let fan = match part.get("id").and_then(Value::as_u64).unwrap_or(0) >> 4 {
            1 => life.part_fan,
            2 => life.aux_fan,
            3 => life.chamber_fan,
            10 => life.left_fan,
            _ => continue,
        };
        put_if(part, "state", fan.set.round() as u32);
        put_if(part, "tar_state", fan.set.round() as u32);
    }
    out.put("device.airduct.parts", parts);
}

fn feed(out: &mut Entries, life: &Life, habits: &Habits) {
    let tray = life.tray.and_then(|at| life.filament.trays.get(at));
    let dual = life.nozzles.len() > 1;
    let number = |source: Source| match source {
        Source::Nothing => 255,
        Source::Tray(at) => life
            .filament
            .trays
            .get(at)
            .map_or(255, |tray| if dual { tray.slot } else { tray.flat() }),
        // The external spool of a single nozzle is 254 here, whatever its id; on a dual one it
        // stays 255.
        Source::Spool(_) => {
            if dual {
                255
            } else {
                254
            }
        }
    };
    let now = number(life.loaded());
    out.text("ams.tray_now", now);
    out.text("ams.tray_tar", life.change.as_ref().map_or(now, |change| number(change.to)));
    out.text("ams.tray_pre", now);
    out.put("ams.version", life.filament.version);
    let status = match (&life.change, &life.reading) {
        (Some(change), _) => change.status(),
        (None, Some(reading)) => reading.status,
        (None, None) if life.busy() && tray.is_some() => 3 << 8,
        (None, None) => 0,
    };
    out.put("ams_status", status);
    let loaded = life.loaded() != Source::Nothing;
    out.put("hw_switch_state", if loaded { habits.loaded_switch } else { 0 });
    let mapping: Vec<u32> = match (tray, &life.job) {
        (Some(tray), _) => vec![tray.packed()],
        (None, Some(_)) if life.spool.is_some() => {
            packed_source(life, life.loaded()).into_iter().collect()
        }
        (None, Some(_)) => vec![65535],
        (None, None) => Vec::new(),
    };
    out.put("mapping", mapping);
}

fn switches(out: &mut Entries, life: &Life) {
    out.put("wifi_signal", format!("{}dBm", life.wifi_dbm));
    if let Some(Value::Array(at_rest)) = out.template.at_rest("lights_report") {
        let mut lights = at_rest.clone();
        for light in &mut lights {
            let state = match light.get("node").and_then(Value::as_str) {
                Some("chamber_light") => life.light,
                Some("chamber_light2") => life.light2,
                _ => life.work_light,
            };
            if let Some(mode) = light.get_mut("mode") {
                *mode = Value::from(state.word());
            }
        }
        out.put("lights_report", lights);
    }
    let homed = if life.homed { 0b111 } else { 0 };
    let flag = life.settings.bits("home_flag") as u32 & !0b111 | homed;
    out.put("home_flag", i64::from(flag as i32));
    let light = u64::from(life.light != super::phase::Light::Off) << 7;
    let speed = u64::from(life.speed_level) << 8;
    out.put("cfg", format!("{:X}", life.settings.bits("cfg") & !0x780 | light | speed));
    for (path, value) in life.settings.iter() {
        if !matches!(path, "home_flag" | "cfg") {
            out.list.push((path, value.clone()));
        }
    }
}
