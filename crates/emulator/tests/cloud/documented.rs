//! The documented dialect, asked as its documents say.

use bambu_emulator::{
    cloud::Dialect,
    machine::Machine as _,
    simulator::{Job, Origin},
};
use serde_json::{Value, json};

use crate::http::{FOREIGN, MINE, Served};

const IOT: &str = "/v1/iot-service/api/user";

async fn served() -> Served {
    Served::speaking(Dialect::Documented).await
}

/// The payload, which stands in `data` and beside it.
fn data(answer: &Value) -> Value {
    assert_eq!((&answer["code"], &answer["message"]), (&json!(0), &json!("Success")), "{answer}");
    for (key, value) in answer["data"].as_object().unwrap() {
        assert_eq!(&answer[key], value, "{key}");
    }
    answer["data"].clone()
}

async fn uploaded(served: &Served, name: &str) -> Value {
    let asked = json!({"filename": name, "size": 5});
    let file = data(&served.call("POST", &format!("{IOT}/upload"), asked).await.json());
    let url = file["upload_url"].as_str().unwrap();
    let typed = ["Content-Type: application/octet-stream"];
    assert_eq!(served.upload(url, "a 3MF").await, 403, "another type than was signed");
    assert_eq!(served.upload_as(url, &typed, "a 3MF").await, 200);
    let confirm = json!({"file_id": file["file_id"]});
    data(&served.call("POST", &format!("{IOT}/upload/confirm"), confirm).await.json())
}

#[tokio::test]
async fn a_file_is_uploaded_confirmed_listed_and_printed() {
    let served = served().await;
    let file = uploaded(&served, "cube.3mf").await;
    let files = data(&served.get(&format!("{IOT}/files")).await.json());
    assert_eq!(files["files"][0]["name"], "cube.3mf");
    let projects = data(&served.get(&format!("{IOT}/project")).await.json());
    assert_eq!((&projects["total"], &projects["page"]), (&json!(1), &json!(1)));
    assert_eq!(projects["projects"][0]["files"][0]["file_id"], file["file_id"]);
    let start = json!({
        "device_id": MINE, "file_name": "cube.3mf", "settings": {"layer_height": 0.2},
    });
    let job = data(&served.call("POST", &format!("{IOT}/print"), start.clone()).await.json());
    assert_eq!((&job["status"], &job["device_id"]), (&json!("queued"), &json!(MINE)));
    assert_eq!(job["file_name"], "cube.3mf");
    let running = served.printers[0].summary().job.unwrap();
    assert_eq!(job["job_id"], running.task_id.as_str());

    let jobs =
        data(&served.get(&format!("{IOT}/print?device_id={MINE}&status=printing")).await.json());
    assert_eq!(
        (&jobs["jobs"][0]["job_id"], &jobs["jobs"][0]["file_name"]),
        (&job["job_id"], &json!("cube.3mf"))
    );
    let tasks = served.get(&format!("{IOT}/task")).await.json();
    assert_eq!(data(&tasks)["tasks"][0]["id"], job["job_id"]);
    assert_eq!(tasks["hits"]["total"], json!({"value": 1, "relation": "eq"}));
    let path = format!("{IOT}/task/{}", job["job_id"].as_str().unwrap());
    assert_eq!(data(&served.get(&path).await.json())["status"], "running");
    let history = served.get("/v1/user-service/my/tasks").await.json();
    assert_eq!(history["tasks"][0]["id"], job["job_id"]);
    assert_eq!(
        history["pagination"],
        json!({"page": 1, "limit": 20, "total": 1, "has_more": false})
    );

    let busy = served.call("POST", &format!("{IOT}/print"), start).await;
    assert_eq!((busy.status, &busy.json()["code"]), (409, &json!(1005)));
    let id = json!({"modelId": file["file_id"], "title": "again", "deviceId": FOREIGN});
    let foreign = served.call("POST", "/v1/user-service/my/task", id).await;
    assert_eq!(foreign.json()["code"], 1003);
}

#[tokio::test]
async fn an_upload_that_is_asked_for_in_the_query_is_sent_without_a_type_and_its_size_as_text() {
    let served = served().await;
    let asked = data(&served.get(&format!("{IOT}/upload?filename=a.3mf&size=5")).await.json());
    let url = |at: usize| asked["urls"][at]["url"].as_str().unwrap();
    assert_eq!(asked["upload_url"], url(0));
    assert_eq!(served.upload(url(0), "a 3MF").await, 200);
    assert_eq!(served.upload_as(url(1), &["Content-Type: text/plain"], "5").await, 200);
}

#[tokio::test]
async fn a_task_is_created_from_a_file_or_from_a_project() {
    let served = served().await;
    let file = uploaded(&served, "cube.3mf").await;
    let task = json!({"modelId": file["file_id"], "title": "mine", "deviceId": MINE});
    let made = served.call("POST", "/v1/user-service/my/task", task).await.json();
    assert_eq!(made["status"], "created");
    let project = served.call("POST", &format!("{IOT}/project"), json!({"name": "p"})).await.json();
    let project = data(&project);
    let path = format!("{IOT}/project/{}", project["project_id"].as_str().unwrap());
    assert_eq!(data(&served.get(&path).await.json())["name"], "p");
    assert_eq!(served.get(&format!("{IOT}/project/none")).await.json()["code"], 404);
}

#[tokio::test]
async fn refusals_have_the_codes_of_the_documents() {
    let served = served().await;
    let dead = served.ask("GET", &format!("{IOT}/bind"), &["Authorization: Bearer x"], "").await;
    assert_eq!((dead.status, &dead.json()["code"]), (401, &json!(1001)));
    assert_eq!(dead.json()["error"], "TOKEN_INVALID");
    let print = format!("{IOT}/print");
    let serial = MINE.parse().unwrap();
    let url = json!({"device_id": MINE, "file_url": "https://example.com/cube.3mf"});
    served.switchboard.set_online(&serial, false);
    assert_eq!(served.call("POST", &print, url.clone()).await.json()["code"], 1004);
    served.switchboard.set_online(&serial, true);
    let asked = json!({"filename": "a"});
    let issued = served.call("POST", &format!("{IOT}/upload"), asked).await.json();
    let confirm = json!({"file_id": issued["file_id"]});
    let confirmed = served.call("POST", &format!("{IOT}/upload/confirm"), confirm).await;
    assert_eq!((confirmed.status, &confirmed.json()["code"]), (400, &json!(1006)));
    let cases = [
        (json!({"device_id": FOREIGN, "file_url": "https://x/y"}), 1003),
        (json!({"device_id": MINE, "file_id": "file_77"}), 404),
        (json!({"file_id": "file_1"}), 400),
        (json!({"device_id": MINE, "settings": 1}), 400),
    ];
    for (body, code) in cases {
        assert_eq!(served.call("POST", &print, body.clone()).await.json()["code"], code, "{body}");
    }
    let route = served.get("/v1/iot-service/api/user/nothing").await;
    assert_eq!((route.status, &route.json()["code"]), (404, &json!(404)));
    assert_eq!(data(&served.call("POST", &print, url).await.json())["file_name"], "cube.3mf");
}

#[tokio::test]
async fn devices_are_told_of_and_bound_by_their_code() {
    let served = served().await;
    let info = data(&served.get(&format!("{IOT}/device/info?device_id={MINE}")).await.json());
    assert_eq!((&info["device_id"], &info["status"]), (&json!(MINE), &json!("online")));
    assert!(info["nozzle_temp"].is_number());
    let foreign = served.get(&format!("{IOT}/device/info?device_id={FOREIGN}")).await;
    assert_eq!((foreign.status, &foreign.json()["code"]), (404, &json!(1003)));
    let version = data(&served.get(&format!("{IOT}/device/version?dev_id={MINE}")).await.json());
    assert_eq!(version["update_available"], false);
    assert_eq!(version["devices"][0]["firmware"]["current_version"], version["current_version"]);
    assert!(version["devices"][0]["ams"][0]["tray"].is_array());
    let gone = served.call("DELETE", &format!("{IOT}/bind?dev_id={MINE}"), Value::Null).await;
    data(&gone.json());
    let bind = |code: &str| json!({"device_id": MINE, "device_name": "Mine", "bind_code": code});
    let path = format!("{IOT}/bind");
    assert_eq!(served.call("POST", &path, bind("87654321")).await.status, 400);
    let bound = data(&served.call("POST", &path, bind("12345678")).await.json());
    assert_eq!(bound["device_info"]["device_name"], "Mine");
    assert_eq!(served.get(&path).await.json()["devices"][0]["name"], "Mine");
}

#[tokio::test]
async fn the_inbox_tells_of_prints_and_marks_what_was_read() {
    let served = served().await;
    let mut job = Job { origin: Origin::Cloud, ..Job::local("cube", 100, 22.0) };
    job.task_id = "600000001".to_owned();
    served.printers[0].start_print(job).unwrap();
    served.get(&format!("{IOT}/task")).await;
    served.printers[0].request(br#"{"print":{"command":"stop","sequence_id":"1","param":""}}"#);
    let path = format!("{IOT}/notification");
    let inbox = data(&served.get(&path).await.json());
    let first = &inbox["notifications"][0];
    assert_eq!((&first["type"], &first["read"]), (&json!("print_failed"), &json!(false)));
    let mark = json!({"notification_id": first["id"], "read": true});
    data(&served.call("PUT", &path, mark).await.json());
    let unread = data(&served.get(&format!("{path}?unread=true")).await.json());
    assert_eq!(unread["notifications"], json!([]));
    let none = json!({"notification_id": "notif_1", "read": true});
    assert_eq!(served.call("PUT", &path, none).await.status, 404);
}

#[tokio::test]
async fn the_profile_has_both_kinds_of_keys_and_presets_need_no_version() {
    let served = served().await;
    let path = "/v1/user-service/my/profile";
    let profile = data(&served.get(path).await.json());
    let account = &served.cloud.accounts().ready;
    assert_eq!(profile["user_id"], account.uid.to_string());
    assert_eq!(
        (&profile["email"], &profile["account"]),
        (&json!(account.email), &json!(account.email))
    );
    assert!(profile["subscription"]["plan"].is_string());
    let changed = served.call("PUT", path, json!({"username": "Ada"})).await.json();
    assert_eq!(changed, json!({"code": 0, "message": "Profile updated"}));
    let presets = served.get("/v1/iot-service/api/slicer/setting").await.json();
    assert!(data(&presets)["print"]["public"].is_array());
    let resource =
        "/v1/iot-service/api/slicer/resource?type=slicer/plugins/cloud&version=01.03.00.13";
    assert_eq!(served.get(resource).await.json()["resources"][0]["type"], "slicer/plugins/cloud");
}
