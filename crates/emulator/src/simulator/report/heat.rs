//! The keys of a report about heaters and fans.

use bambu_protocol::Model;
use serde_json::Value;

use super::{Entries, put_if};
use crate::simulator::{habits::Habits, heat::Heater, life::Life};

/// Nozzle, bed and chamber.
pub(super) fn heaters(out: &mut Entries, life: &Life, model: Model) {
    let habits = Habits::of(model);
    let shown = |heater| shown(life, habits, heater);
    let packed = |heater| packed(life, habits, heater);
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
}

/// What the thermometer of a heater shows, in °C.
fn shown(life: &Life, habits: &Habits, heater: &Heater) -> f64 {
    let wobble = if heater.holding() { life.wobble } else { 0.0 };
    let grain = if habits.whole_degrees { 1.0 } else { 32.0 };
    ((heater.now + wobble) * grain).round() / grain
}

/// Target and value of a heater in one number.
pub(super) fn packed(life: &Life, habits: &Habits, heater: &Heater) -> u32 {
    (heater.target.round() as u32) << 16 | shown(life, habits, heater).round() as u32
}

/// Fans and the parts of the air duct.
pub(super) fn fans(out: &mut Entries, life: &Life) {
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
