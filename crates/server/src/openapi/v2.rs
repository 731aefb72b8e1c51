//! The interface for new clients, `/api/v2/`.

use serde_json::json;
use utoipa::openapi::HttpMethod;

use super::{
    book::Book,
    schemas::{Printer, Printers},
};

const TAG: &str = "printers";
const UNKNOWN: &str = "There is no such printer.";

pub(super) fn write(book: &mut Book) {
    let printer = json!({
        "serial": "01P00A000000001", "name": "left", "model": "P1S", "online": true,
        "state": "running", "connection": "online", "reason": null, "age_seconds": 0.4,
        "stale": false,
    });
    let unknown = unknown();
    book.route(
        HttpMethod::Get,
        "/api/v2/printers",
        TAG,
        "printers",
        "Every printer's status document",
    )
    .token_if_set()
    .gives::<Printers>(200, "All printers.", json!({"printers": [&printer]}))
    .done();
    book.route(
        HttpMethod::Get,
        "/api/v2/printers/{serial}",
        TAG,
        "printer",
        "One printer's status document",
    )
    .token_if_set()
    .segment("serial", "Its serial number.", "01P00A000000001")
    .gives::<Printer>(200, "The printer.", printer)
    .error(
        400,
        "The serial number is not encoded as it should be.",
        json!({
            "error": "Bad Request", "message": "the path cannot be read; encode it as UTF-8",
        }),
    )
    .error(404, UNKNOWN, unknown.clone())
    .done();
    book.route(HttpMethod::Get, "/api/v2/events", TAG, "events", "What the printers do, as it happens")
        .says("Server-Sent Events. First `event: snapshot` for each printer, `{serial, connection, \
               reason, stale, age_seconds, status}`; then `event: change`, the same with `patch` instead \
               of `status`: a merge patch (RFC 7396) of the status document. A reader that is too slow \
               gets snapshots again. The stream ends when printers come or go; connect again.")
        .token_if_set()
        .query("serial", false, "One printer; all without it.", "01P00A000000001")
        .gives_text("text/event-stream", "Events, until one side ends them.", EVENTS)
        .error(400, "The query cannot be read.", json!({
            "error": "Bad Request", "message": "the query cannot be read; write ?serial=SERIAL",
        }))
        .error(404, UNKNOWN, unknown)
        .error(503, "The printer has no live link, or too many read already; see `Retry-After`.", json!({
            "error": "Not available yet",
            "message": "this printer has no live link; ask /api/v2/printers for it",
        }))
        .done();
}

pub(super) fn unknown() -> serde_json::Value {
    json!({
        "error": "Device not found",
        "message": "no printer has this serial number; GET /api/v2/printers lists those that are here",
    })
}

/// What a stream looks like.
pub(super) const EVENTS: &str = "id: 1\nevent: snapshot\ndata: {\"serial\":\"01P00A000000001\",\
\"connection\":\"online\",\"reason\":null,\"stale\":false,\"age_seconds\":0.4,\"status\":{}}\n\n";
