use std::net::SocketAddr;

use axum::{
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::StatusCode,
};
use bambulab::Token;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::{
    auth::Tokens,
    config::{self, RateLimit},
    faces::proxy::Mode,
    limits::Limits,
    metrics::Metrics,
    trace::Who,
};

/// The pages of a proxy with the tokens `alice`, `bob` and, if wanted, the admin `carol`.
fn pages(mode: Mode, carol: bool, rates: RateLimit) -> Router {
    let mut text = String::new();
    for (name, more) in
        [("alice", "limit = 99"), ("bob", "note = \"wall\""), ("carol", "admin = true")]
    {
        if carol || name != "carol" {
            text += &format!("[[token]]\nname = \"{name}\"\ntoken = \"{name}s-secret\"\n{more}\n");
        }
    }
    let options = toml::from_str::<config::Proxy>(&text).unwrap().token;
    let login = Some(Token::new("AQAsecret"));
    let parts = Parts {
        mode,
        tokens: Arc::new(Tokens::open(None, options, login).unwrap()),
        forwarder: Arc::new(crate::faces::proxy::Forwarder::to_nobody()),
        limits: Arc::new(Limits::new(rates)),
        metrics: Metrics::new(),
    };
    let sessions = || {
        let of = |name: &str, expires_in| Session {
            token: TokenDigest::of(&format!("{name}s-secret")),
            serial: "01P00A000000001".to_owned(),
            told: RealtimeSession {
                connected: true,
                message_count: 7,
                last_update: Some(1_790_000_000.25),
                has_data: true,
                expires_in,
                session_age: 20.0,
                tokens: 0,
            },
        };
        vec![of("alice", 100.0), of("bob", 40.0)]
    };
    routes(Arc::new(About {
        parts: Arc::new(parts),
        realtime_seconds: 120,
        sessions: Box::new(sessions),
    }))
}

async fn ask(pages: &Router, path: &str, token: Option<&str>) -> (StatusCode, Value, Response<()>) {
    let mut request = Request::get(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}s-secret"));
    }
    let mut request = request.body(Body::empty()).unwrap();
    let address: SocketAddr = "192.0.2.1:999".parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(address));
    let (head, body) = pages.clone().oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    assert!(!String::from_utf8_lossy(&body).contains("secret"), "{body:?}");
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    (head.status, body, Response::from_parts(head, ()))
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn health_needs_no_token_and_has_the_seeds_keys() {
    let pages = pages(Mode::Strict, false, RateLimit::default());
    let (status, body, head) = ask(&pages, "/health", None).await;
    assert_eq!(status, 200);
    let wanted = json!({
        "status": "healthy", "mode": "strict", "backend": "http://127.0.0.1:9",
        "tokens_configured": 2, "mqtt_active_sessions": 2,
        "mqtt_session_duration": "120 seconds",
        "rate_limits": {
            "device_queries": "30 per minute", "user_endpoints": "15 per minute",
            "admin_endpoints": "10 per minute",
        },
    });
    assert_eq!(body, wanted);
    assert_eq!(head.headers()["x-ratelimit-limit"], "60");
    assert_eq!(head.headers()["cache-control"], "no-store");
    assert_eq!(&*head.extensions().get::<Who>().unwrap().token, "none");
}

#[tokio::test]
async fn the_first_page_has_the_seeds_keys_and_warns_in_full_mode() {
    let strict = pages(Mode::Strict, false, RateLimit::OFF);
    let (_, body, head) = ask(&strict, "/", Some("alice")).await;
    assert_eq!(keys(&body), ["description", "endpoints", "mode", "name", "rate_limits", "version"]);
    assert_eq!(body["rate_limits"]["health_check"], "off");
    assert_eq!(body["rate_limits"]["device_queries"], "off");
    for key in ["health", "admin_tokens", "api_base"] {
        assert!(body["endpoints"][key].is_string(), "{key}");
    }
    assert!(!head.headers().contains_key("x-ratelimit-limit"));
    assert_eq!(&*head.extensions().get::<Who>().unwrap().token, "alice");
    let (_, body, _) = ask(&pages(Mode::Full, false, RateLimit::OFF), "/", None).await;
    assert!(body["warning"].is_string() && body["mode"] == "full");
}

#[tokio::test]
async fn admin_needs_a_token_and_shows_everybody_only_what_is_theirs() {
    let pages = pages(Mode::Strict, false, RateLimit::OFF);
    for path in ["/admin/tokens", "/admin/mqtt"] {
        let (status, body, head) = ask(&pages, path, None).await;
        assert_eq!((status.as_u16(), &body["error"]), (401, &json!("Missing token")), "{path}");
        assert_eq!(head.headers()["www-authenticate"], "Bearer");
        let (status, body, _) = ask(&pages, path, Some("mallory")).await;
        assert_eq!((status.as_u16(), &body["error"]), (401, &json!("Invalid token")), "{path}");
    }
    let (_, body, _) = ask(&pages, "/admin/tokens", Some("bob")).await;
    let bob = format!("{}", Token::new("bobs-secret").fingerprint());
    let wanted = json!({"count": 1, "tokens": [{
        "custom_token": bob, "has_real_token": true, "name": "bob", "source": "login",
        "read_only": false, "serials": null, "limit": null, "expires": null, "expired": false,
        "admin": false, "note": "wall",
    }]});
    assert_eq!(body, wanted);
    let (_, body, _) = ask(&pages, "/admin/mqtt", Some("bob")).await;
    let wanted = json!({
        "active_sessions": 1, "session_duration": 120, "cleanup_interval": 30,
        "sessions": {"01P00A000000001": {
            "connected": true, "message_count": 7, "last_update": 1_790_000_000.25,
            "has_data": true, "expires_in": 40.0, "session_age": 20.0, "tokens": 1,
        }},
    });
    assert_eq!(body, wanted);
}

#[tokio::test]
async fn whoever_is_marked_admin_sees_all_and_nobody_else_comes_in() {
    let pages = pages(Mode::Full, true, RateLimit::OFF);
    let (_, body, _) = ask(&pages, "/admin/tokens", Some("carol")).await;
    assert_eq!(body["count"], 3);
    let (_, body, _) = ask(&pages, "/admin/mqtt", Some("carol")).await;
    assert_eq!(body["active_sessions"], 2);
    assert_eq!(body["sessions"]["01P00A000000001"]["tokens"], 2);
    assert_eq!(body["sessions"]["01P00A000000001"]["expires_in"], 100.0);
    let (status, body, _) = ask(&pages, "/admin/mqtt", Some("alice")).await;
    assert_eq!((status.as_u16(), &body["error"]), (403, &json!("Forbidden")));
}

#[tokio::test]
async fn limits_count_by_token_and_the_unknown_by_their_address() {
    let pages = pages(Mode::Strict, false, RateLimit::each(Some(2)));
    for name in [None, Some("mallory")] {
        assert_eq!(ask(&pages, "/admin/tokens", name).await.0, 401);
    }
    for name in [None, Some("mallory"), Some("trent")] {
        let (status, body, head) = ask(&pages, "/admin/tokens", name).await;
        assert_eq!((status.as_u16(), &body["error"]), (429, &json!("Rate limit exceeded")));
        assert!(head.headers().contains_key("retry-after"));
    }
    for name in ["alice", "bob"] {
        assert_eq!(ask(&pages, "/admin/tokens", Some(name)).await.0, 200);
        assert_eq!(ask(&pages, "/health", Some(name)).await.0, 200);
    }
    assert_eq!(ask(&pages, "/health", None).await.0, 200);
}
