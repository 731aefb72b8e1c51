//! What each request is expected to do, and that nothing is confirmed that the status does not show.

use bambu_protocol::{
    Model,
    report::Ack,
    request::{Raw, Request},
    status::Status,
    verify::{Effect, Outcome, Verification},
};
use proptest::{collection::vec, option, prelude::*};
use serde_json::{Value, json};

use crate::{request, status};

fn gcode(lines: &str) -> Value {
    json!({"command": "gcode_line", "param": lines})
}

/// Request, a report without its effect, and one with it.
fn table() -> Vec<(Model, &'static str, Value, Value, Value)> {
    let heat = |nozzle: u32, bed: u32| {
        json!({"nozzle_temper": 20, "nozzle_target_temper": nozzle,
            "bed_temper": 20, "bed_target_temper": bed})
    };
    let two = |right: u64, left: u64, active: u32| {
        json!({"device": {"extruder": {"state": 2 | active << 4, "info": [
            {"id": 0, "temp": right << 16, "snow": 0}, {"id": 1, "temp": left << 16, "snow": 0}]}}})
    };
    let fans = |part: u32, aux: u32| json!({"fan_gear": part | aux << 8});
    let state = |state: &str| json!({"gcode_state": state});
    let loaded = |tray: &str| json!({"ams": {"tray_now": tray}});
    let tray = |kind: &str, color: &str| {
        json!({"ams": {"tray_exist_bits": "1", "ams": [{"id": "0", "dry_time": 0,
            "tray": [{"id": "0", "tray_type": kind, "tray_color": color, "cali_idx": -1}]}]}})
    };
    let drying =
        |minutes: u32| json!({"ams": {"ams": [{"id": "0", "dry_time": minutes, "tray": []}]}});
    let lights = |mode: &str| json!({"lights_report": [{"node": "chamber_light", "mode": mode}]});
    let camera = |record: &str, size: &str| json!({"ipcam": {"ipcam_record": record, "timelapse": record, "resolution": size}});
    let cfg =
        |bits: &str| json!({"cfg": bits, "home_flag": 0, "fun": "FFFFFFFFFFFFFFF", "stat": "0"});
    use Model::{H2D, H2S, P1S, P2S, X1C};
    vec![
        (P1S, "print", gcode("M104 S220\n"), heat(0, 0), heat(220, 0)),
        (P1S, "print", gcode("M140 S60 ; warm\nM104 S210"), heat(210, 0), heat(210, 60)),
        (P1S, "print", gcode("M140 S60\nM140 S0\nM104 S150"), heat(0, 0), heat(150, 0)),
        (P1S, "print", gcode("M106 P1 S128\n"), fans(0, 255), fans(128, 0)),
        (P1S, "print", gcode("M106 P2 S255"), fans(255, 0), fans(0, 255)),
        (P1S, "print", gcode("M107"), fans(255, 9), fans(0, 9)),
        (H2D, "print", gcode("M104 S200 T1"), two(200, 0, 0), two(0, 200, 0)),
        (
            H2D,
            "print",
            json!({"command": "set_nozzle_temp", "extruder_index": 1, "target_temp": 220}),
            two(220, 0, 0),
            two(0, 220, 0),
        ),
        (
            H2D,
            "print",
            json!({"command": "select_extruder", "extruder_index": 1}),
            two(0, 0, 0),
            two(0, 0, 1),
        ),
        (P2S, "print", json!({"command": "set_bed_temp", "temp": 60}), heat(60, 0), heat(0, 60)),
        (
            H2S,
            "print",
            json!({"command": "set_ctt", "ctt_val": 45}),
            json!({"chamber_temper": 25, "ctt": 0}),
            json!({"chamber_temper": 25, "ctt": 45}),
        ),
        (
            P2S,
            "print",
            json!({"command": "set_fan", "fan_index": 2, "speed": 50}),
            fans(128, 0),
            fans(0, 128),
        ),
        (
            P2S,
            "print",
            json!({"command": "set_airduct", "modeId": 1, "submode": -1}),
            json!({"device": {"airduct": {"modeCur": 0}}}),
            json!({"device": {"airduct": {"modeCur": 1}}}),
        ),
        (P1S, "print", json!({"command": "pause"}), state("RUNNING"), state("PAUSE")),
        (P1S, "print", json!({"command": "resume"}), state("PAUSE"), state("RUNNING")),
        (
            P1S,
            "print",
            json!({"command": "ignore", "err": "83935248"}),
            state("PAUSE"),
            state("RUNNING"),
        ),
        (P1S, "print", json!({"command": "stop"}), state("RUNNING"), state("FAILED")),
        (P1S, "print", json!({"command": "project_file"}), state("FINISH"), state("PREPARE")),
        (
            P1S,
            "print",
            json!({"command": "calibration", "option": 2}),
            state("IDLE"),
            state("RUNNING"),
        ),
        (
            P1S,
            "print",
            json!({"command": "print_speed", "param": "3"}),
            json!({"spd_lvl": 2}),
            json!({"spd_lvl": 3}),
        ),
        (
            P1S,
            "print",
            json!({"command": "skip_objects", "obj_list": [4, 5]}),
            json!({"s_obj": [4]}),
            json!({"s_obj": [5, 1, 4]}),
        ),
        (
            P1S,
            "print",
            json!({"command": "clean_print_error", "print_error": 83_935_248}),
            json!({"print_error": 83_935_248}),
            json!({"print_error": 0}),
        ),
        (
            P1S,
            "print",
            json!({"command": "ams_change_filament", "ams_id": 1, "slot_id": 2, "target": 6}),
            loaded("255"),
            loaded("6"),
        ),
        (
            P1S,
            "print",
            json!({"command": "ams_change_filament", "ams_id": 254, "slot_id": 0, "target": 254}),
            loaded("0"),
            loaded("254"),
        ),
        (
            P1S,
            "print",
            json!({"command": "ams_change_filament", "ams_id": 0, "slot_id": 255, "target": 255}),
            loaded("3"),
            loaded("255"),
        ),
        (P1S, "print", json!({"command": "unload_filament"}), loaded("3"), loaded("255")),
        (
            P1S,
            "print",
            json!({"command": "ams_filament_setting", "ams_id": 0, "slot_id": 0, "tray_id": 0,
            "tray_type": "PETG", "tray_color": "ff0000ff"}),
            tray("PLA", "FF0000FF"),
            tray("PETG", "FF0000FF"),
        ),
        (
            P1S,
            "print",
            json!({"command": "ams_filament_setting", "ams_id": 0, "slot_id": 0, "tray_id": 0,
            "tray_type": "", "tray_color": "00000000"}),
            tray("PLA", "FF0000FF"),
            tray("", "00000000"),
        ),
        (
            P1S,
            "print",
            json!({"command": "ams_filament_drying", "ams_id": 0, "mode": 1}),
            drying(0),
            drying(480),
        ),
        (
            P1S,
            "print",
            json!({"command": "ams_filament_drying", "ams_id": 0, "mode": 0}),
            drying(480),
            drying(0),
        ),
        (
            P1S,
            "print",
            json!({"command": "print_option", "auto_recovery": true, "option": 1}),
            json!({"home_flag": 0}),
            json!({"home_flag": 16}),
        ),
        (X1C, "system", json!({"command": "set_door_stat", "config": 2}), cfg("0"), cfg("200000")),
        (
            P1S,
            "system",
            json!({"command": "ledctrl", "led_node": "chamber_light", "led_mode": "on"}),
            lights("off"),
            lights("on"),
        ),
        (
            P1S,
            "system",
            json!({"command": "set_accessories", "nozzle_diameter": 0.6, "nozzle_type": "hardened_steel"}),
            json!({"nozzle_diameter": "0.4", "nozzle_type": "hardened_steel"}),
            json!({"nozzle_diameter": "0.6", "nozzle_type": "hardened_steel"}),
        ),
        (
            X1C,
            "camera",
            json!({"command": "ipcam_record_set", "control": "enable"}),
            camera("disable", "720p"),
            camera("enable", "720p"),
        ),
        (
            X1C,
            "camera",
            json!({"command": "ipcam_timelapse", "control": "disable"}),
            camera("enable", "720p"),
            camera("disable", "720p"),
        ),
        (
            X1C,
            "camera",
            json!({"command": "ipcam_resolution_set", "resolution": "1080p"}),
            camera("enable", "720p"),
            camera("enable", "1080p"),
        ),
        (
            X1C,
            "xcam",
            json!({"command": "xcam_control_set", "module_name": "buildplate_marker_detector", "control": true}),
            json!({"xcam": {"buildplate_marker_detector": false}}),
            json!({"xcam": {"buildplate_marker_detector": true}}),
        ),
        (
            P1S,
            "upgrade",
            json!({"command": "upgrade_confirm"}),
            json!({"upgrade_state": {"status": "IDLE"}}),
            json!({"upgrade_state": {"status": "DOWNLOADING"}}),
        ),
    ]
}

fn good() -> Ack {
    Ack { result: Some("success".into()), ..Ack::default() }
}

#[test]
fn each_request_is_confirmed_by_its_effect_and_by_nothing_else() {
    for (model, section, body, without, with) in table() {
        let (before, after) = (status(model, &without), status(model, &with));
        let request = request(section, &body);
        assert!(!Effect::of(&request, &before).is_empty(), "{body}: no effect is waited for");
        let mut verification = Verification::new(&request, &before);
        assert_eq!(verification.ack(&good()), None, "{body}");
        assert_eq!(verification.status(&before), None, "{body}: confirmed by what was there");
        let late = verification.out_of_time(&before);
        assert!(
            matches!(&late, Outcome::Unconfirmed { expected } if !expected.is_empty()),
            "{body}: {late:?}"
        );
        assert!(late.to_string().contains("; "), "{late}");
        assert_eq!(verification.status(&after), Some(Outcome::Confirmed), "{body}");
        let mut silent = Verification::new(&request, &before);
        assert_eq!(silent.status(&after), Some(Outcome::Confirmed), "{body}: silence with effect");
    }
}

#[test]
fn what_the_printer_does_not_report_is_not_waited_for() {
    for (model, section, body, _, _) in table() {
        let request = request(section, &body);
        let bare = status(model, &json!({}));
        let heats = ["gcode_line", "set_bed_temp", "set_ctt", "ledctrl", "print_option"];
        if heats.contains(&request.command()) {
            assert_eq!(Effect::of(&request, &bare), [], "{body}");
        }
    }
}

#[test]
fn a_fan_with_coarse_steps_is_confirmed_only_when_it_moved() {
    let fan = |step: &str| status(Model::P1S, &json!({"cooling_fan_speed": step}));
    let set = |percent: u32| request("print", &gcode(&format!("M106 P1 S{}", percent * 255 / 100)));
    let mut moved = Verification::new(&set(75), &fan("0"));
    moved.ack(&good());
    assert_eq!(moved.status(&fan("11")), Some(Outcome::Confirmed), "step 11 reads as 70");
    let mut stays = Verification::new(&set(75), &fan("11"));
    stays.ack(&good());
    assert_eq!(stays.status(&fan("11")), None);
    let mut off = Verification::new(&set(3), &fan("0"));
    off.ack(&good());
    assert_eq!(off.status(&fan("0")), None);
}

fn any_ack() -> impl Strategy<Value = Ack> {
    let word = || option::of(prop_oneof!["success", "fail", "FAILED", "0", "", ".{0,20}"]);
    let number = || option::of(prop_oneof![Just(0), Just(84_033_543), Just(-2), any::<i64>()]);
    (word(), word(), number(), number(), number()).prop_map(
        |(result, reason, err_code, errno, err_index)| Ack {
            result,
            reason,
            err_code,
            errno,
            err_index,
            ..Ack::default()
        },
    )
}

#[derive(Debug, Clone)]
enum Step {
    Ack(Ack),
    Status { with: bool, online: Option<bool> },
}

fn any_step() -> impl Strategy<Value = Step> {
    let online = option::of(any::<bool>());
    prop_oneof![
        any_ack().prop_map(Step::Ack),
        (any::<bool>(), online).prop_map(|(with, online)| Step::Status { with, online }),
    ]
}

proptest! {
    #[test]
    fn nothing_is_confirmed_that_the_last_status_does_not_show(
        row in 0_usize..40, before_with: bool, steps in vec(any_step(), 0..12),
    ) {
        let table = table();
        let (model, section, body, without, with) = &table[row % table.len()];
        let of = |has: bool| status(*model, if has { with } else { without });
        let request = request(section, body);
        let before = of(before_with);
        let effects = Effect::of(&request, &before);
        let shows = |status: &Status| effects.iter().all(|effect| effect.holds(status));
        let mut verification = Verification::new(&request, &before);
        let mut last = before.clone();
        for step in steps {
            let outcome = match step {
                Step::Ack(ack) => verification.ack(&ack),
                Step::Status { with, online } => {
                    last = of(with);
                    last.online = online;
                    verification.status(&last)
                }
            };
            if let Some(outcome) = outcome {
                prop_assert!(!outcome.to_string().is_empty());
                if outcome == Outcome::Confirmed {
                    prop_assert!(shows(&last), "{:?}", effects);
                }
                prop_assert!(outcome != Outcome::Accepted, "{} has an effect", body);
                return Ok(());
            }
        }
        let end = verification.out_of_time(&last);
        prop_assert_eq!(end == Outcome::Confirmed && !shows(&last), false);
    }

    #[test]
    fn no_request_and_no_answer_makes_it_panic(
        section in prop_oneof!["print", "system", "camera", "xcam", "upgrade"],
        row in 0_usize..40, key in "[a-z_]{1,12}", value in any::<i64>(), text in ".{0,30}", ack in any_ack(),
    ) {
        let mut body = table()[row % table().len()].2.clone();
        let keys: Vec<String> = body.as_object().unwrap().keys().cloned().collect();
        for (index, name) in keys.iter().enumerate().filter(|(_, name)| *name != "command") {
            body[name] = if index % 2 == 0 { json!(value) } else { json!(text) };
        }
        body[&key] = json!(value);
        let Ok(raw) = Raw::parse(&json!({ section: body }).to_string()) else { return Ok(()) };
        let request = Request::from(raw);
        let before = status(Model::P1S, &json!({"gcode_state": "RUNNING"}));
        let mut verification = Verification::new(&request, &before);
        if let Some(Outcome::Rejected(rejection)) = verification.ack(&ack) {
            let _ = (rejection.to_string(), rejection.proceed(&request));
        }
        verification.status(&before);
        let _ = (verification.out_of_time(&before).to_string(), verification.patience());
    }
}
