//! What is told of a request.

use axum::{extract::Extension, response::IntoResponse, routing::get};

use super::*;

fn seen() -> Seen {
    Seen { face: "compat", metrics: Metrics::new() }
}

fn router() -> Router {
    let who = || Who { token: "alice".into(), group: "device" };
    Router::new()
        .route("/known", get(move || async move { (Extension(who()), "here") }))
        .route("/never", get(std::future::pending::<()>))
        .route(
            "/id",
            get(|Extension(id): Extension<RequestId>| async move {
                id.as_str().to_owned().into_response()
            }),
        )
}

fn request(path: &str, id: Option<&str>) -> Request<Body> {
    let request = Request::get(path);
    let request = match id {
        Some(id) => request.header(REQUEST_ID, id),
        None => request,
    };
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn a_sane_request_id_is_kept_and_any_other_is_replaced() {
    let seen = seen();
    let response = traced(&seen, router(), request("/id", Some("trace-1.a_B"))).await;
    assert_eq!(response.headers()[REQUEST_ID], "trace-1.a_B");
    let body = axum::body::to_bytes(response.into_body(), 100).await.unwrap();
    assert_eq!(body, "trace-1.a_B");
    for odd in ["", "two words", "<b>", &"a".repeat(65)] {
        let response = traced(&seen, router(), request("/id", Some(odd))).await;
        let id = response.headers()[REQUEST_ID].to_str().unwrap();
        assert!(id.len() == 16 && id != odd, "{id}");
    }
}

#[tokio::test]
async fn a_request_is_counted_under_its_token_and_who_is_not_sent_on() {
    let seen = seen();
    let response = traced(&seen, router(), request("/known", None)).await;
    assert!(response.extensions().get::<Who>().is_none());
    traced(&seen, router(), request("/other", None)).await;
    let text = seen.metrics.text();
    for line in [
        r#"{face="compat",group="device",method="GET",status="200",token="alice"} 1"#,
        r#"{face="compat",group="other",method="GET",status="404",token="none"} 1"#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn a_request_whose_caller_left_is_counted_too() {
    let seen = seen();
    let call = traced(&seen, router(), request("/never", None));
    assert!(futures_util::FutureExt::now_or_never(call).is_none());
    assert!(seen.metrics.text().contains(r#"status="499""#), "{}", seen.metrics.text());
}

#[test]
fn the_path_that_is_logged_names_no_printer_and_no_ticket() {
    for (path, logged) in [
        ("/v1/iot-service/api/user/bind", "/v1/iot-service/api/user/bind"),
        ("/api/v2/printers/01P00A000000001", "/api/v2/printers/*"),
        (
            "/v1/user-service/user/ticket/abcdefghijklmnopqrstuvwxyzabcdefghi",
            "/v1/user-service/user/ticket/*",
        ),
        ("/", "/"),
        ("*", ""),
        ("/a%0ab", "/*"),
    ] {
        assert_eq!(pattern(path), logged, "{path}");
    }
    assert_eq!(pattern(&"/a".repeat(5000)).len(), 32);
}
