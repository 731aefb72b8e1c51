use std::{convert::Infallible, sync::Mutex};

use axum::{
    http::{Request, Response},
    response::IntoResponse as _,
};
use http_body_util::{BodyExt, Empty};
use hyper::{body::Bytes, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

const BIND: &str = "/v1/iot-service/api/user/bind";

fn head(method: &str, target: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

#[test]
fn reading_gets_in_and_nothing_else_does_in_strict_mode() {
    for method in ["GET", "HEAD"] {
        assert_eq!(judge(Mode::Strict, &head(method, BIND, &[])), Ok(()), "{method}");
    }
    assert_eq!(
        judge(Mode::Strict, &head("POST", REALTIME_START, &[("content-length", "9")])),
        Ok(())
    );
    for method in [
        "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "Get", "GETX",
        "PROPFIND",
    ] {
        assert_eq!(judge(Mode::Strict, &head(method, BIND, &[])), Err(Refusal::Method), "{method}");
    }
    for other in ["/start", "/start/", "/start/x", "//start", "/%73tart", "/START"] {
        let target = REALTIME_START.replace("/start", other);
        let verdict = judge(Mode::Strict, &head("POST", &target, &[]));
        assert_eq!(verdict.is_ok(), other == "/start", "{other}");
    }
}

#[test]
fn full_mode_takes_the_methods_that_are_forwarded_in_capitals() {
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        assert_eq!(judge(Mode::Full, &head(method, BIND, &[])), Ok(()), "{method}");
    }
    for method in ["TRACE", "CONNECT", "get", "post", "Delete", "MOVE"] {
        let verdict = judge(Mode::Full, &head(method, BIND, &[]));
        assert_eq!(verdict, Err(Refusal::UnknownMethod), "{method}");
    }
}

#[test]
fn a_path_that_could_be_read_in_two_ways_gets_in_nowhere() {
    let bad = [
        "//v1/x",
        "/v1//x",
        "/v1/./x",
        "/v1/../x",
        "/v1/..",
        "/v1/.",
        "/v1/%2e%2e/x",
        "/v1/%2E./x",
        "/v1/.%2e/x",
        "/v1/a%2fb",
        "/v1/a%2Fb",
        "/v1/a%5cb",
        "/v1/a%5Cb",
        "/v1/%252e%252e/x",
        "/v1/a%00b",
        "/v1/a%0d%0aX:y",
        "/v1/a%7fb",
        "/v1/a%",
        "/v1/a%2",
        "/v1/a%zz",
        "/v1/a%+1b",
        "/v1/..;/x",
        "/v1/x;a=b",
        "/v1/x%3ba",
        "/v1/%75ser-service/my/profile",
        "/v1/user%2dservice",
        "/v1/x/..",
        "/v1/x//",
        "//",
    ];
    for mode in [Mode::Strict, Mode::Full] {
        for target in bad {
            assert_eq!(judge(mode, &head("GET", target, &[])), Err(Refusal::Path), "{target}");
        }
        for target in ["/v1/a\\b", "/v1/a?b\\c", "/v1/\u{e4}", "/v1/a?q=\u{e4}"] {
            assert_eq!(judge(mode, &head("GET", target, &[])), Err(Refusal::Bytes), "{target}");
        }
        for target in ["http://127.0.0.1/v1/x", "https://x/v1/x", "x:80", "*"] {
            assert_eq!(judge(mode, &head("GET", target, &[])), Err(Refusal::Form), "{target}");
        }
        let long = format!("/v1/{}", "a".repeat(LONGEST_TARGET));
        assert_eq!(judge(mode, &head("GET", &long, &[])), Err(Refusal::Long));
        for good in [
            "/",
            "/health",
            "/v1/x/",
            "/v1/a%20b",
            "/v1/a.b/..c/c..",
            "/v1/a%C3%A4?x=%2e%2e%2f//&y=..;#",
        ] {
            assert_eq!(judge(mode, &head("GET", good, &[])), Ok(()), "{good}");
        }
    }
}

#[test]
fn no_header_gets_a_write_through_or_leaves_the_end_of_a_body_open() {
    for name in OVERRIDES {
        let verdict = judge(Mode::Strict, &head("GET", BIND, &[(name, "DELETE")]));
        assert_eq!(verdict, Err(Refusal::Override), "{name}");
    }
    for headers in [[("content-length", "5")], [("transfer-encoding", "chunked")]] {
        for mode in [Mode::Strict, Mode::Full] {
            assert_eq!(judge(mode, &head("GET", BIND, &headers)), Err(Refusal::Body));
        }
        assert_eq!(judge(Mode::Full, &head("POST", BIND, &headers)), Ok(()));
    }
    assert_eq!(judge(Mode::Strict, &head("GET", BIND, &[("content-length", "0")])), Ok(()));
    for headers in [
        &[("content-length", "5"), ("transfer-encoding", "chunked")][..],
        &[("content-length", "5"), ("content-length", "5")],
        &[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
        &[("transfer-encoding", "gzip, chunked")],
        &[("transfer-encoding", "identity")],
        &[("transfer-encoding", "\u{b}chunked")],
        &[("host", "a"), ("host", "b")],
    ] {
        let mut request = head("POST", BIND, &[]);
        for (name, value) in headers {
            let Ok(value) = value.parse() else { continue };
            request.headers.append(HeaderName::from_static(name), value);
        }
        if request.headers.is_empty() {
            continue;
        }
        assert_eq!(judge(Mode::Full, &request), Err(Refusal::Framing), "{headers:?}");
    }
    for (value, verdict) in [
        ("h2c", Ok(())),
        ("websocket", Err(Refusal::Upgrade)),
        ("h2c, websocket", Err(Refusal::Upgrade)),
        ("TLS/1.0", Err(Refusal::Upgrade)),
    ] {
        for mode in [Mode::Strict, Mode::Full] {
            assert_eq!(judge(mode, &head("GET", BIND, &[("upgrade", value)])), verdict, "{value}");
        }
    }
}

#[test]
fn refusals_are_answered_with_the_status_that_fits() {
    for (refusal, status) in [
        (Refusal::Method, 405),
        (Refusal::UnknownMethod, 405),
        (Refusal::Override, 405),
        (Refusal::Upgrade, 405),
        (Refusal::Form, 400),
        (Refusal::Long, 414),
        (Refusal::Path, 400),
        (Refusal::Framing, 400),
        (Refusal::Body, 400),
    ] {
        assert_eq!(refusal.answer(Mode::Strict).into_response().status(), status);
    }
    let body = Refusal::Method.answer(Mode::Strict).body();
    assert_eq!(body["error"], "Method Not Allowed");
    assert_eq!(body["allowed_methods"], serde_json::json!(["GET", "HEAD"]));
}

/// What gets in of these bytes: method and target of each request that the gate lets through.
async fn gets_in(mode: Mode, bytes: &[u8]) -> Vec<String> {
    let seen = Mutex::new(Vec::new());
    let (mut near, far) = tokio::io::duplex(1 << 16);
    let service = service_fn(|request: Request<hyper::body::Incoming>| {
        let (head, body) = request.into_parts();
        if judge(mode, &head).is_ok() {
            let target = head.uri.path_and_query().unwrap().as_str();
            seen.lock().unwrap().push(format!("{} {target}", head.method));
        }
        async move {
            let _ = body.collect().await;
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    near.write_all(bytes).await.unwrap();
    near.shutdown().await.unwrap();
    let served = http1::Builder::new().serve_connection(TokioIo::new(far), service);
    let mut answers = Vec::new();
    let (_, read) = tokio::join!(served, near.read_to_end(&mut answers));
    read.unwrap();
    seen.into_inner().unwrap()
}

#[tokio::test]
async fn nothing_that_is_smuggled_gets_a_write_in() {
    const END: &str = "POST /v1/smuggled HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
    let corpus = [
        // CL.TE and TE.CL: the second request is in the first one's body, or is a request of its own.
        format!(
            "POST /v1/a HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{END}"
        ),
        format!(
            "POST /v1/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n{END}\r\n0\r\n\r\n"
        ),
        format!("GET /v1/a HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{END}", END.len()),
        format!(
            "GET /v1/a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n{END}"
        ),
        format!("GET /v1/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n{END}"),
        format!(
            "GET /v1/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n{END}"
        ),
        format!(
            "GET /v1/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n{END}"
        ),
        format!("GET /v1/a HTTP/1.1\r\nHost: x\r\n Transfer-Encoding: chunked\r\n\r\n{END}"),
        format!("GET /v1/a HTTP/1.1\r\nHost: x\r\nX: a\nContent-Length: 9\r\n\r\n{END}"),
        format!("GET /v1/a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{END}"),
        format!("POST http://x{REALTIME_START} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"),
        format!(
            "POST {REALTIME_START}/../../bind HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
        ),
        "post /v1/a HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        "GET /v1/a\x00b HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        "GET /v1/a b HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        "GET\t/v1/a HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        "DELETE /v1/a HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
    ];
    for bytes in corpus {
        for request in gets_in(Mode::Strict, bytes.as_bytes()).await {
            let reads = request.starts_with("GET /v1/a") || request.starts_with("HEAD /v1/a");
            assert!(reads && !request.contains("smuggled"), "{request} of {bytes:?}");
        }
    }
}

#[tokio::test]
async fn what_is_behind_a_hash_is_gone_and_what_is_before_it_is_judged() {
    let bytes = format!("GET {BIND}#/../x HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(gets_in(Mode::Strict, bytes.as_bytes()).await, [format!("GET {BIND}")]);
    let bytes = "GET /v1/../x# HTTP/1.1\r\nHost: x\r\n\r\n";
    assert!(gets_in(Mode::Strict, bytes.as_bytes()).await.is_empty());
}
