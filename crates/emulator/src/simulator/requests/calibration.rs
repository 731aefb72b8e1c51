//! `calibration`: what the machine measures about itself, as stages of a job of its own.

use super::{Asked, Verdict};
use crate::simulator::mainboard::Mainboard;

/// What becomes of this command; `None` for any other.
pub(super) fn judge(board: &mut Mainboard, command: &str, asked: &Asked<'_>) -> Option<Verdict> {
    if command != "calibration" {
        return None;
    }
    let stages = asked.count("option").map(|bits| stages(board, bits)).unwrap_or_default();
    Some(Verdict::when(!stages.is_empty() && board.life.calibrate(stages)))
}

/// The stages for these bits, as far as the model can: lidar, vibration, bed level, motor noise,
/// nozzle offset, hot bed, clumping. Vibration and bed level begin with a clean nozzle [L].
fn stages(board: &Mainboard, bits: u32) -> Vec<i32> {
    let settings = &board.life.settings;
    let newer = settings.has("fun");
    let lidar = !newer && settings.has("xcam.first_layer_inspector") || settings.bit("fun", 6);
    let noise = settings.bit("home_flag", 21) || settings.bit("fun", 10);
    let dual = board.life.nozzles.len() > 1;
    let able = [
        (0, 12, lidar),
        (2, 3, true),
        (1, 1, true),
        (3, 25, noise),
        (4, 39, dual),
        (5, 40, newer),
        (6, 65, settings.bit("fun", 44)),
    ];
    let wanted: Vec<i32> = able
        .into_iter()
        .filter_map(|(bit, stage, able)| (able && bits >> bit & 1 == 1).then_some(stage))
        .collect();
    let cleans = wanted.iter().any(|stage| matches!(stage, 1 | 3));
    cleans.then_some(14).into_iter().chain(wanted).collect()
}
