//! Commands that start a job: `project_file` and `gcode_file`.

use bambu_protocol::Model;
use serde_json::Value;

use super::{Asked, NONSENSE, Verdict, stored};
use crate::{
    faults::Fault,
    simulator::{
        filament::{MAIN_SPOOL, Tray},
        job::{Job, MODEL_ID, Origin},
        mainboard::Mainboard,
        phase::{BUSY, NO_MAPPING, Phase, UNREADABLE},
    },
};

/// Fields that newer machines take as bools and as nothing else [L].
const BOOLS: [&str; 6] =
    ["bed_leveling", "flow_cali", "vibration_cali", "layer_inspect", "timelapse", "use_ams"];

/// Seconds that a slow printer parses a job.
const SLOW_SECONDS: f64 = 135.0;

/// What becomes of one of these commands; `None` for any other.
pub(super) fn judge(board: &mut Mainboard, command: &str, asked: &Asked<'_>) -> Option<Verdict> {
    Some(match command {
        "project_file" => project(board, asked),
        "gcode_file" => gcode(board, asked),
        _ => return None,
    })
}

fn project(board: &mut Mainboard, asked: &Asked<'_>) -> Verdict {
    if let Some(busy) = busy(board) {
        return busy;
    }
    let plate = asked
        .text("param")
        .and_then(|param| param.strip_prefix("Metadata/plate_"))
        .and_then(|rest| rest.strip_suffix(".gcode"))
        .and_then(|number| number.parse().ok())
        .filter(|number| (1..=99).contains(number));
    let newer = board.life.settings.has("fun");
    let odd = |key: &&str| asked.get(key).is_some_and(|value| !value.is_boolean());
    let Some(plate) = plate.filter(|_| !newer || !BOOLS.iter().any(odd)) else {
        return Verdict::Refused(NONSENSE);
    };
    let url = asked.text("url").unwrap_or("");
    let in_url = url.rsplit('/').next().and_then(|name| name.split('?').next()).unwrap_or("");
    let named = [asked.text("file").unwrap_or(""), in_url];
    let Some(file) = named.into_iter().find(|name| !name.is_empty()) else {
        board.life.print_error = UNREADABLE;
        return Verdict::Error("file not found", UNREADABLE);
    };
    let file: String = file.chars().take(200).collect();
    let name = asked.text("subtask_name").filter(|name| !name.is_empty());
    let mut job = job(&file, name);
    job.plate = plate;
    for (key, place) in [
        ("task_id", &mut job.task_id),
        ("subtask_id", &mut job.subtask_id),
        ("project_id", &mut job.project_id),
        ("profile_id", &mut job.profile_id),
    ] {
        *place = match asked.get(key) {
            Some(Value::String(id)) if !id.is_empty() => id.chars().take(40).collect(),
            Some(Value::Number(id)) => id.to_string(),
            _ => "0".to_owned(),
        };
    }
    if url.starts_with("http") {
        job.origin = Origin::Cloud;
        let model_id = asked.text("model_id").filter(|id| !id.is_empty()).unwrap_or(MODEL_ID);
        job.model_id = model_id.chars().take(40).collect();
    }
    let auto = |key: &str| asked.whole(key).is_some_and(|mode| mode > 0);
    let old = !newer && asked.flag("bed_levelling") == Some(true);
    let levels = asked.get("bed_leveling").is_none() && asked.get("bed_levelling").is_none();
    job.leveling = asked.flag("bed_leveling") == Some(true)
        || auto("auto_bed_leveling")
        || old
        || levels && !newer;
    job.vibration = asked.flag("vibration_cali") == Some(true);
    job.flow = asked.flag("flow_cali") == Some(true) || auto("extrude_cali_flag");
    let md5 = asked.text("md5").unwrap_or("");
    if !stored::project(board, &mut job, url, &file, md5) {
        job.trouble = Some(UNREADABLE);
    }
    match tray(board, asked) {
        Ok(tray) => job.tray = tray,
        Err(NoTray) => job.trouble = job.trouble.or(Some(NO_MAPPING)),
    }
    begin(board, job)
}

/// The mapping names no tray that there is.
struct NoTray;

/// The first tray that the mapping names; `None` leaves the choice to the printer.
fn tray(board: &Mainboard, asked: &Asked<'_>) -> Result<Option<u32>, NoTray> {
    let filament = &board.life.filament;
    if asked.flag("use_ams") == Some(false) {
        return Ok(Some(MAIN_SPOOL));
    }
    // Without an AMS there is nothing to map to.
    if asked.flag("use_ams") == Some(true) && filament.units.is_empty() {
        return Err(NoTray);
    }
    let newer = board.life.settings.has("fun") || board.life.settings.bit("flag3", 9);
    let pairs = asked.objects("ams_mapping2").unwrap_or_default();
    let pair = pairs.into_iter().map(Asked).find_map(|pair| {
        let (unit, slot) = (pair.count("ams_id")?, pair.count("slot_id")?);
        (newer && (unit, slot) != (255, 255)).then_some((unit, slot))
    });
    let flat = asked.list("ams_mapping").unwrap_or_default();
    // 254 and 255 are no trays here: a new machine says so [L].
    let wrong = flat.iter().any(|tray| matches!(tray.as_i64(), Some(254 | 255)));
    if newer && wrong && pair.is_none_or(|(unit, _)| unit < 254) {
        return Err(NoTray);
    }
    if let Some((unit, slot)) = pair {
        if unit >= 254 {
            // 255 is the one spool of a single nozzle, too, though older machines report it as 254 [V].
            let known = filament.has(unit, slot) || (unit, slot) == (MAIN_SPOOL, 0);
            return if known { Ok(Some(unit)) } else { Err(NoTray) };
        }
        let at = filament.position(unit, slot).and_then(|at| filament.trays.get(at));
        return at.map(|tray| Some(tray.flat())).ok_or(NoTray);
    }
    let Some(wanted) = flat.iter().find_map(Value::as_u64) else { return Ok(None) };
    // The lite unit of an A2L counts its own slots.
    let wanted = if filament.unit(16).is_some() && wanted < 4 { 64 + wanted } else { wanted };
    let found = filament.trays.iter().map(Tray::flat).find(|tray| u64::from(*tray) == wanted);
    match found {
        Some(tray) => Ok(Some(tray)),
        None if wanted >= 254 && !newer => Ok(Some(MAIN_SPOOL)),
        None => Err(NoTray),
    }
}

/// Raw G-code in the storage. The one in `/usr/etc/print` is the calibration of older X1 firmware.
fn gcode(board: &mut Mainboard, asked: &Asked<'_>) -> Verdict {
    if let Some(busy) = busy(board) {
        return busy;
    }
    let path = asked.text("param").unwrap_or("");
    let file = path.rsplit('/').next().unwrap_or("");
    // An A1 mini was seen to refuse it [L].
    if !file.ends_with(".gcode") || board.spec.model == Model::A1Mini {
        return Verdict::Refused(NONSENSE);
    }
    if path.starts_with("/usr/etc/print/") {
        let lidar = board.life.settings.has("xcam.first_layer_inspector");
        let stages = if lidar { vec![12, 3, 1] } else { vec![14, 3, 1] };
        return Verdict::when(board.life.calibrate(stages));
    }
    let mut job = job(file, None);
    if !stored::gcode(board, &mut job, path) {
        job.trouble = Some(UNREADABLE);
    }
    begin(board, job)
}

fn busy(board: &mut Mainboard) -> Option<Verdict> {
    board.life.busy().then(|| {
        board.life.print_error = BUSY;
        Verdict::Error("printer is busy", BUSY)
    })
}

/// A job of a length that its file's name decides.
fn job(file: &str, name: Option<&str>) -> Job {
    let stem = file.trim_end_matches(".3mf").trim_end_matches(".gcode");
    let name: String = name.unwrap_or(stem).chars().take(200).collect();
    let size = file.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let mut job = Job::local(&name, 40 + size % 400, f64::from(10 + size / 400 % 110));
    job.file = file.to_owned();
    job
}

fn begin(board: &mut Mainboard, mut job: Job) -> Verdict {
    // P1 firmware from 01.10 on clamps ids and then never starts the job [L].
    let longest = i64::from(i32::MAX);
    let too_long = |id: &String| id.parse::<i64>().is_ok_and(|id| id > longest);
    if board.slow_p1() && [&job.task_id, &job.subtask_id, &job.project_id].into_iter().any(too_long)
    {
        for id in [&mut job.task_id, &mut job.subtask_id, &mut job.project_id] {
            if too_long(id) {
                *id = longest.to_string();
            }
        }
        board.life.phase = Phase::Idle;
        board.life.job = Some(job);
        return Verdict::Done;
    }
    let slow = board.spec.faults.strikes(Fault::SlowJob).then_some(SLOW_SECONDS);
    Verdict::when(board.start(job, slow))
}
