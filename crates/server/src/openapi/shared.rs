//! Routes that every face has, and those of one path that two faces answer in their own way.

use serde_json::{Value, json};
use utoipa::openapi::{
    HttpMethod, ObjectBuilder, Type,
    schema::{OneOfBuilder, Schema},
};

use super::{book::Book, schemas};
use crate::faces::proxy::admin;

const TAG: &str = "about the server";
const OF_EITHER: &str = "Of the proxy, or of the compatibility layer.";

pub(super) fn write(book: &mut Book) {
    book.route(HttpMethod::Get, "/metrics", TAG, "metrics", "What is counted, for Prometheus")
        .says(
            "From this machine without a token, from others with one, unless `open_metrics` is set.",
        )
        .token_from_elsewhere()
        .gives_text("application/openmetrics-text", "Counters.", "bambu_connections 3\n# EOF\n")
        .other_token()
        .limited()
        .done();
    let any = ObjectBuilder::new().schema_type(Type::Object);
    book.route(HttpMethod::Get, "/openapi.json", TAG, "openapi", "This description")
        .gives_schema(200, "OpenAPI 3.1.", Schema::from(any), json!({"openapi": "3.1.0"}))
        .done();
    book.route(HttpMethod::Get, "/docs", TAG, "docs", "A page to try the routes")
        .gives_text("text/html", "It loads nothing from elsewhere.", "<!doctype html>")
        .done();
}

/// In one document for all faces, what two of them answer in their own way.
pub(super) fn both(book: &mut Book) {
    let health = OneOfBuilder::new()
        .item(book.schema::<admin::Health>())
        .item(book.schema::<schemas::CompatHealth>());
    book.route(HttpMethod::Get, "/health", TAG, "health", "Whether the server is up")
        .limited()
        .gives_schema(200, OF_EITHER, health, compat_health())
        .done();
    let info = OneOfBuilder::new()
        .item(book.schema::<admin::Info>())
        .item(book.schema::<schemas::CompatInfo>());
    book.route(HttpMethod::Get, "/", TAG, "info", "What this is and where to go on")
        .limited()
        .gives_schema(200, OF_EITHER, info, compat_info())
        .done();
}

pub(super) fn compat_health() -> Value {
    json!({
        "status": "healthy", "api_client": "initialized", "mqtt_bridge": "running",
        "devices": 1, "live": 1, "timestamp": "2026-11-21 18:00:00",
    })
}

pub(super) fn compat_info() -> Value {
    json!({
        "name": "Bambu Lab Compatibility Layer", "version": "0.1.0",
        "description": "Status of printers for tools that knew the old local interface",
        "devices": 1, "mqtt_bridge": "enabled", "status": "online",
        "endpoints": ["/api/version", "/api/v1/status"],
    })
}
