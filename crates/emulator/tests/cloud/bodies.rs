//! What every route does alike: methods, HEAD, packing; and no body that breaks one.

use std::sync::{Arc, OnceLock};

use bambu_emulator::{
    cloud::{Cloud, Dialect, Listed, account::Accounts, http},
    simulator::{Printer, PrinterSpec},
};
use bambu_protocol::{AccessCode, Model};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_util::sync::CancellationToken;

use crate::http::{MINE, Served, ask};

/// Every route with a body, and one of the right shape to change.
fn routes() -> Vec<(&'static str, String, Value)> {
    let iot = |path: &str| format!("/v1/iot-service/api{path}");
    let user = |path: &str| format!("/v1/user-service{path}");
    let spools = |path: &str| format!("/v1/design-user-service/my/filament/v2{path}");
    let file = json!({"md5": "0".repeat(32), "plate_idx": 1, "url": "https://x/y"});
    let item = json!({"amsSn": "a", "slotId": "0", "RFID": "r", "createNew": true, "spoolId": 1});
    vec![
        ("DELETE", iot("/user/bind"), json!({"dev_id": "x", "force": false})),
        (
            "POST",
            iot("/user/bind"),
            json!({"device_id": "x", "device_name": "y", "bind_code": "z"}),
        ),
        ("POST", iot("/user/print"), json!({"device_id": MINE, "file_id": "a", "file_url": "b"})),
        ("PATCH", iot("/user/device/info"), json!({"dev_id": MINE, "dev_name": "x"})),
        ("POST", iot("/user/ttcode"), json!({"dev_id": MINE, "protocols": ["tutk"]})),
        ("POST", iot("/user/project"), json!({"name": "x"})),
        ("PATCH", iot("/user/project/1"), json!({"profile_id": "1", "profile_print_3mf": [file]})),
        (
            "PUT",
            iot("/user/notification"),
            json!({"upload": {"ticket": "x", "origin_file_name": "y"}}),
        ),
        ("POST", iot("/user/upload"), json!({"filename": "x", "size": 1})),
        ("POST", iot("/user/upload/confirm"), json!({"file_id": "file_1"})),
        (
            "POST",
            iot("/slicer/setting"),
            json!({"name": "x", "type": "print", "version": "1", "setting": {}}),
        ),
        ("PATCH", iot("/slicer/setting/x"), json!({"name": "x", "setting": {"a": 1}})),
        ("POST", user("/user/consent"), json!({"consentBody": "{\"formList\":[]}"})),
        ("PUT", user("/my/profile"), json!({"username": "x", "avatar_url": "y"})),
        ("POST", user("/my/message/read"), json!({"ids": [1, "2"]})),
        ("POST", user("/my/pincode/x"), json!({"pincode": "x"})),
        ("POST", user("/my/ticket/x"), json!({"ticket": "x"})),
        ("POST", user("/my/task"), json!({"deviceId": MINE, "modelId": "US1", "profileId": 1})),
        ("POST", spools(""), json!({"createType": "ams", "filamentName": "x", "colors": []})),
        ("PUT", spools(""), json!({"id": 1, "filamentName": "x", "netWeight": 1})),
        ("DELETE", spools("/batch"), json!({"ids": [1], "RFIDs": ["x"]})),
        ("POST", spools("/ams/sync"), json!({"devId": MINE, "items": [item]})),
        ("POST", spools("/slot-mappings/sync"), json!({"devId": MINE, "mappings": [item]})),
    ]
}

const GETS: [&str; 14] = [
    "/v1/iot-service/api/user/bind",
    "/v1/iot-service/api/user/print",
    "/v1/iot-service/api/user/device/version",
    "/v1/iot-service/api/user/project",
    "/v1/iot-service/api/user/upload",
    "/v1/iot-service/api/slicer/resource",
    "/v1/user-service/my/profile",
    "/v1/user-service/my/tasks",
    "/v1/user-service/my/messages",
    "/v1/user-service/my/message/count",
    "/v1/user-service/my/message/latest",
    "/v1/design-user-service/my/preference",
    "/v1/design-user-service/my/filament/v2",
    "/v1/design-user-service/filament/config",
];

#[tokio::test]
async fn every_list_answers_head_and_a_get_with_a_content_type_and_no_other_method() {
    for dialect in [Dialect::Observed, Dialect::Documented] {
        let served = Served::speaking(dialect).await;
        let bearer = format!("Authorization: Bearer {}", served.token());
        for path in GETS {
            let typed = [bearer.as_str(), "Content-Type: application/json"];
            assert_eq!(served.ask("GET", path, &typed, "").await.status, 200, "{path}");
            let head = served.ask("HEAD", path, &[&bearer], "").await;
            assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
            assert_eq!(served.ask("TRACE", path, &[&bearer], "").await.status, 405, "{path}");
            let open = path.ends_with("slicer/resource");
            let status = if open { 200 } else { 401 };
            assert_eq!(served.ask("GET", path, &[], "").await.status, status, "{path}");
        }
    }
}

#[tokio::test]
async fn no_route_with_a_body_is_open_to_strangers_or_takes_an_endless_one() {
    let served = Served::speaking(Dialect::Documented).await;
    for (method, path, body) in routes() {
        let stranger = served.ask(method, &path, &[], &body.to_string()).await;
        assert_eq!(stranger.status, 401, "{method} {path}");
        let endless = json!({"name": "x".repeat(300_000)});
        let answer = served.call(method, &path, endless).await;
        assert_eq!(answer.status, 413, "{method} {path}");
    }
}

#[tokio::test]
async fn an_answer_is_packed_for_who_asks_for_it() {
    let served = Served::start().await;
    let bearer = format!("Authorization: Bearer {}", served.token());
    let path = "/v1/user-service/my/profile";
    // The body is no text then: the head is enough.
    let head = served.ask("HEAD", path, &[&bearer, "Accept-Encoding: gzip"], "").await.head;
    let plain = served.ask("HEAD", path, &[&bearer], "").await.head;
    let packed = |head: &str| head.to_ascii_lowercase().contains("content-encoding: gzip");
    assert!(packed(&head), "{head}");
    assert!(!packed(&plain), "{plain}");
}

/// One cloud of each dialect for all cases; the runtime lives as long as the process.
fn clouds() -> &'static (Runtime, [(u16, String); 2]) {
    static CLOUDS: OnceLock<(Runtime, [(u16, String); 2])> = OnceLock::new();
    CLOUDS.get_or_init(|| {
        let runtime = Runtime::new().unwrap();
        let clouds = [Dialect::Observed, Dialect::Documented].map(|dialect| {
            let accounts = Accounts::from_seed(1);
            let spec =
                PrinterSpec::new(MINE.parse().unwrap(), Model::P1S, AccessCode::new("12345678"));
            let printers = vec![(accounts.ready.clone(), Printer::new(spec) as Arc<dyn Listed>)];
            let cloud = Arc::new(Cloud::new(accounts, printers).in_dialect(dialect));
            let token = cloud.first_token(&cloud.accounts().ready);
            let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
            let port = listener.local_addr().unwrap().port();
            runtime.spawn(http::run(listener, cloud, CancellationToken::new()));
            (port, token)
        });
        (runtime, clouds)
    })
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((".{0,8}", inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Puts `with` in the place of the `at`th value inside `body`.
fn replace(body: &mut Value, at: &mut usize, with: &Value) {
    if *at == 0 {
        *body = with.clone();
    }
    *at = at.wrapping_sub(1);
    let inner: Vec<&mut Value> = match body {
        Value::Object(fields) => fields.values_mut().collect(),
        Value::Array(list) => list.iter_mut().collect(),
        _ => return,
    };
    inner.into_iter().for_each(|value| replace(value, at, with));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_body_breaks_a_route(with in json(), at in 0..9_usize, cut in 0..80_usize) {
        let (runtime, clouds) = clouds();
        for (port, token) in clouds {
            for (method, path, mut body) in routes() {
                replace(&mut body, &mut at.clone(), &with);
                let whole = body.to_string();
                let cut: String = whole.chars().take(cut).collect();
                for text in [whole, cut] {
                    let bearer = format!("Authorization: Bearer {token}");
                    let answer = runtime.block_on(ask(*port, method, &path, &[&bearer], &text));
                    prop_assert!((200..500).contains(&answer.status), "{method} {path} {text}: {answer:?}");
                }
            }
        }
    }

    #[test]
    fn no_path_or_query_breaks_a_route(text in "[a-zA-Z0-9._~%&=/-]{0,40}") {
        let (runtime, clouds) = clouds();
        for (port, token) in clouds {
            let bearer = format!("Authorization: Bearer {token}");
            let ids = ["/v1/iot-service/api/user/task/", "/v1/iot-service/api/user/project/",
                "/v1/iot-service/api/user/profile/", "/v1/iot-service/api/slicer/setting/",
                "/v1/user-service/my/task/", "/v1/user-service/my/message/"];
            let paths = ids.iter().map(|path| format!("{path}{text}"));
            let queries = GETS.iter().flat_map(|path| {
                ["", "limit=", "offset=", "after=", "version=", "filename=a&size=", "models="]
                    .map(|name| format!("{path}?{name}{text}"))
            });
            for path in paths.chain(queries) {
                let answer = runtime.block_on(ask(*port, "GET", &path, &[&bearer], ""));
                prop_assert!((200..500).contains(&answer.status), "{path}: {answer:?}");
            }
        }
    }
}
