//! `/api/v2/printers`: the status document of each printer, with how fresh it is.

use axum::{
    Json,
    extract::{Path, State},
};
use bambu_protocol::status::Status;
use bambulab::{Reason, Snapshot};
use serde::Serialize;

use super::{Parts, Roster, Shown, age_seconds};
use crate::error::ApiError;

/// All printers.
#[derive(Debug, Serialize)]
pub(super) struct All {
    printers: Vec<Printer>,
}

/// The status document of a printer and how fresh it is.
#[derive(Debug, Serialize)]
pub(super) struct Printer {
    #[serde(flatten)]
    status: Status,
    /// `connecting`, `online`, `stale` or `offline`; `none` where there is no live link.
    connection: &'static str,
    /// Why it is offline, in a word.
    reason: Option<&'static str>,
    /// Age of the newest report in seconds; `null` before the first.
    age_seconds: Option<f64>,
    /// Whether the values are too old to be passed as live, or nothing is known yet.
    stale: bool,
}

impl Printer {
    fn of(roster: &Roster, printer: &Shown) -> Self {
        match &printer.link {
            Some(link) => Self::seen(roster, printer, &link.snapshot()),
            None => Self {
                status: Status {
                    serial: Some(printer.serial.clone()),
                    name: printer.name.clone(),
                    model: printer.model,
                    online: Some(false),
                    ..Status::default()
                },
                connection: "none",
                reason: None,
                age_seconds: None,
                stale: true,
            },
        }
    }

    fn seen(roster: &Roster, printer: &Shown, snapshot: &Snapshot) -> Self {
        let freshness = roster.freshness(snapshot);
        let mut status = Status::clone(&snapshot.status);
        status.name = status.name.or_else(|| printer.name.clone());
        status.online = Some(freshness.is_live);
        Self {
            status,
            connection: snapshot.connection.word(),
            reason: snapshot.connection.reason().map(Reason::word),
            age_seconds: freshness.age.map(age_seconds),
            stale: !freshness.is_live,
        }
    }
}

/// `GET /api/v2/printers`.
pub(super) async fn list(State(parts): State<Parts>) -> Json<All> {
    let printers = parts.roster.all();
    Json(All { printers: printers.values().map(|it| Printer::of(&parts.roster, it)).collect() })
}

/// `GET /api/v2/printers/{serial}`.
pub(super) async fn one(
    State(parts): State<Parts>,
    Path(serial): Path<String>,
) -> Result<Json<Printer>, ApiError> {
    let printer = parts.roster.printer(&serial).ok_or_else(unknown)?;
    Ok(Json(Printer::of(&parts.roster, &printer)))
}

pub(super) fn unknown() -> ApiError {
    let next = "no printer has this serial number; GET /api/v2/printers lists those that are here";
    ApiError::not_found("Device not found", next)
}
