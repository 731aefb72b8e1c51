//! A slicer's presets and news.

use serde_json::{Value, json};

use crate::http::Served;

const SETTING: &str = "/v1/iot-service/api/slicer/setting";
const LIST: &str = "/v1/iot-service/api/slicer/setting?version=02.05.00.00";

fn preset(name: &str, kind: &str) -> Value {
    json!({
        "name": name, "type": kind, "version": "2.5.0.0", "base_id": "GP004", "filament_id": "x",
        "setting": {"layer_height": "0.2"},
    })
}

#[tokio::test]
async fn the_version_is_wanted_with_four_groups() {
    let served = Served::start().await;
    let none = served.get(SETTING).await;
    assert_eq!((none.status, none.body.as_str()), (400, "field \"version\" is not set"));
    for odd in ["1", "1.0.0", "1.0.0.x", "1.0.0.0.0", "..."] {
        let answer = served.get(&format!("{SETTING}?version={odd}")).await;
        assert_eq!(
            (answer.status, &answer.json()["detail"]),
            (422, &json!("Invalid input parameters"))
        );
    }
    let all = served.get(LIST).await.json();
    assert!(all["print"]["public"][0]["setting_id"].as_str().unwrap().starts_with("GP"));
    assert!(all["printer"]["public"][0]["setting_id"].as_str().unwrap().starts_with("GM"));
    assert!(all["filament"]["public"][0]["setting_id"].as_str().unwrap().starts_with("GFS"));
    let private = served.get(&format!("{LIST}&public=false")).await.json();
    assert_eq!(private["print"], json!({"public": [], "private": []}));
}

#[tokio::test]
async fn a_preset_is_made_read_changed_and_deleted() {
    let served = Served::start().await;
    let made = served.call("POST", SETTING, preset("mine", "print")).await.json();
    let id = made["setting_id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("PPUS") && made["update_time"].as_str().unwrap().len() == 19);
    let path = format!("{SETTING}/{id}");
    let read = served.get(&path).await.json();
    assert_eq!(
        (&read["name"], &read["type"], &read["public"]),
        (&json!("mine"), &json!("print"), &json!(false))
    );
    assert_eq!(read["setting"]["layer_height"], "0.2");
    assert_eq!(read["filament_id"], Value::Null, "it counts inside the settings alone");
    let change = json!({"name": "other", "setting": {"filament_id": "P1"}});
    assert_eq!(served.call("PATCH", &path, change).await.json()["setting_id"], id.as_str());
    let list = served.get(LIST).await.json();
    assert_eq!(list["print"]["private"][0]["name"], "other");
    assert_eq!(list["print"]["private"][0]["filament_id"], "P1");
    assert!(list["print"]["private"][0].get("setting").is_none());
    for _ in 0..2 {
        assert_eq!(served.call("DELETE", &path, Value::Null).await.json()["message"], "success");
    }
    let gone = served.get(&path).await;
    assert_eq!(
        (gone.status, &gone.json()["message"], &gone.json()["code"]),
        (400, &json!("missing"), &json!(2))
    );
    assert_eq!(served.call("PATCH", &path, json!({"name": "x"})).await.status, 422);
}

#[tokio::test]
async fn what_is_missing_or_odd_in_a_preset_is_told() {
    let served = Served::start().await;
    for field in ["version", "name", "type", "setting"] {
        let mut body = preset("mine", "print");
        body.as_object_mut().unwrap().remove(field);
        let answer = served.call("POST", SETTING, body).await;
        assert_eq!((answer.status, answer.body), (400, format!("field \"{field}\" is not set")));
    }
    for (field, value) in [("type", json!("other")), ("name", json!(1)), ("setting", json!([]))] {
        let mut body = preset("mine", "print");
        body[field] = value;
        assert_eq!(served.call("POST", SETTING, body).await.status, 422, "{field}");
    }
    let long = json!({"setting": {"gcode": "x".repeat(100_000)}});
    let mut body = preset("long", "printer");
    body["setting"] = long["setting"].clone();
    assert_eq!(served.call("POST", SETTING, body).await.status, 200);
    let body = preset(&"x".repeat(300_000), "printer");
    assert_eq!(served.call("POST", SETTING, body).await.status, 413);
}

#[tokio::test]
async fn a_hundred_presets_of_a_kind_are_the_most() {
    let served = Served::start().await;
    for at in 0..100 {
        let answer = served.call("POST", SETTING, preset(&at.to_string(), "print")).await;
        assert_eq!(answer.status, 200);
    }
    let answer = served.call("POST", SETTING, preset("more", "print")).await;
    assert_eq!((answer.status, &answer.json()["code"]), (400, &json!(14)));
    assert_eq!(served.call("POST", SETTING, preset("more", "filament")).await.status, 200);
}

#[tokio::test]
async fn a_plugin_is_asked_for_without_a_token() {
    let served = Served::start().await;
    let path = "/v1/iot-service/api/slicer/resource?slicer/plugins/cloud=02.08.01.00";
    let answer = served.ask("GET", path, &[], "").await.json();
    assert_eq!(answer["resources"][0]["version"], "02.08.01.00");
    assert_eq!(answer["software"]["type"], "slicer/plugins/cloud");
}
