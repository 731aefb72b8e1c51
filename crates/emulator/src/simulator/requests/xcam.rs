//! `xcam.xcam_control_set`: what the camera watches for.

use super::{Asked, NONSENSE, Verdict};
use crate::simulator::{mainboard::Mainboard, settings::Settings};

/// What becomes of one command.
pub(super) fn judge(board: &mut Mainboard, command: &str, asked: &Asked<'_>) -> Verdict {
    if command != "xcam_control_set" {
        return Verdict::Refused(NONSENSE);
    }
    Verdict::of(control(&mut board.life.settings, asked))
}

/// How much it takes to halt a print: its number in `cfg` and in `xcam.cfg`.
fn sensitivity(word: &str) -> Option<(u64, u64)> {
    Some(match word {
        "never_halt" => (0, 0),
        "low" => (1, 0),
        "medium" => (2, 1),
        "high" => (3, 2),
        _ => return None,
    })
}

fn control(settings: &mut Settings, asked: &Asked<'_>) -> Option<()> {
    let on = asked.flag("control").or_else(|| asked.flag("enable"))?;
    let level = match asked.get("halt_print_sensitivity") {
        None => None,
        Some(_) => Some(sensitivity(asked.text("halt_print_sensitivity")?)?),
    };
    let cfg = settings.has("xcam.cfg");
    // Bit in `xcam.cfg`, and the bits that say whether the model can.
    let detector = match asked.text("module_name")? {
        "printing_monitor" => {
            flag(settings, "xcam.printing_monitor", on)?;
            // Newer machines watch for spaghetti by this one.
            settings.put("xcam.spaghetti_detector", on);
            settings.set_bit("cfg", 15, on);
            halt(settings, asked, level);
            (7, true)
        }
        "spaghetti_detector" => {
            flag(settings, "xcam.spaghetti_detector", on)?;
            halt(settings, asked, level);
            (7, true)
        }
        "first_layer_inspector" => {
            flag(settings, "xcam.first_layer_inspector", on)?;
            settings.set_bit("cfg", 12, on);
            return Some(());
        }
        "buildplate_marker_detector" => {
            return flag(settings, "xcam.buildplate_marker_detector", on);
        }
        "pileup_detector" => (10, cfg && settings.bit("fun", 43)),
        "clump_detector" => (13, cfg && settings.bit("fun", 44)),
        "airprint_detector" => (16, cfg && settings.bit("fun", 45)),
        "plate_offset_switch" => (20, cfg && settings.bit("fun2", 2)),
        "fod_check" => (21, cfg && settings.bit("fun2", 13)),
        "model_movement_check" => (22, cfg && settings.bit("fun2", 14)),
        _ => return None,
    };
    let (bit, able) = detector;
    if !able {
        return None;
    }
    settings.set_bit("xcam.cfg", bit, on);
    if let Some((_, level)) = level.filter(|_| bit < 20) {
        settings.set_bits("xcam.cfg", bit + 1, 2, level);
    }
    if bit == 16 {
        settings.set_bit("home_flag", 28, on);
    }
    Some(())
}

fn flag(settings: &mut Settings, key: &'static str, on: bool) -> Option<()> {
    settings.put(key, on).then_some(())
}

/// Whether a print is halted, and by how little.
fn halt(settings: &mut Settings, asked: &Asked<'_>, level: Option<(u64, u64)>) {
    if let Some(halt) = asked.flag("print_halt") {
        settings.put("xcam.print_halt", halt);
    }
    if let (Some(word), Some((level, _))) = (asked.text("halt_print_sensitivity"), level) {
        settings.put("xcam.halt_print_sensitivity", word);
        settings.set_bits("cfg", 13, 2, level);
    }
}
