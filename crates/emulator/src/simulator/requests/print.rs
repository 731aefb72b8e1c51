//! Commands of the `print` section: control of a job and its start.

use serde_json::{Map, Value};

use super::{NONSENSE, Verdict, climate, gcode, unknown};
use crate::simulator::{
    mainboard::Mainboard,
    job::{Job, Origin},
    phase::{BUSY, Pause, UNREADABLE},
};

/// What becomes of one command.
pub(super) fn judge(board: &mut Mainboard, command: &str, body: &Map<String, Value>) -> Verdict {
    match command {
        "pause" => done(board.life.pause(Pause::Asked)),
        "resume" => done(board.life.resume()),
        "stop" => done(board.life.stop()),
        "print_speed" => speed(board, body),
        "gcode_line" => gcode::judge(board, text(body, "param")),
        "project_file" => project(board, body),
        "clean_print_error" => {
            board.life.print_error = 0;
            Verdict::Done
        }
        _ => climate::judge(board, command, body).unwrap_or_else(|| unknown("print", command)),
    }
}

fn done(possible: bool) -> Verdict {
    if possible { Verdict::Done } else { Verdict::Refused(NONSENSE) }
}

fn text<'a>(body: &'a Map<String, Value>, key: &str) -> &'a str {
    body.get(key).and_then(Value::as_str).unwrap_or("")
}

fn speed(board: &mut Mainboard, body: &Map<String, Value>) -> Verdict {
    let level = match text(body, "param") {
        "1" => 1,
        "2" => 2,
        "3" => 3,
        "4" => 4,
        _ => return Verdict::Refused(NONSENSE),
    };
    board.life.speed_level = level;
    Verdict::Done
}

/// Starts a job. Every named file counts as present and readable: its length comes from its name.
fn project(board: &mut Mainboard, body: &Map<String, Value>) -> Verdict {
    if board.life.busy() {
        board.life.print_error = BUSY;
        return Verdict::Error("printer is busy", BUSY);
    }
    let plate = text(body, "param")
        .strip_prefix("Metadata/plate_")
        .and_then(|rest| rest.strip_suffix(".gcode"))
        .and_then(|number| number.parse().ok())
        .filter(|number| (1..=99).contains(number));
    let Some(plate) = plate else { return Verdict::Refused(NONSENSE) };
    let url = text(body, "url");
    let in_url = url.rsplit('/').next().and_then(|name| name.split('?').next()).unwrap_or("");
    let file = [text(body, "file"), in_url].into_iter().find(|name| !name.is_empty());
    let Some(file) = file else {
        board.life.print_error = UNREADABLE;
        return Verdict::Error("file not found", UNREADABLE);
    };
    let file: String = file.chars().take(200).collect();
    let stem = file.trim_end_matches(".3mf").trim_end_matches(".gcode").to_owned();
    let name = match text(body, "subtask_name") {
        "" => stem,
        name => name.chars().take(200).collect(),
    };
    let id = |key: &str| match body.get(key) {
        Some(Value::String(id)) if !id.is_empty() => id.chars().take(40).collect(),
        Some(Value::Number(id)) => id.to_string(),
        _ => "0".to_owned(),
    };
    let size = file.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let mut job = Job::local(&name, 40 + size % 400, f64::from(10 + size / 400 % 110));
    job.file = file;
    job.plate = plate;
    job.task_id = id("task_id");
    job.subtask_id = id("subtask_id");
    job.project_id = id("project_id");
    job.profile_id = id("profile_id");
    if url.starts_with("http") {
        job.origin = Origin::Cloud;
    }
    if body.get("use_ams").and_then(Value::as_bool) != Some(false) {
        job.tray = body
            .get("ams_mapping")
            .and_then(Value::as_array)
            .and_then(|trays| trays.iter().filter_map(Value::as_u64).next())
            .and_then(|tray| u32::try_from(tray).ok());
    }
    board.start(job);
    Verdict::Done
}
