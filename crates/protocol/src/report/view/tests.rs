//! Single judgements as tables; whole reports of every model are in `tests/models.rs`.

use serde_json::{Value, json};

use crate::{Model, report::State, status::Status};

fn seen(model: Model, print: &Value) -> Status {
    let mut print = print.clone();
    print["msg"] = json!(0);
    let mut state = State::new().with_model(model);
    state.apply(json!({ "print": print }).to_string().as_bytes()).unwrap();
    state.status()
}

#[test]
fn fan_steps_become_tens_of_percent_and_the_gear_goes_first() {
    for (step, percent) in
        [(0, 0), (1, 10), (2, 10), (3, 20), (7, 50), (8, 50), (14, 90), (15, 100)]
    {
        let status = seen(Model::P1S, &json!({"cooling_fan_speed": step.to_string()}));
        assert_eq!(status.fans.part_percent, Some(percent), "{step}");
    }
    assert_eq!(seen(Model::P1S, &json!({"cooling_fan_speed": "16"})).fans.part_percent, None);
    let status = seen(Model::P1S, &json!({"fan_gear": 0x00_80_FF_19, "big_fan1_speed": "3"}));
    assert_eq!(status.fans.part_percent, Some(10));
    assert_eq!((status.fans.aux_percent, status.fans.chamber_percent), (Some(100), Some(50)));
    assert_eq!(seen(Model::A1, &json!({"fan_gear": 0xFFFF})).fans.aux_percent, None);
    let mut state = State::new();
    for (report, percent) in [
        (r#"{"print":{"msg":0,"fan_gear":255,"cooling_fan_speed":"15"}}"#, 100),
        (r#"{"print":{"msg":1,"cooling_fan_speed":"3"}}"#, 20),
        (r#"{"print":{"msg":1,"fan_gear":26}}"#, 10),
    ] {
        state.apply(report.as_bytes()).unwrap();
        assert_eq!(state.status().fans.part_percent, Some(percent), "{report}");
    }
}

#[test]
fn nozzle_words_and_codes_name_material_and_flow() {
    for (text, kind, flow) in [
        ("stainless_steel", Some("stainless_steel"), None),
        ("brass", Some("brass"), None),
        ("HS01-0.4", Some("hardened_steel"), Some("standard")),
        ("HH01", Some("hardened_steel"), Some("high")),
        ("HE05", Some("tungsten_carbide"), Some("high")),
        ("HX05", Some("tungsten_carbide"), Some("standard")),
        ("HA00", Some("stainless_steel"), Some("standard")),
        ("HU01", Some("hardened_steel"), Some("tpu")),
        ("N/A", None, None),
        ("", None, None),
    ] {
        let print = json!({"nozzle_type": text, "nozzle_diameter": "0.4"});
        let nozzle = &seen(Model::P1S, &print).nozzles[0];
        assert_eq!((nozzle.kind.as_deref(), nozzle.flow), (kind, flow), "{text}");
    }
}

#[test]
fn the_active_tray_is_read_by_the_kind_of_machine() {
    let active = |status: Status| status.ams.active.map(|active| (active.unit, active.tray));
    for (now, wanted) in [
        (255, None),
        (254, Some((254, 0))),
        (0, Some((0, 0))),
        (7, Some((1, 3))),
        (67, Some((16, 3))),
        (129, Some((129, 0))),
        (70_000, None),
        (-1, None),
    ] {
        let status = seen(Model::P1S, &json!({"ams": {"tray_now": now.to_string()}}));
        assert_eq!(active(status), wanted, "{now}");
    }
    for (slot, wanted) in [
        (65_535, None),
        (65_279, None),
        (0xFF00, Some((255, 0))),
        (0xFE00, Some((254, 0))),
        (0x0103, Some((1, 3))),
        (32_768, Some((128, 0))),
    ] {
        let extruders = json!([{"id": 0, "snow": 0}, {"id": 1, "snow": slot}]);
        let device = json!({"extruder": {"state": 0x12, "info": extruders}});
        let status = seen(Model::H2D, &json!({"device": device, "ams": {"tray_now": "255"}}));
        assert_eq!(active(status), wanted, "{slot}");
    }
    for (now, slot, wanted) in [
        (Some("5"), 65_535, Some((1, 1))),
        (Some("255"), 3, None),
        (Some("254"), 0xFF00, Some((255, 0))),
        (Some("254"), 65_535, Some((254, 0))),
        (None, 3, Some((0, 3))),
    ] {
        let device = json!({"extruder": {"info": [{"id": 0, "snow": slot}]}});
        let status = seen(Model::P2S, &json!({"device": device, "ams": {"tray_now": now}}));
        assert_eq!(active(status), wanted, "{now:?} {slot}");
    }
    let mut state = State::new().with_model(Model::P2S);
    for (report, wanted) in [
        (r#"{"print":{"msg":0,"ams":{"tray_now":"1"}}}"#, Some((0, 1))),
        (r#"{"print":{"msg":1,"device":{"extruder":{"info":[{"id":0,"snow":2}]}}}}"#, Some((0, 2))),
        (r#"{"print":{"msg":1,"ams":{"tray_now":"3"}}}"#, Some((0, 3))),
    ] {
        state.apply(report.as_bytes()).unwrap();
        assert_eq!(active(state.status()), wanted, "{report}");
    }
}

#[test]
fn the_chamber_is_null_without_a_thermometer() {
    let flat = json!({"chamber_temper": 5, "ctt": 0});
    for model in [Model::P1P, Model::P1S, Model::A1, Model::A1Mini, Model::A2L] {
        assert_eq!(seen(model, &flat).temperatures.chamber.current, None, "{model}");
    }
    assert_eq!(seen(Model::X1C, &flat).temperatures.chamber.current, Some(5.0));
    let packed = json!({"chamber_temper": 5, "info": {"temp": 3_932_208}});
    let chamber = seen(Model::H2S, &packed).temperatures.chamber;
    assert_eq!((chamber.current, chamber.target), (Some(48.0), Some(60.0)));
}

#[test]
fn the_door_of_an_older_x1_needs_its_firmware() {
    let mut state = State::new().with_model(Model::X1C);
    state.apply(br#"{"print":{"msg":0,"home_flag":8388608}}"#).unwrap();
    assert_eq!(state.status().door_open, None);
    for (firmware, wanted) in [("01.06.00.00", None), ("01.07.00.00", Some(true))] {
        let version = json!({"info": {"module": [{"name": "ota", "sw_ver": firmware}]}});
        state.apply(version.to_string().as_bytes()).unwrap();
        assert_eq!(state.status().door_open, wanted, "{firmware}");
    }
}

#[test]
fn a_wired_machine_has_no_wifi_signal_and_the_last_address_counts() {
    let info = json!([{"ip": 16_777_343}, {"ip": 50_374_848}, {"ip": 0}]);
    let print = |conf: u32| json!({"wifi_signal": "-90dBm", "net": {"conf": conf, "info": info}});
    let network = seen(Model::H2D, &print(17)).network;
    assert_eq!(network.ip.as_deref(), Some("192.168.0.3"));
    assert_eq!((network.wired, network.wifi_dbm), (Some(true), None));
    assert_eq!(seen(Model::H2D, &print(16)).network.wifi_dbm, Some(-90));
}

#[test]
fn a_stage_is_idle_only_without_a_job() {
    for (id, state, name) in [
        (0, "IDLE", Some("idle")),
        (0, "RUNNING", Some("printing")),
        (255, "FINISH", Some("idle")),
        (-1, "FAILED", Some("idle")),
        (14, "RUNNING", Some("cleaning_nozzle_tip")),
        (500, "RUNNING", None),
    ] {
        let stage = seen(Model::X1C, &json!({"stg_cur": id, "gcode_state": state})).stage;
        assert_eq!((stage.id, stage.name), (Some(id), name), "{id} {state}");
    }
}

#[test]
fn an_empty_external_holder_has_no_filament_and_a_clear_one_has_a_colour() {
    let spool = |kind: &str| {
        json!({"vt_tray": {"id": "254", "tray_type": kind, "tray_color": "00000000",
            "cols": ["00000000"], "nozzle_temp_min": "0", "remain": -1}})
    };
    let empty = &seen(Model::P1S, &spool("")).external_spools[0];
    assert_eq!((empty.material.as_deref(), empty.color.as_deref()), (None, None));
    assert_eq!((empty.colors.len(), empty.remain_percent), (0, None));
    assert_eq!(empty.nozzle_temperature_min, None);
    let clear = &seen(Model::P1S, &spool("PETG")).external_spools[0];
    assert_eq!(clear.color.as_deref(), Some("00000000"));
}
