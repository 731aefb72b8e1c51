//! How an answer looks: the command's own fields and what became of it, in the shape of the model.
//! Every acknowledgement leaves through [`leave`], which obeys the faults, too.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::Verdict;
use crate::{
    faults::Fault,
    simulator::{habits::Habits, mainboard::Mainboard},
};

/// Milliseconds by which a late acknowledgement is late.
const LATE_MS: u64 = 4000;

/// The acknowledgements of one command that leave at once; a late one is kept in `board`.
pub(super) fn leave(
    board: &mut Mainboard,
    section: &str,
    body: Map<String, Value>,
    verdict: Verdict,
) -> Vec<Bytes> {
    let faults = board.spec.faults.clone();
    let Some(mut body) = acknowledgement(board, section, body, verdict) else { return Vec::new() };
    if faults.strikes(Fault::NoAck) {
        return Vec::new();
    }
    if faults.strikes(Fault::AckWithoutCommand) {
        body.remove("command");
    }
    if faults.strikes(Fault::AckWithoutResult) {
        for key in ["result", "reason", "err_code"] {
            body.remove(key);
        }
    }
    let ack = bytes(&json!({ section: body }));
    if faults.strikes(Fault::LateAck) {
        board.late.push((board.elapsed_ms.saturating_add(LATE_MS), ack));
        return Vec::new();
    }
    let copies = if faults.strikes(Fault::DoubleAck) { 2 } else { 1 };
    vec![ack; copies]
}

fn acknowledgement(
    board: &Mainboard,
    section: &str,
    mut body: Map<String, Value>,
    verdict: Verdict,
) -> Option<Map<String, Value>> {
    let habits = Habits::of(board.spec.model);
    let command = body.get("command").and_then(Value::as_str).unwrap_or("").to_owned();
    let newer = board.life.settings.has("fun");
    let mut end = |result: &str, reason: &str| {
        body.insert("result".into(), result.into());
        body.insert("reason".into(), reason.into());
    };
    let good = matches!(verdict, Verdict::Done | Verdict::Told(_));
    match verdict {
        Verdict::Silent => return None,
        Verdict::Done => end("success", "success"),
        Verdict::Told(fields) => {
            end("success", "success");
            body.extend(fields);
        }
        Verdict::Bare(fields) => body.extend(fields),
        Verdict::Refused(reason) => end("fail", reason),
        Verdict::Failed(reason, fields) => {
            end("fail", reason);
            body.extend(fields);
        }
        Verdict::Error(reason, code) => {
            end("failed", reason);
            body.insert("err_code".into(), code.into());
        }
    }
    match (section, command.as_str()) {
        ("print", "gcode_line") => {
            if habits.bare_gcode_ack {
                body.remove("command");
            }
            if habits.loud_gcode_ack && good {
                body.insert("result".into(), "SUCCESS".into());
                body.insert("reason".into(), "SUCCESS".into());
                body.insert("err_code".into(), 0.into());
            }
        }
        ("print", "ams_filament_setting") if board.slow_p1() => {
            body.remove("result");
            body.remove("reason");
        }
        _ => {}
    }
    if section == "print" && newer {
        body.insert("is_from_mqtt".into(), true.into());
    }
    Some(body)
}

pub(super) fn bytes(value: &Value) -> Bytes {
    Bytes::from(value.to_string())
}
