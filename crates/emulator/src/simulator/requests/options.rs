//! Options of a printer: `print_option`, each call with its own key, and idle heat.

use super::{Asked, Verdict};
use crate::simulator::{mainboard::Mainboard, settings::Settings};

/// An option that is on or off.
struct Switch {
    key: &'static str,
    /// Bit of `home_flag` and of `cfg`.
    home: u32,
    cfg: Option<u32>,
    /// Bit of `home_flag` and of `fun` that says that the model has it; `None`: all have it.
    support: Option<(u32, u32)>,
}

const SWITCHES: [Switch; 6] = [
    Switch { key: "auto_recovery", home: 4, cfg: Some(16), support: None },
    Switch { key: "auto_switch_filament", home: 10, cfg: Some(18), support: None },
    Switch { key: "air_print_detect", home: 28, cfg: None, support: Some((29, 45)) },
    Switch { key: "filament_tangle_detect", home: 20, cfg: Some(23), support: Some((19, 9)) },
    Switch { key: "nozzle_blob_detect", home: 24, cfg: Some(24), support: Some((25, 13)) },
    Switch { key: "sound_enable", home: 17, cfg: Some(22), support: Some((18, 8)) },
];

/// What becomes of one of these commands; `None` for any other.
pub(super) fn judge(board: &mut Mainboard, command: &str, asked: &Asked<'_>) -> Option<Verdict> {
    let settings = &mut board.life.settings;
    Some(match command {
        "print_option" => Verdict::of(option(settings, asked)),
        "set_against_continued_heating_mode" => {
            let on = asked.flag("enable").filter(|_| settings.bit("fun", 62));
            Verdict::of(on.map(|on| settings.set_bits("cfg", 32, 2, on.into())))
        }
        _ => return None,
    })
}

fn option(settings: &mut Settings, asked: &Asked<'_>) -> Option<()> {
    let newer = settings.has("fun");
    if let Some(mode) = asked.get("nozzle_blob_detect_v2") {
        let mode = mode.as_u64().filter(|mode| *mode <= 2)?;
        if !newer || !settings.bit("fun", 13) {
            return None;
        }
        settings.set_bit("home_flag", 24, mode > 0);
        settings.set_bit("cfg", 24, mode > 0);
        return Some(());
    }
    if let Some(mode) = asked.get("air_purification") {
        let mode = mode.as_u64().filter(|mode| *mode <= 2)?;
        if !settings.bit("fun2", 4) {
            return None;
        }
        settings.set_bits("cfg", 36, 2, mode);
        return Some(());
    }
    let switch = SWITCHES.iter().find(|switch| asked.get(switch.key).is_some())?;
    let on = asked.flag(switch.key)?;
    // The step loss switch says the same twice; the number alone says nothing.
    if switch.key == "auto_recovery" && asked.whole("option").is_some_and(|bits| (bits == 1) != on)
    {
        return None;
    }
    let supported = switch.support.is_none_or(|(home, fun)| {
        if newer { settings.bit("fun", fun) } else { settings.bit("home_flag", home) }
    });
    if !supported {
        return None;
    }
    settings.set_bit("home_flag", switch.home, on);
    match switch.cfg {
        Some(bit) => settings.set_bit("cfg", bit, on),
        None => settings.set_bit("xcam.cfg", 16, on),
    }
    Some(())
}
