//! What a signed-in account is told.

use std::collections::BTreeSet;

use bambu_emulator::simulator::Job;
use serde_json::{Value, json};

use crate::http::{FOREIGN, MINE, Served};

/// Every field of a live task.
const TASK_FIELDS: &str = "id designId designTitle designTitleTranslated instanceId
    instanceRatingStatus instRateItem modelId title cover status failedType feedbackStatus startTime
    endTime weight length costTime profileId plateIndex plateName deviceId amsDetailMapping mode
    isPublicProfile isPrintable isDelete deviceModel deviceName bedType jobType material platform
    stepSummary nozzleInfos nozzleMapping snapShot extention filamentSettingIds
    enableFilamentDynamicMap repetitions useAms pauseType matchFilamentMode amsMapping amsMapping2
    skipObjects sliceCfg";

#[tokio::test]
async fn the_fixed_answers_are_those_of_the_observed_cloud() {
    let served = Served::start().await;
    let bearer = format!("Authorization: Bearer {}", served.token());
    let not_found = "404 page not found";
    let cases = [
        ("GET", "/v1/iot-service/api/user/device/info?device_id=x", 405, ""),
        ("GET", "/v1/iot-service/api/user/notification", 400, "field \"action\" is not set"),
        ("POST", "/v1/iot-service/api/user/print", 405, ""),
        ("GET", "/v1/iot-service/api/user/project/", 405, ""),
        ("GET", "/v1/iot-service/api/user/files", 404, not_found),
        ("GET", "/v1/user-service/my/nothing", 404, not_found),
        ("GET", "/", 404, not_found),
        ("DELETE", "/v1/user-service/my/profile", 405, ""),
        ("GET", "/v1/user-service/user/login", 405, ""),
    ];
    for (method, path, status, body) in cases {
        let answer = served.ask(method, path, &[&bearer], "").await;
        assert_eq!((answer.status, answer.body.as_str()), (status, body), "{method} {path}");
    }
    let resource = served.ask("GET", "/v1/iot-service/api/slicer/resource", &[], "").await;
    assert_eq!(resource.status, 200);
    assert_eq!(resource.json()["resources"], json!([]));
}

#[tokio::test]
async fn bind_lists_the_callers_own_printers_only() {
    let served = Served::start().await;
    let answer = served.get("/v1/iot-service/api/user/bind").await.json();
    assert_eq!(answer["message"], "success");
    assert_eq!((&answer["code"], &answer["error"]), (&Value::Null, &Value::Null));
    let devices = answer["devices"].as_array().unwrap();
    assert_eq!(devices.len(), 1);
    let wanted = json!({
        "dev_id": MINE, "name": "P1S", "online": true, "print_status": "IDLE",
        "dev_model_name": "C12", "dev_product_name": "P1S", "dev_access_code": "12345678",
        "nozzle_diameter": 0.4, "dev_structure": "CoreXY", "print_job": 0,
    });
    assert_eq!(devices[0], wanted);
}

#[tokio::test]
async fn print_tells_the_job_and_leaves_devices_out_when_nothing_is_queued() {
    let served = Served::start().await;
    let print = "/v1/iot-service/api/user/print";
    let idle = served.get(print).await.json();
    assert_eq!(idle, json!({"message": "success", "code": 0, "error": null}));
    let forced = served.get(&format!("{print}?force=true")).await.json();
    assert_eq!(forced["devices"][0]["task_id"], Value::Null);

    let mut job = Job::local("cube", 100, 22.0);
    job.task_id = "600000001".to_owned();
    served.printers[0].start_print(job).unwrap();
    let busy = served.get(print).await.json();
    let device = &busy["devices"][0];
    assert_eq!(device["dev_id"], MINE);
    assert_eq!(device["task_name"], "cube");
    assert_eq!(device["progress"], 0);
    assert_eq!(device["prediction"], 22 * 60);
    assert_eq!(device["start_time"].as_str().unwrap().len(), "2026-11-21 08:00:00".len());
}

#[tokio::test]
async fn version_lists_one_printer_or_all_of_the_callers() {
    let served = Served::start().await;
    let path = "/v1/iot-service/api/user/device/version";
    let all = served.get(path).await.json();
    let one = served.get(&format!("{path}?dev_id={MINE}")).await.json();
    assert_eq!(all["devices"], one["devices"]);
    assert_eq!(one["devices"][0]["dev_id"], MINE);
    assert_eq!(one["devices"][0]["firmware"], json!([]));
    for other in [FOREIGN, "nobody", "a/b"] {
        let none = served.get(&format!("{path}?dev_id={other}")).await.json();
        assert_eq!(none["devices"], json!([]), "{other}");
    }
}

#[tokio::test]
async fn preference_and_profile_agree_on_who_the_account_is() {
    let served = Served::start().await;
    let account = &served.cloud.accounts().ready;
    let preference = served.get("/v1/design-user-service/my/preference").await.json();
    let profile = served.get("/v1/user-service/my/profile").await.json();
    assert_eq!(preference["uid"], account.uid);
    assert_eq!(profile["uid"], account.uid);
    assert_eq!(profile["uidStr"], account.uid.to_string());
    assert_eq!(profile["account"], account.email);
    assert!(preference["recommendStatus"].is_number());
}

#[tokio::test]
async fn tasks_are_the_running_cloud_jobs_page_by_page() {
    let served = Served::start().await;
    let tasks = "/v1/user-service/my/tasks";
    assert_eq!(served.get(tasks).await.json(), json!({"total": 0, "hits": []}));
    let mut job = Job::local("cube", 100, 22.0);
    job.task_id = "600000001".to_owned();
    served.printers[0].start_print(job).unwrap();
    let task = &served.get(&format!("{tasks}?limit=5")).await.json()["hits"][0];
    assert_eq!(task["id"], 600_000_001);
    assert_eq!((&task["status"], &task["title"]), (&json!(1), &json!("cube")));
    assert_eq!(task["deviceId"], MINE);
    let fields: BTreeSet<&str> = task.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, TASK_FIELDS.split_whitespace().collect());
    for nothing in ["after=600000001", "offset=1", "limit=0", "deviceId=other"] {
        let answer = served.get(&format!("{tasks}?{nothing}")).await.json();
        assert_eq!(answer["hits"], json!([]), "{nothing}");
    }
}

#[tokio::test]
async fn a_printer_that_is_cut_off_is_listed_as_offline() {
    let served = Served::start().await;
    let serial = MINE.parse().unwrap();
    assert!(served.switchboard.set_online(&serial, false));
    assert!(!served.switchboard.set_online(&serial, false));
    let bind = served.get("/v1/iot-service/api/user/bind").await.json();
    assert_eq!(bind["devices"][0]["online"], false);
}
