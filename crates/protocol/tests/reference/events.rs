//! `docs/events.md`.

use std::fmt::Write;

use bambu_protocol::{
    Model,
    event::{Event, Watcher},
    report::State,
};
use serde_json::{Value, json};

use super::MADE;

const HEAD: &str = "\
What happens to a printer, derived from how its status changes: `Printer::events()` in the library, `event` in the code
(`bambu_protocol::event`). An event is told once, across reconnects, full resends and repeated reports.

* What is already so when the watching begins is no event. A program that starts in the middle of a job hears of its end,
  not of its start, and not of health messages that were there before; the status has those.
* Steps of progress and layers that passed while nobody listened are told when they are noticed, in order; of more than a
  hundred layers at once only the newest. A job whose whole life passed unseen is told by its start and its end.
* `print.completed`, `print.failed` and `print.cancelled` exclude one another. A cancelled job is `FAILED` on the wire, with
  error 0300-400C or 0500-400E; a job that failed without a reason is told after three more reports at most, since the reason may come later.
* `device.offline` says that the connection to the printer was lost, or that nothing was heard of it for 30 seconds; it and
  `device.online` take turns.
* `print.started` and the others name calibrations, too: their `job.kind` is `system`.
* Health messages that the vendor's slicer hides (05nn-0400-0001-0044, 05nn-0500-0001-0010) are not told.
";

/// A short life of a P2S in which everything happens.
fn life() -> Vec<Value> {
    vec![
        json!({"gcode_state": "IDLE", "subtask_name": "cube", "gcode_file": "cube.gcode.3mf",
            "task_id": "0", "subtask_id": "0", "print_type": "local", "mc_percent": 0, "layer_num": 0,
            "total_layer_num": 100, "mc_remaining_time": 55, "stat": "0", "hms": [], "stg_cur": 255,
            "nozzle_temper": 25, "nozzle_target_temper": 0, "ams": {"tray_now": "255",
            "ams": [{"id": "0", "tray": [{"id": "2", "tray_type": "PLA", "tray_color": "FF6A13FF"}]}]}}),
        json!({"gcode_state": "RUNNING", "stg_cur": 14, "nozzle_target_temper": 220}),
        json!({"nozzle_temper": 219, "ams": {"tray_now": "2"}}),
        json!({"layer_num": 1}),
        json!({"mc_percent": 10}),
        json!({"stat": "800000"}),
        json!({"stat": "0"}),
        json!({"gcode_state": "PAUSE", "print_error": 0x0700_8011,
            "hms": [{"attr": 0x0700_2200, "code": 0x0002_0001}]}),
        json!({"gcode_state": "RUNNING", "print_error": 0, "hms": []}),
        json!({"gcode_state": "FINISH"}),
        json!({"gcode_state": "RUNNING"}),
        json!({"gcode_state": "FAILED", "print_error": 50_348_044}),
        json!({"gcode_state": "RUNNING", "print_error": 0}),
        json!({"gcode_state": "FAILED", "print_error": 0x0500_4003}),
    ]
}

fn examples() -> Vec<Event> {
    let mut state = State::new().with_model(Model::P2S);
    let mut watcher = Watcher::new();
    let mut told = Vec::new();
    for (index, mut print) in life().into_iter().enumerate() {
        print["msg"] = json!(u8::from(index > 0));
        state.apply(json!({ "print": print }).to_string().as_bytes()).unwrap();
        let mut status = state.status();
        status.online = Some(true);
        told.extend(watcher.observe(&status));
    }
    let mut status = state.status();
    for online in [false, true] {
        status.online = Some(online);
        told.extend(watcher.observe(&status));
    }
    told
}

pub(super) fn page() -> String {
    let examples = examples();
    let mut page = format!("# Events\n\n{HEAD}\n{MADE}\n\n| Event | When |\n|---|---|\n");
    for (name, meaning) in Event::NAMES {
        writeln!(page, "| `{name}` | {meaning} |").unwrap();
    }
    page += "\nEach as JSON:\n\n```json\n";
    for (name, _) in Event::NAMES {
        let example = examples.iter().find(|event| event.name() == *name);
        let example = example.unwrap_or_else(|| panic!("{name} does not happen"));
        writeln!(page, "{}", serde_json::to_string(example).unwrap()).unwrap();
    }
    page + "```\n"
}
