//! Commands that move axes and extruders. Older machines take G-code instead.

use super::{Asked, Verdict};
use crate::simulator::mainboard::Mainboard;

/// What becomes of one of these commands; `None` for any other.
pub(super) fn judge(board: &mut Mainboard, command: &str, asked: &Asked<'_>) -> Option<Verdict> {
    let dual = board.life.nozzles.len() > 1;
    let life = &mut board.life;
    let idle = !life.busy() || life.pause.is_some();
    let extruder =
        || asked.count("extruder_index").map(|at| at as usize).filter(|at| dual && *at < 2);
    Some(match command {
        "back_to_center" => {
            let able = life.settings.bit("fun", 32) && idle;
            life.homed |= able;
            Verdict::when(able)
        }
        "xyz_ctrl" => {
            let right = matches!(asked.text("axis"), Some("X" | "Y" | "Z"))
                && matches!(asked.whole("dir"), Some(1 | -1))
                && matches!(asked.whole("mode"), Some(0 | 1));
            Verdict::when(right && idle && life.settings.bit("fun", 38))
        }
        "set_extrusion_length" => {
            Verdict::when(extruder().is_some() && asked.whole("length").is_some() && idle)
        }
        "select_extruder" => {
            let chosen = extruder().filter(|_| idle);
            if let Some(at) = chosen {
                life.active = at;
            }
            Verdict::when(chosen.is_some())
        }
        _ => return None,
    })
}
