//! What a printer obeys and what it refuses.

use super::*;

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
        ("ams_control", json!({"param": "faster"})),
        ("gcode_line", json!({"param": "hello\n"})),
        ("gcode_line", json!({"param": "G28\nwait\n"})),
        ("gcode_line", json!({"param": ""})),
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
fn gcode_without_a_trace_is_acknowledged_and_blanks_are_not_needed() {
    let printer = printer(Model::P1S);
    for lines in
        ["G29", "M104S205\nm140 s55 ; warm", "M190 R50", "M211 X1 Y1 Z1\nM1002 push_ref_mode"]
    {
        let ack = command(&printer, "gcode_line", &json!({"param": lines})).unwrap();
        assert_eq!(ack["result"], "success", "{lines}");
    }
    let full = full(&printer);
    assert_eq!(full["nozzle_target_temper"], 205);
    assert_eq!(full["bed_target_temper"], 50);
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
fn only_a_heated_chamber_is_heated() {
    // Every line of G-code is acknowledged, also where there is nothing to heat.
    let x1c = printer(Model::X1C);
    let ack = command(&x1c, "gcode_line", &json!({"param": "M141 S45"})).unwrap();
    assert_eq!((&ack["result"], &ack["err_code"]), (&json!("SUCCESS"), &json!(0)));
    assert_eq!(full(&x1c)["info"]["temp"].as_u64().unwrap() >> 16, 0);
    let x1e = printer(Model::X1E);
    command(&x1e, "gcode_line", &json!({"param": "M141 S45"}));
    ticks(&x1e, 4000);
    let report = full(&x1e);
    assert_eq!(report["ctt"], 45);
    assert!((report["chamber_temper"].as_f64().unwrap() - 45.0).abs() < 2.0);
}

#[test]
fn newer_machines_take_temperatures_and_fans_as_commands_with_the_right_fields() {
    let h2d = printer(Model::H2D);
    for (name, fields) in [
        ("set_nozzle_temp", json!({"extruder_index": 1, "target_temp": 180})),
        ("set_bed_temp", json!({"temp": 55})),
        ("set_ctt", json!({"ctt_val": 50})),
        ("set_fan", json!({"fan_index": 2, "speed": 40})),
    ] {
        assert_eq!(command(&h2d, name, &fields).unwrap()["result"], "success", "{name}");
    }
    let device = full(&h2d)["device"].clone();
    let target = |value: &Value| value.as_u64().unwrap() >> 16;
    assert_eq!(target(&device["extruder"]["info"][1]["temp"]), 180);
    assert_eq!(target(&device["bed"]["info"]["temp"]), 55);
    assert_eq!(target(&device["ctc"]["info"]["temp"]), 50);
    assert_eq!(device["airduct"]["parts"][1]["state"], 40);
    let cold = command(&h2d, "set_ctt", &json!({"ctt_val": 30})).unwrap();
    assert_eq!(cold["errno"], -4);
    let p1s = printer(Model::P1S);
    for (name, fields) in [
        ("set_bed_temp", json!({"temp": 55})),
        ("set_nozzle_temp", json!({"extruder_index": 0, "target_temp": 180})),
        ("set_ctt", json!({"ctt_val": 50})),
        ("set_fan", json!({"fan_index": 1, "speed": 40})),
    ] {
        assert_eq!(command(&p1s, name, &fields).unwrap()["result"], "fail", "{name}");
    }
}

proptest::proptest! {
    #[test]
    fn no_request_makes_a_printer_fall_over(param in ".{0,40}", number: f64, bytes: Vec<u8>) {
        let printer = printer(Model::H2D);
        printer.request(&bytes);
        for name in ["gcode_line", "print_speed", "project_file", "set_fan", "set_ctt", "stop"] {
            let fields = json!({"param": param, "url": param, "speed": number, "ctt_val": number,
                                "fan_index": number, "ams_mapping": [number, bytes]});
            command(&printer, name, &fields);
        }
        let code = format!("M104 S{number} T{number}\nM106 P{number} S{number}");
        command(&printer, "gcode_line", &json!({ "param": code }));
        ticks(&printer, 3);
        assert!(full(&printer)["gcode_state"].is_string());
    }
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
