//! What a printer is asked, and what it answers: one payload of the request topic in, reports out.
//!
//! What the reference does not list is refused as a printer refuses nonsense; what it lists and the
//! simulator cannot do yet is refused with that reason. Nothing is answered with a success it had not.

mod climate;
mod gcode;
mod print;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{mainboard::Mainboard, habits::Habits, phase::Light, version};

/// Longest request that is read; a printer's own buffer is not known.
const LONGEST: usize = 256 * 1024;

/// The reason in an acknowledgement of something malformed or unknown [D].
const NONSENSE: &str = "error string";

/// Refusal of an unsigned command while Developer Mode is off [L].
const UNSIGNED: &str = "mqtt message verify failed";

/// What becomes of a command.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    /// Accepted.
    Done,
    /// Accepted; these fields are in the answer, too.
    Told(Map<String, Value>),
    /// Refused with this reason.
    Refused(&'static str),
    /// Refused with this reason and code.
    Error(&'static str, u32),
    /// No acknowledgement at all.
    Silent,
}

/// Commands that the reference lists and that the simulator does not obey yet.
const LATER: [(&str, &[&str]); 6] = [
    (
        "print",
        &[
            "ams_change_filament",
            "ams_control",
            "ams_filament_drying",
            "ams_filament_setting",
            "ams_get_rfid",
            "ams_reset",
            "ams_user_setting",
            "auto_stop_ams_dry",
            "back_to_center",
            "buzzer_ctrl",
            "calibration",
            "close_air_filt",
            "extrusion_cali",
            "extrusion_cali_del",
            "extrusion_cali_get",
            "extrusion_cali_get_result",
            "extrusion_cali_sel",
            "extrusion_cali_set",
            "flowrate_cali",
            "flowrate_get_result",
            "gcode_file",
            "get_auto_nozzle_mapping",
            "holder_nozzle_refresh",
            "idle_ignore",
            "ignore",
            "manual_ams_bind",
            "nozzle_holder_ctrl",
            "nozzle_info_confirm",
            "print_option",
            "refresh_nozzle",
            "select_extruder",
            "set_against_continued_heating_mode",
            "set_airduct",
            "set_extrusion_length",
            "skip_objects",
            "unload_filament",
            "xyz_ctrl",
        ],
    ),
    (
        "system",
        &[
            "get_accessories",
            "print_cache_set",
            "reboot",
            "set_accessories",
            "set_door_stat",
            "uiop",
        ],
    ),
    (
        "camera",
        &[
            "ipcam_cap_pic_set",
            "ipcam_delete_oldest_timelapse",
            "ipcam_get_media_info",
            "ipcam_record_set",
            "ipcam_resolution_set",
            "ipcam_timelapse",
        ],
    ),
    ("xcam", &["xcam_control_set"]),
    (
        "upgrade",
        &[
            "consistency_confirm",
            "get_history",
            "mc_for_ams_firmware_upgrade",
            "start",
            "upgrade_confirm",
            "upgrade_history",
            "wtm_upgrade",
        ],
    ),
    ("security", &["app_cert_install", "app_cert_list"]),
];

/// The reports that answer one payload, in order.
pub(super) fn answer(board: &mut Mainboard, payload: &[u8]) -> Vec<Bytes> {
    let mut answers = Vec::new();
    if payload.len() > LONGEST {
        return answers;
    }
    let Ok(sections) = serde_json::from_slice::<Map<String, Value>>(payload) else {
        return answers;
    };
    for (section, body) in sections {
        let Value::Object(body) = body else { continue };
        let Some(Value::String(command)) = body.get("command") else { continue };
        let command = command.clone();
        match (section.as_str(), command.as_str()) {
            ("pushing", "pushall") => answers.push(board.full()),
            ("pushing", "start") => board.streaming = true,
            ("pushing", "stop") => board.streaming = false,
            ("info", "get_version") => {
                let spec = &board.spec;
                let id = body.get("sequence_id");
                answers.push(bytes(&version::reply(spec.model, spec.serial.as_str(), id)));
            }
            (section, command) => {
                let verdict = judge(board, section, command, &body);
                answers.extend(acknowledge(board, section, body, verdict));
            }
        }
    }
    answers
}

fn judge(board: &mut Mainboard, section: &str, command: &str, body: &Map<String, Value>) -> Verdict {
    match section {
        "print" if !board.spec.developer_mode => unsigned(board),
        "print" => print::judge(board, command, body),
        "system" => system(board, command, body),
        "info" | "camera" | "xcam" | "upgrade" | "security" => unknown(section, command),
        _ => Verdict::Silent,
    }
}

/// The answer to a command that no code here obeys.
fn unknown(section: &str, command: &str) -> Verdict {
    let listed =
        LATER.iter().any(|(known, commands)| *known == section && commands.contains(&command));
    Verdict::Refused(if listed { "not simulated yet" } else { NONSENSE })
}

fn unsigned(board: &mut Mainboard) -> Verdict {
    if Habits::of(board.spec.model).silent_refusal {
        let refused = (0x0500_0500, 0x0001_0007);
        if !board.life.hms.contains(&refused) {
            board.life.hms.push(refused);
        }
        return Verdict::Silent;
    }
    Verdict::Error(UNSIGNED, 0x0502_4007)
}

fn system(board: &mut Mainboard, command: &str, body: &Map<String, Value>) -> Verdict {
    match command {
        "ledctrl" => led(board, body),
        "get_access_code" => {
            let code = board.spec.access_code.reveal();
            Verdict::Told(Map::from_iter([("access_code".to_owned(), code.into())]))
        }
        _ => unknown("system", command),
    }
}

fn led(board: &mut Mainboard, body: &Map<String, Value>) -> Verdict {
    let text = |key| body.get(key).and_then(Value::as_str);
    let (Some(node), Some(mode)) = (text("led_node"), text("led_mode").and_then(Light::from_word))
    else {
        return Verdict::Refused(NONSENSE);
    };
    let lights = board.spec.model.capabilities().lights;
    match node {
        "chamber_light" => board.life.light = mode,
        "chamber_light2" if lights.contains(&node) => board.life.light2 = mode,
        // Reported as flashing all the time, whatever it was told [L].
        "work_light" if lights.contains(&node) => {}
        // Taken without effect: an A1 mini has none, the bed light of an H2 is never reported [L].
        "work_light" if board.spec.model == bambu_protocol::Model::A1Mini => {}
        "heatbed_light" if lights.contains(&node) => {}
        _ => return Verdict::Refused(NONSENSE),
    }
    Verdict::Done
}

/// The acknowledgement: the command's own fields and what became of it.
fn acknowledge(
    board: &Mainboard,
    section: &str,
    mut body: Map<String, Value>,
    verdict: Verdict,
) -> Option<Bytes> {
    let habits = Habits::of(board.spec.model);
    let mut end = |result: &str, reason: &str| {
        body.insert("result".into(), result.into());
        body.insert("reason".into(), reason.into());
    };
    match verdict {
        Verdict::Silent => return None,
        Verdict::Done => end("success", "success"),
        Verdict::Told(fields) => {
            end("success", "success");
            body.extend(fields);
        }
        Verdict::Refused(reason) => end("fail", reason),
        Verdict::Error(reason, code) => {
            end("failed", reason);
            body.insert("err_code".into(), code.into());
        }
    }
    if habits.bare_gcode_ack && body.get("command").is_some_and(|name| name == "gcode_line") {
        body.remove("command");
    }
    Some(bytes(&json!({ section: body })))
}

fn bytes(value: &Value) -> Bytes {
    Bytes::from(value.to_string())
}
