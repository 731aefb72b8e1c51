//! A printer as its readers see it: reports, answers, and its life under a fast clock.

mod commands;
mod faults;
mod requests;

use serde_json::{Value, json};

use super::{habits::always_full, *};

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
    printer.board().life.pass(seconds as f64);
}

/// Lets time pass until the state is this one.
fn until(printer: &Printer, state: &str) {
    for _ in 0..2000 {
        if printer.board().life.gcode_state() == state {
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
fn the_first_delta_tells_no_more_than_what_has_changed() {
    for model in [Model::P1S, Model::A1Mini, Model::H2D] {
        let printer = printer(model);
        let mut board = printer.board();
        board.tick(Duration::from_secs(2));
        let delta = board.due();
        assert!(delta.len() < 400, "{model}: {}", delta.len());
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
fn a_job_that_is_to_fail_ends_failed_and_says_why() {
    let printer = printer(Model::X1E);
    let job = Job { fails_at: Some(0.5), ..Job::local("cube", 20, 10.0) };
    printer.start_print(job).unwrap();
    until(&printer, "FAILED");
    let failed = full(&printer);
    assert!((45..55).contains(&failed["mc_percent"].as_u64().unwrap()), "{failed}");
    let (error, module) = (failed["print_error"].as_u64().unwrap(), &failed["hms"][0]["attr"]);
    assert_eq!(error >> 24, module.as_u64().unwrap() >> 24, "{error:08X} {module}");
    assert_eq!(error >> 12 & 0xF, 4, "an error that ends a job: {error:08X}");
    assert_eq!(failed["fail_reason"], error.to_string());
    assert_eq!(failed["layer_num"], 11, "the layer that it broke down in");
    assert_eq!(failed["nozzle_target_temper"], 0.0);
    printer.start_print(Job::local("cube", 20, 10.0)).unwrap();
    let again = full(&printer);
    assert_eq!((&again["print_error"], &again["hms"]), (&json!(0), &json!([])));
}

#[test]
fn an_empty_spool_pauses_the_job_until_it_is_replaced() {
    let printer = printer(Model::P1S);
    let job = Job { grams: 1500.0, tray: Some(0), ..Job::local("huge", 20, 10.0) };
    printer.start_print(job).unwrap();
    until(&printer, "PAUSE");
    let paused = full(&printer);
    assert_eq!((&paused["stg_cur"], &paused["print_error"]), (&json!(6), &json!(0x0700_8011)));
    assert_eq!(paused["ams"]["ams"][0]["tray"][0]["remain"], 0);
    printer.board().life.resume();
    ticks(&printer, 4);
    let running = full(&printer);
    assert_eq!((&running["gcode_state"], &running["print_error"]), (&json!("RUNNING"), &json!(0)));
}

#[test]
fn a_printer_that_starts_printing_is_inside_a_job_whatever_the_seed() {
    for seed in 0..200 {
        let start = StartState::Printing;
        let printer = Printer::new(PrinterSpec { start, seed, ..spec(Model::H2S) });
        let summary = printer.summary();
        assert_eq!(summary.print_status, "RUNNING", "seed {seed}");
        let job = summary.job.unwrap();
        assert!(job.progress < 85 && job.remaining_minutes > 0, "seed {seed}: {job:?}");
        assert!(job.started_ms <= printer.spec().started_ms);
    }
}

#[test]
fn a_printer_that_lives_by_itself_starts_the_next_job_after_a_rest() {
    let printer =
        Printer::new(PrinterSpec { start: StartState::Printing, seed: 3, ..spec(Model::A1) });
    assert_eq!(full(&printer)["gcode_state"], "RUNNING");
    command(&printer, "stop", &json!({}));
    assert!(!printer.board().life.busy());
    until(&printer, "RUNNING");
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
    for model in Model::ALL {
        if always_full(model) {
            continue;
        }
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
