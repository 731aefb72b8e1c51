//! What goes wrong on purpose with requests and reports, and what is switched while a printer runs.

use super::*;

fn speed(printer: &Printer, level: &str) -> Option<Value> {
    command(printer, "print_speed", &json!({ "param": level }))
}

fn faulty(fault: Fault) -> Arc<Printer> {
    let printer = printer(Model::P1S);
    printer.spec().faults.set(fault, 1.0);
    printer
}

#[test]
fn an_acknowledged_command_that_is_ignored_changes_nothing() {
    let printer = faulty(Fault::AckAndIgnore);
    assert_eq!(speed(&printer, "4").unwrap()["result"], "success");
    assert_eq!(full(&printer)["spd_lvl"], 2);
    let heat = command(&printer, "gcode_line", &json!({"param": "M104 S200"}));
    assert_eq!(heat.unwrap()["result"], "success");
    assert_eq!(full(&printer)["nozzle_target_temper"], 0);
    printer.spec().faults.clear(Fault::AckAndIgnore);
    speed(&printer, "4");
    assert_eq!(full(&printer)["spd_lvl"], 4);
}

#[test]
fn acknowledgements_are_left_out_doubled_or_lack_what_they_should_have() {
    let silent = faulty(Fault::NoAck);
    assert_eq!(speed(&silent, "4"), None);
    assert_eq!(full(&silent)["spd_lvl"], 4);
    let unnamed = speed(&faulty(Fault::AckWithoutCommand), "4").unwrap();
    assert_eq!((&unnamed["command"], &unnamed["result"]), (&Value::Null, &json!("success")));
    let open = speed(&faulty(Fault::AckWithoutResult), "4").unwrap();
    assert_eq!((&open["command"], &open["result"]), (&json!("print_speed"), &Value::Null));
    let doubled = faulty(Fault::DoubleAck);
    let mut reports = doubled.reports();
    speed(&doubled, "4");
    assert_eq!(reports.try_recv().unwrap(), reports.try_recv().unwrap());
    assert!(reports.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_late_acknowledgement_comes_some_seconds_later() {
    let printer = faulty(Fault::LateAck);
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(printer.clone().run(shutdown.clone()));
    let mut reports = printer.reports();
    let asked = Instant::now();
    assert_eq!(speed(&printer, "4"), None);
    assert_eq!(full(&printer)["spd_lvl"], 4);
    loop {
        let report: Value = serde_json::from_slice(&reports.recv().await.unwrap()).unwrap();
        if report["print"]["command"] == "print_speed" {
            break;
        }
    }
    assert!((3..10).contains(&asked.elapsed().as_secs()));
    shutdown.cancel();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_silent_printer_neither_reports_nor_answers_until_it_speaks_again() {
    let printer = faulty(Fault::Silence);
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(printer.clone().run(shutdown.clone()));
    let mut reports = printer.reports();
    assert_eq!(speed(&printer, "4"), None);
    assert_eq!(printer.full_report(), None);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(reports.try_recv().is_err());
    printer.spec().faults.clear(Fault::Silence);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(reports.try_recv().is_ok());
    shutdown.cancel();
    running.await.unwrap();
}

#[test]
fn a_slow_job_shows_its_file_long_before_its_state_and_nothing_is_answered_meanwhile() {
    let printer = faulty(Fault::SlowJob);
    let start = json!({"param": "Metadata/plate_1.gcode", "url": "ftp:///part.gcode.3mf",
                       "use_ams": false});
    assert_eq!(command(&printer, "project_file", &start).unwrap()["result"], "success");
    assert_eq!(speed(&printer, "4"), None);
    let early: Value = serde_json::from_slice(&printer.full_report().unwrap()).unwrap();
    let early = &early["print"];
    assert_eq!(
        (&early["gcode_state"], &early["gcode_file"]),
        (&json!("IDLE"), &json!("part.gcode.3mf"))
    );
    ticks(&printer, 140);
    assert_eq!(full(&printer)["gcode_state"], "PREPARE");
    assert_eq!(speed(&printer, "4").unwrap()["result"], "success");
}

#[test]
fn developer_mode_can_be_switched_off_by_a_fault_and_the_complaint_goes_with_it() {
    let p1s = faulty(Fault::DeveloperModeOff);
    assert_eq!(speed(&p1s, "4"), None);
    assert_eq!(full(&p1s)["hms"], json!([{"attr": 0x0500_0500, "code": 0x0001_0007}]));
    p1s.spec().faults.clear_all();
    assert_eq!(speed(&p1s, "4").unwrap()["result"], "success");
    p1s.tick(Duration::from_secs(2));
    assert_eq!(full(&p1s)["hms"], json!([]));
    let h2d = printer(Model::H2D);
    let mut reports = h2d.reports();
    h2d.set_developer_mode(false);
    h2d.tick(Duration::from_secs(2));
    let delta: Value = serde_json::from_slice(&reports.try_recv().unwrap()).unwrap();
    let fun = u64::from_str_radix(delta["print"]["fun"].as_str().unwrap(), 16).unwrap();
    assert_eq!(fun >> 29 & 1, 1, "the next delta tells it");
}

#[tokio::test(start_paused = true)]
async fn a_restart_breaks_connections_for_a_minute_or_two() {
    let printer = printer(Model::A1Mini);
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(printer.clone().run(shutdown.clone()));
    let power = printer.power();
    let mut changes = power.changes();
    printer.request(br#"{"system":{"command":"reboot","sequence_id":"20001"}}"#);
    assert!(!power.is_on() && printer.full_report().is_none());
    changes.mark_unchanged();
    let dark = Instant::now();
    changes.changed().await.unwrap();
    assert!(power.is_on());
    assert!((60..=120).contains(&dark.elapsed().as_secs()), "{:?}", dark.elapsed());
    assert_eq!(full(&printer)["gcode_state"], "IDLE");
    shutdown.cancel();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_was_told_reaches_readers_of_deltas_too() {
    let printer = printer(Model::H2D);
    let mut merged = full(&printer);
    let mut reports = printer.reports();
    for (section, body) in [
        (
            "xcam",
            json!({"command": "xcam_control_set", "module_name": "clump_detector",
                        "control": false, "enable": false}),
        ),
        ("camera", json!({"command": "ipcam_timelapse", "control": "enable"})),
        ("print", json!({"command": "print_option", "sound_enable": true})),
        (
            "print",
            json!({"command": "ams_filament_setting", "ams_id": 254, "slot_id": 0,
                         "tray_id": 254, "tray_info_idx": "GFG00", "tray_color": "000000FF",
                         "nozzle_temp_min": 230, "nozzle_temp_max": 270, "tray_type": "PETG"}),
        ),
        (
            "print",
            json!({"command": "ams_change_filament", "ams_id": 0, "slot_id": 1,
                         "target": 1, "tar_temp": -1, "curr_temp": -1}),
        ),
    ] {
        printer.request(json!({ section: body }).to_string().as_bytes());
        let _ = reports.try_recv();
    }
    for _ in 0..90 {
        printer.tick(Duration::from_secs(2));
        let delta: Value = serde_json::from_slice(&reports.try_recv().unwrap()).unwrap();
        merge(&mut merged, &delta["print"]);
    }
    let mut next = full(&printer);
    for frame in [&mut merged, &mut next] {
        for key in ["msg", "sequence_id", "t_utc"] {
            frame.as_object_mut().unwrap().remove(key);
        }
    }
    assert_eq!(next["ipcam"]["timelapse"], "enable");
    assert_eq!(next["vir_slot"][0]["tray_type"], "PETG");
    assert_eq!(next["device"]["extruder"]["info"][0]["snow"], 1);
    assert_eq!(merged, next);
}

#[test]
fn what_is_said_of_the_camera_follows_its_port_and_its_faults() {
    let printer = printer(Model::X1C);
    let url = |report: &Value| report["ipcam"]["rtsp_url"].as_str().unwrap().to_owned();
    assert_eq!(url(&full(&printer)), "rtsps://127.0.0.1:322/streaming/live/1");
    printer.set_video_port(4322);
    let mut merged = full(&printer);
    assert_eq!(url(&merged), "rtsps://127.0.0.1:4322/streaming/live/1");
    printer.spec().faults.set(Fault::LiveviewOff, 1.0);
    printer.spec().faults.set(Fault::CameraOff, 1.0);
    let mut reports = printer.reports();
    printer.tick(Duration::from_secs(1));
    let delta: Value = serde_json::from_slice(&reports.try_recv().unwrap()).unwrap();
    merge(&mut merged, &delta["print"]);
    assert_eq!((url(&merged), &merged["ipcam"]["ipcam_dev"]), ("disable".to_owned(), &json!("0")));
    assert!(full(&self::printer(Model::P1S))["ipcam"].get("rtsp_url").is_none());
}
