//! How printers leave an account and come back.

use bambu_emulator::machine::Machine as _;
use serde_json::{Value, json};

use crate::http::{FOREIGN, MINE, Served};

const BIND: &str = "/v1/iot-service/api/user/bind";
const INFO: &str = "/v1/iot-service/api/user/device/info";
const USER: &str = "/v1/user-service/my";

async fn listed(served: &Served) -> Vec<String> {
    let devices = served.get(BIND).await.json();
    let devices = devices["devices"].as_array().unwrap().iter();
    devices.map(|device| device["dev_id"].as_str().unwrap().to_owned()).collect()
}

fn pin(served: &Served) -> String {
    served.cloud.printer(&MINE.parse().unwrap()).unwrap().pin().to_owned()
}

#[tokio::test]
async fn an_unbound_printer_is_gone_until_its_pin_brings_it_back() {
    let served = Served::start().await;
    let pin = pin(&served);
    let path = format!("{USER}/pincode/{pin}");
    let bound = served.call("POST", &path, json!({"pincode": pin})).await;
    assert_eq!(bound.status, 400, "nobody takes a printer that has an owner");
    let answer = served.call("DELETE", BIND, json!({"dev_id": MINE, "force": false})).await;
    let success = json!({"message": "success", "code": null, "error": null});
    assert_eq!((answer.status, answer.json()), (200, success));
    assert!(listed(&served).await.is_empty());
    let other = served.call("POST", &path, json!({"pincode": "AAAAAA"})).await;
    assert_eq!(other.status, 422);
    let nobody = format!("{USER}/pincode/AAAAAA");
    let wrong = served.call("POST", &nobody, json!({"pincode": "AAAAAA"})).await;
    assert_eq!(wrong.status, 400);
    let answer = served.call("POST", &path, json!({"pincode": pin})).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"deviceId": MINE})));
    assert_eq!(listed(&served).await, [MINE]);
}

#[tokio::test]
async fn a_query_names_the_printer_to_unbind_too_and_others_stay() {
    let served = Served::start().await;
    let foreign = served.call("DELETE", &format!("{BIND}?dev_id={FOREIGN}"), Value::Null).await;
    assert_eq!(foreign.status, 403);
    assert_eq!(foreign.json()["code"], 8);
    let mine = served.call("DELETE", &format!("{BIND}?dev_id={MINE}"), Value::Null).await;
    assert_eq!(mine.status, 200);
    assert!(listed(&served).await.is_empty());
    let nothing = served.call("DELETE", BIND, Value::Null).await;
    assert_eq!((nothing.status, nothing.body.as_str()), (400, "field \"dev_id\" is not set"));
    let odd = served.call("DELETE", BIND, json!({"dev_id": MINE, "force": "yes"})).await;
    assert_eq!(odd.body, "type mismatch for field \"force\"");
}

#[tokio::test]
async fn a_ticket_of_a_free_printer_binds_it_once() {
    let served = Served::start().await;
    let serial = MINE.parse().unwrap();
    assert_eq!(served.cloud.mint_ticket(&serial), None);
    served.call("DELETE", BIND, json!({"dev_id": MINE})).await;
    let ticket = served.cloud.mint_ticket(&serial).unwrap();
    let path = format!("{USER}/ticket/{ticket}");
    assert_eq!(served.get(&path).await.json(), json!({"source": "device", "isValid": true}));
    let answer = served.call("POST", &path, json!({"ticket": ticket})).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(listed(&served).await, [MINE]);
    assert_eq!(served.get(&path).await.json()["isValid"], false);
    assert_eq!(served.call("POST", &path, json!({"ticket": ticket})).await.status, 400);
}

#[tokio::test]
async fn another_name_is_what_the_lists_say_from_then_on() {
    let served = Served::start().await;
    let answer = served.call("PATCH", INFO, json!({"dev_id": MINE, "dev_name": "Left"})).await;
    assert_eq!(answer.json()["message"], "success");
    assert_eq!(served.get(BIND).await.json()["devices"][0]["name"], "Left");
    let cases = [
        (json!({"dev_name": "x"}), 400, "field \"dev_id\" is not set"),
        (json!({"dev_id": MINE, "dev_name": 1}), 400, "type mismatch for field \"dev_name\""),
        (json!({"dev_id": MINE, "dev_name": ""}), 422, "{\"detail\":\"Invalid input parameters\"}"),
    ];
    for (body, status, text) in cases {
        let answer = served.call("PATCH", INFO, body).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, text));
    }
    let foreign = served.call("PATCH", INFO, json!({"dev_id": FOREIGN, "dev_name": "x"})).await;
    assert_eq!(foreign.status, 403);
}

#[tokio::test]
async fn the_camera_codes_are_new_each_time_and_for_ones_own_printer() {
    let served = Served::start().await;
    let path = "/v1/iot-service/api/user/ttcode";
    let body = json!({"dev_id": MINE, "dev_version": "01.07", "protocols": ["tutk", "agora"]});
    let first = served.call("POST", path, body).await.json();
    assert_eq!((&first["message"], &first["type"]), (&json!("success"), &json!("tutk")));
    assert_eq!(first["ttcode"].as_str().unwrap().len(), 20);
    let second = served.call("POST", path, json!({"dev_id": MINE})).await.json();
    assert_ne!(first["passwd"], second["passwd"]);
    assert_eq!(served.call("POST", path, json!({"dev_id": FOREIGN})).await.status, 403);
    assert_eq!(served.call("POST", path, json!({})).await.body, "field \"dev_id\" is not set");
    assert_eq!(served.get(path).await.status, 405);
}

#[tokio::test]
async fn bind_list_is_refused_by_the_gateway() {
    let served = Served::start().await;
    let answer = served.get("/v1/iot-service/api/user/bind_list?dev_ids=a,b").await;
    assert_eq!(answer.status, 502);
    assert!(answer.body.contains("openresty") && answer.head.contains("text/html"));
}

#[tokio::test]
async fn a_printer_without_an_owner_says_that_it_is_free() {
    let served = Served::start().await;
    let serial = MINE.parse().unwrap();
    let bound = served.cloud.printer(&serial).unwrap();
    assert!(bound.owner().is_some());
    served.call("DELETE", BIND, json!({"dev_id": MINE})).await;
    assert!(bound.owner().is_none());
    assert_eq!(bound.printer().serial(), served.printers[0].serial());
}
