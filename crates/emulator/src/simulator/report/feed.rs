//! The keys of a report about filament: where it comes from, where it is, and how it moves.

use serde_json::Value;

use super::{Entries, heat::packed, put_if};
use crate::simulator::{
    filament::Tray,
    habits::Habits,
    life::{Life, Source},
};

/// The tray in use and the change that goes on.
pub(super) fn tray(out: &mut Entries, life: &Life, habits: &Habits) {
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

/// The extruders of machines that report them one by one, with what feeds each.
pub(super) fn extruders(out: &mut Entries, life: &Life, habits: &Habits) {
    let Some(Value::Array(at_rest)) = out.template.at_rest("device.extruder.info") else { return };
    let mut extruders = at_rest.clone();
    let tray = life.tray.and_then(|at| life.filament.trays.get(at));
    for (at, extruder) in extruders.iter_mut().enumerate() {
        let Some(nozzle) = life.nozzles.get(at) else { continue };
        put_if(extruder, "temp", packed(life, habits, nozzle));
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
        Source::Tray(at) => life.filament.trays.get(at).map(Tray::packed),
        Source::Spool(spool) => Some(spool << 8),
    }
}
