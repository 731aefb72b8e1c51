use std::time::Duration;

use axum::body::Body;
use bambulab::{LanTarget, Options, connect_lan, protocol::AccessCode};
use futures_util::StreamExt as _;
use hyper::{Request, StatusCode};
use tower::ServiceExt as _;

use super::*;
use crate::{metrics::Metrics, testbed::PATIENCE};

/// A printer at whose address nobody is.
fn shown(serial: &str) -> Shown {
    let code = AccessCode::new("12345678");
    let target = LanTarget::new(serial.parse().unwrap(), "127.0.0.1", code);
    let link = connect_lan(LanTarget { port: 1, ..target }, Options::default());
    Shown { serial: link.serial().clone(), name: None, model: None, link: Some(link) }
}

#[tokio::test]
async fn a_stream_of_events_ends_when_a_printer_comes_so_that_its_reader_asks_again() {
    let roster = Arc::new(Roster::new(Duration::from_secs(30)));
    roster.put(shown("A"));
    let router = router(Parts { roster: roster.clone(), relay: Relay::new(4, Metrics::new()) });
    let request = Request::get("/api/v2/events").body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let mut frames = response.into_body().into_data_stream();
    let mut text = String::new();
    while !text.contains("\"serial\":\"A\"") {
        text.push_str(std::str::from_utf8(&frames.next().await.unwrap().unwrap()).unwrap());
    }
    roster.put(shown("B"));
    let rest = tokio::time::timeout(PATIENCE, frames.collect::<Vec<_>>()).await;
    assert!(rest.is_ok());
}

#[tokio::test]
async fn a_reader_without_a_place_and_a_printer_without_a_link_are_told_to_wait() {
    let roster = Arc::new(Roster::new(Duration::from_secs(30)));
    roster.put(Shown { link: None, ..shown("A") });
    let router = router(Parts { roster, relay: Relay::new(0, Metrics::new()) });
    for path in ["/api/v2/events", "/api/v2/events?serial=A"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(response.headers().contains_key("retry-after"), "{path}");
    }
}
