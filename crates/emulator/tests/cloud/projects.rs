//! Projects, profiles and the uploads that they stand on.

use bambu_emulator::faults::Fault;
use serde_json::{Value, json};

use crate::http::Served;

const IOT: &str = "/v1/iot-service/api/user";

async fn created(served: &Served) -> Value {
    served.call("POST", &format!("{IOT}/project"), json!({"name": "cube"})).await.json()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test]
async fn a_project_is_made_of_text_and_read_again() {
    let served = Served::start().await;
    let made = created(&served).await;
    for field in ["project_id", "model_id", "profile_id", "upload_url", "upload_ticket"] {
        assert!(!text(&made[field]).is_empty(), "{field}");
    }
    let list = served.get(&format!("{IOT}/project")).await.json();
    let brief = &list["projects"][0];
    assert_eq!((&brief["project_id"], &brief["status"]), (&made["project_id"], &json!("ACTIVE")));
    assert_eq!(text(&brief["create_time"]).len(), "2026-11-21 08:00:00".len());
    let path = format!("{IOT}/project/{}", text(&made["project_id"]));
    let whole = served.get(&path).await.json();
    assert_eq!(whole["profiles"][0]["profile_id"], made["profile_id"]);
    assert_eq!(whole["upload_url"], Value::Null);
    let other = served.get(&format!("{path}?profile_id=1")).await.json();
    assert_eq!(other["profiles"], json!([]));
}

#[tokio::test]
async fn a_project_that_is_foreign_odd_or_none_is_refused_each_in_its_way() {
    let served = Served::start().await;
    let made = created(&served).await;
    let path = |id: &str| format!("{IOT}/project/{id}");
    assert_eq!(served.get(&path("")).await.status, 405);
    assert_eq!(served.get(&path(text(&made["model_id"]))).await.status, 422);
    let none = served.get(&path("1")).await;
    assert_eq!((none.status, &none.json()["message"]), (400, &json!("missing")));
    let plain = served.cloud.accounts().plain.clone();
    let foreign = served.cloud.library().create_project(plain.uid, "x", jiff::Timestamp::now());
    let refused = served.get(&path(&foreign.id.to_string())).await;
    assert_eq!((refused.status, &refused.json()["code"]), (403, &json!(8)));
    let nameless = served.call("POST", &format!("{IOT}/project"), json!({})).await;
    assert_eq!(nameless.body, "field \"name\" is not set");
}

#[tokio::test]
async fn print_ready_files_are_told_with_their_sum_and_where_they_are() {
    let served = Served::start().await;
    let made = created(&served).await;
    let path = format!("{IOT}/project/{}", text(&made["project_id"]));
    let md5 = "0123456789ABCDEF0123456789ABCDEF";
    let body =
        |profile: &Value, file: Value| json!({"profile_id": profile, "profile_print_3mf": [file]});
    let file = |url: &str| json!({"md5": md5, "plate_idx": 1, "url": url});
    let refused = [
        (json!({}), 400, "field \"profile_id\" is not set"),
        (json!({"profile_id": "1"}), 400, "field \"profile_print_3mf\" is not set"),
        (body(&json!("1"), json!({})), 400, "field \"profile_print_3mf[0].plate_idx\" is not set"),
        (
            body(&json!("1"), json!({"plate_idx": "1"})),
            400,
            "type mismatch for field \"profile_print_3mf[0].plate_idx\"",
        ),
        (body(&json!("1"), file("https://x/y")), 422, "{\"detail\":\"Invalid input parameters\"}"),
        (
            body(&made["profile_id"], file("brtc://emmc/x")),
            422,
            "{\"detail\":\"Invalid input parameters\"}",
        ),
    ];
    for (body, status, text) in refused {
        let answer = served.call("PATCH", &path, body.clone()).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, text), "{body}");
    }
    for url in ["ftp://cube.gcode.3mf", "https://example.com/cube.3mf"] {
        let answer = served.call("PATCH", &path, body(&made["profile_id"], file(url))).await;
        assert_eq!(answer.json()["message"], "success");
    }
    let whole = served.get(&path).await.json();
    assert_eq!(whole["download_url"], "https://example.com/cube.3mf");
    assert_eq!(whole["download_md5"], md5);
    assert_eq!(whole["profiles"][0]["context"]["plates"][0]["index"], 1);
}

#[tokio::test]
async fn an_upload_is_processed_for_a_while_and_read_back_from_its_profile() {
    let served = Served::start().await;
    let made = created(&served).await;
    let path = format!("{IOT}/notification");
    let ticket = text(&made["upload_ticket"]);
    let poll = format!("{path}?action=upload&ticket={ticket}");
    assert_eq!(served.upload(text(&made["upload_url"]), "a 3MF").await, 200);
    let body = json!({"upload": {"ticket": ticket, "origin_file_name": "cube.3mf"}});
    assert_eq!(served.call("PUT", &path, body).await.json()["message"], "success");
    let mut said = Vec::new();
    for _ in 0..4 {
        let answer = served.get(&poll).await;
        assert_eq!(answer.status, 200);
        said.push(text(&answer.json()["message"]).to_owned());
    }
    assert_eq!(said, ["running", "running", "success", "success"]);
    let profile = format!("{IOT}/profile/{}", text(&made["profile_id"]));
    let read = served.get(&format!("{profile}?model_id={}", text(&made["model_id"]))).await.json();
    assert!(text(&read["url"]).contains("Signature="));
    assert_eq!(text(&read["md5"]).len(), 32);
    assert_eq!(served.get(&profile).await.body, "field \"model_id\" is not set");
    assert_eq!(served.get(&format!("{profile}?model_id=US0")).await.status, 400);
}

#[tokio::test]
async fn a_ticket_that_leads_nowhere_fails_and_an_odd_action_is_invalid() {
    let served = Served::start().await;
    let path = format!("{IOT}/notification");
    let unknown = served.get(&format!("{path}?action=upload&ticket=x")).await;
    assert_eq!((unknown.status, &unknown.json()["message"]), (200, &json!("failed")));
    assert_eq!(served.get(&format!("{path}?action=other&ticket=x")).await.status, 422);
    let upload = json!({"upload": {"ticket": "x", "origin_file_name": "y"}});
    assert_eq!(served.call("PUT", &path, upload).await.status, 400);
    let read = served.call("PUT", &path, json!({"notification_id": "1", "read": true})).await;
    assert_eq!((read.status, read.body.as_str()), (400, "field \"upload\" is not set"));
    // Announced and never uploaded.
    let made = created(&served).await;
    let ticket = text(&made["upload_ticket"]);
    let body = json!({"action": "upload", "upload": {"ticket": ticket, "origin_file_name": "y"}});
    served.call("PUT", &path, body).await;
    let mut last = Value::Null;
    for _ in 0..3 {
        last = served.get(&format!("{path}?action=upload&ticket={ticket}")).await.json();
    }
    assert_eq!(last["message"], "failed");
}

#[tokio::test]
async fn the_name_of_the_parameter_selects_the_kind_of_upload() {
    let served = Served::start().await;
    let path = format!("{IOT}/upload");
    let both = served.get(&format!("{path}?filename=cube.3mf&size=12345")).await.json();
    let kinds: Vec<&str> =
        both["urls"].as_array().unwrap().iter().map(|of| text(&of["type"])).collect();
    assert_eq!(kinds, ["filename", "size"]);
    assert_eq!(
        (&both["urls"][0]["file"], &both["urls"][1]["file"]),
        (&json!("cube.3mf"), &json!("12345"))
    );
    let made = created(&served).await;
    let name = format!("{}_{}_1.3mf", text(&made["model_id"]), text(&made["profile_id"]));
    let models = served.get(&format!("{path}?models={name}")).await.json();
    assert_eq!(models["urls"].as_array().unwrap().len(), 1);
    assert_eq!(served.upload(text(&models["urls"][0]["url"]), "a 3MF").await, 200);
    let track = served.get(&format!("{path}?event_track/slicer=a.zip.enc")).await.json();
    assert_eq!(track["urls"][0]["type"], "event_track/slicer");
    assert_eq!(served.get(&path).await.json()["urls"], json!([]));
    let odd = [("models=cube.3mf", 422), ("models=US0_1_1.3mf", 400), ("filename=a&size=x", 400)];
    for (query, status) in odd {
        assert_eq!(served.get(&format!("{path}?{query}")).await.status, status, "{query}");
    }
    let large = served.get(&format!("{path}?filename=a&size=2000000000")).await;
    assert_eq!(large.status, 422);
}

#[tokio::test]
async fn an_account_without_cloud_storage_gets_no_urls() {
    let served = Served::start().await;
    served.faults.set(Fault::NoCloudStorage, 1.0);
    let urls = served.get(&format!("{IOT}/upload?filename=a&size=1")).await.json();
    assert_eq!(urls["urls"], json!([]));
    let made = created(&served).await;
    assert_eq!((&made["upload_url"], &made["upload_ticket"]), (&json!(""), &json!("")));
}
