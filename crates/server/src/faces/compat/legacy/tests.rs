use std::{fs, path::Path};

use bambu_protocol::{cloud::Jobs, report::State};

use super::*;

/// The keys of the seeds' answer.
const KEYS: [&str; 29] = [
    "command",
    "msg",
    "sequence_id",
    "mc_percent",
    "mc_remaining_time",
    "print_type",
    "print_status",
    "gcode_state",
    "gcode_file",
    "subtask_name",
    "nozzle_temper",
    "nozzle_target_temper",
    "bed_temper",
    "bed_target_temper",
    "chamber_temper",
    "spd_mag",
    "spd_lvl",
    "layer_num",
    "total_layer_num",
    "ams_status",
    "ams_rfid_status",
    "lights_report",
    "fan_gear",
    "wifi_signal",
    "ams",
    "hms",
    "dev_id",
    "name",
    "online",
];

fn serial() -> Serial {
    "01P00A000000001".parse().unwrap()
}

fn standing(serial: &Serial) -> Standing<'_> {
    Standing {
        serial,
        name: Some("Corner"),
        online: true,
        age: Duration::from_millis(1_234),
        stale: false,
        updated_at: Some("2026-11-21T08:00:00Z"),
        source: Source::Mqtt,
    }
}

/// An invented report of each model, in the shape that the model sends.
fn reports() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol/tests/fixtures");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
    };
    let mut reports: Vec<_> = files.map(read).collect();
    reports.sort_by(|(a, _), (b, _)| a.cmp(b));
    assert_eq!(reports.len(), 14);
    reports
}

fn state(report: &Value) -> State {
    let mut state = State::new();
    state.apply(report["get_version"].to_string().as_bytes()).unwrap();
    state.apply(report["pushall"].to_string().as_bytes()).unwrap();
    state
}

fn translated(report: &Value) -> Value {
    let state = state(report);
    from_report(state.raw(), &state.status(), &standing(&serial()))
}

fn print(key: &str, value: &Value) -> Value {
    let mut state = State::new().with_serial(serial());
    let report = json!({"print": {"command": "push_status", "msg": 0, key: value}});
    state.apply(report.to_string().as_bytes()).unwrap();
    from_report(state.raw(), &state.status(), &standing(&serial()))["print"].take()
}

#[test]
fn every_key_of_the_seeds_is_there_for_every_model_or_is_known_not_to_be_true() {
    for (model, report) in reports() {
        let answer = translated(&report);
        let print = answer["print"].as_object().unwrap();
        let mut absent: Vec<_> = KEYS.into_iter().filter(|key| !print.contains_key(*key)).collect();
        absent.sort_unstable();
        let expected: &[&str] = match model.as_str() {
            "a1" | "a1-mini" | "a2l" | "p1p" | "p1s" => &["chamber_temper"],
            "h2d-pro" | "x1e" => &["wifi_signal"],
            _ => &[],
        };
        assert_eq!(absent, expected, "{model}");
        assert_eq!((&print["command"], &print["msg"]), (&json!("push_status"), &json!(0)));
        assert_eq!(print["sequence_id"], "7001");
        assert_eq!((&print["dev_id"], &print["name"]), (&json!(serial()), &json!("Corner")));
        assert_eq!(print["online"], true);
        assert_eq!(print["print_status"], print["gcode_state"]);
    }
}

#[test]
fn what_the_printer_says_passes_as_it_said_it() {
    let corrected = ["chamber_temper", "wifi_signal", "nozzle_temper", "nozzle_target_temper"];
    // Peripherals in a report; whether the printer is there in the seeds' answer.
    let ours = ["msg", "dev_id", "name", "online", "print_status"];
    for (model, report) in reports() {
        let answer = translated(&report);
        let raw = state(&report).raw();
        for (key, value) in raw["print"].as_object().unwrap() {
            if corrected.contains(&key.as_str()) || ours.contains(&key.as_str()) {
                continue;
            }
            let mut value = value.clone();
            if let Some(upload) = value.as_object_mut().filter(|_| key == "upload") {
                upload.remove("oss_url");
            }
            assert_eq!(answer["print"][key], value, "{model}: {key}");
        }
        assert_eq!(answer.as_object().unwrap().len(), 5, "{model}");
    }
}

#[test]
fn temperatures_are_those_of_the_status_document() {
    for (model, report) in reports() {
        let status = state(&report).status();
        let answer = translated(&report);
        let told = |key: &str| answer["print"].get(key).and_then(Value::as_f64);
        assert_eq!(told("chamber_temper"), status.temperatures.chamber.current, "{model}");
        let active = status.nozzles.iter().position(|nozzle| nozzle.active);
        let nozzle = active.and_then(|place| status.temperatures.nozzles.get(place)).copied();
        let nozzle = nozzle.unwrap_or_default();
        assert_eq!(told("nozzle_temper"), nozzle.current, "{model}");
        assert_eq!(told("nozzle_target_temper"), nozzle.target, "{model}");
        assert_eq!(told("bed_temper"), status.temperatures.bed.current, "{model}");
    }
}

#[test]
fn age_and_source_stand_beside_the_print_section() {
    let answer = from_report(json!({"print": {}}), &Status::default(), &standing(&serial()));
    assert_eq!(answer["age_seconds"], 1.2);
    assert_eq!((&answer["stale"], &answer["source"]), (&json!(false), &json!("mqtt")));
    assert_eq!(answer["updated_at"], "2026-11-21T08:00:00Z");
    assert_eq!([Source::Lan, Source::Rest].map(Source::word), ["lan", "rest"]);
}

#[test]
fn a_stale_printer_keeps_its_values_and_is_not_online() {
    let serial = serial();
    let stale = Standing { stale: true, ..standing(&serial) };
    let answer = from_report(json!({"print": {"mc_percent": 40}}), &Status::default(), &stale);
    assert_eq!(answer["print"]["mc_percent"], 40);
    assert_eq!((&answer["print"]["online"], &answer["stale"]), (&json!(false), &json!(true)));
}

#[test]
fn what_is_not_known_is_absent_and_never_invented() {
    for report in [json!({}), json!(null), json!({"print": 3}), json!({"print": {"ams": null}})] {
        let serial = serial();
        let standing = Standing { name: None, ..standing(&serial) };
        let answer = from_report(report, &Status::default(), &standing);
        let print = answer["print"].as_object().unwrap();
        let keys: Vec<_> = print.keys().map(String::as_str).collect();
        assert_eq!(keys, ["command", "dev_id", "msg", "online", "sequence_id"]);
        let rest = from_rest(None, None, &standing);
        assert_eq!(rest["print"].as_object().unwrap().len(), 5);
    }
}

#[test]
fn each_key_is_true_or_absent() {
    for (key, value, told) in [
        ("mc_percent", json!("45"), Some(json!("45"))),
        ("percent", json!(45), Some(json!(45))),
        ("chamber_temper", json!(5), None),
        ("wifi_signal", json!("-44dBm"), Some(json!("-44dBm"))),
        ("wifi_signal", json!("no idea"), None),
        ("sequence_id", json!(7), Some(json!("7"))),
        ("command", json!("push_status"), Some(json!("push_status"))),
        ("a_key_of_tomorrow", json!([1, {"b": 2}]), Some(json!([1, {"b": 2}]))),
        ("bed_temper", json!(null), None),
    ] {
        assert_eq!(print(key, &value).get(key), told.as_ref(), "{key}: {value}");
    }
    assert_eq!(print("percent", &json!(45))["mc_percent"], 45);
    let upload = print("upload", &json!({"status": "idle", "oss_url": "https://x/?Signature=s"}));
    assert_eq!(upload["upload"], json!({"status": "idle"}));
}

fn rest(device: &Value) -> Value {
    let jobs: Jobs = serde_json::from_value(json!({"devices": [device]})).unwrap();
    let serial = serial();
    let standing = Standing { source: Source::Rest, ..standing(&serial) };
    from_rest(jobs.devices.first(), None, &standing)
}

#[test]
fn the_clouds_words_become_the_printers() {
    let answer = rest(&json!({
        "dev_id": "01P00A000000001", "dev_name": "x", "dev_online": true, "task_status": "RUNNING",
        "task_name": "cube", "task_id": "77", "progress": 45, "prediction": 3600,
        "dev_access_code": "12345678", "thumbnail": "https://x/?Signature=s",
    }));
    let print = &answer["print"];
    assert_eq!(answer["source"], "rest");
    assert_eq!((&print["mc_percent"], &print["subtask_name"]), (&json!(45), &json!("cube")));
    assert_eq!((&print["gcode_state"], &print["task_id"]), (&json!("RUNNING"), &json!("77")));
    assert!(print.get("mc_remaining_time").is_none() && print.get("nozzle_temper").is_none());
    let text = answer.to_string();
    assert!(!text.contains("12345678") && !text.contains("Signature"), "{text}");

    for (word, state) in [
        ("SUCCESS", json!("FINISH")),
        ("pause", json!("PAUSE")),
        ("ACTIVE", json!("RUNNING")),
        ("FAILED", json!("FAILED")),
        ("IDLE", json!("IDLE")),
        ("something new", Value::Null),
    ] {
        let print =
            rest(&json!({"dev_id": "01P00A000000001", "task_status": word}))["print"].take();
        assert_eq!((&print["print_status"], &print["gcode_state"]), (&json!(word), &state));
    }
}

#[test]
fn a_progress_that_is_none_is_left_out() {
    let print = |progress| rest(&json!({"dev_id": "A", "progress": progress}))["print"].take();
    assert_eq!(print(json!(12.5))["mc_percent"], 12.5);
    assert!(print(json!(-1)).get("mc_percent").is_none());
    assert!(print(json!(1e300)).get("mc_percent").is_none());
}
