use serde_json::{Value, json};

use super::*;
use crate::{
    Model,
    gcode::Why,
    request::{Job, Raw, SequenceId},
    status::{
        ActiveTray, AirDuct, AirDuctPart, Ams, AmsUnit, Feature, Features, Nozzle, PrinterState,
        Temperature, Tray,
    },
};

/// An idle printer of this model, with an AMS whose second tray holds PLA.
fn idle(model: Model) -> Status {
    let tray = |id| Tray {
        id,
        nozzle_temperature_min: Some(190),
        nozzle_temperature_max: Some(230),
        ..Tray::default()
    };
    let mut status = Status { model: Some(model), state: PrinterState::Idle, ..Status::default() };
    status.ams.units = vec![AmsUnit { trays: (0..4).map(tray).collect(), ..AmsUnit::default() }];
    status.temperatures.nozzles = vec![
        Temperature { current: Some(200.0), target: None };
        model.capabilities().extruders.into()
    ];
    if matches!(
        model,
        Model::P2S | Model::H2S | Model::H2D | Model::H2DPro | Model::H2C | Model::X2D
    ) {
        status.features = Features::from_wire(Some(1 << 32 | 1 << 38 | 1 << 39), None, None, None);
    }
    status
}

fn running(model: Model) -> Status {
    Status { state: PrinterState::Running, ..idle(model) }
}

/// The bodies that go out, without their sequence ids.
fn bodies(command: impl Into<Command>, status: &Status) -> Vec<Value> {
    let requests = command.into().requests(status, false).unwrap();
    requests
        .iter()
        .map(|request| {
            let mut body = request.body();
            body.remove("sequence_id");
            Value::Object(body)
        })
        .collect()
}

fn refusal(command: impl Into<Command>, status: &Status) -> Refusal {
    command.into().requests(status, false).unwrap_err()
}

fn gcode(param: &str) -> Vec<Value> {
    vec![json!({"command": "gcode_line", "param": param})]
}

#[test]
fn each_machine_is_heated_in_the_form_that_it_obeys() {
    let nozzle = Command::Nozzle { extruder: None, celsius: 220 };
    for model in [Model::P1S, Model::X1C, Model::A1Mini, Model::P2S, Model::H2S] {
        assert_eq!(bodies(nozzle.clone(), &idle(model)), gcode("M104 S220\n"), "{model}");
    }
    let mut h2d = idle(Model::H2D);
    let wanted = |index: u8| {
        vec![json!({"command": "set_nozzle_temp", "extruder_index": index, "target_temp": 220})]
    };
    assert_eq!(bodies(nozzle.clone(), &h2d), wanted(0));
    h2d.nozzles = vec![Nozzle { id: 1, active: true, ..Nozzle::default() }];
    assert_eq!(bodies(nozzle, &h2d), wanted(1));
    assert_eq!(bodies(Command::Bed(60), &idle(Model::P1S)), gcode("M140 S60\n"));
    assert_eq!(
        bodies(Command::Bed(60), &idle(Model::P2S)),
        [json!({"command": "set_bed_temp", "temp": 60})]
    );
    assert_eq!(
        bodies(Command::Chamber(45), &idle(Model::X1E)),
        [json!({"command": "set_ctt", "ctt_val": 45})]
    );
}

#[test]
fn fans_air_and_lights_follow_the_model() {
    let half = |fan| Command::Fan { fan, percent: 50 };
    assert_eq!(bodies(half(Fan::Part), &idle(Model::A1)), gcode("M106 P1 S128\n"));
    assert_eq!(bodies(half(Fan::Aux), &idle(Model::P1S)), gcode("M106 P2 S128\n"));
    let mut p2s = idle(Model::P2S);
    assert_eq!(bodies(half(Fan::AuxLeft), &p2s), gcode("M106 P10 S128\n"));
    let part = AirDuctPart { id: 10, ..AirDuctPart::default() };
    p2s.air_duct = Some(AirDuct { parts: vec![part], ..AirDuct::default() });
    assert_eq!(
        bodies(half(Fan::AuxLeft), &p2s),
        [json!({"command": "set_fan", "fan_index": 10, "speed": 50})]
    );
    assert!(!refusal(half(Fan::Aux), &idle(Model::A1)).to_string().is_empty());
    assert_eq!(
        bodies(Command::AirDuct(AirDuctMode::Heating), &idle(Model::H2S)),
        [json!({"command": "set_airduct", "modeId": 1, "submode": -1})]
    );
    let light = Command::Light { node: None, mode: LightMode::On };
    let nodes = |model| -> Vec<Value> {
        bodies(light.clone(), &idle(model)).iter().map(|body| body["led_node"].clone()).collect()
    };
    assert_eq!(nodes(Model::P1S), ["chamber_light"]);
    assert_eq!(nodes(Model::H2D), ["chamber_light", "chamber_light2"]);
    let work = Command::Light { node: Some(LightNode::Work), mode: LightMode::On };
    assert!(work.requests(&idle(Model::X1C), false).is_ok());
    assert!(refusal(work, &idle(Model::A1Mini)).is_usage());
}

#[test]
fn motion_is_a_command_where_there_is_one() {
    let jog = |millimetres| Command::Jog { axis: Axis::Y, millimetres };
    assert_eq!(bodies(Command::Home, &idle(Model::P1S)), gcode("G28\n"));
    assert_eq!(bodies(Command::Home, &idle(Model::H2D)), [json!({"command": "back_to_center"})]);
    assert_eq!(
        bodies(jog(-10.0), &idle(Model::P2S)),
        [json!({"command": "xyz_ctrl", "axis": "Y", "dir": -1, "mode": 1})]
    );
    let macro_text = bodies(jog(-2.5), &idle(Model::P2S))[0]["param"].clone();
    assert!(macro_text.as_str().unwrap().contains("G91\nG1 Y-2.50 F3000\nM1002 pop_ref_mode"));
    for distance in [f64::NAN, f64::INFINITY, 0.0, 1e9] {
        assert!(refusal(jog(distance), &idle(Model::P1S)).is_usage());
    }
    let extrude = Command::Extrude { extruder: None, millimetres: 10 };
    assert_eq!(bodies(extrude.clone(), &idle(Model::P1S)), gcode("M83\nG1 E10 F900\n"));
    let mut cold = idle(Model::P1S);
    cold.temperatures.nozzles[0].current = Some(25.0);
    assert_eq!(refusal(extrude, &cold), Refusal::TooCold(25));
}

#[test]
fn filament_comes_from_trays_that_exist_in_the_form_of_the_machine() {
    let load = |tray: &str| Command::Load { tray: tray.parse().unwrap() };
    let body = |command, status: &Status| bodies(command, status).remove(0);
    assert_eq!(
        body(load("0/1"), &idle(Model::P1S)),
        json!({"command": "ams_change_filament", "curr_temp": -1, "tar_temp": 210, "ams_id": 0,
            "target": 1, "slot_id": 1})
    );
    assert!(matches!(refusal(load("1/0"), &idle(Model::P1S)), Refusal::NoSuchTray(_)));
    let ids =
        |value: Value| (value["ams_id"].clone(), value["slot_id"].clone(), value["target"].clone());
    assert_eq!(ids(body(load("external"), &idle(Model::P1S))), (254.into(), 0.into(), 254.into()));
    assert_eq!(ids(body(load("external"), &idle(Model::P2S))), (255.into(), 0.into(), 255.into()));
    assert_eq!(
        ids(body(load("external-left"), &idle(Model::H2D))),
        (254.into(), 0.into(), 254.into())
    );
    let mut loaded = idle(Model::P1S);
    loaded.ams.active = Some(ActiveTray { unit: 0, tray: 1 });
    assert_eq!(body(load("0/2"), &loaded)["curr_temp"], 210);
    assert_eq!(ids(body(Command::Unload, &loaded)), (0.into(), 255.into(), 255.into()));
    let clear = Command::SetFilament { tray: TrayId::EXTERNAL, filament: None };
    let body = bodies(clear, &idle(Model::P1S)).remove(0);
    assert_eq!(
        (&body["ams_id"], &body["slot_id"], &body["tray_id"]),
        (&255.into(), &0.into(), &254.into())
    );
    assert_eq!(body["tray_color"], "00000000");
}

#[test]
fn values_beyond_the_model_are_refused_and_force_does_not_help() {
    let nozzle = |celsius| Command::Nozzle { extruder: None, celsius };
    for (command, model) in [
        (nozzle(301), Model::P1S),
        (nozzle(351), Model::H2D),
        (Command::Bed(81), Model::A1Mini),
        (Command::Bed(121), Model::X1C),
        (Command::Chamber(66), Model::H2D),
        (Command::Fan { fan: Fan::Part, percent: 101 }, Model::P1S),
        (Command::Nozzle { extruder: Some(1), celsius: 200 }, Model::P1S),
        (
            Command::DryStart {
                unit: 0,
                celsius: 66,
                hours: 4,
                filament: "PLA".into(),
                rotate: false,
            },
            Model::P1S,
        ),
        (Command::SkipObjects(Vec::new()), Model::P1S),
    ] {
        let refusal = command.requests(&idle(model), true).unwrap_err();
        assert!(refusal.is_usage() && !refusal.can_be_forced(), "{refusal}");
    }
    assert!(matches!(
        refusal(Command::Chamber(40), &idle(Model::P1S)),
        Refusal::NotOnThisModel { .. }
    ));
    let mut x1 = idle(Model::X1C);
    assert!(Command::Bed(115).requests(&x1, false).is_ok());
    x1.features = x1.features.with(Feature::Mains220V, true);
    assert!(Command::Bed(115).requests(&x1, false).is_err());
    assert_eq!(
        refusal(nozzle(301), &idle(Model::P1S)).to_string(),
        "nozzle temperature 301 °C is out of range on P1S; choose 0 to 300 °C"
    );
}

#[test]
fn a_command_waits_for_the_right_state() {
    let start = Job::GcodeFile("/a.gcode".into());
    assert!(matches!(refusal(start.clone(), &running(Model::P1S)), Refusal::JobRuns { .. }));
    assert!(matches!(refusal(Command::Pause, &idle(Model::P1S)), Refusal::NothingTo { .. }));
    assert!(matches!(refusal(Command::Resume, &running(Model::P1S)), Refusal::NothingTo { .. }));
    assert!(matches!(refusal(Command::Home, &running(Model::P1S)), Refusal::JobRuns { .. }));
    assert!(Command::Pause.requests(&running(Model::P1S), false).is_ok());
    assert!(Command::Pause.requests(&idle(Model::P1S), true).is_ok());
    assert!(Command::Bed(60).requests(&running(Model::P1S), false).is_ok());
    let gone = Status { online: Some(false), ..running(Model::P1S) };
    assert_eq!(refusal(Command::Pause, &gone), Refusal::Offline);
    assert_eq!(check(&Request::PushAll, &gone), Ok(()));
    let locked = Status { developer_mode: Some(false), ..running(Model::P2S) };
    assert_eq!(refusal(Command::Pause, &locked), Refusal::NeedsDeveloperMode);
    assert!(Command::Light { node: None, mode: LightMode::On }.requests(&locked, false).is_ok());
    // Nobody has told anything yet: the printer decides.
    assert!(Command::Pause.requests(&Status::default(), false).is_ok());
}

#[test]
fn g_code_of_a_person_is_read_and_what_is_raw_is_guarded_too() {
    let why = |text: &str, status: &Status| match refusal(Command::Gcode(text.into()), status) {
        Refusal::Gcode(finding) => Some(finding.why),
        _ => None,
    };
    assert!(matches!(why("M104 S301", &idle(Model::P1S)), Some(Why::TooHot { max: 300, .. })));
    assert_eq!(why("M109 S200", &idle(Model::P1S)), Some(Why::Waits("M104")));
    assert!(why("G1 X200", &idle(Model::A1Mini)).is_some());
    assert!(Command::Gcode("G91\nG1 X200".into()).requests(&idle(Model::A1Mini), false).is_ok());
    assert!(matches!(
        refusal(Command::Gcode("M106 S0".into()), &running(Model::P1S)),
        Refusal::JobRuns { .. }
    ));
    assert!(Command::Gcode("M104 S999".into()).requests(&running(Model::P1S), true).is_ok());
    let raw = |text: &str| Request::from(Raw::parse(text).unwrap());
    let hot = raw(r#"{"print":{"command":"gcode_line","param":"M140 S200\n"}}"#);
    assert!(matches!(check(&hot, &idle(Model::P1S)), Err(Refusal::Gcode(_))));
    let hot = raw(r#"{"print":{"command":"set_bed_temp","temp":"200"}}"#);
    assert!(matches!(check(&hot, &idle(Model::P2S)), Err(Refusal::OutOfRange { .. })));
    assert!(hot.json(SequenceId::from_random(1)).contains(r#""sequence_id":"20001""#));
    for unread in [
        r#"{"print":{"command":"set_bed_temp","temp":"200C"}}"#,
        r#"{"print":{"command":"set_bed_temp","temp":"nan"}}"#,
        r#"{"print":{"command":"set_bed_temp","temp":[200]}}"#,
        r#"{"print":{"command":"gcode_line","param":["M104 S400"]}}"#,
    ] {
        let refused = check(&raw(unread), &idle(Model::P2S));
        assert!(matches!(refused, Err(Refusal::BadValue(_))), "{unread}: {refused:?}");
    }
}

#[test]
fn what_is_not_there_is_neither_dried_nor_unloaded() {
    let dry = |unit| Command::DryStart {
        unit,
        celsius: 55,
        hours: 8,
        filament: "PLA".into(),
        rotate: false,
    };
    let mut bare = idle(Model::P2S);
    bare.ams = Ams::default();
    for unit in [0, 128] {
        let why = refusal(dry(unit), &bare);
        assert!(matches!(why, Refusal::NotOnThisModel { .. }), "{why}");
    }
    assert_eq!(
        refusal(Command::Unload, &bare).to_string(),
        "nothing to unload: the printer is idle; look at its status first"
    );
}

#[test]
fn the_names_of_earlier_tools_are_obeyed() {
    assert!(
        SEED_NAMES
            .iter()
            .all(|name| ["", "50", "on", "2"].iter().any(|v| seed_name(name, v).is_some()))
    );
    assert_eq!(seed_name("set_bed_temp", "60"), Some(Command::Bed(60)));
    assert_eq!(seed_name("set_ctt", "40"), Some(Command::Fan { fan: Fan::Chamber, percent: 40 }));
    assert_eq!(seed_name("set_bed_temp", "warm"), None);
    assert_eq!(seed_name("explode", ""), None);
}
