//! What a printer says about itself: full reports and deltas, in the shape of its model.
//!
//! Keys that the model's template lacks are left out, and every value takes the JSON type it has there.
//! Which keys tell of what is in `report/`, a subject each; when a report is sent is in `mainboard.rs`.

mod feed;
mod heat;
mod job;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::Ipv4Addr,
};

use bambu_protocol::Model;
use serde_json::{Map, Value, json};

use super::{
    habits::Habits,
    life::Life,
    phase::Light,
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
    job::job(&mut out, life, habits);
    heat::heaters(&mut out, life, model);
    heat::fans(&mut out, life);
    feed::tray(&mut out, life, habits);
    feed::extruders(&mut out, life, habits);
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
    let light = u64::from(life.light != Light::Off) << 7;
    let speed = u64::from(life.speed_level) << 8;
    out.put("cfg", format!("{:X}", life.settings.bits("cfg") & !0x780 | light | speed));
    for (path, value) in life.settings.iter() {
        if !matches!(path, "home_flag" | "cfg") {
            out.list.push((path, value.clone()));
        }
    }
}

fn put_if(object: &mut Value, key: &str, value: u32) {
    if let Some(old) = object.get_mut(key) {
        *old = Value::from(value);
    }
}
