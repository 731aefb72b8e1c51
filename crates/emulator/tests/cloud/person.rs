//! The account itself: its history, its messages, its profile, its consent.

use bambu_emulator::{
    machine::Machine as _,
    simulator::{Job, Origin},
};
use serde_json::{Value, json};

use crate::http::{MINE, Served};

const USER: &str = "/v1/user-service";

fn cloud_job(task: &str) -> Job {
    Job { task_id: task.to_owned(), origin: Origin::Cloud, ..Job::local("cube", 100, 22.0) }
}

/// Starts a job with this task and stops it.
fn ended(served: &Served, task: &str) {
    served.printers[0].start_print(cloud_job(task)).unwrap();
    served.printers[0].request(br#"{"print":{"command":"stop","sequence_id":"1","param":""}}"#);
}

#[tokio::test]
async fn what_has_ended_stays_in_the_history_and_leaves_a_message() {
    let served = Served::start().await;
    ended(&served, "600000001");
    served.printers[0].start_print(cloud_job("600000101")).unwrap();
    let tasks = served.get(&format!("{USER}/my/tasks")).await.json();
    let told: Vec<(&Value, &Value)> = tasks["hits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| (&task["id"], &task["status"]))
        .collect();
    assert!(told.contains(&(&json!(600_000_101), &json!(1))), "{told:?}");
    let messages = served.get(&format!("{USER}/my/messages?type=6&limit=5")).await.json();
    // It was not looked at while it ran, so only the running one is known.
    assert_eq!(messages["hits"], json!([]));
    served.printers[0].request(br#"{"print":{"command":"stop","sequence_id":"2","param":""}}"#);
    let messages = served.get(&format!("{USER}/my/messages")).await.json();
    let message = &messages["hits"][0];
    assert_eq!((&message["type"], &message["taskMessage"]["status"]), (&json!(6), &json!(3)));
    assert_eq!(message["taskMessage"]["deviceId"], MINE);
    let failed = served.get(&format!("{USER}/my/tasks?status=3")).await.json();
    assert_eq!((&failed["total"], &failed["hits"][0]["id"]), (&json!(1), &json!(600_000_101)));
    assert_eq!(served.get(&format!("{USER}/my/tasks?status=2")).await.json()["total"], 0);
    assert_eq!(served.get(&format!("{USER}/my/tasks?limit=x")).await.status, 400);
}

#[tokio::test]
async fn a_job_of_a_printer_that_was_given_away_still_ends_in_the_history() {
    let served = Served::start().await;
    served.printers[0].start_print(cloud_job("600000001")).unwrap();
    let tasks = format!("{USER}/my/tasks");
    assert_eq!(served.get(&tasks).await.json()["hits"][0]["status"], 1);
    let bind = "/v1/iot-service/api/user/bind";
    assert_eq!(served.call("DELETE", bind, json!({"dev_id": MINE})).await.status, 200);
    served.printers[0].request(br#"{"print":{"command":"stop","sequence_id":"1","param":""}}"#);
    assert_eq!(served.get(&tasks).await.json()["hits"][0]["status"], 3);
}

#[tokio::test]
async fn one_task_is_read_by_its_number_and_its_subtask_by_the_other_route() {
    let served = Served::start().await;
    served.printers[0].start_print(cloud_job("600000001")).unwrap();
    let task = served.get(&format!("{USER}/my/task/600000001")).await.json();
    assert_eq!((&task["title"], &task["instRateItem"]["score"]), (&json!("cube"), &json!(0)));
    for (id, status) in [("1", 403), ("x", 422)] {
        assert_eq!(served.get(&format!("{USER}/my/task/{id}")).await.status, status);
    }
    let iot = "/v1/iot-service/api/user/task";
    let content = served.get(&format!("{iot}/600000003")).await.json()["content"].clone();
    assert_eq!(content, "{\"info\":{\"plate_idx\":1}}");
    for id in ["600000001", "1", "x"] {
        let refused = served.get(&format!("{iot}/{id}")).await;
        assert_eq!(refused.status, 403);
        let refused = refused.json();
        assert_eq!(
            (&refused["code"], &refused["error"]),
            (&json!(8), &json!("Resource forbidden"))
        );
        assert_eq!(refused.get("sub_task"), Some(&Value::Null));
    }
    assert_eq!(served.get(iot).await.status, 404);
}

#[tokio::test]
async fn messages_are_counted_until_they_are_read() {
    let served = Served::start().await;
    served.printers[0].start_print(cloud_job("600000001")).unwrap();
    served.get(&format!("{USER}/my/tasks")).await;
    served.printers[0].request(br#"{"print":{"command":"stop","sequence_id":"1","param":""}}"#);
    let count = format!("{USER}/my/message/count");
    assert_eq!(served.get(&count).await.json(), json!({"count": 1}));
    let latest = served.get(&format!("{USER}/my/message/latest")).await.json();
    let id = latest["message"]["id"].as_u64().unwrap();
    let one = served.get(&format!("{USER}/my/message/{id}")).await.json();
    assert_eq!(one["taskMessage"]["id"], 600_000_001);
    assert_eq!(served.get(&format!("{USER}/my/message/1")).await.status, 404);
    let after = served.get(&format!("{USER}/my/messages?after={id}")).await.json();
    assert_eq!(after["hits"], json!([]));
    let read = format!("{USER}/my/message/read");
    assert_eq!(served.call("POST", &read, json!({"ids": 1})).await.status, 400);
    assert_eq!(served.call("POST", &read, json!({"ids": [id.to_string()]})).await.status, 200);
    assert_eq!(served.get(&count).await.json(), json!({"count": 0}));
    let states = served.get(&format!("{USER}/my/message/device/taskstatus")).await.json();
    assert_eq!(states["hits"][0]["status"], 3);
    // The stock plugin's own spelling, with a slash for the question mark.
    let slash = served.get(&format!("{USER}/my/messages/type=0&after=0&limit=20")).await;
    assert_eq!((slash.status, slash.body.as_str()), (404, "404 page not found"));
}

#[tokio::test]
async fn another_name_shows_in_profile_and_preference() {
    let served = Served::start().await;
    let profile = format!("{USER}/my/profile");
    let answer = served.call("PUT", &profile, json!({"username": "Ada"})).await;
    assert_eq!((answer.status, &answer.json()["code"]), (200, &json!(0)));
    assert_eq!(served.get(&profile).await.json()["name"], "Ada");
    let preference = served.get("/v1/design-user-service/my/preference").await.json();
    assert_eq!(preference["name"], "Ada");
    assert_eq!(served.get(&profile).await.json()["productModels"], json!(["P1S"]));
    let odd = served.call("PUT", &profile, json!({"username": 1})).await;
    assert_eq!((odd.status, odd.body.as_str()), (400, "type mismatch for field \"username\""));
}

#[tokio::test]
async fn consent_comes_as_json_in_text() {
    let served = Served::start().await;
    let path = format!("{USER}/user/consent");
    let form = |op: &str| json!({"formList": [{"formID": "StudioPrivacy", "op": op}], "scene": "x", "version": 1});
    let body = |text: String| json!({"consentBody": text});
    let given = served.call("POST", &path, body(form("Opt-in").to_string())).await;
    assert_eq!((given.status, given.body.as_str()), (200, ""));
    for text in ["{", "{}", &form("Maybe").to_string()] {
        assert_eq!(served.call("POST", &path, body(text.to_owned())).await.status, 422, "{text}");
    }
    let none = served.call("POST", &path, json!({})).await;
    assert_eq!(none.body, "field \"consentBody\" is not set");
}
