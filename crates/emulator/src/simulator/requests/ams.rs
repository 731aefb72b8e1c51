//! Commands that move filament through the AMS, and those about its units: drying, tags, binding.

use serde_json::{Map, Value, json};

use super::{Asked, NONSENSE, Verdict};
use crate::simulator::{
    filament::{Drying, LEFT_SPOOL, MAIN_SPOOL, Unit},
    life::{Life, Source},
    mainboard::Mainboard,
};

/// `errno` of a change that the heat of the chamber forbids, and of one that drying forbids [V].
const CHAMBER_TOO_HOT: i64 = -2;
const UNIT_TOO_HOT: i64 = -4;

/// What becomes of one of these commands; `None` for any other.
pub(super) fn judge(board: &mut Mainboard, command: &str, asked: &Asked<'_>) -> Option<Verdict> {
    Some(match command {
        "ams_change_filament" => change(board, asked),
        "unload_filament" => {
            let older = !board.life.settings.has("fun");
            let loaded = board.life.loaded() != Source::Nothing;
            Verdict::when(
                older && loaded && board.life.change_filament(Source::Nothing, None, None),
            )
        }
        "ams_control" => Verdict::of(control(&mut board.life, asked)),
        "ams_reset" => {
            // Not under a job that feeds from it.
            let idle = !board.life.busy() && !board.life.filament.units.is_empty();
            if idle {
                board.life.abort_change();
            }
            Verdict::when(idle)
        }
        "manual_ams_bind" => Verdict::of(bind(&mut board.life, asked)),
        "ams_filament_drying" => dry(board, asked),
        "auto_stop_ams_dry" => {
            let dries = |unit: &Unit| unit.dries_to().is_some();
            let able = board.life.filament.units.iter().any(dries);
            board.life.filament.units.iter_mut().for_each(|unit| unit.drying = None);
            board.life.filament.touch();
            Verdict::when(able)
        }
        _ => return None,
    })
}

fn change(board: &mut Mainboard, asked: &Asked<'_>) -> Verdict {
    let Some(to) = source(&board.life, asked) else { return Verdict::Refused(NONSENSE) };
    let life = &mut board.life;
    if to == Source::Nothing && life.loaded() == Source::Nothing {
        return Verdict::Refused(NONSENSE);
    }
    if let Source::Tray(at) = to
        && life.settings.has("fun")
        && let Some(refused) = too_hot(life, at)
    {
        return refused;
    }
    let extruder = asked.count("extruder_id").map(|at| at as usize);
    Verdict::when(life.change_filament(to, extruder, asked.number("tar_temp")))
}

/// Where the filament is to come from. New firmware goes by unit and slot, old firmware by the
/// flat number in `target`.
fn source(life: &Life, asked: &Asked<'_>) -> Option<Source> {
    let target = asked.whole("target")?;
    let (unit, slot) = (asked.count("ams_id"), asked.count("slot_id"));
    let newer = life.settings.has("fun");
    let by_slot = newer || life.settings.bit("flag3", 9);
    if target == 255 && slot.is_none_or(|slot| slot == 255) {
        return Some(Source::Nothing);
    }
    let spool = |id: u32| {
        let known = [id, MAIN_SPOOL, LEFT_SPOOL].into_iter().find(|id| life.filament.has(*id, 0));
        known.map(Source::Spool)
    };
    let (unit, slot) = match (unit, slot) {
        (Some(unit @ (LEFT_SPOOL | MAIN_SPOOL)), _) => return spool(unit),
        (Some(unit), Some(slot)) if by_slot => (unit, slot),
        _ if newer => return None,
        _ if target == 254 => return spool(LEFT_SPOOL),
        _ => {
            let flat = u32::try_from(target).ok()?;
            if flat > 15 { (flat, 0) } else { (flat / 4, flat % 4) }
        }
    };
    life.filament.position(unit, slot).map(Source::Tray)
}

fn too_hot(life: &Life, at: usize) -> Option<Verdict> {
    let tray = life.filament.trays.get(at)?;
    let soft = tray.material.soft;
    let drying = life.filament.unit(tray.unit).and_then(|unit| unit.drying.as_ref());
    let errno = if life.chamber.now > soft.max(40.0) {
        CHAMBER_TOO_HOT
    } else if drying.is_some_and(|drying| f64::from(drying.celsius) > soft) {
        UNIT_TOO_HOT
    } else {
        return None;
    };
    let fields = json!({"errno": errno, "soft_temp": soft as i64});
    let fields = fields.as_object().cloned().unwrap_or_default();
    Some(Verdict::Failed(NONSENSE, fields))
}

fn control(life: &mut Life, asked: &Asked<'_>) -> Option<()> {
    let word = asked.text("param")?;
    if life.filament.units.is_empty() {
        return None;
    }
    match (word, life.change.as_mut()) {
        ("pause", Some(change)) => change.held = true,
        ("resume", Some(change)) => change.held = false,
        ("reset" | "abort", Some(_)) => life.abort_change(),
        ("resume" | "done", None) => drop(life.resume()),
        ("pause" | "reset" | "abort" | "done", _) => {}
        _ => return None,
    }
    Some(())
}

/// Binds units to extruders: the fields' meaning is taken from their names [G].
fn bind(life: &mut Life, asked: &Asked<'_>) -> Option<()> {
    let list = asked.objects("bind_list")?;
    let read = |fields: Map<String, Value>| {
        let asked = Asked(&fields);
        asked.count("ams_s_bind")?;
        Some((asked.count("ams_f_bind")?, asked.count("extruder")?))
    };
    let pairs: Option<Vec<(u32, u32)>> = list.into_iter().cloned().map(read).collect();
    let pairs = pairs.filter(|pairs| !pairs.is_empty() && life.nozzles.len() > 1)?;
    let fits = |(unit, extruder): &(u32, u32)| life.filament.unit(*unit).is_some() && *extruder < 2;
    if !pairs.iter().all(fits) {
        return None;
    }
    let filament = &mut life.filament;
    for (id, extruder) in pairs {
        filament.units.iter_mut().filter(|unit| unit.id == id).for_each(|unit| {
            unit.extruder = extruder;
        });
        filament.trays.iter_mut().filter(|tray| tray.unit == id).for_each(|tray| {
            tray.extruder = extruder;
        });
    }
    filament.touch();
    Some(())
}

/// Starts or stops drying. A start that the unit cannot follow is told in `dry_sf_reason`.
fn dry(board: &mut Mainboard, asked: &Asked<'_>) -> Verdict {
    let busy = board.life.busy();
    let filament = &mut board.life.filament;
    let Some(id) = asked.count("ams_id") else { return Verdict::Refused(NONSENSE) };
    let Some(highest) = filament.unit(id).and_then(Unit::dries_to) else {
        return Verdict::Refused(NONSENSE);
    };
    let drying = match asked.whole("mode") {
        Some(0) => None,
        Some(1 | 2) => {
            let celsius = asked.count("temp").filter(|celsius| (45..=highest).contains(celsius));
            let hours = asked.count("duration").filter(|hours| (1..=24).contains(hours));
            let words = (asked.text("filament"), asked.flag("rotate_tray"));
            let (Some(celsius), Some(hours), (Some(name), Some(_))) = (celsius, hours, words)
            else {
                return Verdict::Refused(NONSENSE);
            };
            Some(Drying {
                minutes: f64::from(hours) * 60.0,
                celsius,
                hours,
                filament: name.to_owned(),
            })
        }
        _ => return Verdict::Refused(NONSENSE),
    };
    let running = filament.unit(id).is_some_and(|unit| unit.drying.is_some());
    let threaded = filament.trays.iter().any(|tray| tray.unit == id);
    // Reasons: 0 a task is running, 3 filament at the outlet, 6 dries already.
    let reason = match &drying {
        None => None,
        Some(_) if running => Some(6),
        Some(_) if busy => Some(0),
        Some(_) if threaded && asked.flag("rotate_tray") == Some(true) => Some(3),
        Some(_) => None,
    };
    let reasons: Vec<u32> = reason.into_iter().collect();
    filament.excuse(id, reasons);
    if reason.is_some() {
        return Verdict::Refused(NONSENSE);
    }
    filament.units.iter_mut().filter(|unit| unit.id == id).for_each(|unit| {
        unit.drying.clone_from(&drying);
    });
    filament.touch();
    Verdict::Done
}
