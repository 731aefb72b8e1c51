//! The routes of the old interface, with the seeds' keys. None of them waits for the cloud.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State},
    response::{IntoResponse as _, Response},
};
use hyper::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    devices,
    known::{Known, Lookup},
};
use crate::{error::ApiError, mask::Masker};

/// What the routes stand on.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    pub(super) known: Arc<Known>,
    pub(super) live: bool,
    pub(super) show_access_codes: bool,
}

/// Which printer.
#[derive(Debug, Deserialize)]
pub(super) struct Of {
    device_id: Option<String>,
}

/// `GET /`.
pub(super) async fn index(State(answers): State<Answers>) -> Json<Value> {
    Json(json!({
        "name": "Bambu Lab Compatibility Layer",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "Status of printers for tools that knew the old local interface",
        "devices": answers.known.count(),
        "mqtt_bridge": if answers.live { "enabled" } else { "disabled" },
        "status": "online",
        "endpoints": ENDPOINTS,
    }))
}

const ENDPOINTS: [&str; 9] = [
    "/api/version",
    "/api/v1/status",
    "/api/v1/print",
    "/api/v1/devices",
    "/api/v2/printers",
    "/api/v2/printers/{serial}",
    "/api/v2/events",
    "/health",
    "/metrics",
];

/// `GET /api/version`.
pub(super) async fn version() -> Json<Value> {
    Json(json!({
        "api_version": "1.0.0",
        "compatibility_layer": true,
        "supported_clients": ["Home Assistant", "Octoprint", "Repetier", "Custom integrations"],
        "server_version": env!("CARGO_PKG_VERSION"),
    }))
}

/// `GET /health`: the server's own, so it is healthy whenever it answers.
#[derive(Debug, Serialize)]
pub(super) struct Health {
    status: &'static str,
    api_client: &'static str,
    mqtt_bridge: &'static str,
    devices: usize,
    /// Printers whose state comes from themselves, right now.
    live: usize,
    /// UTC.
    timestamp: String,
}

/// `GET /health`.
pub(super) async fn health(State(answers): State<Answers>) -> Json<Health> {
    let known = &answers.known;
    let listed = known.listed();
    Json(Health {
        status: "healthy",
        api_client: if known.has_account { "initialized" } else { "not initialized" },
        mqtt_bridge: if answers.live { "running" } else { "stopped" },
        devices: listed.len(),
        live: listed.iter().filter(|printer| known.roster.is_live(printer)).count(),
        timestamp: Timestamp::now().strftime("%Y-%m-%d %H:%M:%S").to_string(),
    })
}

/// `GET /api/v1/status[?device_id=]` and `GET /api/v1/print[?device_id=]`.
pub(super) async fn status(
    State(answers): State<Answers>,
    Query(of): Query<Of>,
) -> Result<Response, ApiError> {
    let known = &answers.known;
    known.demand.asked();
    let Some(serial) = of.device_id.filter(|serial| !serial.is_empty()) else {
        return all(known).map(|all| Json(all).into_response());
    };
    match known.status(&serial) {
        Lookup::Told(status) => Ok(Json(status).into_response()),
        Lookup::NothingYet => Err(nothing_yet(known, "nothing is known of this printer yet")),
        Lookup::NoList => Err(no_list(known)),
        Lookup::Unknown => Ok(not_found()),
    }
}

/// The seeds' body, which clients may compare as a whole.
fn not_found() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({"error": "Device not found"}))).into_response()
}

/// Those of which something is known, by serial number.
fn all(known: &Known) -> Result<Value, ApiError> {
    let listed = known.listed();
    let told = listed
        .iter()
        .filter_map(|printer| Some((printer.serial.as_str().to_owned(), known.told(printer)?)));
    let told: Map<String, Value> = told.collect();
    if !told.is_empty() {
        return Ok(Value::Object(told));
    }
    if !listed.is_empty() {
        return Err(nothing_yet(known, "nothing is known of any printer yet"));
    }
    if known.has_account && known.rest.devices().is_none() {
        return Err(no_list(known));
    }
    Ok(Value::Object(told))
}

/// `GET /api/v1/devices`.
pub(super) async fn devices(State(answers): State<Answers>) -> Result<Json<Value>, ApiError> {
    let known = &answers.known;
    known.demand.asked();
    let is_empty = known.roster.all().is_empty();
    if is_empty && known.has_account && known.rest.devices().is_none() {
        return Err(no_list(known));
    }
    Ok(Json(devices::all(known, answers.show_access_codes)))
}

/// How long to wait before asking again, in seconds.
const SOON: u32 = 5;

fn nothing_yet(known: &Known, cause: &str) -> ApiError {
    ApiError::not_yet(because(known, cause), SOON)
}

fn no_list(known: &Known) -> ApiError {
    ApiError::not_yet(because(known, "the account has not told yet which printers it has"), SOON)
}

fn because(known: &Known, cause: &str) -> String {
    match known.rest.trouble() {
        // Its words are the cloud's, and whoever asks need not have shown a token.
        Some(error) => format!("{cause}: {}", Masker::default().text(&error.to_string())),
        None => format!("{cause}; ask again in a few seconds"),
    }
}
