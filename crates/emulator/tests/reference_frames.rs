//! Every exact frame of the reference's appendix, sent to every model: at least one obeys it.
//!
//! The reference is not part of the repository; without it this test says so and passes.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{path::Path, sync::Arc};

use bambu_emulator::{
    machine::Machine,
    simulator::{Job, Printer, PrinterSpec},
};
use bambu_protocol::{AccessCode, Model, Serial};
use serde_json::Value;

/// Frames that need something first, which `src/simulator/tests/commands` gives them: an offer, a
/// mismatch of modules, a profile, a result, a second AMS, an empty slot to turn, a real
/// certificate; and the encrypted form, which a printer in Developer Mode does not take.
const NEEDS_MORE: [&str; 11] = [
    "extrusion_cali_set",
    "extrusion_cali_get_result",
    "flowrate_get_result",
    "rotate_tray",
    "upgrade_confirm",
    "consistency_confirm",
    "extrusion_cali_get",
    "extrusion_cali_sel",
    "extrusion_cali_del",
    "app_cert_install",
    "param_enc",
];

/// The JSON lines of the appendix with the exact frames.
fn frames() -> Option<Vec<Value>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = "shared/protocol/plugin/mqtt-commands.md";
    let path = here.ancestors().map(|folder| folder.join(file)).find(|path| path.is_file());
    let Some(path) = path else {
        eprintln!("skipped: {file} is not here");
        return None;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let appendix = text.split("## Appendix A").nth(1).unwrap();
    let appendix = appendix.split("## Appendix B").next().unwrap();
    Some(appendix.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

fn printer(model: Model, busy: bool) -> Arc<Printer> {
    let serial = Serial::new(&format!("{}00A000000001", model.serial_prefix())).unwrap();
    let printer = Printer::new(PrinterSpec::new(serial, model, AccessCode::new("12345678")));
    if busy {
        printer.start_print(Job::local("part", 50, 30.0)).unwrap();
    }
    printer
}

fn ask(printer: &Printer, frame: &Value) -> Option<Value> {
    let mut reports = printer.reports();
    printer.request(frame.to_string().as_bytes());
    reports.try_recv().ok().map(|answer| serde_json::from_slice(&answer).unwrap())
}

/// Whether an idle or a busy or a paused printer of this model obeys.
fn obeys(model: Model, section: &str, frame: &Value) -> bool {
    let paused = printer(model, true);
    ask(&paused, &serde_json::json!({"print": {"command": "pause", "sequence_id": "1"}}));
    [printer(model, false), printer(model, true), paused].iter().any(|printer| {
        let Some(answer) = ask(printer, frame) else { return false };
        match &answer[section]["result"] {
            Value::String(word) => word.eq_ignore_ascii_case("success"),
            Value::Null => {
                answer.get("print").is_some()
                    || answer.get("security").is_some()
                    || answer.get("info").is_some()
            }
            number => number == 0,
        }
    })
}

#[test]
fn every_frame_of_the_reference_is_obeyed_by_some_model() {
    let Some(frames) = frames() else { return };
    assert!(frames.len() > 60, "{}", frames.len());
    let mut refused = Vec::new();
    for frame in frames {
        let (section, body) = frame.as_object().unwrap().iter().next().unwrap();
        let command = body["command"].as_str().unwrap();
        let silent = ["start", "stop"].contains(&command) && section == "pushing"
            || command == "ipcam_delete_oldest_timelapse";
        let text = frame.to_string();
        let needs_more = NEEDS_MORE.iter().any(|name| text.contains(&format!("\"{name}\"")));
        if !silent && !needs_more && !Model::ALL.iter().any(|model| obeys(*model, section, &frame))
        {
            refused.push(text);
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}
