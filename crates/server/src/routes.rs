//! The interface for new clients, `/api/v2`: one resource, one file. A face mounts it over the
//! printers that it shows; the old interface is `faces/compat.rs`.

pub(crate) mod camera;
mod events;
mod printers;
mod roster;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::{Router, routing::get};

use crate::relay::Relay;

pub(crate) use roster::{Roster, Shown, age_seconds};

/// What the routes stand on.
#[derive(Clone)]
pub(crate) struct Parts {
    /// The printers.
    pub roster: Arc<Roster>,
    /// Their changes, encoded once for all readers.
    pub relay: Relay,
}

/// `GET /api/v2/printers`, `/api/v2/printers/{serial}`, `/api/v2/events`.
pub(crate) fn router(parts: Parts) -> Router {
    Router::new()
        .route("/api/v2/printers", get(printers::list))
        .route("/api/v2/printers/{serial}", get(printers::one))
        .route("/api/v2/events", get(events::stream))
        .with_state(parts)
}
