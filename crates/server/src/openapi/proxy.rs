//! The proxy's own routes, and what it does with those of the cloud.

use serde_json::{Value, json};
use utoipa::openapi::HttpMethod;

use super::{
    book::{Book, Route},
    schemas::{RealtimeData, RealtimeStart, RealtimeStarted, RealtimeWaiting, Upstream},
    v2::EVENTS,
};
use crate::faces::proxy::{Mode, admin};

const TAG: &str = "about the proxy";
const CLOUD: &str = "cloud";
const REALTIME: &str = "realtime";
const SERIAL: &str = "01P00A000000001";

pub(super) fn write(book: &mut Book, mode: Mode) {
    about(book);
    realtime(book);
    let methods: &[HttpMethod] = match mode {
        Mode::Strict => &[HttpMethod::Get],
        Mode::Full => &[
            HttpMethod::Get,
            HttpMethod::Post,
            HttpMethod::Put,
            HttpMethod::Patch,
            HttpMethod::Delete,
        ],
    };
    for method in methods {
        forwarded(book, method.clone());
    }
}

fn about(book: &mut Book) {
    let limits = json!({
        "device_queries": "30 per minute", "user_endpoints": "15 per minute",
        "admin_endpoints": "10 per minute",
    });
    book.route(HttpMethod::Get, "/health", TAG, "health", "Whether the proxy is up")
        .limited()
        .gives::<admin::Health>(
            200,
            "It is.",
            json!({
                "status": "healthy", "mode": "strict", "backend": "https://api.bambulab.com",
                "tokens_configured": 2, "mqtt_active_sessions": 0,
                "mqtt_session_duration": "120 seconds", "rate_limits": limits,
            }),
        )
        .gated()
        .done();
    let mut limits = limits;
    limits["health_check"] = "60 per minute".into();
    book.route(HttpMethod::Get, "/", TAG, "info", "What this is and where to go on")
        .limited()
        .gives::<admin::Info>(200, "The proxy.", json!({
            "name": "Bambu Lab cloud proxy", "version": "0.1.0", "mode": "strict",
            "description": "Reads only",
            "endpoints": {
                "health": "/health", "admin_tokens": "/admin/tokens", "admin_mqtt": "/admin/mqtt",
                "api_base": "/v1/", "metrics": "/metrics", "openapi": "/openapi.json",
                "docs": "/docs",
            },
            "rate_limits": limits,
        }))
        .gated()
        .done();
    book.route(HttpMethod::Get, "/admin/tokens", TAG, "tokens", "The tokens, by fingerprint")
        .says("A token finds itself here; one that is marked `admin` finds all. Where any is marked, no \
               other comes in.")
        .limited()
        .token()
        .gives::<admin::TokenList>(200, "The tokens.", json!({"count": 1, "tokens": [{
            "custom_token": "sha256:be7cae4a412d", "has_real_token": true, "name": "alice",
            "source": "file", "read_only": true, "serials": [SERIAL], "limit": null,
            "expires": "2027-01-31T00:00:00Z", "expired": false, "admin": false, "note": "the wall",
        }]}))
        .other_token()
        .gated()
        .done();
    book.route(HttpMethod::Get, "/admin/mqtt", TAG, "sessions", "The realtime sessions")
        .says("A token finds its own here; one that is marked `admin` finds all.")
        .limited()
        .token()
        .gives::<admin::Realtime>(
            200,
            "The sessions.",
            json!({
                "active_sessions": 1, "session_duration": 120, "cleanup_interval": 30,
                "sessions": {SERIAL: {
                    "connected": true, "message_count": 17, "last_update": 1_790_000_000.5,
                    "has_data": true, "expires_in": 101.5, "session_age": 18.5, "tokens": 1,
                }},
            }),
        )
        .other_token()
        .gated()
        .done();
}

fn realtime(book: &mut Book) {
    let device = json!({"device_id": SERIAL});
    book.route(
        HttpMethod::Post,
        "/v1/iot-service/api/user/device/realtime/start",
        REALTIME,
        "realtime_start",
        "Opens a realtime session, or makes it last longer",
    )
    .says(
        "The one POST of a strict proxy: it changes nothing. A session belongs to the token that \
               opened it, and lasts 120 seconds unless set otherwise.",
    )
    .limited()
    .token()
    .takes::<RealtimeStart>("Which printer.", device)
    .gives::<RealtimeStarted>(
        200,
        "The session runs.",
        json!({
            "status": "started", "device_id": SERIAL, "expires_in": 120,
            "message": "MQTT monitoring started for 120 seconds",
        }),
    )
    .not_for_it()
    .error(404, "The account has no such printer.", failed("Device not found"))
    .error(500, "The session could not be opened.", failed("Realtime session failed"))
    .gated()
    .done();
    book.route(HttpMethod::Get, "/v1/iot-service/api/user/device/realtime", REALTIME, "realtime",
        "What a printer reports")
        .limited()
        .token()
        .query("device_id", true, "The printer's serial number.", SERIAL)
        .gives::<RealtimeData>(200, "The merged full report. The header `Bambu-Connection` says whether it is live.", json!({
            "device_id": SERIAL, "data": {"print": {"gcode_state": "RUNNING", "mc_percent": 42}},
            "timestamp": 1_790_000_000.5, "age_seconds": 0.4, "expires_in": 101.5,
            "message_count": 17,
        }))
        .gives::<RealtimeWaiting>(202, "The session runs, and nothing came yet.", json!({
            "status": "waiting", "message": "Waiting for first MQTT message", "device_id": SERIAL,
            "session_age": 0.5, "expires_in": 119.5,
        }))
        .not_for_it()
        .error(404, "This token has no session for that printer.", no_session())
        .error(410, "The session ended less than 30 seconds ago.", json!({
            "error": "Monitoring session expired", "device_id": SERIAL,
            "message": "Session expired. Start new session by POST to /v1/iot-service/api/user/device/realtime/start",
        }))
        .gated()
        .done();
    book.route(HttpMethod::Get, "/v1/iot-service/api/user/device/realtime/stream", REALTIME,
        "realtime_stream", "What a printer does, as it happens")
        .says(
        "Server-Sent Events as `/api/v2/events` of the compatibility layer sends them: `snapshot`, \
         then `change` with a merge patch (RFC 7396). It opens a session, which lasts as long as it is \
         read.",
    )
        .limited()
        .token()
        .query("device_id", true, "The printer's serial number.", SERIAL)
        .gives_text("text/event-stream", "Events, until one side ends them.", EVENTS)
        .not_for_it()
    .error(404, "The account has no such printer.", failed("Device not found"))
    .error(500, "The session could not be opened.", failed("Realtime session failed"))
    .error(
        503,
        "Too many read already; see `Retry-After`.",
        json!({
            "error": "Not available yet",
            "message": "too many read events already; close one of those streams, or try again later",
        }),
    )
    .gated()
    .done();
}

/// A route of the cloud.
fn forwarded(book: &mut Book, method: HttpMethod) {
    let is_get = matches!(method, HttpMethod::Get);
    let (id, takes_body) = match method {
        HttpMethod::Get => ("read", false),
        HttpMethod::Post => ("post", true),
        HttpMethod::Put => ("put", true),
        HttpMethod::Patch => ("patch", true),
        _ => ("delete", true),
    };
    let mut route = book
        .route(method, "/v1/{path}", CLOUD, id, "Any route of the cloud")
        .says("Forwarded by method, path, query and body with the cloud's token in place of ours; the \
               path may have slashes. Secrets in the answer are masked.")
        .limited()
        .token()
        .segment("path", "What follows `/v1/`.", "iot-service/api/user/bind");
    if is_get {
        route = route.gives_nothing(304, "It is still what `If-None-Match` names (`--cache`).");
    }
    if takes_body {
        route = route.takes_anything();
    }
    route
        .gives_schema(
            200,
            "The cloud's answer, masked.",
            utoipa::openapi::schema::empty(),
            json!({
                "message": "success",
                "devices": [{"dev_id": SERIAL, "dev_access_code": "********"}],
            }),
        )
        .gives_nothing(204, "The cloud answered with nothing.")
        .not_for_it()
        .gives::<Upstream>(
            502,
            "The cloud did not give what was asked for.",
            json!({
                "error": "API request failed", "cause": "timeout",
                "message": "the cloud did not answer in time; try again later",
            }),
        )
        .gated()
        .done();
}

fn failed(error: &str) -> Value {
    json!({
        "error": error, "status": "failed", "device_id": SERIAL,
        "message": "the account has no such printer; see GET /v1/iot-service/api/user/bind",
    })
}

fn no_session() -> Value {
    json!({
        "error": "No active monitoring session", "device_id": SERIAL,
        "message": "Start monitoring by POST to /v1/iot-service/api/user/device/realtime/start with device_id",
    })
}

impl Route<'_> {
    /// What the gate answers before anybody is asked.
    fn gated(self) -> Self {
        self.refuses(
            400,
            "Ambiguous",
            "The request could be read in two ways, or lacks what it needs.",
            json!({
                "error": "Bad Request",
                "message": "the path could be read in two ways; write it without //, ., .., ; and \\, and encode nothing that needs no encoding",
            }),
        )
        .refuses(
            405,
            "NoSuchMethod",
            "The method is not for this; `Allow` tells those that are.",
            json!({
                "error": "Method Not Allowed",
                "message": "this proxy only reads, it takes GET and HEAD; use the full proxy to change something",
                "allowed_methods": ["GET", "HEAD"],
            }),
        )
        .refuses(
            414,
            "TooLong",
            "The target is longer than 8192 bytes.",
            json!({
                "error": "Bad Request",
                "message": "the target is too long; 8192 bytes are the most",
            }),
        )
    }

    /// The token is for other printers.
    fn not_for_it(self) -> Self {
        self.refuses(
            403,
            "NotForIt",
            "The token is not for that printer or route.",
            json!({
                "error": "Forbidden",
                "message": "this token is not for that printer; ask whoever runs this proxy",
            }),
        )
    }

    /// Another token is marked for this.
    pub(super) fn other_token(self) -> Self {
        self.refuses(
            403,
            "NotAdmin",
            "Another token is meant for this.",
            json!({
                "error": "Forbidden",
                "message": "this token is not for these pages; use one that is marked admin in the configuration",
            }),
        )
    }
}
