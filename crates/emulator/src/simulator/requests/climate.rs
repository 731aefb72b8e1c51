//! Temperature, fan and air duct commands of the newer machines. Older ones take G-code instead.

use serde_json::{Map, Value};

use super::{Asked, NONSENSE, Verdict};
use crate::simulator::{
    life::{Life, Source},
    mainboard::Mainboard,
    template::Template,
};

/// `errno` of a chamber target that would soften what is loaded [V].
const TOO_HOT: i64 = -2;
/// `errno` of a chamber target too low to be regulated; the target becomes 0 [V].
const TOO_LOW: i64 = -4;
/// Lowest chamber target in °C that newer machines regulate [V].
const LOWEST: f64 = 40.0;

/// What becomes of one of these commands; `None` for any other. Too high a target is cut down to
/// the model's highest.
pub(super) fn judge(board: &mut Mainboard, command: &str, asked: &Asked<'_>) -> Option<Verdict> {
    Some(match command {
        "set_nozzle_temp" => Verdict::of(nozzle(board, asked)),
        "set_bed_temp" => Verdict::of(bed(board, asked)),
        "set_ctt" => chamber(board, asked),
        "set_fan" => Verdict::of(fan(board, asked)),
        "set_airduct" => Verdict::of(duct(board, asked)),
        _ => return None,
    })
}

fn target(asked: &Asked<'_>, key: &str, max: u16) -> Option<f64> {
    asked.number(key).filter(|target| *target >= 0.0).map(|target| target.min(max.into()).round())
}

fn nozzle(board: &mut Mainboard, asked: &Asked<'_>) -> Option<()> {
    let known = board.spec.model.capabilities();
    if known.extruders < 2 {
        return None;
    }
    let at = asked.count("extruder_index")? as usize;
    let celsius = target(asked, "target_temp", known.nozzle_max.unwrap_or(300))?;
    board.life.nozzles.get_mut(at).map(|nozzle| nozzle.target = celsius)
}

fn bed(board: &mut Mainboard, asked: &Asked<'_>) -> Option<()> {
    if !board.life.settings.bit("fun", 39) {
        return None;
    }
    let max = board.spec.model.capabilities().bed_max.unwrap_or(100);
    target(asked, "temp", max).map(|celsius| board.life.bed.target = celsius)
}

fn chamber(board: &mut Mainboard, asked: &Asked<'_>) -> Verdict {
    let heater = board.spec.model.capabilities().chamber_heater;
    let Some(celsius) = heater.and_then(|range| target(asked, "ctt_val", range.max)) else {
        return Verdict::Refused(NONSENSE);
    };
    let life = &mut board.life;
    let with = |errno: i64| Map::from_iter([("errno".to_owned(), Value::from(errno))]);
    let newer = life.settings.has("fun");
    if let Some(soft) = softest(life).filter(|soft| newer && celsius >= *soft) {
        let mut fields = with(TOO_HOT);
        fields.insert("soft_temp".to_owned(), (soft as i64).into());
        return Verdict::Failed(NONSENSE, fields);
    }
    if newer && celsius > 0.0 && celsius < LOWEST {
        life.chamber.target = 0.0;
        return Verdict::Told(with(TOO_LOW));
    }
    life.chamber.target = celsius;
    Verdict::Done
}

/// Where what is loaded goes soft, in °C.
fn softest(life: &Life) -> Option<f64> {
    let Source::Tray(at) = life.loaded() else { return None };
    life.filament.trays.get(at).map(|tray| tray.material.soft)
}

/// Sets one of the fans that the model's air duct lists.
fn fan(board: &mut Mainboard, asked: &Asked<'_>) -> Option<()> {
    let index = asked.count("fan_index")?;
    let percent = asked.number("speed").filter(|speed| (0.0..=100.0).contains(speed))?;
    has_fan(Template::of(board.spec.model), index).then_some(())?;
    set_fan(&mut board.life, index, percent)
}

/// Whether the air duct lists this fan.
fn has_fan(template: &Template, index: u32) -> bool {
    let parts = template.at_rest("device.airduct.parts").and_then(Value::as_array);
    let number = |part: &Value| part.get("id").and_then(Value::as_u64).map(|id| id >> 4);
    parts.into_iter().flatten().any(|part| number(part) == Some(index.into()))
}

/// Sets a fan by its function number.
pub(super) fn set_fan(life: &mut Life, index: u32, percent: f64) -> Option<()> {
    let fan = match index {
        1 => &mut life.part_fan,
        2 => &mut life.aux_fan,
        3 => &mut life.chamber_fan,
        10 => &mut life.left_fan,
        _ => return None,
    };
    fan.set = percent;
    Some(())
}

/// Sets the mode of the air duct, and its filter where the machine has one.
fn duct(board: &mut Mainboard, asked: &Asked<'_>) -> Option<()> {
    // A client that drives live H2Ds leaves the filter out.
    let (mode, filter) = (asked.whole("modeId")?, asked.whole("submode").unwrap_or(-1));
    let settings = &mut board.life.settings;
    let modes = settings.get("device.airduct.modeList")?.as_array()?;
    modes.iter().find(|known| known.get("modeId").and_then(Value::as_i64) == Some(mode))?;
    if !(-1..=1).contains(&filter) {
        return None;
    }
    settings.put("device.airduct.modeCur", mode);
    if filter >= 0 && mode == 0 && settings.bit("fun", 46) {
        settings.put("device.airduct.subMode", filter);
    }
    Some(())
}
