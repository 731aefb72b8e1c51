//! What a printer is asked, and what it answers: one payload of the request topic in, reports out.
//!
//! One file per section of commands. What the reference does not list is refused as a printer
//! refuses nonsense; nothing is answered with a success it had not. How an answer looks, and what
//! goes wrong with it on purpose, is in `requests/reply.rs`.

mod ams;
mod asked;
mod calibration;
mod camera;
mod climate;
mod filament;
mod gcode;
mod job;
mod motion;
mod options;
mod pressure;
mod project;
mod rack;
mod reply;
mod security;
mod stored;
mod system;
mod upgrade;
mod xcam;

use bytes::Bytes;
use serde_json::{Map, Value};

use self::asked::Asked;
use super::{habits::Habits, mainboard::Mainboard, phase, version};
use crate::faults::Fault;

/// Longest request that is read; a printer's own buffer is not known.
const LONGEST: usize = 256 * 1024;

/// The reason in an acknowledgement of something malformed or unknown [D].
const NONSENSE: &str = "error string";

/// Refusal of an unsigned command while Developer Mode is off [L].
const UNSIGNED: &str = "mqtt message verify failed";

/// Whether a payload is signed. A client's signature cannot be right: no key of ours is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    None,
    Wrong,
    Right,
}

/// What becomes of a command.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    /// Accepted.
    Done,
    /// Accepted; these fields are in the answer, too.
    Told(Map<String, Value>),
    /// Answered with these fields alone, without `result` and `reason` of the usual kind.
    Bare(Map<String, Value>),
    /// Refused with this reason.
    Refused(&'static str),
    /// Refused with this reason; these fields are in the answer, too.
    Failed(&'static str, Map<String, Value>),
    /// Refused with this reason and code.
    Error(&'static str, u32),
    /// No acknowledgement at all.
    Silent,
}

impl Verdict {
    /// Accepted when the printer could do it.
    fn when(possible: bool) -> Self {
        if possible { Self::Done } else { Self::Refused(NONSENSE) }
    }

    /// Accepted when the printer could do it and the fields were right.
    fn of(possible: Option<()>) -> Self {
        Self::when(possible.is_some())
    }
}

/// The reports that answer one payload, in order. One from the cloud itself is signed, whatever it
/// says.
pub(super) fn answer(board: &mut Mainboard, payload: &[u8], of_cloud: bool) -> Vec<Bytes> {
    let mut answers = Vec::new();
    let deaf = !board.life.is_on() || board.life.parsing > 0.0;
    if deaf || payload.len() > LONGEST || board.spec.faults.strikes(Fault::Silence) {
        return answers;
    }
    let Ok(sections) = serde_json::from_slice::<Map<String, Value>>(payload) else {
        return answers;
    };
    let sign = match (of_cloud, sections.contains_key("header")) {
        (true, _) => Sign::Right,
        (false, true) => Sign::Wrong,
        (false, false) => Sign::None,
    };
    for (section, body) in sections {
        let Value::Object(body) = body else { continue };
        let Some(Value::String(command)) = body.get("command") else { continue };
        match (section.as_str(), command.as_str()) {
            ("pushing", "pushall") => answers.push(board.full()),
            ("pushing", "start") => board.streaming = true,
            ("pushing", "stop") => board.streaming = false,
            ("info", "get_version") => answers.push(versions(board, &body)),
            (section, command) => {
                // A query has nothing to ignore: its answer is its effect.
                let ignored =
                    !command.contains("get") && board.spec.faults.strikes(Fault::AckAndIgnore);
                let verdict = if ignored {
                    Verdict::Done
                } else {
                    judge(board, section, command, &Asked(&body), sign)
                };
                answers.extend(reply::leave(board, section, body, verdict));
            }
        }
    }
    answers
}

fn versions(board: &Mainboard, body: &Map<String, Value>) -> Bytes {
    let (spec, firmware) = (&board.spec, board.life.firmware.as_deref());
    let id = body.get("sequence_id");
    reply::bytes(&version::reply(spec.model, spec.serial.as_str(), firmware, id))
}

fn judge(
    board: &mut Mainboard,
    section: &str,
    command: &str,
    asked: &Asked<'_>,
    sign: Sign,
) -> Verdict {
    match section {
        "print" if board.locked() && sign != Sign::Right => unsigned(board, sign),
        "print" => print(board, command, asked),
        "system" => system::judge(board, command, asked),
        "camera" => camera::judge(board, command, asked),
        "xcam" => xcam::judge(board, command, asked),
        "upgrade" => upgrade::judge(board, command, asked),
        "security" => security::judge(board, command, asked),
        "info" => Verdict::Refused(NONSENSE),
        _ => Verdict::Silent,
    }
}

fn print(board: &mut Mainboard, command: &str, asked: &Asked<'_>) -> Verdict {
    type Section = fn(&mut Mainboard, &str, &Asked<'_>) -> Option<Verdict>;
    const SECTIONS: [Section; 9] = [
        job::judge,
        project::judge,
        climate::judge,
        motion::judge,
        ams::judge,
        filament::judge,
        calibration::judge,
        options::judge,
        rack::judge,
    ];
    if command == "gcode_line" {
        return gcode::judge(board, asked);
    }
    if command.starts_with("ams_") && hangs(asked) {
        board.life.abort_change();
        return Verdict::Silent;
    }
    let found = SECTIONS.iter().find_map(|section| section(board, command, asked));
    found.or_else(|| pressure::judge(board, command, asked)).unwrap_or(Verdict::Refused(NONSENSE))
}

/// Whether the AMS hangs on this id and starts anew: it reads 31 bits [L].
fn hangs(asked: &Asked<'_>) -> bool {
    let id = asked.text("sequence_id").and_then(|id| id.parse::<u64>().ok());
    id.is_some_and(|id| id > i32::MAX as u64)
}

/// The answer while Developer Mode is off.
fn unsigned(board: &mut Mainboard, sign: Sign) -> Verdict {
    if Habits::of(board.spec.model).silent_refusal {
        if !board.life.hms.contains(&phase::UNSIGNED) {
            board.life.hms.push(phase::UNSIGNED);
        }
        return Verdict::Silent;
    }
    Verdict::Error(UNSIGNED, if sign == Sign::Wrong { 0x0502_4009 } else { 0x0502_4007 })
}
