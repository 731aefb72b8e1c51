//! The old local interface.

use serde_json::json;
use utoipa::openapi::{HttpMethod, schema::OneOfBuilder};

use super::{
    book::Book,
    schemas::{
        CompatHealth, CompatInfo, CompatVersion, DeviceNotFound, LegacyDevices, LegacyStatus,
        LegacyStatuses,
    },
    shared::{compat_health, compat_info},
};

const TAG: &str = "old local interface";

pub(super) fn write(book: &mut Book) {
    book.route(HttpMethod::Get, "/", TAG, "info", "What this is and where to go on")
        .token_if_set()
        .gives::<CompatInfo>(200, "The compatibility layer.", compat_info())
        .done();
    book.route(HttpMethod::Get, "/health", TAG, "health", "Whether the server is up")
        .gives::<CompatHealth>(200, "It is.", compat_health())
        .done();
    book.route(
        HttpMethod::Get,
        "/api/version",
        TAG,
        "version",
        "What the old interface called its version",
    )
    .token_if_set()
    .gives::<CompatVersion>(
        200,
        "The versions.",
        json!({
            "api_version": "1.0.0", "compatibility_layer": true, "supported_clients": ["Octoprint"],
            "server_version": "0.1.0",
        }),
    )
    .done();
    for (path, id) in [("/api/v1/status", "status"), ("/api/v1/print", "print")] {
        status(book, path, id);
    }
    book.route(HttpMethod::Get, "/api/v1/devices", TAG, "devices", "The printers")
        .token_if_set()
        .gives::<LegacyDevices>(
            200,
            "The account's and those that were named.",
            json!({
                "devices": [{
                    "dev_id": "01P00A000000001", "name": "left", "online": true,
                    "dev_product_name": "P1S", "nozzle_diameter": 0.4,
                }],
                "age_seconds": 12.5, "stale": false, "updated_at": "2026-11-21T18:00:00Z",
            }),
        )
        .error(
            503,
            "The account has not told yet which printers it has; see `Retry-After`.",
            not_yet(),
        )
        .done();
}

fn status(book: &mut Book, path: &'static str, id: &str) {
    let one = json!({
        "print": {
            "command": "push_status", "msg": 0, "sequence_id": "2021", "dev_id": "01P00A000000001",
            "name": "left", "online": true, "gcode_state": "RUNNING", "mc_percent": 42,
            "mc_remaining_time": 61, "nozzle_temper": 219.9, "bed_temper": 55,
        },
        "age_seconds": 0.4, "stale": false, "source": "mqtt",
        "updated_at": "2026-11-21T18:00:00Z",
    });
    let schema = OneOfBuilder::new()
        .item(book.schema::<LegacyStatus>())
        .item(book.schema::<LegacyStatuses>());
    book.route(HttpMethod::Get, path, TAG, id, "What a printer does, or all of them")
        .says("With `device_id` one printer's status; without it an object with one for each serial \
               number.")
        .token_if_set()
        .query("device_id", false, "The printer's serial number.", "01P00A000000001")
        .gives_schema(200, "The status, live or marked as stale.", schema, one)
        .error(400, "The query cannot be read.", json!({
            "error": "Bad Request", "message": "the query cannot be read; write ?device_id=SERIAL",
        }))
        .gives::<DeviceNotFound>(404, "There is no such printer.", json!({"error": "Device not found"}))
        .error(503, "Nothing is known of it yet; see `Retry-After`.", not_yet())
        .done();
}

fn not_yet() -> serde_json::Value {
    json!({
        "error": "Not available yet",
        "message": "nothing is known of this printer yet; ask again in a few seconds",
    })
}
