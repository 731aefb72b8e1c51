//! The layer over printers that report, fall silent and come back.

use futures_util::StreamExt as _;

use super::*;
use crate::testbed::{World, token, until};

/// A layer over both printers of the world's account, `A` and `B`.
fn over(world: &World, settings: &Settings, legacy: Option<LegacyConfig>) -> Running {
    signed_in(world, settings, legacy, &watch::Sender::new(None))
}

/// The same with the logins that come later.
fn signed_in(
    world: &World,
    settings: &Settings,
    legacy: Option<LegacyConfig>,
    logins: &watch::Sender<Option<SavedSession>>,
) -> Running {
    let source = Source {
        accounts: Arc::new(world.accounts()),
        login: Some(token()),
        logins: logins.subscribe(),
        uid: None,
        printers: Vec::new(),
    };
    Running::of(Compat::new(settings, legacy, source).unwrap())
}

fn is_live(_: StatusCode, body: &Value) -> bool {
    body["stale"] == false && body["source"] == "mqtt"
}

#[tokio::test]
async fn live_links_answer_with_the_whole_report_for_each_printer() {
    let world = World::new().await;
    let running = over(&world, &Settings::default(), None);
    for (serial, name, percent) in [("A", "Alpha", 31), ("B", "Beta", 32)] {
        let path = format!("/api/v1/status?device_id={serial}");
        running.until(&path, is_live).await;
        world.report(serial, percent);
        let is_told = |_: StatusCode, body: &Value| body["print"]["mc_percent"] == percent;
        let answer = running.until(&path, is_told).await;
        let print = &answer["print"];
        assert_eq!((&print["dev_id"], &print["name"]), (&json!(serial), &json!(name)));
        assert_eq!((&print["online"], &print["key_of_tomorrow"]), (&json!(true), &json!(percent)));
        assert!(answer["age_seconds"].as_f64().unwrap() < 30.0 && answer["updated_at"].is_string());
        assert!(print.get("nozzle_temper").is_none() && print.get("wifi_signal").is_none());
    }
    let (_, health) = running.get("/health").await;
    assert_eq!((&health["devices"], &health["live"]), (&json!(2), &json!(2)));
}

#[tokio::test]
async fn a_renewed_login_takes_the_links_over_and_the_printers_stay() {
    let world = World::new().await;
    let logins = watch::Sender::new(None);
    let running = signed_in(&world, &Settings::default(), None, &logins);
    let path = "/api/v1/status?device_id=A";
    running.until(path, is_live).await;
    assert_eq!(world.sessions(), 1);
    logins.send_replace(Some(SavedSession::new(Token::new("AQArenewed"))));
    until(|| world.sessions() == 2).await;
    assert_eq!(running.get(path).await.0, StatusCode::OK);
    // The new link knows nothing before the printer reports again.
    for percent in [61, 62] {
        running.until(path, is_live).await;
        world.report("A", percent);
        running.until(path, |_, body| body["print"]["mc_percent"] == percent).await;
    }
}

#[tokio::test]
async fn a_lost_connection_is_stale_at_once_and_live_again_later() {
    let world = World::new().await;
    let running = over(&world, &Settings::default(), None);
    let path = "/api/v1/status?device_id=A";
    running.until(path, is_live).await;
    world.report("A", 40);
    running.until(path, |_, body| body["print"]["mc_percent"] == 40).await;
    world.hang_up();
    let answer = running.until(path, |_, body| body["stale"] == true).await;
    assert_eq!((&answer["print"]["online"], &answer["source"]), (&json!(false), &json!("mqtt")));
    assert_eq!(answer["print"]["mc_percent"], 40);
    let (_, document) = running.get("/api/v2/printers/A").await;
    assert_eq!((&document["stale"], &document["online"]), (&json!(true), &json!(false)));
    assert_eq!(document["job"]["progress_percent"], 40);
    world.heal();
    running.until(path, is_live).await;
    running.until("/api/v2/printers/A", |_, body| body["connection"] == "online").await;
}

#[tokio::test]
async fn a_printer_that_falls_silent_is_stale_when_the_limit_is_over() {
    let world = World::new().await;
    let settings = Settings { stale_after_seconds: 1, ..Settings::default() };
    let running = over(&world, &settings, None);
    let path = "/api/v1/status?device_id=A";
    running.until(path, is_live).await;
    // The account's list says nothing about whether it is there, so it does not stand in.
    let answer = running.until(path, |_, body| body["stale"] == true).await;
    assert!(answer["age_seconds"].as_f64().unwrap() >= 1.0);
    assert_eq!((&answer["print"]["online"], &answer["source"]), (&json!(false), &json!("mqtt")));
    assert_eq!(answer["print"]["gcode_state"], "RUNNING");
    world.report("A", 50);
    running.until(path, is_live).await;
}

#[tokio::test]
async fn printers_that_the_file_names_are_those_of_a_status_without_one() {
    let world = World::new().await;
    let legacy = json!({"user_uid": "123", "devices": [{"device_id": "B", "name": "Mine"}]});
    let legacy = LegacyConfig::parse(legacy.to_string().as_bytes(), "x".as_ref()).unwrap();
    let running = over(&world, &Settings::default(), Some(legacy));
    let all = running.until("/api/v1/status", |_, body| is_live(StatusCode::OK, &body["B"])).await;
    assert_eq!(all.as_object().unwrap().len(), 1);
    assert_eq!(all["B"]["print"]["name"], "Mine");
    // The others of the account are there for those who ask for them.
    running.until("/api/v1/status?device_id=A", is_live).await;
    let (_, devices) = running.get("/api/v1/devices").await;
    assert_eq!(devices["devices"].as_array().unwrap().len(), 2);
    assert_eq!(world.sessions(), 1);
}

#[tokio::test]
async fn events_begin_with_a_snapshot_and_go_on_with_changes() {
    let world = World::new().await;
    let running = over(&world, &Settings::default(), None);
    running.until("/api/v2/printers", |_, body| body["printers"][1]["online"] == true).await;
    running.until("/api/v2/printers", |_, body| body["printers"][0]["online"] == true).await;
    let request = Request::get("/api/v2/events?serial=A").body(Body::empty()).unwrap();
    let response = running.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut frames = response.into_body().into_data_stream();
    let mut text = String::new();
    let mut until = async |wanted: &str| {
        while !text.contains(wanted) {
            let frame = tokio::time::timeout(PATIENCE, frames.next()).await.unwrap();
            text.push_str(std::str::from_utf8(&frame.unwrap().unwrap()).unwrap());
        }
    };
    until("event: snapshot").await;
    world.report("A", 77);
    until("\"progress_percent\":77").await;
    assert!(text.contains("event: change") && !text.contains("\"serial\":\"B\""));
}
