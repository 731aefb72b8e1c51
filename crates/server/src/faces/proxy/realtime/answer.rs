//! What the realtime routes answer, key by key as the seeds' clients read it.

use std::time::{Duration, UNIX_EPOCH};

use axum::response::{IntoResponse as _, Response};
use bambu_protocol::Serial;
use hyper::{
    HeaderMap, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue},
};
use serde_json::{Value, json};

use super::sessions::{Opened, Running};
use crate::{error::ApiError, faces::proxy::gate::REALTIME_START as START, mask::Masker};

/// Whether the data is live: `online`, `stale`, `offline`, `connecting`. The seeds' keys have no
/// place for it.
const CONNECTION: HeaderName = HeaderName::from_static("bambu-connection");

/// Why there is no session.
#[derive(Debug)]
pub(super) enum Failed {
    /// The token is not for this printer.
    NotAllowed,
    /// The account does not have it.
    NoSuchPrinter,
    /// There are too many sessions.
    Full,
    /// The cloud or its broker: "cause; next step".
    Other(String),
}

impl Failed {
    /// As the caller may read it; without a mask it may read all.
    pub(super) fn answer(self, device: &str, masker: Option<&Masker>) -> ApiError {
        let failed = |error: ApiError| named(error.with("status", "failed"), device, masker);
        match self {
            Self::NotAllowed => failed(ApiError::forbidden(
                "this token is not for that printer; ask whoever runs this proxy",
            )),
            Self::NoSuchPrinter => failed(ApiError::not_found(
                "Device not found",
                "the account has no such printer; see GET /v1/iot-service/api/user/bind",
            )),
            Self::Full => failed(ApiError::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "too many realtime sessions",
                "this proxy has too many realtime sessions; wait until some have ended",
            )),
            Self::Other(text) => {
                let text = shown(&text, masker);
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                failed(ApiError::new(status, "Realtime session failed", text))
            }
        }
    }
}

pub(super) fn opened(opened: Opened, serial: &Serial, duration: Duration) -> Response {
    let seconds = duration.as_secs();
    let (status, message) = match opened {
        Opened::Started => ("started", format!("MQTT monitoring started for {seconds} seconds")),
        _ => ("extended", "Existing session extended".to_owned()),
    };
    json(
        StatusCode::OK,
        json!({
            "status": status, "device_id": serial, "expires_in": seconds, "message": message,
        })
        .to_string(),
    )
}

/// What a session has to tell now.
pub(super) fn running(running: &Running, serial: &Serial, masker: Option<&Masker>) -> Response {
    let snapshot = running.link.snapshot();
    let expires_in = running.expires_in.as_secs_f64();
    let (status, body) = match (running.link.report(), snapshot.heard) {
        (Some(report), Some(heard)) => {
            let at = heard.at.duration_since(UNIX_EPOCH).unwrap_or_default();
            let body = json!({
                "device_id": serial,
                "data": report,
                "timestamp": at.as_secs_f64(),
                "age_seconds": heard.age().as_secs_f64(),
                "expires_in": expires_in,
                "message_count": snapshot.reports,
            });
            (StatusCode::OK, body)
        }
        _ => {
            let waiting = "Waiting for first MQTT message";
            let reason = snapshot.connection.reason();
            let body = json!({
                "status": "waiting",
                "message": reason.map_or(waiting.to_owned(), |why| format!("{waiting}: {why}")),
                "device_id": serial,
                "session_age": running.age.as_secs_f64(),
                "expires_in": expires_in,
            });
            (StatusCode::ACCEPTED, body)
        }
    };
    let mut response = json(status, masked(&body, masker));
    let connection = HeaderValue::from_static(snapshot.connection.word());
    response.headers_mut().insert(CONNECTION, connection);
    response
}

pub(super) fn nothing(device: &str, masker: Option<&Masker>) -> ApiError {
    let next = format!("Start monitoring by POST to {START} with device_id");
    named(ApiError::not_found("No active monitoring session", next), device, masker)
}

pub(super) fn expired(device: &str, masker: Option<&Masker>) -> ApiError {
    let next = format!("Session expired. Start new session by POST to {START}");
    let error = ApiError::new(StatusCode::GONE, "Monitoring session expired", next);
    named(error, device, masker)
}

/// No such printer, and not even a serial number: it is not said back.
pub(super) fn no_such_name() -> ApiError {
    Failed::NoSuchPrinter.answer("", None)
}

/// An error that says back what was asked for, which may be anything.
fn named(error: ApiError, device: &str, masker: Option<&Masker>) -> ApiError {
    if device.is_empty() { error } else { error.with("device_id", shown(device, masker)) }
}

fn shown(text: &str, masker: Option<&Masker>) -> String {
    masker.map_or_else(|| text.to_owned(), |masker| masker.text(text).into_owned())
}

pub(super) fn no_device() -> ApiError {
    let next = format!("Specify device_id parameter or start monitoring with POST to {START}");
    ApiError::bad_request("device_id required", next)
}

fn masked(body: &Value, masker: Option<&Masker>) -> Vec<u8> {
    let plain = body.to_string().into_bytes();
    masker.map_or(plain.clone(), |masker| masker.json(&plain))
}

fn json(status: StatusCode, body: impl Into<Vec<u8>>) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    (status, headers, body.into()).into_response()
}
