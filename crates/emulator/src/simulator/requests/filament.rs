//! Commands about what is in a slot: its filament, its tag, and when tags are read.

use bambu_protocol::Model;
use serde_json::Value;

use super::{Asked, Verdict};
use crate::simulator::{
    filament::{LEFT_SPOOL, MAIN_SPOOL},
    life::Life,
    mainboard::Mainboard,
};

/// What becomes of one of these commands; `None` for any other.
pub(super) fn judge(board: &mut Mainboard, command: &str, asked: &Asked<'_>) -> Option<Verdict> {
    Some(match command {
        "ams_filament_setting" => Verdict::of(describe(board, asked)),
        "ams_user_setting" => Verdict::of(user(&mut board.life, asked)),
        "ams_get_rfid" => {
            // Older firmware knows the G-code only.
            let from = match board.spec.model {
                Model::X1C | Model::X1 | Model::X1E => [1, 9, 0, 0],
                Model::P1P | Model::P1S => [1, 8, 1, 0],
                Model::A1 | Model::A1Mini => [1, 6, 0, 0],
                _ => [0; 4],
            };
            let slot = asked.count("ams_id").zip(asked.count("slot_id"));
            let slot = slot.filter(|_| board.firmware_from(from));
            Verdict::of(slot.and_then(|(unit, slot)| read_tag(&mut board.life, unit, slot, false)))
        }
        _ => return None,
    })
}

/// Starts to read the tag in a slot that there is.
pub(super) fn read_tag(life: &mut Life, unit: u32, slot: u32, calibrates: bool) -> Option<()> {
    let idle = life.change.is_none() && (!life.busy() || life.pause.is_some());
    if unit >= LEFT_SPOOL || !life.filament.has(unit, slot) || !idle {
        return None;
    }
    life.read_tag(unit, slot, calibrates);
    Some(())
}

/// Writes what is in a slot or on an external spool. `tray_id` is the slot, and 254 for both
/// external spools; some clients leave `slot_id` out.
fn describe(board: &mut Mainboard, asked: &Asked<'_>) -> Option<()> {
    let tray = asked.count("tray_id")?;
    let (unit, slot) = match asked.count("ams_id")? {
        unit @ (LEFT_SPOOL | MAIN_SPOOL) => {
            let filament = &board.life.filament;
            let ids = [unit, MAIN_SPOOL, LEFT_SPOOL];
            (ids.into_iter().find(|id| filament.has(*id, 0))?, 0)
        }
        unit => (unit, asked.count("slot_id").unwrap_or(tray)),
    };
    let color = asked.text("tray_color").filter(|color| is_color(color))?;
    let (index, kind) = (asked.text("tray_info_idx")?, asked.text("tray_type")?);
    let (min, max) = (asked.count("nozzle_temp_min")?, asked.count("nozzle_temp_max")?);
    if !board.life.filament.has(unit, slot) || min > max {
        return None;
    }
    let cols = match asked.list("cols") {
        Some(cols) => Value::from(cols.to_vec()),
        None => Value::from(vec![color]),
    };
    let fields: [(&str, Value); 6] = [
        ("tray_info_idx", index.into()),
        ("tray_type", kind.into()),
        ("tray_color", color.into()),
        ("nozzle_temp_min", min.to_string().into()),
        ("nozzle_temp_max", max.to_string().into()),
        ("cols", cols),
    ];
    let filament = &mut board.life.filament;
    for (key, value) in fields {
        filament.put(unit, slot, key, value);
    }
    if let Some(brand) = asked.text("tray_sub_brands") {
        filament.put(unit, slot, "tray_sub_brands", brand);
    }
    // A new filament loses the profile of the old one.
    filament.put(unit, slot, "cali_idx", -1);
    Some(())
}

fn is_color(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// When tags are read, and whether what is left is measured.
fn user(life: &mut Life, asked: &Asked<'_>) -> Option<()> {
    let startup = asked.flag("startup_read_option")?;
    let insert = asked.flag("tray_read_option")?;
    let remain = asked.flag("calibrate_remain_flag")?;
    let unit = asked.whole("ams_id")?;
    let known = u32::try_from(unit).ok().is_some_and(|unit| life.filament.unit(unit).is_some());
    if life.filament.units.is_empty() || unit != -1 && !known {
        return None;
    }
    let settings = &mut life.settings;
    settings.put("ams.power_on_flag", startup);
    settings.put("ams.insert_flag", insert);
    settings.put("ams.calibrate_remain_flag", remain);
    for (bit, on) in [(0, insert), (1, startup), (17, remain)] {
        settings.set_bit("cfg", bit, on);
    }
    settings.set_bit("home_flag", 7, remain);
    Some(())
}
