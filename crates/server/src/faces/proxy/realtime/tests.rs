use std::io::Write as _;

use axum::http::Request as HttpRequest;
use futures_util::stream::BoxStream;
use serde_json::json;
use tower::ServiceExt as _;

use super::*;
use crate::{
    config::{self, RateLimit},
    faces::proxy::{Forwarder, Mode},
    limits::Limits,
    testbed::{PATIENCE, World, token, until},
};

const BASE: &str = "/v1/iot-service/api/user/device/realtime";

/// A proxy over a cloud of its own, with the tokens `alice`, `bob` and, for printer `B` alone, `carol`.
struct Proxy {
    world: World,
    realtime: Arc<Realtime>,
    tokens: Arc<Tokens>,
    router: Router,
    file: tempfile::NamedTempFile,
}

async fn proxy(mode: Mode) -> Proxy {
    let options = "[[token]]\ntoken = \"carol\"\nserials = [\"B\"]\n\
        [[token]]\ntoken = \"bob\"\nmasking = false\n";
    let options = toml::from_str::<config::Proxy>(options).unwrap().token;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let real = token();
    let flat = json!({"alice": real.reveal(), "bob": real.reveal(), "carol": real.reveal()});
    write!(file, "{flat}").unwrap();
    let world = World::new().await;
    let tokens = Tokens::open(Some(file.path().to_owned()), options, None).unwrap();
    let (tokens, metrics) = (Arc::new(tokens), Metrics::new());
    let relay = Relay::new(10, metrics.clone());
    let realtime = Arc::new(Realtime::new(
        Arc::new(world.accounts()),
        relay,
        Duration::from_secs(120),
        metrics.clone(),
    ));
    let parts = Parts {
        mode,
        tokens: tokens.clone(),
        limits: Arc::new(Limits::new(RateLimit::OFF)),
        forwarder: Arc::new(Forwarder::to_nobody()),
        metrics,
    };
    let router = routes(Arc::new(parts), realtime.clone());
    Proxy { world, realtime, tokens, router, file }
}

impl Proxy {
    async fn ask(&self, who: &str, method: &str, path: &str, body: &str) -> Response {
        let mut request = HttpRequest::builder().method(method).uri(format!("{BASE}{path}"));
        if !who.is_empty() {
            request = request.header("authorization", format!("Bearer {who}"));
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn start(&self, who: &str, device: &str) -> (u16, Value) {
        let body = json!({"device_id": device}).to_string();
        told(self.ask(who, "POST", "/start", &body).await).await
    }

    async fn read(&self, who: &str, device: &str) -> (u16, Value) {
        told(self.ask(who, "GET", &format!("?device_id={device}"), "").await).await
    }

    async fn stream(&self, who: &str, device: &str) -> BoxStream<'static, String> {
        let answer = self.ask(who, "GET", &format!("/stream?device_id={device}"), "").await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let frames = answer.into_body().into_data_stream();
        frames.map(|frame| String::from_utf8(frame.unwrap().to_vec()).unwrap()).boxed()
    }
}

async fn told(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

fn keys(value: &Value) -> String {
    value.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_session_is_started_extended_and_read_with_the_seeds_keys() {
    let proxy = proxy(Mode::Strict).await;
    let (status, body) = proxy.start("alice", "A").await;
    assert_eq!((status, keys(&body).as_str()), (200, "device_id expires_in message status"));
    assert_eq!((&body["status"], &body["expires_in"]), (&"started".into(), &120.into()));
    assert_eq!(proxy.start("alice", "A").await.1["status"], "extended");
    let (status, body) = proxy.read("alice", "A").await;
    assert_eq!(
        (status, keys(&body).as_str()),
        (200, "age_seconds data device_id expires_in message_count timestamp")
    );
    let print = &body["data"]["print"];
    assert_eq!((&print["key_of_tomorrow"], &print["gcode_state"]), (&1.into(), &"RUNNING".into()));
    assert_eq!(print["net"]["info"][0]["ip"], "[IP_REDACTED]");
    assert!(!print.to_string().contains("10.0.0.7"), "{print}");
    assert_eq!((proxy.realtime.active(), proxy.world.sessions()), (1, 1));
}

#[tokio::test]
async fn a_session_is_its_tokens_alone_and_the_link_is_everybodys() {
    let proxy = proxy(Mode::Full).await;
    assert_eq!(proxy.start("alice", "A").await.0, 200);
    assert_eq!(proxy.read("bob", "A").await.0, 404);
    assert_eq!(proxy.start("bob", "A").await.1["status"], "started");
    let (_, body) = proxy.read("bob", "A").await;
    // Bob's answers are not masked on the full proxy.
    assert_eq!(body["data"]["print"]["net"]["info"][0]["ip"], 117_440_522);
    let (_, body) = proxy.read("alice", "A").await;
    assert_eq!(body["data"]["print"]["net"]["info"][0]["ip"], "[IP_REDACTED]");
    assert_eq!((proxy.realtime.active(), proxy.world.sessions()), (2, 1));
    assert_eq!(proxy.realtime.accounts.of(&token()).watched(), 1);
}

#[tokio::test]
async fn who_may_not_or_says_too_little_is_told_so() {
    let proxy = proxy(Mode::Strict).await;
    for (who, body, wanted, error) in [
        ("", "{}", 401, "Missing token"),
        ("mallory", "{}", 401, "Invalid token"),
        ("alice", "{", 400, "Invalid JSON"),
        ("alice", "[]", 400, "Invalid JSON"),
        ("alice", "{}", 400, "device_id required"),
        ("alice", r#"{"device_id": ""}"#, 400, "device_id required"),
        ("alice", r#"{"device_id": "C"}"#, 404, "Device not found"),
        ("alice", r#"{"device_id": "../A"}"#, 404, "Device not found"),
        ("carol", r#"{"device_id": "A"}"#, 403, "Forbidden"),
    ] {
        let (status, told) = told(proxy.ask(who, "POST", "/start", body).await).await;
        assert_eq!((status, told["error"].as_str().unwrap()), (wanted, error), "{who} {body}");
    }
    for (who, query, wanted) in [
        ("", "?device_id=A", 401),
        ("alice", "", 400),
        ("alice", "?device_id=", 400),
        ("alice", "?device_id=A", 404),
        ("carol", "?device_id=A", 403),
    ] {
        assert_eq!(told(proxy.ask(who, "GET", query, "").await).await.0, wanted, "{who} {query}");
    }
    // A token that is taken for a serial number is not said back.
    for (status, body) in [proxy.read("alice", "alice").await, proxy.start("alice", "alice").await]
    {
        assert_eq!((status, &body["device_id"]), (404, &"***REDACTED***".into()));
    }
    assert_eq!(proxy.start("carol", "B").await.0, 200);
}

#[tokio::test]
async fn an_ended_session_is_gone_for_half_a_minute_and_then_forgotten() {
    let proxy = proxy(Mode::Strict).await;
    assert_eq!(proxy.start("alice", "A").await.0, 200);
    assert_eq!(proxy.start("bob", "A").await.0, 200);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(100)).await;
    assert_eq!(proxy.start("bob", "A").await.1["status"], "extended");
    tokio::time::advance(Duration::from_secs(20)).await;
    proxy.realtime.tend();
    assert_eq!(proxy.read("alice", "A").await.0, 410);
    assert_eq!(proxy.read("bob", "A").await.0, 200);
    // One of the two still watches.
    assert_eq!(proxy.realtime.accounts.of(&token()).watched(), 1);
    tokio::time::advance(Duration::from_secs(30)).await;
    proxy.realtime.tend();
    assert_eq!(proxy.read("alice", "A").await.0, 404);
    tokio::time::advance(Duration::from_secs(70)).await;
    proxy.realtime.tend();
    assert_eq!(proxy.read("bob", "A").await.0, 410);
    assert_eq!(proxy.realtime.accounts.of(&token()).watched(), 0);
    tokio::time::resume();
    until(|| !proxy.world.is_watched("A")).await;
    assert_eq!(proxy.realtime.sessions().len(), 1);
}

#[tokio::test]
async fn a_start_that_reaches_no_broker_has_failed() {
    let proxy = proxy(Mode::Strict).await;
    proxy.world.hang_up();
    let (status, body) = proxy.start("alice", "A").await;
    assert_eq!((status, &body["status"]), (500, &"failed".into()), "{body}");
    assert!(body["error"].is_string());
    assert_eq!(proxy.read("alice", "A").await.0, 404);
    assert_eq!(proxy.realtime.accounts.of(&token()).watched(), 0);
}

#[tokio::test]
async fn a_stream_starts_its_session_and_keeps_it_for_as_long_as_it_is_read() {
    let proxy = proxy(Mode::Strict).await;
    let mut frames = proxy.stream("alice", "A").await;
    let first = frames.by_ref().skip(1).next().await.unwrap();
    assert!(first.contains("event: snapshot") && first.contains("[URL_REDACTED]"), "{first}");
    assert!(!first.contains("10.0.0.7"), "{first}");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(1000)).await;
    proxy.realtime.tend();
    assert_eq!(proxy.read("alice", "A").await.0, 200);
    drop(frames);
    tokio::time::advance(Duration::from_secs(119)).await;
    assert_eq!(proxy.read("alice", "A").await.0, 200);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(proxy.read("alice", "A").await.0, 410);
}

#[tokio::test]
async fn a_stream_ends_soon_after_its_token_is_taken_away() {
    let proxy = proxy(Mode::Strict).await;
    let mut frames = proxy.stream("alice", "A").await;
    frames.next().await.unwrap();
    std::fs::write(proxy.file.path(), r#"{"bob": "AQAtoken"}"#).unwrap();
    for _ in 0..2 {
        proxy.tokens.reload_if_changed();
    }
    assert_eq!(proxy.read("alice", "A").await.0, 401);
    let end = async { while frames.next().await.is_some() {} };
    timeout(PATIENCE, end).await.unwrap();
}
