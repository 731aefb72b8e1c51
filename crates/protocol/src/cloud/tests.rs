use super::*;
use crate::Model;

#[test]
fn a_device_list_is_read_with_text_for_numbers_and_missing_keys() {
    let body = r#"{"message":"success","code":null,"error":null,"devices":[
        {"dev_id":"01P00A000000001","name":"P1S 1","online":1,"print_status":"RUNNING",
         "dev_model_name":"C12","dev_product_name":"P1S","dev_access_code":"12345678\n",
         "nozzle_diameter":"0.4","dev_structure":"CoreXY","print_job":77,"new_key":{"a":[1]}},
        {"dev_id":"","name":"no serial"},
        null, 7,
        {"dev_id":"22E00A000000002","name":null,"dev_access_code":null}]}"#;
    let devices = serde_json::from_str::<Devices>(body).unwrap().devices;
    assert_eq!(devices.len(), 2);
    let first = &devices[0];
    assert_eq!(first.model(), Some(Model::P1S));
    assert_eq!((first.online, first.nozzle_diameter), (Some(true), Some(0.4)));
    assert_eq!(first.print_job.as_deref(), Some("77"));
    assert_eq!(first.access_code.as_ref().unwrap().reveal(), "12345678");
    assert!(!format!("{first:?}").contains("12345678"));
    assert!(!serde_json::to_string(first).unwrap().contains("12345678"));
    assert!(devices[1].access_code.is_none());
}

#[test]
fn an_idle_account_has_no_devices_key_at_all() {
    for body in [r#"{"message":"success","code":0,"error":null}"#, r#"{"devices":null}"#] {
        assert!(serde_json::from_str::<Jobs>(body).unwrap().devices.is_empty());
        assert!(serde_json::from_str::<Versions>(body).unwrap().devices.is_empty());
    }
}

#[test]
fn a_running_job_is_read() {
    let body = r#"{"devices":[{"dev_id":"01P00A000000001","dev_name":"P1S 1","dev_online":true,
        "task_id":5,"task_name":"cube","task_status":"RUNNING","prediction":3600,"progress":"45"}]}"#;
    let job = &serde_json::from_str::<Jobs>(body).unwrap().devices[0];
    assert_eq!((job.task_id.as_deref(), job.progress), (Some("5"), Some(45.0)));
    assert_eq!((job.online, job.prediction), (Some(true), Some(3600.0)));
}

#[test]
fn firmware_on_offer_is_read() {
    let body = r#"{"devices":[{"dev_id":"01P00A000000001","version":"01.07.00.00","firmware":[
        {"version":"01.08.02.00","force_update":false,"url":"https://x/y","description":"","status":"release"}],
        "ams":[{"firmware":[{"version":"00.00.06.40"}]}]}]}"#;
    let versions = &serde_json::from_str::<Versions>(body).unwrap().devices[0];
    assert_eq!(versions.firmware[0].version.as_deref(), Some("01.08.02.00"));
    assert_eq!(versions.ams[0].firmware[0].version.as_deref(), Some("00.00.06.40"));
}

#[test]
fn the_user_id_is_read_from_both_places() {
    let preference: Preference = serde_json::from_str(r#"{"uid":1234567890}"#).unwrap();
    assert_eq!(preference.uid.as_deref(), Some("1234567890"));
    let profile: Profile =
        serde_json::from_str(r#"{"uid":1234567890,"uidStr":"1234567890","name":"Maker"}"#).unwrap();
    assert_eq!(profile.uid(), Some("1234567890"));
    assert_eq!(serde_json::from_str::<Profile>(r#"{"uidStr":"0"}"#).unwrap().uid(), None);
}

#[test]
fn only_please_login_means_that_the_token_is_dead() {
    assert!(Refusal::read(br#"{"code":4,"error":"Please login.","message":""}"#).is_login_wanted());
    assert!(!Refusal::read(br#"{"code":1,"error":"forbidden"}"#).is_login_wanted());
    assert!(!Refusal::read(b"").is_login_wanted());
    assert!(!Refusal::read(b"<html>Please login.</html>").is_login_wanted());
    let plain = Refusal::read(b"field \"version\" is not set");
    assert_eq!(plain.text().as_deref(), Some("field \"version\" is not set"));
    assert_eq!(Refusal::read(br#"{"detail":"bad"}"#).text().as_deref(), Some("bad"));
}

#[test]
fn something_else_in_the_place_of_a_list_is_no_empty_list() {
    for body in [r#"{"devices":{"a":1}}"#, r#"{"devices":"none"}"#, r#"{"devices":7}"#] {
        assert!(serde_json::from_str::<Devices>(body).is_err(), "{body}");
    }
    for body in [r#"{"devices":[]}"#, r#"{"devices":{}}"#, "{}"] {
        assert!(serde_json::from_str::<Devices>(body).unwrap().devices.is_empty(), "{body}");
    }
    // What is odd inside an entry does not hide the entry.
    let body = r#"{"devices":[{"dev_id":"01P00A000000001","firmware":"?"}]}"#;
    assert!(serde_json::from_str::<Versions>(body).unwrap().devices[0].firmware.is_empty());
}
