//! Properties of commands: whatever is asked of whatever printer, no panic, and nothing beyond what
//! the model bears goes out unless it is forced.

use bambu_protocol::{
    Model,
    command::{Command, check, seed_name},
    request::{
        Axis, Fan, Job, LightMode, ProjectFile, Raw, Request, SequenceId, SpeedLevel, Steps, TrayId,
    },
    status::{ActiveTray, AmsUnit, Features, PrinterState, Status, Tray},
};
use proptest::prelude::*;
use serde_json::Value;

const STATES: [PrinterState; 7] = [
    PrinterState::Idle,
    PrinterState::Preparing,
    PrinterState::Running,
    PrinterState::Paused,
    PrinterState::Finished,
    PrinterState::Failed,
    PrinterState::Unknown,
];

fn model() -> impl Strategy<Value = Option<Model>> {
    proptest::option::of(proptest::sample::select(&Model::ALL[..]))
}

fn status() -> impl Strategy<Value = Status> {
    let unit = proptest::sample::select(vec![0_u16, 3, 16, 128]);
    let state = proptest::sample::select(&STATES[..]);
    (
        model(),
        state,
        any::<Option<u64>>(),
        proptest::option::of((unit, 0_u8..4)),
        any::<Option<bool>>(),
    )
        .prop_map(|(model, state, fun, loaded, online)| {
            let mut status = Status { model, state, online, ..Status::default() };
            status.features = Features::from_wire(fun, fun, fun, fun);
            if let Some((id, tray)) = loaded {
                let tray = Tray { id: tray, ..Tray::default() };
                status.ams.active = Some(ActiveTray { unit: id, tray: tray.id });
                status.ams.units = vec![AmsUnit { id, trays: vec![tray], ..AmsUnit::default() }];
            }
            status
        })
}

fn command() -> impl Strategy<Value = Command> {
    let tray = || (any::<u16>(), any::<u8>()).prop_map(|(unit, slot)| TrayId { unit, slot });
    let fan = proptest::sample::select(Fan::ALL);
    prop_oneof![
        Just(Command::Pause),
        Just(Command::ClearError),
        Just(Command::Home),
        Just(Command::Unload),
        Just(Command::Speed(SpeedLevel::Sport)),
        Just(Command::Light { node: None, mode: LightMode::On }),
        (any::<Option<u8>>(), any::<u16>())
            .prop_map(|(extruder, celsius)| Command::Nozzle { extruder, celsius }),
        any::<u16>().prop_map(Command::Bed),
        any::<u16>().prop_map(Command::Chamber),
        (fan, any::<u8>()).prop_map(|(fan, percent)| Command::Fan { fan, percent }),
        any::<f64>().prop_map(|millimetres| Command::Jog { axis: Axis::Z, millimetres }),
        (any::<Option<u8>>(), any::<i32>())
            .prop_map(|(extruder, millimetres)| Command::Extrude { extruder, millimetres }),
        tray().prop_map(|tray| Command::Load { tray }),
        tray().prop_map(|tray| Command::ReadTag { tray }),
        tray().prop_map(|tray| Command::SetFilament { tray, filament: None }),
        (any::<u16>(), any::<u16>(), any::<u16>(), any::<bool>()).prop_map(
            |(unit, celsius, hours, rotate)| Command::DryStart {
                unit,
                celsius,
                hours,
                filament: "PLA".into(),
                rotate
            }
        ),
        Just(Command::Calibrate(Steps { lidar: true, ..Steps::default() })),
        "\\PC{0,60}".prop_map(Command::Gcode),
        any::<u64>().prop_map(|random| {
            Job::ProjectFile(Box::new(ProjectFile::stored("a.3mf", 1, random))).into()
        }),
    ]
}

/// The highest temperature that a request sets, by what it sets.
fn heat(request: &Request) -> Vec<(&'static str, f64)> {
    let body = request.body();
    let number = |field: &str| body.get(field).and_then(Value::as_f64);
    let lines = body.get("param").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut found = Vec::new();
    match request.command() {
        "set_nozzle_temp" => found.extend(number("target_temp").map(|t| ("nozzle", t))),
        "set_bed_temp" => found.extend(number("temp").map(|t| ("bed", t))),
        "set_ctt" => found.extend(number("ctt_val").map(|t| ("chamber", t))),
        "gcode_line" => {
            for (code, part) in [("M104 S", "nozzle"), ("M140 S", "bed")] {
                let set = lines.lines().find_map(|line| line.strip_prefix(code)?.parse().ok());
                found.extend(set.map(|celsius| (part, celsius)));
            }
        }
        _ => {}
    }
    found
}

proptest! {
    #[test]
    fn nothing_beyond_the_model_goes_out_and_every_refusal_has_a_next_step(
        command in command(),
        status in status(),
    ) {
        match command.requests(&status, false) {
            Ok(requests) => {
                for (part, celsius) in requests.iter().flat_map(heat) {
                    let known = status.model.map(Model::capabilities);
                    let max = match part {
                        "nozzle" => known.and_then(|k| k.nozzle_max).unwrap_or(350),
                        "bed" => known.and_then(|k| k.bed_max).unwrap_or(120),
                        _ => 65,
                    };
                    prop_assert!(celsius <= f64::from(max), "{part} {celsius} on {known:?}");
                }
            }
            Err(refusal) => {
                let text = refusal.to_string();
                let (cause, step) = text.rsplit_once("; ").unwrap();
                prop_assert!(!cause.is_empty() && !step.is_empty() && !refusal.word().is_empty());
                if let Ok(forced) = command.requests(&status, true) {
                    prop_assert!(refusal.can_be_forced() && !forced.is_empty());
                }
            }
        }
    }

    #[test]
    fn an_exact_request_is_judged_like_what_somebody_wrote(command in command(), status in status()) {
        for request in command.requests(&status, true).unwrap_or_default() {
            let text = request.json(SequenceId::from_random(3));
            let raw = Request::from(Raw::parse(&text).unwrap());
            prop_assert_eq!(check(&request, &status), check(&raw, &status));
        }
    }

    #[test]
    fn any_body_under_any_command_word_is_judged_without_panic(
        word in proptest::sample::select(
            bambu_protocol::request::catalogue().map(|entry| entry.command).collect::<Vec<_>>()
        ),
        field in "(param|temp|target_temp|ctt_val|speed|ams_id|slot_id|mode|led_node|filaments|ams_mapping2)",
        value in prop_oneof![
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,20}".prop_map(Value::from),
            Just(serde_json::json!([null, {"ams_id": -1, "slot_id": 1e300}, [[]]])),
        ],
        status in status(),
    ) {
        let text = serde_json::json!({"print": {"command": word, field: value}}).to_string();
        let _ = check(&Raw::parse(&text).unwrap().into(), &status);
        let _ = seed_name(word, &text);
    }
}
