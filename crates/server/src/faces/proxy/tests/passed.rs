//! What comes through, and in what shape.

use bambulab::cloud::{Group, Rate};
use tower::ServiceExt;

use super::*;

const BIND: &str = "/v1/iot-service/api/user/bind";

#[tokio::test]
async fn an_answer_comes_masked_and_the_cloud_sees_the_real_token_alone() {
    let world = World::new(Setting::default()).await;
    let more = "Cookie: a=b\r\nX-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\nUser-Agent: curl/8\r\n\
                Accept: application/json\r\nAccept-Encoding: gzip, br\r\nRange: bytes=0-5\r\nX-Api-Key: k\r\n\
                Proxy-Authorization: Basic eA==\r\nReferer: http://x\r\nX-BBL-Client-Type: slicer\r\n";
    let answer = world.ask("GET", &format!("{BIND}?a=%20b&a=c"), more).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json()["devices"][0]["dev_access_code"], "********");
    assert!(answer.head().contains("content-length: "), "{}", answer.head());
    for secret in ["12345678", "192.168", "s3.example", REAL] {
        assert!(!answer.0.contains(secret), "{secret} in {}", answer.0);
    }
    let heads = world.cloud.heads();
    let [head] = heads.as_slice() else { panic!("{heads:?}") };
    assert!(head.starts_with(&format!("get {BIND}?a=%20b&a=c http/1.1\r\n")), "{head}");
    let mut names: Vec<_> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, _)| name)
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "accept-encoding", "authorization", "host", "user-agent"]);
    assert!(head.contains(&format!("authorization: bearer {}\r\n", REAL.to_ascii_lowercase())));
    assert!(head.contains(concat!("user-agent: bambu/", env!("CARGO_PKG_VERSION"))));
    assert!(head.contains("accept-encoding: identity"));
    assert!(head.contains(&format!("host: {}", world.cloud.address)));
}

#[tokio::test]
async fn connections_to_the_cloud_are_kept() {
    let world = World::new(Setting::default()).await;
    for name in ["bind", "chunked", "bind", "emptychunked", "missing", "bind"] {
        world.get(&format!("/v1/{name}")).await;
    }
    assert_eq!((world.cloud.heads().len(), world.cloud.connections()), (6, 1));
}

#[tokio::test]
async fn chunks_are_masked_across_their_borders_and_trailers_stay_here() {
    let world = World::new(Setting::default()).await;
    let answer = world.get("/v1/chunked").await;
    let (body, is_whole) = answer.unchunked();
    assert!(is_whole, "{}", answer.0);
    let whole = world.get("/v1/bind").await;
    assert_eq!(body, whole.body());
    assert!(!answer.0.contains("192.168"));
}

#[tokio::test]
async fn what_has_no_body_is_204_and_head_has_only_a_head() {
    let world = World::new(Setting::default()).await;
    for name in ["empty", "emptychunked", "nocontent"] {
        let answer = world.get(&format!("/v1/{name}")).await;
        assert_eq!((answer.status(), answer.body()), (204, ""), "{name}");
        assert!(!answer.head().contains("content-"), "{name}");
    }
    let answer = world.ask("HEAD", "/v1/head", "").await;
    assert_eq!((answer.status(), answer.body()), (200, ""));
    assert!(answer.head().contains("application/json") && !answer.head().contains("999"));
    assert!(!answer.head().contains("content-length"), "{}", answer.head());
    assert!(world.cloud.heads().last().unwrap().starts_with("head /v1/head "));
}

#[tokio::test]
async fn a_redirect_loses_its_address_and_what_belongs_to_the_other_connection() {
    let world = World::new(Setting::default()).await;
    let answer = world.get("/v1/moved").await;
    assert_eq!(answer.status(), 302);
    for gone in ["s3.example", "aqasecret", "x-hop", "keep-alive", "alt-svc", "signature"] {
        assert!(!answer.head().contains(gone), "{gone} in {}", answer.head());
    }
}

#[tokio::test]
async fn a_huge_answer_passes_masked_in_bounded_memory() {
    let world = World::new(Setting::default()).await;
    let before = peak();
    let mut stream = TcpStream::connect(world.proxy).await.unwrap();
    let ask = format!(
        "GET /v1/big HTTP/1.1\r\nHost: x\r\nAuthorization: {ALICE}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(ask.as_bytes()).await.unwrap();
    let (mut total, mut tail) = (0usize, Vec::new());
    let mut buffer = vec![0; 1 << 18];
    loop {
        let read = stream.read(&mut buffer).await.unwrap();
        if read == 0 {
            break;
        }
        total += read;
        let part = &buffer[..read];
        assert!(!part.windows(8).any(|eight| eight == b"12345678"));
        tail.extend_from_slice(part);
        tail.drain(..tail.len().saturating_sub(16));
    }
    assert!(total > upstream::BIG / 4 * 3, "{total}");
    assert!(tail.ends_with(b"0]\r\n0\r\n\r\n") || tail.ends_with(b"0\r\n\r\n"), "{tail:?}");
    let grown = peak() - before;
    assert!(grown < 16 << 10, "{grown} KiB more than before");
}

/// The most memory that this process had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn full_mode_passes_uploads_of_any_framing_and_masks_what_comes_back() {
    let world = World::new(Setting { mode: Mode::Full, ..Setting::default() }).await;
    let body = "x".repeat(3 << 20);
    let more = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    let ask = format!(
        "POST /v1/bind HTTP/1.1\r\nHost: x\r\nAuthorization: {ALICE}\r\nConnection: close\r\n{more}\r\n{body}"
    );
    let answer = world.send(&ask).await;
    assert_eq!(answer.status(), 200, "{}", answer.0);
    assert_eq!(answer.json()["devices"][0]["dev_access_code"], "********");
    assert_eq!(world.cloud.uploaded(), body.len() as u64);
    assert!(world.cloud.heads()[0].contains(&format!("content-length: {}", body.len())));

    let chunks = "5\r\nhello\r\n".repeat(1000);
    let ask = format!(
        "PUT /v1/bind HTTP/1.1\r\nHost: x\r\nAuthorization: {ALICE}\r\nConnection: close\r\n\
         Transfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"
    );
    assert_eq!(world.send(&ask).await.status(), 200);
    assert!(world.cloud.heads()[1].contains("transfer-encoding: chunked"));
    for method in ["PATCH", "DELETE", "POST"] {
        assert_eq!(world.ask(method, "/v1/bind", "").await.status(), 200, "{method}");
    }
    let asked = world.cloud.heads().len();
    let answer = world.ask("OPTIONS", "/v1/bind", "").await;
    assert!(answer.status() == 200 && answer.head().contains("allow: get, head, post"));
    assert_eq!(world.cloud.heads().len(), asked, "answered here");
    let last = world.cloud.heads().pop().unwrap();
    assert!(last.contains("content-length: 0") || !last.contains("transfer-encoding"), "{last}");
}

#[tokio::test]
async fn one_budget_holds_for_all_tokens_of_an_account() {
    let minute = Duration::from_secs(60);
    let budget = Budget::custom([(Group::Devices, Rate::new(2, minute))]);
    let world = World::new(Setting { budget, ..Setting::default() }).await;
    assert_eq!(world.get(BIND).await.status(), 200);
    assert_eq!(world.by_bob(BIND).await.status(), 200);
    for answer in [world.get(BIND).await, world.by_bob(BIND).await] {
        assert_eq!(answer.status(), 429);
        let body = answer.json();
        assert_eq!(
            (&body["error"], &body["scope"]),
            (&"Rate limit exceeded".into(), &"account".into())
        );
        assert!(body["message"].as_str().unwrap().contains("account"), "{body}");
        assert!(answer.head().contains("retry-after: "));
    }
    assert_eq!(world.cloud.heads().len(), 2);
}

#[tokio::test]
async fn who_is_not_known_reaches_nothing_and_who_asks_too_often_is_told_when() {
    let rates = RateLimit { device: Some(2), ..RateLimit::OFF };
    let world = World::new(Setting { rates, ..Setting::default() }).await;
    let ask =
        |auth: &str| format!("GET {BIND} HTTP/1.1\r\nHost: x\r\n{auth}Connection: close\r\n\r\n");
    let answer = world.send(&ask("")).await;
    assert_eq!((answer.status(), &answer.json()["error"]), (401, &"Missing token".into()));
    let answer = world.send(&ask("Authorization: Bearer nobody\r\n")).await;
    assert_eq!((answer.status(), &answer.json()["error"]), (401, &"Invalid token".into()));
    assert!(world.cloud.heads().is_empty());
    for left in ["1", "0"] {
        let head = world.get(BIND).await.head();
        assert!(head.contains(&format!("x-ratelimit-remaining: {left}")), "{head}");
    }
    let answer = world.get(BIND).await;
    assert_eq!((answer.status(), &answer.json()["error"]), (429, &"Rate limit exceeded".into()));
    assert_eq!(world.cloud.heads().len(), 2);
}

#[tokio::test]
async fn a_token_that_only_reads_does_so_on_the_full_face_too() {
    let options = toml::from_str(&format!("token = {ALICE:?}\nread_only = true")).unwrap();
    let setting = Setting { mode: Mode::Full, options: vec![options], ..Setting::default() };
    let world = World::new(setting).await;
    assert_eq!(world.ask("POST", BIND, "").await.status(), 405);
    assert_eq!(world.ask("GET", BIND, "X-HTTP-Method-Override: PUT\r\n").await.status(), 405);
    assert_eq!(world.get(BIND).await.status(), 200);
    assert_eq!(world.cloud.heads().len(), 1);
}

#[tokio::test]
async fn paths_outside_are_not_found_and_tricks_do_not_arrive() {
    let world = World::new(Setting::default()).await;
    assert_eq!(world.get("/v2/x").await.status(), 404);
    assert_eq!(world.get("/v1/").await.status(), 404);
    for (method, path, status) in [
        ("POST", BIND, 405),
        ("get", BIND, 405),
        ("GET", "/v1/a/../b", 400),
        ("GET", "/v1//b", 400),
        ("GET", "/v1/%2e%2e/b", 400),
        ("GET", "http://x/v1/b", 400),
    ] {
        assert_eq!(world.ask(method, path, "").await.status(), status, "{method} {path}");
    }
    assert!(world.cloud.heads().is_empty());
    let request = axum::http::Request::get("/health").body(axum::body::Body::empty()).unwrap();
    assert_eq!(world.router.clone().oneshot(request).await.unwrap().status(), 404);
}
