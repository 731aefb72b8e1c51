//! `GET /api/v2/events`: what the printers do, as Server-Sent Events by `relay.rs`.

use axum::{
    extract::{Query, State},
    response::Response,
};
use futures_util::StreamExt as _;
use serde::Deserialize;

use super::{Parts, printers};
use crate::{error::ApiError, relay};

/// Which printers.
#[derive(Debug, Deserialize)]
pub(super) struct Of {
    /// One of them; all without it.
    serial: Option<String>,
}

/// `GET /api/v2/events[?serial=]`.
///
/// The stream ends when printers come or go, so that a reader, who connects again by itself, never
/// misses one that is new.
pub(super) async fn stream(
    State(parts): State<Parts>,
    Query(of): Query<Of>,
) -> Result<Response, ApiError> {
    // Before the links are looked at: what changes meanwhile ends the stream.
    let mut changes = parts.roster.changes();
    let links = match &of.serial {
        None => parts.roster.links(),
        Some(serial) => {
            let printer = parts.roster.printer(serial).ok_or_else(printers::unknown)?;
            let link = printer.link.clone();
            link.map(|link| vec![link]).ok_or_else(|| {
                ApiError::not_yet("this printer has no live link; ask /api/v2/printers for it", 10)
            })?
        }
    };
    let frames =
        parts.relay.stream(links).map_err(|full| ApiError::not_yet(full.to_string(), 10))?;
    let end = async move { drop(changes.changed().await) };
    Ok(relay::answer(frames.take_until(Box::pin(end))))
}
