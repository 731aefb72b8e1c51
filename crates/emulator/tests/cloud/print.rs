//! The chain of a cloud print, from a project to the end of its job.

use std::time::Duration;

use bambu_emulator::{
    faults::{Fault, Setting},
    machine::Machine as _,
    world::{Config, State, World},
};
use md5::{Digest as _, Md5};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::http::{Answer, ask};

const IOT: &str = "/v1/iot-service/api";
const TASK: &str = "/v1/user-service/my/task";
const TASKS: &str = "/v1/user-service/my/tasks";

struct Chain {
    world: World,
    _dir: TempDir,
}

impl Chain {
    async fn start(config: Config) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = Config { state_dir: Some(dir.path().to_owned()), ..config };
        let world = World::start(config, CancellationToken::new()).await.unwrap();
        Self { world, _dir: dir }
    }

    async fn call(&self, method: &str, path: &str, headers: &[&str], body: Value) -> Answer {
        let ready = self.world.ready();
        let port = ready.api_url.rsplit_once(':').unwrap().1.parse().unwrap();
        let bearer = format!("Authorization: Bearer {}", ready.account.token);
        let headers: Vec<&str> =
            [bearer.as_str()].into_iter().chain(headers.iter().copied()).collect();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        ask(port, method, path, &headers, &body).await
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, &[], Value::Null).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    async fn put(&self, url: &str, body: &[u8]) {
        let store = self.world.ready().store.as_ref().unwrap();
        let target = url.strip_prefix(&store.url).unwrap();
        let port = store.url.rsplit_once(':').unwrap().1.parse().unwrap();
        let answer = ask(port, "PUT", target, &[], body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// Everything up to the task; the body for it.
    async fn prepare(&self) -> Value {
        let project =
            self.call("POST", &format!("{IOT}/user/project"), &[], json!({"name": "cube"})).await;
        let project = project.json();
        let text = |key: &str| project[key].as_str().unwrap().to_owned();
        self.put(&text("upload_url"), b"configuration").await;
        let ticket = text("upload_ticket");
        let told = json!({"upload": {"ticket": ticket, "origin_file_name": "cube.3mf"}});
        let told = self.call("PUT", &format!("{IOT}/user/notification"), &[], told).await;
        assert_eq!(told.status, 200, "{told:?}");
        let poll = format!("{IOT}/user/notification?action=upload&ticket={ticket}");
        assert_eq!(self.get(&poll).await["message"], "running");
        let mut polls = 0;
        while self.get(&poll).await["message"] == "running" {
            polls += 1;
            assert!(polls < 20);
        }
        assert_eq!(self.get(&poll).await["message"], "success");
        let file = format!("{}_{}_1.3mf", text("model_id"), text("profile_id"));
        let urls = self.get(&format!("{IOT}/user/upload?models={file}")).await;
        let url = urls["urls"][0]["url"].as_str().unwrap().to_owned();
        let file = bambu_emulator::storage::sample();
        self.put(&url, &file).await;
        let ready = json!({"md5": md5(&file), "plate_idx": 1, "url": url});
        let patch = json!({"profile_id": text("profile_id"), "profile_print_3mf": [ready]});
        let path = format!("{IOT}/user/project/{}", text("project_id"));
        assert_eq!(self.call("PATCH", &path, &[], patch).await.status, 200);
        json!({
            "deviceId": self.world.ready().printers[0].serial, "modelId": text("model_id"),
            "profileId": text("profile_id").parse::<u64>().unwrap(), "plateIndex": 1,
            "title": "cube over the cloud", "cover": "", "mode": "cloud_file", "bedType": "auto",
            "useAms": false, "amsMapping": [], "timelapse": false, "bedLeveling": true,
        })
    }

    async fn task(&self, body: Value) -> Answer {
        self.call("POST", TASK, &[], body).await
    }

    /// The newest task of the history.
    async fn newest(&self) -> Value {
        self.get(TASKS).await["hits"][0].clone()
    }
}

/// The MD5 of these bytes as the service writes it.
fn md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02X}")).collect()
}

fn with(body: &Value, change: Value) -> Value {
    let (Value::Object(mut body), Value::Object(change)) = (body.clone(), change) else {
        unreachable!("both are objects")
    };
    body.extend(change);
    Value::Object(body)
}

#[tokio::test]
async fn a_task_prints_to_its_end_and_everything_follows() {
    let chain = Chain::start(Config { speed: 8640.0, ..Config::default() }).await;
    let body = chain.prepare().await;
    let mut reports = chain.world.printers()[0].reports();
    let answer = chain.task(body.clone()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let id = answer.json()["id"].as_u64().unwrap();
    let echo: Value = serde_json::from_slice(&reports.recv().await.unwrap()).unwrap();
    let echo = &echo["print"];
    assert_eq!(
        (&echo["command"], &echo["result"], &echo["sequence_id"]),
        (&json!("project_file"), &json!("success"), &json!("0"))
    );
    assert_eq!((&echo["job_id"], &echo["job_type"]), (&json!(id), &json!(1)));
    assert!(echo.get("file").is_none() && echo.get("bed_type").is_none());
    assert!(echo["url"].as_str().unwrap().contains("/models/"));

    let running = chain.newest().await;
    assert_eq!(
        (&running["id"], &running["status"], &running["title"]),
        (&json!(id), &json!(1), &json!("cube over the cloud"))
    );
    assert_eq!(running["modelId"], body["modelId"]);
    assert!(running["costTime"].as_u64().unwrap() > 0);
    let bound = chain.get(&format!("{IOT}/user/bind")).await;
    assert_eq!(bound["devices"][0]["print_job"], json!(id));
    let mut waited = 0;
    let ended = loop {
        let task = chain.newest().await;
        if task["status"] != 1 {
            break task;
        }
        waited += 1;
        assert!(waited < 600, "{task}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!((&ended["id"], &ended["status"]), (&json!(id), &json!(2)));
    assert!(ended["endTime"].as_str() >= ended["startTime"].as_str());
    let one = chain.get(&format!("{TASK}/{id}")).await;
    assert_eq!(one["status"], 2);
}

#[tokio::test]
async fn a_second_start_finds_the_printer_busy_and_its_task_has_failed() {
    let chain = Chain::start(Config::default()).await;
    let body = chain.prepare().await;
    assert_eq!(chain.task(body.clone()).await.status, 200);
    let printer = &chain.world.printers()[0];
    // A client that publishes the job, too, has it started twice.
    let twice = json!({"print": {
        "command": "project_file", "sequence_id": "1", "param": "Metadata/plate_1.gcode",
        "url": "ftp://cube.3mf", "subtask_name": "cube",
    }});
    let mut reports = printer.reports();
    printer.request(twice.to_string().as_bytes());
    let refused: Value = serde_json::from_slice(&reports.recv().await.unwrap()).unwrap();
    assert_eq!(refused["print"]["err_code"], 0x0500_4004);
    let second = chain.task(with(&body, json!({"title": "second"}))).await;
    assert_eq!(second.status, 200);
    let hits = chain.get(TASKS).await["hits"].clone();
    assert_eq!((&hits[0]["title"], &hits[0]["status"]), (&json!("second"), &json!(3)));
    assert_eq!(hits[1]["status"], 1);
}

#[tokio::test]
async fn a_printer_that_is_away_or_finds_no_file_fails_its_task() {
    let chain = Chain::start(Config { speed: 100.0, ..Config::default() }).await;
    let body = chain.prepare().await;
    let serial = chain.world.printers()[0].serial().clone();
    chain.world.switchboard().set_online(&serial, false);
    assert_eq!(chain.task(body.clone()).await.status, 200);
    assert_eq!(chain.newest().await["status"], 3);
    chain.world.switchboard().set_online(&serial, true);
    let other = with(&body, json!({"plateIndex": 2, "title": "no such plate"}));
    assert_eq!(chain.task(other).await.status, 200);
    let newest = chain.newest().await;
    assert_eq!((&newest["title"], &newest["status"]), (&json!("no such plate"), &json!(3)));
}

#[tokio::test]
async fn what_is_wrong_with_a_task_is_told_in_the_services_words() {
    let chain = Chain::start(Config::default()).await;
    let body = chain.prepare().await;
    let foreign = chain.world.ready().accounts[0].printers[0].serial.clone();
    let cases: [(Value, u16, &str); 6] = [
        (json!({"deviceId": null}), 400, "field \"deviceId\" is not set"),
        (json!({"profileId": "7"}), 400, "type mismatch for field \"profileId\""),
        (
            json!({"amsDetailMapping": [{"ams": "0"}]}),
            400,
            "type mismatch for field \"amsDetailMapping[0].ams\"",
        ),
        (json!({"amsMapping2": [{"ams_id": 0}]}), 400, "field \"amsMapping2[0].amsId\" is not set"),
        (json!({"modelId": "US00000000000000"}), 422, "Invalid input parameters"),
        (json!({"deviceId": foreign}), 403, "Resource forbidden"),
    ];
    for (change, status, words) in cases {
        let answer = chain.task(with(&body, change)).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.body.contains(words), "{answer:?}");
    }
    assert_eq!(chain.get(TASKS).await["total"], 0);
}

#[tokio::test]
async fn the_gate_lets_in_the_vendors_programs_and_possession_where_developer_mode_is_off() {
    let gate = Setting { fault: Fault::VendorGate, rate: 1.0 };
    let chain =
        Chain::start(Config { faults: vec![gate], state: State::Printing, ..Config::default() })
            .await;
    let body = chain.prepare().await;
    let refused = chain.task(body.clone()).await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("access rights to the content"), "{refused:?}");
    let vendor = ["X-BBL-Client-Name: BambuStudio", "X-BBL-OS-Type: linux"];
    assert_eq!(chain.call("POST", TASK, &vendor[..1], body.clone()).await.status, 403);
    assert_eq!(chain.call("POST", TASK, &vendor, body.clone()).await.status, 200);
    chain.world.printers()[0].set_developer_mode(false);
    assert_eq!(chain.call("POST", TASK, &vendor, body.clone()).await.status, 403);
    let sign = format!("x-bbl-device-security-sign: {}", "A".repeat(344));
    let possessing = [vendor[0], vendor[1], "x-bbl-app-certification-id: CN=a:0b", &sign];
    assert_eq!(chain.call("POST", TASK, &possessing, body).await.status, 200);
}

#[tokio::test]
async fn an_upload_is_stuck_or_fails_on_request_and_an_account_may_have_no_storage() {
    let chain = Chain::start(Config::default()).await;
    let project =
        chain.call("POST", &format!("{IOT}/user/project"), &[], json!({"name": "a"})).await.json();
    let ticket = project["upload_ticket"].as_str().unwrap();
    let told = json!({"upload": {"ticket": ticket, "origin_file_name": "a.3mf"}});
    chain.call("PUT", &format!("{IOT}/user/notification"), &[], told).await;
    let poll = format!("{IOT}/user/notification?action=upload&ticket={ticket}");
    let mut last = Value::Null;
    for _ in 0..10 {
        last = chain.get(&poll).await["message"].clone();
    }
    // Announced, but never uploaded.
    assert!(last != "running" && last != "success", "{last}");
    let unknown = json!({"upload": {"ticket": "none", "origin_file_name": "a.3mf"}});
    let unknown = chain.call("PUT", &format!("{IOT}/user/notification"), &[], unknown).await;
    assert!((400..500).contains(&unknown.status), "{unknown:?}");
    let control = chain.world.ready().control_url.rsplit_once(':').unwrap().1.parse().unwrap();
    let answer = ask(control, "PUT", "/faults/upload-stuck", &[], "").await;
    assert_eq!(answer.json(), json!({"printers": 0, "cloud": true}));
    for _ in 0..10 {
        assert_eq!(chain.get(&poll).await["message"], "running");
    }
    ask(control, "DELETE", "/faults/upload-stuck", &[], "").await;
    ask(control, "PUT", "/faults/no-cloud-storage", &[], "").await;
    let urls = chain.get(&format!("{IOT}/user/upload?filename=a.3mf&size=1")).await;
    assert_eq!(urls["urls"], json!([]));
    let (_, requests) = {
        let answer = ask(control, "GET", "/requests", &[], "").await;
        (answer.status, answer.json())
    };
    assert!(requests["total"].as_u64().unwrap() > 20);
    assert_eq!(requests["routes"][format!("POST {IOT}/user/project")]["200"], 1);
}
