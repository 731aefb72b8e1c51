//! Single judgements; a whole run with cuts and losses is in `tests/events.rs`.

use serde_json::{Value, json};

use super::{Event, Heater, Watcher};
use crate::{Model, report::State};

/// A printer whose deltas are watched. Answers with the names of what happened, with a detail.
struct Watched {
    state: State,
    watcher: Watcher,
    online: Option<bool>,
}

impl Watched {
    fn from(model: Model, print: &Value) -> Self {
        let mut watched = Self {
            state: State::new().with_model(model),
            watcher: Watcher::new(),
            online: Some(true),
        };
        assert_eq!(watched.see(print), Vec::<Event>::new());
        watched
    }

    fn p1s(print: &Value) -> Self {
        Self::from(Model::P1S, print)
    }

    fn see(&mut self, print: &Value) -> Vec<Event> {
        let mut print = print.clone();
        print["msg"] = json!(1);
        self.state.apply(json!({ "print": print }).to_string().as_bytes()).unwrap();
        let mut status = self.state.status();
        status.online = self.online;
        self.watcher.observe(&status)
    }

    fn names(&mut self, print: &Value) -> Vec<String> {
        self.see(print).iter().map(short).collect()
    }
}

fn short(event: &Event) -> String {
    let name = event.name();
    match event {
        Event::PrintStarted { job } | Event::PrintCompleted { job } => {
            format!("{name} {}", job.name.as_deref().unwrap_or("-"))
        }
        Event::PrintProgress { percent, .. } => format!("{name} {percent}"),
        Event::PrintLayer { layer, .. } => format!("{name} {layer}"),
        Event::PrintFailed { error, .. } => {
            format!("{name} {}", error.as_ref().map_or("-", |error| error.code.as_str()))
        }
        _ => name.into(),
    }
}

fn job(state: &str, name: &str, percent: u8, layer: u32) -> Value {
    json!({"gcode_state": state, "subtask_name": name, "mc_percent": percent, "layer_num": layer})
}

#[test]
fn a_watcher_that_starts_in_the_middle_tells_the_end_and_not_the_start() {
    let mut watched = Watched::p1s(&job("RUNNING", "cube", 45, 9));
    assert_eq!(
        watched.names(&job("RUNNING", "cube", 51, 10)),
        ["print.layer 10", "print.progress 50"]
    );
    let end = watched.names(&job("FINISH", "cube", 100, 10));
    assert_eq!(end.first().unwrap(), "print.progress 60");
    assert_eq!(end.last().unwrap(), "print.completed cube");
    assert_eq!(watched.names(&job("FINISH", "cube", 100, 10)), Vec::<String>::new());
}

#[test]
fn the_numbers_of_the_job_before_are_not_those_of_the_new_one() {
    let mut watched = Watched::p1s(&job("FINISH", "cube", 100, 10));
    assert!(watched.names(&json!({"subtask_name": "gear"})).is_empty(), "FINISH persists");
    assert_eq!(watched.names(&json!({"gcode_state": "PREPARE"})), ["print.started gear"]);
    assert!(watched.names(&json!({"gcode_state": "RUNNING"})).is_empty());
    assert!(watched.names(&json!({"mc_percent": 0, "layer_num": 0})).is_empty());
    assert_eq!(watched.names(&json!({"layer_num": 1})), ["print.layer 1"]);
    assert_eq!(watched.names(&json!({"mc_percent": 12})), ["print.progress 10"]);
}

#[test]
fn the_same_file_twice_is_two_jobs_and_a_late_name_is_not() {
    let mut watched = Watched::p1s(&job("IDLE", "", 0, 0));
    assert_eq!(watched.names(&json!({"gcode_state": "PREPARE"})), ["print.started "]);
    assert!(watched.names(&json!({"subtask_name": "cube"})).is_empty());
    watched.see(&job("RUNNING", "cube", 90, 40));
    let again = watched.names(&job("RUNNING", "cube", 3, 1));
    assert_eq!(again, ["print.started cube"], "its end was lost");
    let mut watched = Watched::p1s(&job("RUNNING", "cube", 90, 40));
    assert_eq!(watched.names(&json!({"gcode_state": "PREPARE"})), ["print.started cube"]);
    let mut watched = Watched::p1s(&job("RUNNING", "cube", 50, 40));
    assert_eq!(watched.names(&json!({"subtask_name": "gear"})), ["print.started gear"]);
}

#[test]
fn jobs_of_the_cloud_are_told_apart_by_their_ids() {
    let mut print = job("RUNNING", "cube", 50, 40);
    (print["task_id"], print["subtask_id"]) = (json!("11"), json!("12"));
    let mut watched = Watched::p1s(&print);
    assert!(watched.names(&json!({"gcode_file": "other", "subtask_name": "x"})).is_empty());
    assert_eq!(watched.names(&json!({"task_id": "21", "subtask_id": "22"})), ["print.started x"]);
}

#[test]
fn cancelled_failed_and_unexplained_ends_are_told_apart() {
    for (end, wanted) in [
        (json!({"print_error": 50_348_044}), "print.cancelled"),
        (json!({"print_error": 83_902_478}), "print.cancelled"),
        (json!({"fail_reason": "50348044"}), "print.cancelled"),
        (json!({"fail_reason": "50348044", "print_error": 83_902_467}), "print.failed 0500-4003"),
        (json!({"fail_reason": "83902467"}), "print.failed 0500-4003"),
    ] {
        let mut watched = Watched::p1s(&job("RUNNING", "cube", 5, 1));
        let mut end = end;
        end["gcode_state"] = json!("FAILED");
        assert_eq!(watched.names(&end).last().unwrap(), wanted, "{end}");
        assert!(watched.names(&end).is_empty());
    }
    let mut watched = Watched::p1s(&job("RUNNING", "cube", 5, 1));
    assert!(watched.names(&json!({"gcode_state": "FAILED"})).is_empty(), "the reason may follow");
    assert_eq!(watched.names(&json!({"print_error": 50_348_044})), ["print.cancelled"]);
    let mut watched = Watched::p1s(&job("RUNNING", "cube", 5, 1));
    let told: Vec<_> =
        (0..9).flat_map(|_| watched.names(&json!({"gcode_state": "FAILED"}))).collect();
    assert_eq!(told, ["print.failed -"]);
    let mut watched = Watched::p1s(&job("RUNNING", "cube", 5, 1));
    watched.see(&json!({"gcode_state": "FAILED"}));
    assert_eq!(
        watched.names(&json!({"gcode_state": "PREPARE"})),
        ["print.failed -", "print.started cube"]
    );
}

#[test]
fn a_job_whose_end_was_lost_ends_when_the_printer_is_idle() {
    let mut watched = Watched::p1s(&job("RUNNING", "cube", 95, 9));
    assert_eq!(watched.names(&job("IDLE", "cube", 100, 9)), ["print.completed cube"]);
    let mut watched = Watched::p1s(&job("RUNNING", "cube", 35, 9));
    assert_eq!(watched.names(&job("IDLE", "cube", 0, 0)), ["print.failed -"]);
}

#[test]
fn a_whole_job_that_passed_unseen_is_told_by_its_end() {
    let mut watched = Watched::p1s(&job("IDLE", "cube", 0, 0));
    let told = watched.names(&job("FINISH", "gear", 100, 9));
    assert_eq!(told.first().unwrap(), "print.started gear");
    assert_eq!(told.last().unwrap(), "print.completed gear");
    let mut watched = Watched::p1s(&job("FINISH", "cube", 100, 9));
    assert!(watched.names(&job("FINISH", "gear", 100, 9)).is_empty());
}

#[test]
fn a_pause_names_its_error_and_an_unseen_resume_is_told() {
    let mut watched = Watched::p1s(&job("RUNNING", "cube", 5, 1));
    let paused = watched.see(&json!({"gcode_state": "PAUSE", "print_error": 0x0700_8011}));
    let names: Vec<_> = paused.iter().map(Event::name).collect();
    assert_eq!(names, ["filament.runout", "error.raised", "print.paused"]);
    assert!(matches!(&paused[0], Event::FilamentRunout { unit: Some(0), tray: None }));
    assert!(matches!(&paused[2], Event::PrintPaused { error: Some(error), .. }
        if error.code == "0700-8011"));
    let end = watched.names(&json!({"gcode_state": "FINISH", "print_error": 0}));
    assert_eq!(end.first().unwrap(), "print.resumed");
    assert!(end.contains(&"error.cleared".to_owned()));
}

#[test]
fn filament_that_ran_out_is_told_once_whatever_the_sign() {
    let hms = |attr: u32, code: u32| json!([{"attr": attr, "code": code}]);
    for (sign, unit, tray) in [
        (json!({"hms": hms(0x0701_2200, 0x0002_0001)}), Some(1), Some(2)),
        (json!({"hms": hms(0x1800_2000, 0x0003_0001)}), Some(128), Some(0)),
        (json!({"hms": hms(0x07FF_2000, 0x0002_0001)}), Some(254), Some(0)),
        (json!({"print_error": 0x0300_8015}), Some(254), None),
        (json!({"print_error": 0x0300_8004, "ams": {"tray_now": "6"}}), Some(1), Some(2)),
        (json!({"gcode_state": "PAUSE", "stg_cur": 6}), None, None),
    ] {
        let mut watched = Watched::p1s(&job("RUNNING", "cube", 5, 1));
        let events = watched.see(&sign);
        let runout = events.iter().find(|event| event.name() == "filament.runout");
        assert_eq!(runout, Some(&Event::FilamentRunout { unit, tray }), "{sign}");
        assert!(
            watched
                .see(&json!({"print_error": 0x0700_8011}))
                .iter()
                .all(|event| event.name() != "filament.runout"),
            "{sign}"
        );
    }
    let mut watched = Watched::p1s(&job("RUNNING", "cube", 5, 1));
    assert_eq!(watched.names(&json!({"hms": hms(0x0700_2000, 0x0001_0001)})), ["hms.raised"]);
}

#[test]
fn other_filament_is_another_tray_or_another_spool_in_it() {
    let spool =
        |kind: &str, color: &str| json!({"id": "254", "tray_type": kind, "tray_color": color});
    let mut watched =
        Watched::p1s(&json!({"ams": {"tray_now": "254"}, "vt_tray": spool("PLA", "FF0000FF")}));
    assert!(watched.names(&json!({"ams": {"tray_now": "255"}})).is_empty());
    assert!(watched.names(&json!({"ams": {"tray_now": "254"}})).is_empty());
    assert!(watched.names(&json!({"vt_tray": spool("", "00000000")})).is_empty());
    assert!(watched.names(&json!({"vt_tray": spool("PLA", "FF0000FF")})).is_empty());
    assert_eq!(watched.names(&json!({"vt_tray": spool("PETG", "FF0000FF")})), ["filament.changed"]);
    assert_eq!(watched.names(&json!({"ams": {"tray_now": "1"}})), ["filament.changed"]);
}

#[test]
fn a_temperature_is_reached_once_for_each_target() {
    let mut watched = Watched::p1s(&json!({"nozzle_target_temper": 0, "nozzle_temper": 25}));
    let mut told = Vec::new();
    for (target, current) in [
        (220, 25),
        (220, 217),
        (220, 218),
        (220, 216),
        (220, 220),
        (0, 200),
        (220, 219),
        (150, 152),
    ] {
        let print = json!({"nozzle_target_temper": target, "nozzle_temper": current});
        told.extend(watched.see(&print));
    }
    let reached = |target| Event::TemperatureReached { heater: Heater::Nozzle, target };
    assert_eq!(told, [reached(220.0), reached(220.0), reached(150.0)]);
}

#[test]
fn what_is_there_at_the_start_is_no_event_and_then_comes_and_goes_once() {
    let noise = json!({"attr": 0x0501_0400, "code": 0x0001_0044});
    let one = json!({"attr": 0x0C00_0300, "code": 0x0003_0007});
    let two = json!({"attr": 0x0300_0100, "code": 0x0001_0007});
    let mut watched = Watched::from(Model::P2S, &json!({"hms": [one], "stat": "0"}));
    assert_eq!(watched.names(&json!({"hms": [one, two, two, noise]})), ["hms.raised"]);
    assert!(watched.names(&json!({"hms": [two, one]})).is_empty());
    assert_eq!(watched.names(&json!({"hms": []})), ["hms.cleared", "hms.cleared"]);
    assert_eq!(watched.names(&json!({"stat": "800000"})), ["door.opened"]);
    assert_eq!(watched.names(&json!({"stat": "0"})), ["door.closed"]);
    for (online, wanted) in [
        (None, vec![]),
        (Some(false), vec!["device.offline"]),
        (None, vec![]),
        (Some(true), vec!["device.online"]),
    ] {
        watched.online = online;
        assert_eq!(watched.names(&json!({})), wanted);
    }
}

#[test]
fn steps_of_progress_are_for_the_caller_to_choose() {
    for (step, wanted) in [(25, vec![25, 50, 75, 100]), (0, vec![]), (60, vec![60, 100])] {
        let mut watched = Watched::p1s(&job("RUNNING", "cube", 1, 1));
        watched.watcher = Watcher::new().with_progress_step(step);
        watched.see(&json!({}));
        let events = watched.see(&job("FINISH", "cube", 100, 1));
        let told: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::PrintProgress { percent, .. } => Some(*percent),
                _ => None,
            })
            .collect();
        assert_eq!(told, wanted);
    }
}

#[test]
fn layers_that_passed_unseen_are_told_and_a_flood_of_them_is_not() {
    let mut watched = Watched::p1s(&job("RUNNING", "cube", 1, 1));
    let told = watched.names(&json!({"layer_num": 4}));
    assert_eq!(told, ["print.layer 2", "print.layer 3", "print.layer 4"]);
    assert_eq!(watched.names(&json!({"layer_num": u32::MAX})).len(), 1);
}

#[test]
fn every_event_has_its_name_in_the_list_and_in_its_json() {
    let mut watched = Watched::p1s(&job("IDLE", "cube", 0, 0));
    let events = watched.see(&job("RUNNING", "gear", 20, 3));
    assert!(!events.is_empty());
    for event in events {
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["event"], event.name());
        assert!(Event::NAMES.iter().any(|(name, _)| *name == event.name()));
    }
}
