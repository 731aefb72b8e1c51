//! A printer as its readers see it: reports, answers, and its life under a fast clock.

use serde_json::{Value, json};

use super::*;

fn spec(model: Model) -> PrinterSpec {
    let serial = Serial::new(&format!("{}00A000000001", model.serial_prefix())).unwrap();
    PrinterSpec {
        started_ms: 1_700_000_000_000,
        ..PrinterSpec::new(serial, model, AccessCode::new("12345678"))
    }
}

fn printer(model: Model) -> Arc<Printer> {
    Printer::new(spec(model))
}

/// Asks, and reads the first answer.
fn ask(printer: &Printer, request: &Value) -> Option<Value> {
    let mut reports = printer.reports();
    printer.request(request.to_string().as_bytes());
    reports.try_recv().ok().map(|answer| serde_json::from_slice(&answer).unwrap())
}

fn full(printer: &Printer) -> Value {
    ask(printer, &json!({"pushing": {"command": "pushall", "sequence_id": "1"}})).unwrap()["print"]
        .take()
}

fn command(printer: &Printer, command: &str, fields: &Value) -> Option<Value> {
    let mut body = json!({"command": command, "sequence_id": "20007"});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    ask(printer, &json!({ "print": body })).map(|mut answer| answer["print"].take())
}

fn ticks(printer: &Printer, seconds: u64) {
    printer.core().life.pass(seconds as f64);
}

/// Lets time pass until the state is this one.
fn until(printer: &Printer, state: &str) {
    for _ in 0..2000 {
        if printer.core().life.gcode_state() == state {
            return;
        }
        ticks(printer, 10);
    }
    panic!("never became {state}");
}

#[test]
fn a_p1s_reports_that_it_is_idle_with_everything_in_place() {
    let report = full(&printer(Model::P1S));
    assert_eq!(report["gcode_state"], "IDLE");
    assert_eq!(report["command"], "push_status");
    assert_eq!(report["msg"], 0);
    assert_eq!(report["chamber_temper"], 5);
    assert_eq!(report["net"]["info"][0]["ip"], 0x0100_007F);
    assert_eq!(report["ams"]["ams"][0]["tray"].as_array().unwrap().len(), 4);
}

#[test]
fn every_model_sends_a_full_report_of_about_the_observed_size() {
    for model in Model::ALL {
        let printer = printer(model);
        let size = printer.full_report().unwrap().len();
        let expected = match model {
            Model::A1 | Model::A1Mini | Model::A2L | Model::P1P | Model::P1S => 3_000..5_500,
            Model::X1 | Model::X1E => 4_000..6_000,
            Model::P2S => 5_500..9_000,
            _ => 7_000..13_000,
        };
        assert!(expected.contains(&size), "{model}: {size}");
        assert_eq!(printer.summary().print_status, "IDLE");
    }
}

#[test]
fn every_model_tells_its_version_and_its_own_serial_number() {
    for model in Model::ALL {
        let printer = printer(model);
        let request = json!({"info": {"command": "get_version", "sequence_id": 7}});
        let answer = ask(&printer, &request).unwrap();
        assert_eq!(answer["info"]["sequence_id"], 7);
        let modules = answer["info"]["module"].as_array().unwrap();
        assert_eq!(modules[0]["name"], "ota");
        assert_eq!(modules[0]["sn"], printer.serial().as_str());
        assert_eq!(printer.firmware().unwrap().to_string(), modules[0]["sw_ver"]);
        assert!(modules.iter().any(|m| m["name"].as_str().unwrap().contains('/')), "{model}");
    }
}

#[test]
fn a_job_goes_through_its_states_and_ends_finished() {
    let printer = printer(Model::P1S);
    printer.start_print(Job::local("cube", 20, 10.0)).unwrap();
    assert_eq!(full(&printer)["gcode_state"], "PREPARE");
    assert_eq!(printer.start_print(Job::local("cube", 20, 10.0)), Err(Busy));
    until(&printer, "RUNNING");
    let mut stages = Vec::new();
    while full(&printer)["stg_cur"] != 0 || full(&printer)["layer_num"] == 0 {
        let stage = full(&printer)["stg_cur"].clone();
        if stages.last() != Some(&stage) {
            stages.push(stage);
        }
        ticks(&printer, 2);
    }
    assert_eq!(stages, [2, 13, 14, 1]);
    let running = full(&printer);
    assert_eq!(running["mc_print_stage"], "2");
    assert_eq!(running["subtask_name"], "cube");
    assert!(running["nozzle_temper"].as_f64().unwrap() > 200.0);
    ticks(&printer, 300);
    let half = full(&printer);
    assert!(half["mc_percent"].as_i64().unwrap() >= 45, "{half}");
    assert!((4..=6).contains(&half["mc_remaining_time"].as_i64().unwrap()));
    until(&printer, "FINISH");
    let end = full(&printer);
    assert_eq!((&end["mc_percent"], &end["layer_num"]), (&json!(100), &json!(20)));
    assert_eq!(end["stg_cur"], 255);
    assert_eq!(printer.summary().job, None);
}

#[test]
fn a_printing_job_uses_up_the_filament_of_its_tray() {
    let printer = printer(Model::P1S);
    let mut job = Job::local("big", 100, 60.0);
    job.tray = Some(2);
    job.grams = 300.0;
    let before = full(&printer)["ams"]["ams"][0]["tray"][2]["remain"].as_i64().unwrap();
    printer.start_print(job).unwrap();
    until(&printer, "RUNNING");
    assert_eq!(full(&printer)["ams"]["tray_now"], "2");
    until(&printer, "FINISH");
    let after = full(&printer)["ams"]["ams"][0]["tray"][2]["remain"].as_i64().unwrap();
    assert!((29..=31).contains(&(before - after)), "{before} {after}");
}

#[test]
fn pause_resume_and_stop_follow_the_state() {
    let printer = printer(Model::A1);
    assert_eq!(command(&printer, "pause", &json!({})).unwrap()["result"], "fail");
    printer.start_print(Job::local("cube", 20, 10.0)).unwrap();
    ticks(&printer, 500);
    let ack = command(&printer, "pause", &json!({"param": ""})).unwrap();
    assert_eq!(ack["result"], "success");
    assert_eq!((&ack["command"], &ack["sequence_id"]), (&json!("pause"), &json!("20007")));
    assert_eq!(full(&printer)["gcode_state"], "PAUSE");
    let layer = full(&printer)["layer_num"].clone();
    ticks(&printer, 100);
    assert_eq!(full(&printer)["layer_num"], layer);
    command(&printer, "resume", &json!({})).unwrap();
    assert_eq!(full(&printer)["gcode_state"], "RUNNING");
    command(&printer, "stop", &json!({})).unwrap();
    let stopped = full(&printer);
    assert_eq!(stopped["gcode_state"], "FAILED");
    assert_eq!(stopped["print_error"], 0x0300_400C);
    assert_eq!(command(&printer, "resume", &json!({})).unwrap()["result"], "fail");
}

#[test]
fn a_cancelled_job_names_the_reason_where_the_model_has_the_key() {
    let printer = printer(Model::P2S);
    printer.start_print(Job::local("cube", 20, 10.0)).unwrap();
    command(&printer, "stop", &json!({})).unwrap();
    assert_eq!(full(&printer)["fail_reason"], "50348044");
}

#[test]
fn speed_takes_the_four_numbers_and_no_words() {
    let printer = printer(Model::X1C);
    assert_eq!(
        command(&printer, "print_speed", &json!({"param": "4"})).unwrap()["result"],
        "success"
    );
    let report = full(&printer);
    assert_eq!((&report["spd_lvl"], &report["spd_mag"]), (&json!(4), &json!(166)));
    for wrong in [json!("ludicrous"), json!("0"), json!("5"), json!(2)] {
        let ack = command(&printer, "print_speed", &json!({ "param": wrong })).unwrap();
        assert_eq!(ack["result"], "fail");
    }
}

#[test]
fn a_light_that_the_model_has_is_switched_and_another_is_refused() {
    let printer = printer(Model::H2D);
    let led = |node: &str, mode: &str| {
        let body =
            json!({"command": "ledctrl", "sequence_id": "5", "led_node": node, "led_mode": mode});
        ask(&printer, &json!({ "system": body })).unwrap()["system"]["result"].clone()
    };
    assert_eq!(led("chamber_light", "off"), "success");
    assert_eq!(led("heatbed_light", "on"), "success");
    assert_eq!(led("disco_light", "on"), "fail");
    assert_eq!(led("chamber_light", "dim"), "fail");
    let lights = full(&printer)["lights_report"].clone();
    assert_eq!(lights[0], json!({"node": "chamber_light", "mode": "off"}));
    assert_eq!(lights.as_array().unwrap().len(), 3);
}

#[test]
fn what_the_reference_does_not_list_is_never_answered_with_success() {
    let printer = printer(Model::P1S);
    for (name, fields) in [
        ("set_nozzle_temp", json!({"param": "200"})),
        ("set_fan_speed", json!({"param": "50"})),
        ("fly", json!({})),
        ("ams_control", json!({"param": "resume"})),
        ("gcode_line", json!({"param": "M999\n"})),
        ("gcode_line", json!({"param": "M104 S9000"})),
        ("gcode_line", json!({})),
    ] {
        let ack = command(&printer, name, &fields).unwrap();
        assert_eq!(ack["result"], "fail", "{name}");
    }
    for silent in ["[]", "{}", "nonsense", "{\"print\": 3}", "{\"orders\": {\"command\": \"x\"}}"] {
        let mut reports = printer.reports();
        printer.request(silent.as_bytes());
        assert!(reports.try_recv().is_err(), "{silent}");
    }
}

#[test]
fn several_lines_of_gcode_heat_and_blow_without_holding_up_reports() {
    let printer = printer(Model::P1S);
    let ack =
        command(&printer, "gcode_line", &json!({"param": "M109 S220\nM190 S60\nM106 P1 S255\n"}));
    assert_eq!(ack.unwrap()["result"], "success");
    let at_once = full(&printer);
    assert_eq!(at_once["nozzle_target_temper"], 220);
    assert_eq!(at_once["bed_target_temper"], 60);
    ticks(&printer, 400);
    let later = full(&printer);
    assert!((later["nozzle_temper"].as_f64().unwrap() - 220.0).abs() < 3.0);
    assert_eq!(later["cooling_fan_speed"], "15");
    command(&printer, "gcode_line", &json!({"param": "M107"})).unwrap();
    ticks(&printer, 60);
    assert_eq!(full(&printer)["cooling_fan_speed"], "0");
}

#[test]
fn an_a1_mini_acknowledges_gcode_without_naming_the_command() {
    let ack = command(&printer(Model::A1Mini), "gcode_line", &json!({"param": "G28"})).unwrap();
    assert_eq!(
        ack,
        json!({"sequence_id": "20007", "param": "G28", "result": "success", "reason": "success"})
    );
}

#[test]
fn without_developer_mode_print_commands_are_refused_as_the_model_does_it() {
    let locked = |model| Printer::new(PrinterSpec { developer_mode: false, ..spec(model) });
    let p2s = locked(Model::P2S);
    let ack = command(&p2s, "pause", &json!({})).unwrap();
    assert_eq!(ack["reason"], "mqtt message verify failed");
    assert_eq!(ack["err_code"], 84_033_543);
    let bit = |printer: &Printer| {
        let fun = full(printer)["fun"].as_str().unwrap().to_owned();
        u64::from_str_radix(&fun, 16).unwrap() >> 29 & 1
    };
    assert_eq!((bit(&p2s), bit(&printer(Model::P2S))), (1, 0));
    let p1s = locked(Model::P1S);
    assert_eq!(command(&p1s, "pause", &json!({})), None);
    assert_eq!(full(&p1s)["hms"], json!([{"attr": 0x0500_0500, "code": 0x0001_0007}]));
    let light =
        json!({"system": {"command": "ledctrl", "led_node": "chamber_light", "led_mode": "off"}});
    assert_eq!(ask(&p1s, &light).unwrap()["system"]["result"], "success");
}

#[test]
fn a_project_file_starts_a_job_and_a_second_one_meets_a_busy_printer() {
    let printer = printer(Model::P2S);
    let start = json!({"param": "Metadata/plate_2.gcode", "url": "ftp:///cache/part.gcode.3mf",
                       "subtask_name": "part", "task_id": "77", "use_ams": true, "ams_mapping": [1]});
    assert_eq!(command(&printer, "project_file", &start).unwrap()["result"], "success");
    let report = full(&printer);
    assert_eq!((&report["gcode_state"], &report["task_id"]), (&json!("PREPARE"), &json!("77")));
    assert_eq!(report["gcode_file"], "/data/Metadata/plate_2.gcode");
    let second = command(&printer, "project_file", &start).unwrap();
    assert_eq!((&second["result"], &second["err_code"]), (&json!("failed"), &json!(0x0500_4004)));
    assert_eq!(full(&printer)["print_error"], 0x0500_4004);
    assert_eq!(printer.summary().job.unwrap().name, "part");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_says_the_same_for_minutes() {
    let record = |seed| async move {
        let spec =
            PrinterSpec { seed, start: StartState::Printing, speed: 20.0, ..spec(Model::P1S) };
        let printer = Printer::new(spec);
        let mut reports = printer.reports();
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(printer.clone().run(shutdown.clone()));
        let mut heard = Vec::new();
        for _ in 0..120 {
            heard.push(reports.recv().await.unwrap());
        }
        shutdown.cancel();
        running.await.unwrap();
        heard
    };
    let (first, second, other) = (record(7).await, record(7).await, record(8).await);
    assert_eq!(first, second);
    assert_ne!(first, other);
}

#[tokio::test(start_paused = true)]
async fn deltas_applied_to_a_full_report_give_the_next_full_report() {
    for model in [Model::P1S, Model::A2L, Model::H2D, Model::X2D, Model::P2S] {
        let spec = PrinterSpec { start: StartState::Printing, speed: 30.0, ..spec(model) };
        let printer = Printer::new(spec);
        let mut merged = full(&printer);
        let mut reports = printer.reports();
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(printer.clone().run(shutdown.clone()));
        for _ in 0..200 {
            let delta: Value = serde_json::from_slice(&reports.recv().await.unwrap()).unwrap();
            assert_eq!(delta["print"]["msg"], 1);
            assert!(delta["print"]["wifi_signal"].is_string());
            merge(&mut merged, &delta["print"]);
        }
        shutdown.cancel();
        running.await.unwrap();
        let mut next = full(&printer);
        for frame in [&mut merged, &mut next] {
            for key in ["msg", "sequence_id", "t_utc"] {
                frame.as_object_mut().unwrap().remove(key);
            }
        }
        assert_eq!(merged, next, "{model}");
    }
}

/// The vendor's rule: objects key by key, everything else replaced.
fn merge(old: &mut Value, new: &Value) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in new {
                merge(old.entry(key).or_insert(Value::Null), value);
            }
        }
        (old, new) => *old = new.clone(),
    }
}

#[tokio::test(start_paused = true)]
async fn an_x1_streams_whole_reports_unasked_and_stops_when_told() {
    let printer = printer(Model::X1C);
    let mut reports = printer.reports();
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(printer.clone().run(shutdown.clone()));
    for _ in 0..3 {
        let report: Value = serde_json::from_slice(&reports.recv().await.unwrap()).unwrap();
        assert!(report["print"]["ams"]["ams"].is_array());
        assert_eq!(report["print"]["msg"], 0);
    }
    printer.request(br#"{"pushing":{"command":"stop","sequence_id":"3"}}"#);
    tokio::time::sleep(Duration::from_secs(30)).await;
    while reports.try_recv().is_ok() {}
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(reports.try_recv().is_err());
    shutdown.cancel();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_thousand_printers_live_in_one_process() {
    let shutdown = CancellationToken::new();
    let mut fleet = Vec::new();
    for number in 0..1000_usize {
        let model = Model::ALL[number % Model::ALL.len()];
        let spec = PrinterSpec { seed: number as u64, start: StartState::Printing, ..spec(model) };
        let printer = Printer::new(spec);
        tokio::spawn(printer.clone().run(shutdown.clone()));
        fleet.push((printer.reports(), printer));
    }
    tokio::time::sleep(Duration::from_secs(8)).await;
    shutdown.cancel();
    for (reports, printer) in &mut fleet {
        assert!(reports.try_recv().is_ok(), "{}", printer.serial());
    }
}
