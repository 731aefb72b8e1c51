//! The layer over HTTP, before an upstream that does as it is told.

mod live;
mod upstream;

use std::time::Instant;

use axum::body::{Body, to_bytes};
use bambulab::{BrokerAddress, Endpoint, Region};
use hyper::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::metrics::Metrics;
use upstream::Upstream;

const A: &str = "01P00A000000001";
const B: &str = "01P00A000000002";
/// Far more than anything here should take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running layer.
struct Running {
    router: Router,
    shutdown: CancellationToken,
}

impl Running {
    fn start(settings: &Settings, legacy: Option<&Value>, upstream: &Upstream) -> Self {
        let endpoint = Region::Global.endpoint().with_api_url(&upstream.url).unwrap();
        // Nobody is there: a live link stays without a word.
        let endpoint = endpoint.with_mqtt(BrokerAddress { host: "127.0.0.1".into(), port: 1 });
        Self::of(compat(settings, legacy, &endpoint, Some("login-token")).unwrap())
    }

    fn of(compat: Compat) -> Self {
        let relay = Relay::new(16, Metrics::new());
        let (router, shutdown) =
            (compat.router(relay.clone(), Router::new()), CancellationToken::new());
        let relay_ends = shutdown.clone();
        tokio::spawn(async move { relay.run(relay_ends).await });
        tokio::spawn(compat.run(shutdown.clone()));
        Self { router, shutdown }
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Value) {
        let began = Instant::now();
        let response = self.router.clone().oneshot(request).await.unwrap();
        // The upstream, when it hangs, does so for longer than the whole test may take.
        assert!(began.elapsed() < PATIENCE);
        let (head, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        (head.status, head.headers, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let (status, _, body) = self.send(request).await;
        (status, body)
    }

    /// Asks until it is as it should be.
    async fn until(&self, path: &str, is_right: impl Fn(StatusCode, &Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let (status, body) = self.get(path).await;
            if is_right(status, &body) {
                return body;
            }
            assert!(began.elapsed() < PATIENCE, "{path}: {status} {body}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

fn compat(
    settings: &Settings,
    legacy: Option<&Value>,
    endpoint: &Endpoint,
    login: Option<&str>,
) -> Result<Compat, CompatError> {
    let (roots, options, manners) = Default::default();
    let accounts = Accounts::new(endpoint, &roots, options, manners, Vec::new()).unwrap();
    let legacy = legacy.map(|legacy| {
        LegacyConfig::parse(legacy.to_string().as_bytes(), "legacy.json".as_ref()).unwrap()
    });
    let source = Source {
        accounts: Arc::new(accounts),
        login: login.map(Token::new),
        logins: watch::Sender::new(None).subscribe(),
        uid: None,
        printers: Vec::new(),
    };
    Compat::new(settings, legacy, source)
}

/// The seeds' file for both printers, with the live links off.
fn rest_only() -> Value {
    json!({
        "cloud_token": "file-token", "user_uid": "1234567890",
        "devices": [
            {"device_id": A, "name": "Corner", "local_ip": "192.168.1.100", "access_code": "12345678"},
            {"device_id": B, "name": "", "access_code": "87654321"},
        ],
        "server": {"host": "0.0.0.0", "port": 8080, "enable_mqtt_bridge": false},
    })
}

#[tokio::test]
async fn without_live_links_the_rest_interface_answers_for_each_printer() {
    let upstream = Upstream::start().await;
    let running = Running::start(&Settings::default(), Some(&rest_only()), &upstream);
    let path = format!("/api/v1/status?device_id={A}");
    let answer = running.until(&path, |status, _| status == 200).await;
    let print = &answer["print"];
    assert_eq!((&answer["source"], &answer["stale"]), (&json!("rest"), &json!(false)));
    assert!(answer["age_seconds"].as_f64().unwrap() < 30.0 && answer["updated_at"].is_string());
    assert_eq!((&print["mc_percent"], &print["gcode_state"]), (&json!(45), &json!("RUNNING")));
    assert_eq!((&print["name"], &print["online"]), (&json!("Corner"), &json!(true)));
    assert!(print.get("nozzle_temper").is_none());

    // Idle and off: told by the list of printers alone.
    let path = format!("/api/v1/print?device_id={B}");
    let answer = running.until(&path, |status, _| status == 200).await;
    let print = &answer["print"];
    assert_eq!((&print["online"], &print["print_status"]), (&json!(false), &json!("SUCCESS")));
    assert_eq!((&print["gcode_state"], &print["name"]), (&json!("FINISH"), &json!("Desk")));

    let all = running.until("/api/v1/status", |_, all| all.get(B).is_some()).await;
    assert_eq!(all.as_object().unwrap().len(), 2);
    assert_eq!(all[A]["print"]["dev_id"], A);
    assert!(upstream.tokens().iter().all(|token| token == "Bearer file-token"));
}

#[tokio::test]
async fn an_unknown_printer_is_not_found_once_the_account_has_told_its_own() {
    let upstream = Upstream::start().await;
    let running = Running::start(&Settings::default(), Some(&rest_only()), &upstream);
    let answer = running.until("/api/v1/status?device_id=X", |status, _| status == 404).await;
    assert_eq!(answer, json!({"error": "Device not found"}));
    let (status, answer) = running.get("/api/v2/printers/X").await;
    assert_eq!((status.as_u16(), &answer["error"]), (404, &json!("Device not found")));
    assert_eq!(running.get("/api/v2/events?serial=X").await.0, 404);
    assert_eq!(running.get("/api/v3").await.0, 404);
}

#[tokio::test]
async fn nothing_waits_for_a_cloud_that_hangs() {
    let upstream = Upstream::start().await;
    upstream.hang();
    let running = Running::start(&Settings::default(), Some(&rest_only()), &upstream);
    upstream.asked().await;
    let (status, headers, answer) = running
        .send(Request::get(format!("/api/v1/status?device_id={A}")).body(Body::empty()).unwrap())
        .await;
    assert_eq!((status.as_u16(), &answer["error"]), (503, &json!("Not available yet")));
    assert_eq!(headers["retry-after"], "5");
    for (path, expected) in [
        ("/api/v1/status", 503),
        ("/api/v1/status?device_id=X", 503),
        ("/api/v1/devices", 200),
        ("/", 200),
        ("/health", 200),
        ("/api/version", 200),
        ("/api/v2/printers", 200),
    ] {
        assert_eq!(running.get(path).await.0, expected, "{path}");
    }
    let (_, printers) = running.get("/api/v2/printers").await;
    let first = &printers["printers"][0];
    assert_eq!((&first["serial"], &first["connection"]), (&json!(A), &json!("none")));
    assert_eq!((&first["stale"], &first["online"]), (&json!(true), &json!(false)));
}

#[tokio::test]
async fn printers_on_the_local_network_are_linked_while_the_cloud_hangs() {
    let upstream = Upstream::start().await;
    upstream.hang();
    let device = |serial: &str| json!({"device_id": serial, "local_ip": "127.0.0.1:1", "access_code": "87654321"});
    // Without user_uid the cloud would have to tell who the account is.
    let legacy = json!({"cloud_token": "file-token", "devices": [device(A), device(B)]});
    let running = Running::start(&Settings::default(), Some(&legacy), &upstream);
    let are_linked = |_: StatusCode, body: &Value| {
        let printers = body["printers"].as_array().unwrap();
        printers.len() == 2 && printers.iter().all(|printer| printer["connection"] != "none")
    };
    running.until("/api/v2/printers", are_linked).await;
}

#[tokio::test]
async fn a_cloud_that_fails_is_named_as_the_cause_and_its_last_word_grows_old() {
    let upstream = Upstream::start().await;
    upstream.fail();
    let settings = Settings { stale_after_seconds: 1, ..Settings::default() };
    let running = Running::start(&settings, Some(&rest_only()), &upstream);
    let path = format!("/api/v1/status?device_id={A}");
    let is_told = |_: StatusCode, body: &Value| {
        body["message"].as_str().is_some_and(|text| !text.contains("ask again in a few seconds"))
    };
    let answer = running.until(&path, is_told).await;
    assert!(answer["message"].as_str().unwrap().contains("no host [IP_REDACTED]"), "{answer}");
    upstream.heal();
    let fresh =
        |_: StatusCode, body: &Value| body["stale"] == false && body["print"]["mc_percent"] == 45;
    running.until(&path, fresh).await;
    upstream.fail();
    let answer = running.until(&path, |_, body| body["stale"] == true).await;
    assert_eq!(answer["print"]["online"], false);
    assert_eq!(answer["print"]["mc_percent"], 45);
    assert!(answer["age_seconds"].as_f64().unwrap() >= 1.0);
}

#[tokio::test]
async fn the_list_of_printers_has_the_seeds_keys_and_codes_only_when_that_is_configured() {
    let upstream = Upstream::start().await;
    let listed = |_: StatusCode, body: &Value| body["devices"][0]["online"] == true;
    let running = Running::start(&Settings::default(), Some(&rest_only()), &upstream);
    let answer = running.until("/api/v1/devices", listed).await;
    let expected = json!({
        "dev_id": A, "name": "Corner", "online": true, "print_status": "RUNNING",
        "dev_model_name": "C12", "dev_product_name": "P1S", "nozzle_diameter": 0.4,
        "dev_structure": "CoreXY",
    });
    assert_eq!(answer["devices"][0], expected);
    assert_eq!((&answer["stale"], answer["devices"].as_array().unwrap().len()), (&json!(false), 2));
    assert!(!answer.to_string().contains("87654321"));

    let settings = Settings { show_access_codes: true, ..Settings::default() };
    let running = Running::start(&settings, Some(&rest_only()), &upstream);
    let answer = running.until("/api/v1/devices", listed).await;
    assert_eq!(answer["devices"][0]["dev_access_code"], "11112222");
    assert_eq!(answer["devices"][1]["dev_access_code"], "87654321");
}

#[tokio::test]
async fn without_a_file_all_printers_of_the_saved_login_are_there() {
    let upstream = Upstream::start().await;
    let running = Running::start(&Settings::default(), None, &upstream);
    let listed = |_: StatusCode, body: &Value| body["devices"] == 2;
    let answer = running.until("/", listed).await;
    assert_eq!((&answer["mqtt_bridge"], &answer["status"]), (&json!("enabled"), &json!("online")));
    let (_, health) = running.get("/health").await;
    assert_eq!((&health["api_client"], &health["devices"]), (&json!("initialized"), &json!(2)));
    assert_eq!((&health["mqtt_bridge"], &health["live"]), (&json!("running"), &json!(0)));
    // The broker is nobody; the REST interface stands in.
    let path = format!("/api/v1/status?device_id={A}");
    let answer = running.until(&path, |status, _| status == 200).await;
    assert_eq!((&answer["source"], &answer["print"]["name"]), (&json!("rest"), &json!("Shelf")));
    assert!(upstream.tokens().iter().all(|token| token == "Bearer login-token"));
}

#[tokio::test]
async fn a_token_is_asked_for_everywhere_but_at_the_health_check() {
    let upstream = Upstream::start().await;
    let settings = Settings { token: Some(Token::new("key")), ..Settings::default() };
    let running = Running::start(&settings, Some(&rest_only()), &upstream);
    let ask = async |path: &str, shown: Option<&str>| {
        let mut request = Request::get(path);
        if let Some(shown) = shown {
            request = request.header("authorization", shown);
        }
        running.send(request.body(Body::empty()).unwrap()).await.0.as_u16()
    };
    for path in ["/", "/api/version", "/api/v1/devices", "/api/v1/status", "/api/v2/printers", "/x"]
    {
        assert_eq!(ask(path, None).await, 401, "{path}");
        assert_eq!(ask(path, Some("Bearer kez")).await, 401, "{path}");
    }
    for shown in ["Bearer key", "bearer key", "key"] {
        assert_eq!(ask("/api/version", Some(shown)).await, 200, "{shown}");
    }
    assert_eq!(ask("/health", None).await, 200);
}

#[tokio::test]
async fn pages_of_the_origins_that_are_configured_may_read() {
    let upstream = Upstream::start().await;
    let allowed = async |origins: &[&str], origin: &str| {
        let cors_origins = origins.iter().map(ToString::to_string).collect();
        let settings = Settings { cors_origins, ..Settings::default() };
        let running = Running::start(&settings, Some(&rest_only()), &upstream);
        let request = Request::get("/api/version").header("origin", origin);
        let (_, headers, _) = running.send(request.body(Body::empty()).unwrap()).await;
        headers.get("access-control-allow-origin").map(|it| it.to_str().unwrap().to_owned())
    };
    assert_eq!(allowed(&["*"], "http://a").await.as_deref(), Some("*"));
    assert_eq!(allowed(&["http://a"], "http://a").await.as_deref(), Some("http://a"));
    assert_eq!(allowed(&["http://a"], "http://b").await, None);
    assert_eq!(allowed(&[], "http://a").await, None);
}

#[tokio::test]
async fn whatever_is_no_reading_is_refused() {
    let upstream = Upstream::start().await;
    let running = Running::start(&Settings::default(), Some(&rest_only()), &upstream);
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let request = Request::builder().method(method).uri("/api/v1/status");
        let (status, headers, answer) = running.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(status, 405, "{method}");
        assert!(headers["allow"].to_str().unwrap().contains("GET"));
        assert_eq!(answer["error"], "Method Not Allowed");
    }
}

#[test]
fn what_cannot_work_is_an_error_before_anything_runs() {
    let endpoint = Region::Global.endpoint();
    let open = |legacy: Option<Value>, login: Option<&str>| {
        compat(&Settings::default(), legacy.as_ref(), &endpoint, login)
    };
    assert!(matches!(open(None, None), Err(CompatError::Nothing)));
    let no_way = json!({"server": {"enable_mqtt_bridge": false}});
    assert!(matches!(open(Some(no_way), None), Err(CompatError::NoWay { .. })));
    let unreachable = json!({"devices": [{"device_id": A}]});
    assert!(matches!(open(Some(unreachable.clone()), None), Err(CompatError::Nothing)));
    assert!(open(Some(unreachable), Some("token")).unwrap().warnings().is_empty());
    let one_of_two = json!({"devices": [
        {"device_id": A, "local_ip": "127.0.0.1", "access_code": "87654321"}, {"device_id": B},
    ]});
    let compat = open(Some(one_of_two), None).unwrap();
    assert!(compat.warnings()[0].contains(B) && compat.warnings().len() == 1);
}
