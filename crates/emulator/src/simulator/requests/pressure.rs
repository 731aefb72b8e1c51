//! Pressure advance and flow: calibrations, their results, and the table of profiles.

use bambu_protocol::Model;
use serde_json::{Map, Value};

use super::{Asked, NONSENSE, Verdict};
use crate::simulator::{
    filament::{LEFT_SPOOL, MAIN_SPOOL},
    mainboard::Mainboard,
};

/// Reasons of the observed answers [L].
const WRONG_NOZZLE: &str = "invalid nozzle_diameter";
const NO_PROFILE: &str = "Not find";
const NO_RESULT: &str = "Don't exist";

/// What becomes of one of these commands; `None` for any other.
pub(super) fn judge(board: &mut Mainboard, command: &str, asked: &Asked<'_>) -> Option<Verdict> {
    Some(match command {
        "extrusion_cali" => calibrate(board, asked, false),
        "flowrate_cali" => calibrate(board, asked, true),
        "extrusion_cali_set" => set(board, asked),
        "extrusion_cali_get" => {
            let found = board.life.profiles.find(asked.0);
            let asked_right = asked.text("filament_id").is_some();
            match nozzle(board, asked) {
                _ if !asked_right => Verdict::Refused(NONSENSE),
                Err(refused) => refused,
                Ok(()) if found.is_empty() => Verdict::Failed(NO_PROFILE, list(found)),
                Ok(()) => {
                    let mut fields = list(found);
                    fields.insert("reason".to_owned(), "".into());
                    Verdict::Told(fields)
                }
            }
        }
        "extrusion_cali_get_result" => results(board, asked, false),
        // A P2S was seen to say nothing [L].
        "flowrate_get_result" if board.spec.model == Model::P2S => Verdict::Silent,
        "flowrate_get_result" => results(board, asked, true),
        "extrusion_cali_sel" => select(board, asked),
        "extrusion_cali_del" => {
            let (index, filament) = (asked.whole("cali_idx"), asked.text("filament_id"));
            match (nozzle(board, asked), index, filament) {
                (Err(refused), ..) => refused,
                (Ok(()), Some(index), Some(filament)) => {
                    let gone = board.life.profiles.drop(index, filament);
                    if gone { Verdict::Done } else { Verdict::Refused(NO_PROFILE) }
                }
                _ => Verdict::Refused(NONSENSE),
            }
        }
        _ => return None,
    })
}

/// Whether the nozzle asked about is the one that is mounted.
fn nozzle(board: &Mainboard, asked: &Asked<'_>) -> Result<(), Verdict> {
    let mounted = board.life.settings.get("nozzle_diameter").and_then(Value::as_str);
    if asked.text("nozzle_diameter") == mounted {
        Ok(())
    } else {
        Err(Verdict::Refused(WRONG_NOZZLE))
    }
}

fn list(filaments: Vec<Value>) -> Map<String, Value> {
    Map::from_iter([("filaments".to_owned(), Value::Array(filaments))])
}

/// Whether the trays of this model carry their own `k` and `n`.
fn k_per_tray(board: &Mainboard) -> bool {
    matches!(board.spec.model, Model::A1 | Model::A1Mini | Model::A2L | Model::P1P | Model::P1S)
}

/// Starts a calibration. The form of old firmware names a tray, that of new firmware filaments.
fn calibrate(board: &mut Mainboard, asked: &Asked<'_>, flow: bool) -> Verdict {
    let filaments: Vec<Map<String, Value>> = if asked.get("filaments").is_some() {
        if let Err(refused) = nozzle(board, asked) {
            return refused;
        }
        let right = flow || matches!(asked.whole("mode"), Some(0 | 1));
        match asked.objects("filaments").filter(|list| right && !list.is_empty()) {
            Some(list) => list.into_iter().cloned().collect(),
            None => return Verdict::Refused(NONSENSE),
        }
    } else if flow || !k_per_tray(board) {
        return Verdict::Refused(WRONG_NOZZLE);
    } else {
        let keys = ["tray_id", "nozzle_temp", "bed_temp", "max_volumetric_speed"];
        if !keys.iter().all(|key| asked.number(key).is_some()) {
            return Verdict::Refused(NONSENSE);
        }
        vec![asked.0.clone()]
    };
    // 8 is the calibration of extrusion, 19 that of flow.
    let started = board.life.calibrate(vec![2, 14, if flow { 19 } else { 8 }]);
    if started {
        board.life.profiles.await_results(filaments, flow);
    }
    Verdict::when(started)
}

fn results(board: &Mainboard, asked: &Asked<'_>, flow: bool) -> Verdict {
    if let Err(refused) = nozzle(board, asked) {
        return refused;
    }
    let profiles = &board.life.profiles;
    let found = if flow { profiles.flow.clone() } else { profiles.results.clone() };
    if found.is_empty() {
        Verdict::Failed(NO_RESULT, list(found))
    } else {
        Verdict::Told(list(found))
    }
}

/// Keeps a value: in the table, or in a tray where the model has it there.
fn set(board: &mut Mainboard, asked: &Asked<'_>) -> Verdict {
    if asked.get("filaments").is_some() {
        if let Err(refused) = nozzle(board, asked) {
            return refused;
        }
        let right = |fields: &&Map<String, Value>| {
            let one = Asked(fields);
            let value = one.text("k_value").and_then(|k| k.parse::<f64>().ok());
            one.text("filament_id").is_some()
                && one.text("name").is_some()
                && value.is_some_and(|k| (0.0..=2.0).contains(&k))
        };
        let list =
            asked.objects("filaments").filter(|list| !list.is_empty() && list.iter().all(right));
        let Some(list) = list else { return Verdict::Refused(NONSENSE) };
        for fields in list {
            board.life.profiles.keep(fields);
        }
        return Verdict::Done;
    }
    if !k_per_tray(board) {
        return Verdict::Refused(WRONG_NOZZLE);
    }
    let (k, n) = (asked.number("k_value"), asked.number("n_coef"));
    let place = asked.count("tray_id").and_then(|flat| place(board, flat));
    let (Some(k), Some(n), Some((unit, slot))) = (k, n, place) else {
        return Verdict::Refused(NONSENSE);
    };
    board.life.filament.put(unit, slot, "k", k);
    board.life.filament.put(unit, slot, "n", n);
    Verdict::Done
}

/// The slot with a flat number; an external spool by either id.
fn place(board: &Mainboard, flat: u32) -> Option<(u32, u32)> {
    let filament = &board.life.filament;
    if flat >= LEFT_SPOOL {
        let ids = [flat, MAIN_SPOOL, LEFT_SPOOL];
        return ids.into_iter().find(|id| filament.has(*id, 0)).map(|id| (id, 0));
    }
    let place = if flat < 16 { (flat / 4, flat % 4) } else { (flat, 0) };
    filament.has(place.0, place.1).then_some(place)
}

/// Chooses the profile of a slot. `tray_id` is the flat number here.
fn select(board: &mut Mainboard, asked: &Asked<'_>) -> Verdict {
    if let Err(refused) = nozzle(board, asked) {
        return refused;
    }
    let flat = asked.count("tray_id");
    let both = asked.count("ams_id").zip(asked.count("slot_id"));
    let place = match both {
        Some((unit @ (LEFT_SPOOL | MAIN_SPOOL), _)) => place(board, unit),
        Some((unit, slot)) => board.life.filament.has(unit, slot).then_some((unit, slot)),
        None => flat.and_then(|flat| place(board, flat)),
    };
    let (Some((unit, slot)), Some(index), Some(_)) =
        (place.filter(|_| flat.is_some()), asked.whole("cali_idx"), asked.text("filament_id"))
    else {
        return Verdict::Refused(NONSENSE);
    };
    let profile = board.life.profiles.get(index);
    if index != -1 && profile.is_none() {
        return Verdict::Refused(NO_PROFILE);
    }
    let k = profile.map(crate::simulator::profiles::Profile::k);
    // A setting id links the wrong profile on these [L]: what it was stays.
    let mislinked = asked.get("setting_id").is_some()
        && matches!(
            board.spec.model,
            Model::X1C | Model::X1 | Model::X1E | Model::P1P | Model::P1S
        );
    let k = k.filter(|_| k_per_tray(board));
    let filament = &mut board.life.filament;
    if !mislinked {
        filament.put(unit, slot, "cali_idx", index);
        if let Some(k) = k {
            filament.put(unit, slot, "k", k);
        }
    }
    Verdict::Done
}
