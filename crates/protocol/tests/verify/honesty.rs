//! Commands whose acknowledgement is no proof, and whose effect shows in part only.

use bambu_protocol::{
    Model,
    report::Ack,
    status::Status,
    verify::{Outcome, Verification},
};
use serde_json::{Value, json};

use crate::{request, status};

/// What becomes of a request that is acknowledged, with `after` as the newest status.
fn ended(body: &Value, before: &Status, after: &Status) -> Outcome {
    let mut verification = Verification::new(&request("print", body), before);
    let good = Ack { result: Some("success".into()), ..Ack::default() };
    let at_once = verification.ack(&good).or_else(|| verification.status(after));
    at_once.unwrap_or_else(|| verification.out_of_time(after))
}

fn is_unconfirmed(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Unconfirmed { .. })
}

#[test]
fn fields_that_no_printer_reads_are_not_done_because_they_are_acknowledged() {
    let idle = status(Model::H2D, &json!({"gcode_state": "IDLE", "s_obj": []}));
    for body in [
        json!({"command": "set_nozzle_temp", "param": "220"}),
        json!({"command": "set_bed_temp", "param": 60}),
        json!({"command": "set_ctt", "param": "40"}),
        json!({"command": "set_airduct", "param": "50"}),
        json!({"command": "print_speed", "param": "fast"}),
        json!({"command": "skip_objects", "obj_list": ["5"]}),
        json!({"command": "skip_objects", "obj_list": []}),
    ] {
        let outcome = ended(&body, &idle, &idle);
        assert!(is_unconfirmed(&outcome), "{body}: {outcome:?}");
    }
}

#[test]
fn homing_by_g_code_is_done_when_the_axes_are_homed() {
    let homed = |flags: u32| status(Model::P1S, &json!({"home_flag": flags}));
    for (line, visible) in [("G28", true), ("G28 X Y Z", true), ("G28 X", false)] {
        let body = json!({"command": "gcode_line", "param": format!("{line}\n")});
        assert_eq!(is_unconfirmed(&ended(&body, &homed(0), &homed(0))), visible, "{line}");
        let done = if visible { Outcome::Confirmed } else { Outcome::Accepted };
        assert_eq!(ended(&body, &homed(0), &homed(7)), done, "{line}");
    }
}

#[test]
fn a_filament_of_the_same_kind_and_colour_is_set_when_its_temperatures_are() {
    let tray = |id: &str, min: u16| {
        status(
            Model::P1S,
            &json!({"ams": {"tray_exist_bits": "1", "ams": [{"id": "0", "tray": [{"id": "0",
                "tray_type": "PLA", "tray_color": "FF0000FF", "tray_info_idx": id,
                "nozzle_temp_min": min.to_string(), "nozzle_temp_max": "240"}]}]}}),
        )
    };
    let body = json!({"command": "ams_filament_setting", "ams_id": 0, "slot_id": 0, "tray_id": 0,
        "tray_type": "PLA", "tray_color": "FF0000FF", "tray_info_idx": "GFA00",
        "nozzle_temp_min": 190, "nozzle_temp_max": 240});
    let before = tray("GFL99", 200);
    assert!(is_unconfirmed(&ended(&body, &before, &before)));
    assert!(is_unconfirmed(&ended(&body, &before, &tray("GFA00", 200))));
    assert_eq!(ended(&body, &before, &tray("GFA00", 190)), Outcome::Confirmed);
}

#[test]
fn the_left_external_spool_is_not_the_right_one() {
    let feeds = |snow: u32| {
        status(
            Model::H2D,
            &json!({"vir_slot": [{"id": "254"}, {"id": "255"}], "device": {"extruder": {
                "state": 2, "info": [{"id": 0, "snow": snow}, {"id": 1, "snow": 0xFFFF}]}}}),
        )
    };
    let load = |unit: u16| {
        json!({"command": "ams_change_filament", "ams_id": unit, "slot_id": 0, "target": unit,
            "curr_temp": -1, "tar_temp": -1})
    };
    let right = feeds(0xFF00);
    assert_eq!(ended(&load(255), &feeds(0xFFFF), &right), Outcome::Confirmed);
    assert!(is_unconfirmed(&ended(&load(254), &right, &right)));
}

#[test]
fn a_target_without_its_fraction_and_a_coarse_fan_are_no_failures() {
    let heat = |target: u16| {
        status(Model::P1S, &json!({"nozzle_temper": 20, "nozzle_target_temper": target}))
    };
    let body = json!({"command": "gcode_line", "param": "M104 S220.7"});
    assert_eq!(ended(&body, &heat(0), &heat(220)), Outcome::Confirmed);
    let fan = |step: u8| status(Model::P1S, &json!({"cooling_fan_speed": step.to_string()}));
    let body = json!({"command": "gcode_line", "param": "M106 P1 S252"});
    assert_eq!(ended(&body, &fan(0), &fan(14)), Outcome::Confirmed, "14 of 15 reads as 90");
}
