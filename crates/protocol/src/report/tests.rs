//! Decoding, classification and merging, by example; properties are in `tests/properties.rs`.

use serde_json::{Value, json};

use super::{Applied, MAX_REPORT, Presence, ReportError, State};
use crate::{Model, Serial, status::Status};

fn push(print: &Value) -> Vec<u8> {
    json!({ "print": print }).to_string().into_bytes()
}

fn full(extra: &Value) -> Vec<u8> {
    let mut print = json!({"command": "push_status", "msg": 0});
    print.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    push(&print)
}

fn after(payloads: &[Vec<u8>]) -> Status {
    let mut state = State::new();
    for payload in payloads {
        state.apply(payload).unwrap();
    }
    state.status()
}

fn delta(extra: &Value) -> Vec<u8> {
    let mut print = json!({"command": "push_status", "msg": 1});
    print.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    push(&print)
}

fn ams(units: &Value, exist: &str, trays: &str) -> Value {
    json!({"ams": {"ams": units, "ams_exist_bits": exist, "tray_exist_bits": trays}})
}

fn pla(id: &str) -> Value {
    json!({"id": id, "tray_type": "PLA", "tray_color": "FF0000FF", "state": 11, "remain": 50,
           "tag_uid": "1122334455667788"})
}

#[test]
fn numbers_come_as_numbers_as_text_and_as_nonsense() {
    for (value, wanted) in [
        ("45", Some(45)),
        ("\"45\"", Some(45)),
        ("\" 45 \"", Some(45)),
        ("45.9", Some(45)),
        ("true", Some(1)),
        ("null", None),
        ("-1", None),
        ("101", None),
        ("1e400", None),
        ("\"1e400\"", None),
        ("\"inf\"", None),
        ("\"NaN\"", None),
        ("\"\"", None),
        ("{\"a\":[1]}", None),
        ("[[[]]]", None),
        (&*"9".repeat(400), None),
        (&*format!("-{}", "9".repeat(400)), None),
    ] {
        let payload = format!(r#"{{"print":{{"msg":0,"mc_percent":{value},"layer_num":7}}}}"#);
        let status = after(&[payload.into_bytes()]);
        assert_eq!(status.job.progress_percent, wanted, "{value}");
        assert_eq!(status.job.layer, Some(7), "{value}");
    }
}

#[test]
fn texts_come_as_numbers_and_broken_escapes_are_tolerated() {
    for (value, wanted) in [
        ("\"7\"", Some("7")),
        ("7", Some("7")),
        ("18446744073709551615", Some("18446744073709551615")),
        (r#""\ud800x""#, Some("\u{FFFD}x")),
        (r#""\ud83d\ude00""#, Some("😀")),
        ("null", None),
        ("[]", None),
        ("true", None),
    ] {
        let payload = format!(r#"{{"print":{{"msg":0,"task_id":{value}}}}}"#);
        assert_eq!(after(&[payload.into_bytes()]).job.task_id.as_deref(), wanted, "{value}");
    }
}

#[test]
fn a_signed_bit_field_and_hex_of_any_case_and_length_are_masked() {
    let status = after(&[full(&json!({"home_flag": -1_066_934_785, "fun2": "F".repeat(90),
        "fun": "0000000041afff9cff", "stat": "17802181F0"}))]);
    assert_eq!(status.storage.state, Some("ok"));
    assert_eq!(status.developer_mode, Some(false));
    assert_eq!(status.door_open, Some(false));
    let status = after(&[full(&json!({"fun": "0"}))]);
    assert_eq!(status.developer_mode, Some(true));
    assert_eq!(after(&[full(&json!({"fun": "xyz"}))]).developer_mode, None);
}

#[test]
fn a_file_name_in_latin_1_and_trailing_bytes_are_read() {
    let status =
        after(
            &[b"\xEF\xBB\xBF {\"print\":{\"msg\":0,\"subtask_name\":\"K\xFCche\"}}\n\0".to_vec()],
        );
    // The whole payload is read as Latin-1 then, its byte order mark being cut before.
    assert_eq!(status.job.name.as_deref(), Some("Küche"));
}

#[test]
fn a_repeated_key_counts_as_its_last_value() {
    let payload = br#"{"print":{"msg":1,"mc_percent":1},"print":{"msg":0,"mc_percent":2,
        "mc_percent":3,"device":{"bed_temp":1,"type":1},"device":{"bed_temp":60}}}"#;
    let status = after(&[payload.to_vec()]);
    assert_eq!(status.job.progress_percent, Some(3));
    assert_eq!(status.temperatures.bed.current, Some(60.0));
}

#[test]
fn hostile_documents_are_errors_and_leave_the_state_unchanged() {
    let mut state = State::new();
    state.apply(&full(&json!({"mc_percent": 5}))).unwrap();
    let (before, raw) = (state.status(), state.raw());
    let deep = |key: &str| {
        format!("{{\"print\":{{\"msg\":1,\"mc_percent\":9,\"{key}\":{}", "[".repeat(100_000))
    };
    let closed = format!("{{\"other\":{}{}}}", "{\"a\":[".repeat(200), "]}".repeat(200));
    let unfinished = br#"{"print":{"msg":1,"mc_percent":9}"#;
    let documents: [Vec<u8>; 9] = [
        deep("hms").into_bytes(),
        deep("nobody_knows").into_bytes(),
        closed.into_bytes(),
        unfinished.to_vec(),
        b"".to_vec(),
        b"[1]".to_vec(),
        b"null".to_vec(),
        b"{\"print\":{}} {}".to_vec(),
        b"\xFF\xFE\x00".to_vec(),
    ];
    for document in documents {
        assert!(matches!(state.apply(&document), Err(ReportError::Json(_))), "{document:.40?}");
    }
    let large = format!("{{\"print\":{{\"msg\":0,\"x\":\"{}\"}}}}", "x".repeat(MAX_REPORT));
    assert!(matches!(state.apply(large.as_bytes()), Err(ReportError::TooLarge { .. })));
    assert_eq!((state.status(), state.raw()), (before, raw));
}

#[test]
fn an_endless_list_is_cut_short() {
    let tray = "{},".repeat(50_000);
    let payload = format!(
        "{{\"print\":{{\"msg\":0,\"hms\":[{tray}{{}}],\"stg\":[{}1],\"ams\":{{\"ams\":[{tray}{{}}]}}}}}}",
        "1,".repeat(50_000)
    );
    let status = after(&[payload.into_bytes()]);
    assert!(status.job.stages.len() <= 256);
}

#[test]
fn acknowledgements_are_told_and_never_merged() {
    let acks = [
        (
            r#"{"print":{"command":"pause","sequence_id":"20001","mc_percent":9,"result":"success"}}"#,
            false,
        ),
        (r#"{"print":{"sequence_id":"1","param":"G28","result":"SUCCESS","mc_percent":9}}"#, false),
        (r#"{"print":{"command":"ams_filament_setting","sequence_id":3,"mc_percent":9}}"#, false),
        (r#"{"print":{"command":"push_status","result":"fail","mc_percent":9}}"#, true),
        (r#"{"system":{"command":"ledctrl","sequence_id":"7","led_node":"chamber_light"}}"#, false),
        (r#"{"camera":{"command":"ipcam_get_media_info","result":0,"sequence_id":"7"}}"#, false),
        (r#"{"info":{"command":"get_version","result":"fail","sequence_id":"7"}}"#, true),
        (r#"{"print":{"result":"failed","err_code":84033543}}"#, true),
    ];
    let mut state = State::new();
    state.apply(&full(&json!({"mc_percent": 5}))).unwrap();
    for (payload, refused) in acks {
        let Applied::Ack(ack) = state.apply(payload.as_bytes()).unwrap() else {
            panic!("{payload}");
        };
        assert_eq!(ack.is_failure(), refused, "{payload}");
        assert_eq!(state.status().job.progress_percent, Some(5), "{payload}");
        assert!(matches!(State::new().apply(payload.as_bytes()), Ok(Applied::Ack(_))));
    }
    let ack =
        state.apply(br#"{"print":{"sequence_id":3,"result":"fail","errno":-2,"reason":"x"}}"#);
    let Ok(Applied::Ack(ack)) = ack else { panic!("an acknowledgement") };
    assert_eq!((ack.section.as_str(), ack.sequence_id.as_deref()), ("print", Some("3")));
    assert_eq!((ack.errno, ack.reason.as_deref()), (Some(-2), Some("x")));
}

#[test]
fn presence_and_log_lines_are_no_reports() {
    let mut state = State::new();
    let event = br#"{"event":{"event":"client.disconnected","disconnected_at":1}}"#;
    assert_eq!(state.apply(event).unwrap(), Applied::Event(Presence::Disconnected));
    let log = br#"{"mc_print":{"command":"push_info","param":"x","sequence_id":"107"}}"#;
    assert_eq!(state.apply(log).unwrap(), Applied::Other);
    assert_eq!(state.apply(br#"{"bind":{"bBind":true}}"#).unwrap(), Applied::Other);
    assert!(!state.has_full());
}

#[test]
fn a_full_report_replaces_and_a_delta_merges() {
    let first = full(
        &json!({"mc_percent": 5, "layer_num": 2, "ipcam": {"ipcam_dev": "1", "timelapse": "enable"}}),
    );
    let status = after(&[
        first.clone(),
        delta(&json!({"mc_percent": 6, "ipcam": {"timelapse": "disable"}})),
    ]);
    assert_eq!((status.job.progress_percent, status.job.layer), (Some(6), Some(2)));
    assert_eq!((status.camera.present, status.camera.timelapse), (Some(true), Some(false)));
    let status = after(&[first.clone(), delta(&json!({"layer_num": null}))]);
    assert_eq!((status.job.progress_percent, status.job.layer), (Some(5), None));
    let status = after(&[first, full(&json!({"layer_num": 9}))]);
    assert_eq!((status.job.progress_percent, status.job.layer), (None, Some(9)));
}

#[test]
fn a_report_without_msg_is_whole_when_it_tells_the_state_of_the_job() {
    let mut state = State::new();
    state.apply(&full(&json!({"mc_percent": 5}))).unwrap();
    let small = push(&json!({"command": "push_status", "wifi_signal": "-50dBm"}));
    assert_eq!(state.apply(&small).unwrap(), Applied::Delta);
    assert_eq!(state.apply(&push(&json!({"wifi_signal": "-51dBm"}))).unwrap(), Applied::Delta);
    assert_eq!(state.status().job.progress_percent, Some(5));
    let nameless = push(&json!({"gcode_state": "IDLE"}));
    assert_eq!(state.apply(&nameless).unwrap(), Applied::Delta);
    let whole = push(&json!({"command": "push_status", "gcode_state": "IDLE"}));
    assert_eq!(state.apply(&whole).unwrap(), Applied::Full);
    assert_eq!(state.status().job.progress_percent, None);
}

#[test]
fn units_and_trays_merge_by_id() {
    let units = json!([{"id": "0", "tray": [pla("0"), pla("1")]}, {"id": "1", "tray": [pla("0")]}]);
    let first = full(&ams(&units, "3", "13"));
    let change =
        json!({"ams": {"ams": [{"id": 1, "tray": [{"id": 0, "tray_type": "ABS", "k": 0.02}]}]}});
    let status = after(&[first.clone(), delta(&change)]);
    assert_eq!(status.ams.units.len(), 2);
    assert_eq!(status.ams.units[0].trays.len(), 2);
    let tray = &status.ams.units[1].trays[0];
    assert_eq!((tray.material.as_deref(), tray.remain_percent), (Some("ABS"), Some(50)));
    let scalars = delta(&json!({"ams": {"tray_now": "1", "version": 5}}));
    let status = after(&[first, scalars]);
    assert_eq!((status.ams.units.len(), status.ams.active.map(|a| a.tray)), (2, Some(1)));
}

#[test]
fn a_bare_tray_means_that_the_spool_is_gone_but_not_on_ams_ht() {
    let gone = |unit: &str, tray: Value| {
        let bits = ("11", "1000f");
        let first = full(&ams(&json!([{"id": unit, "tray": [pla("0")]}]), bits.0, bits.1));
        let change = json!({"ams": {"ams": [{"id": unit, "tray": [tray]}]}});
        after(&[first, delta(&change)]).ams.units[0].trays[0].material.is_none()
    };
    for state in [0, 8, 9, 10] {
        assert!(gone("0", json!({"id": "0", "state": state})), "{state}");
    }
    assert!(gone("0", json!({"id": "0"})));
    for state in [3, 11, 5, 17, 21, 27] {
        assert!(!gone("0", json!({"id": "0", "state": state})), "{state}");
    }
    assert!(!gone("0", json!({"id": "0", "total_len": 330_000})));
    assert!(!gone("128", json!({"id": "0", "state": 10})));
}

#[test]
fn the_exist_bits_have_the_last_word() {
    let units =
        json!([{"id": "0", "tray": [pla("0"), pla("1")]}, {"id": "128", "tray": [pla("0")]}]);
    let first = full(&ams(&units, "11", "10003"));
    let status = after(&[first.clone(), delta(&json!({"ams": {"tray_exist_bits": "2"}}))]);
    let trays = &status.ams.units[0].trays;
    assert_eq!((trays[0].loaded, trays[0].material.as_deref()), (Some(false), None));
    assert_eq!((trays[1].loaded, trays[1].material.as_deref()), (Some(true), Some("PLA")));
    assert_eq!(status.ams.units[1].trays[0].loaded, Some(false));
    let status = after(&[first, delta(&json!({"ams": {"ams_exist_bits": "1"}}))]);
    assert_eq!(status.ams.units.iter().map(|unit| unit.id).collect::<Vec<_>>(), [0]);
}

#[test]
fn unknown_keys_stay_reachable_through_many_deltas() {
    let mut state = State::new();
    state.apply(&full(&json!({"novel": {"a": 1}, "mc_percent": 0}))).unwrap();
    for percent in 1..=100 {
        let extra = json!({"novel": {"b": percent}, "mc_percent": percent, "pad": "x".repeat(200)});
        state.apply(&delta(&extra)).unwrap();
    }
    state.apply(br#"{"info":{"command":"get_version","module":[{}],"novel":7}}"#).unwrap();
    let raw = state.raw();
    assert_eq!(raw["print"]["novel"], json!({"a": 1, "b": 100}));
    assert_eq!((&raw["print"]["mc_percent"], &raw["info"]["novel"]), (&json!(100), &json!(7)));
}

#[test]
fn what_is_retained_of_unknown_keys_has_a_bound() {
    let mut state = State::new();
    state.apply(&full(&json!({"mc_percent": 1}))).unwrap();
    for number in 0..100 {
        let mut extra = json!({"mc_percent": 2});
        extra[format!("novel_{number}")] = "x".repeat(10_000).into();
        state.apply(&delta(&extra)).unwrap();
        assert!(state.raw().to_string().len() < 200_000);
    }
    assert_eq!(state.status().job.progress_percent, Some(2));
}

#[test]
fn the_model_comes_from_get_version_then_the_caller_then_the_serial() {
    let serial = Serial::new("01P00A000000001").unwrap();
    let mut state = State::new().with_serial(serial);
    assert_eq!(state.model(), Some(Model::P1S));
    state = state.with_model(Model::P1P);
    assert_eq!(state.model(), Some(Model::P1P));
    for (modules, model) in [
        (json!([{"name": "ota", "product_name": "Bambu Lab H2D Pro"}]), Model::H2DPro),
        (
            json!([{"name": "ota"}, {"name": "esp32", "hw_ver": "AP04", "project_name": "C12"}]),
            Model::P1S,
        ),
        (
            json!([{"name": "ota"}, {"name": "esp32", "hw_ver": "AP04", "project_name": "C11"}]),
            Model::P1P,
        ),
        (json!([{"name": "esp32", "hw_ver": "AP07", "project_name": "N1"}]), Model::A1Mini),
        (json!([{"name": "esp32", "hw_ver": "AP05", "project_name": "N2S"}]), Model::A1),
        (
            json!([{"name": "ota", "project_name": "N2S"}, {"name": "esp32", "hw_ver": "AP05"}]),
            Model::A1,
        ),
        (json!([{"name": "ota", "product_name": "Bambu Lab X1 Carbon"}]), Model::X1C),
        (json!([{"name": "ota", "sn": "09400A000000001"}, {"hw_ver": "AP05"}]), Model::X1C),
        (json!([{"name": "ap", "hw_ver": "AP02"}]), Model::X1E),
        (json!([{"name": "rv1126", "hw_ver": "AP05", "project_name": ""}]), Model::X1C),
    ] {
        let payload = json!({"info": {"command": "get_version", "module": modules}});
        state.apply(payload.to_string().as_bytes()).unwrap();
        assert_eq!(state.model(), Some(model), "{payload}");
    }
    state.apply(br#"{"info":{"command":"get_version","result":"fail","module":[]}}"#).unwrap();
    assert_eq!(state.model(), Some(Model::X1C), "an empty answer says nothing");
    let plus =
        br#"{"info":{"command":"get_version","module":[{"name":"ota","sw_ver":"99.1.2.3"}]}}"#;
    state.apply(plus).unwrap();
    assert_eq!(state.firmware().unwrap().to_string(), "01.08.02.00");
}
