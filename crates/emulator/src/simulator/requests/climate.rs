//! Temperature and fan commands of the newer machines. Older ones take G-code instead (`gcode.rs`).

use serde_json::{Map, Value};

use super::{NONSENSE, Verdict};
use crate::simulator::{mainboard::Mainboard, life::Life, template::Template};

/// `errno` of a chamber target too low to be regulated; the target becomes 0 [V].
const TOO_LOW: i64 = -4;

/// What becomes of one of these commands; `None` for any other.
pub(super) fn judge(board: &mut Mainboard, command: &str, body: &Map<String, Value>) -> Option<Verdict> {
    let template = Template::of(board.spec.model);
    let newer = template.at_rest("fun").is_some();
    let known = board.spec.model.capabilities();
    let number = |key: &str| body.get(key).and_then(Value::as_f64);
    let within = |key: &str, max: u16| number(key).filter(|n| (0.0..=f64::from(max)).contains(n));
    let fits = match command {
        "set_nozzle_temp" if newer && known.extruders > 1 => {
            let at = within("extruder_index", u16::from(known.extruders) - 1);
            let target = within("target_temp", known.nozzle_max.unwrap_or(300));
            at.zip(target).map(|(at, target)| {
                if let Some(nozzle) = board.life.nozzles.get_mut(at as usize) {
                    nozzle.target = target.round();
                }
            })
        }
        "set_bed_temp" if bit(template, 39) => within("temp", known.bed_max.unwrap_or(100))
            .map(|target| board.life.bed.target = target.round()),
        "set_ctt" => match known.chamber_heater.map(|range| within("ctt_val", range.max)) {
            Some(Some(target)) if newer && target > 0.0 && target < 40.0 => {
                board.life.chamber.target = 0.0;
                let told = [("errno".to_owned(), TOO_LOW.into())];
                return Some(Verdict::Told(Map::from_iter(told)));
            }
            Some(Some(target)) => {
                board.life.chamber.target = target.round();
                Some(())
            }
            _ => None,
        },
        "set_fan" if newer && known.air_duct => {
            let target = within("speed", 100);
            target
                .and_then(|target| set_fan(&mut board.life, template, number("fan_index")?, target))
        }
        "set_nozzle_temp" | "set_bed_temp" | "set_fan" => None,
        _ => return None,
    };
    Some(if fits.is_some() { Verdict::Done } else { Verdict::Refused(NONSENSE) })
}

/// Sets one of the fans that the model's air duct lists.
fn set_fan(life: &mut Life, template: &Template, index: f64, percent: f64) -> Option<()> {
    let parts = template.at_rest("device.airduct.parts")?.as_array()?;
    let number = |part: &Value| part.get("id").and_then(Value::as_u64).map(|id| (id >> 4) as f64);
    parts.iter().find(|part| number(part) == Some(index))?;
    let fan = match index as u32 {
        1 => &mut life.part_fan,
        2 => &mut life.aux_fan,
        3 => &mut life.chamber_fan,
        10 => &mut life.left_fan,
        _ => return None,
    };
    fan.set = percent;
    Some(())
}

/// A bit of the capabilities in `fun`.
fn bit(template: &Template, bit: u32) -> bool {
    let fun = template.at_rest("fun").and_then(Value::as_str).unwrap_or("0");
    u64::from_str_radix(fun, 16).unwrap_or(0) >> bit & 1 == 1
}
