//! What a printer sends on `device/<serial>/report`: decoding, classification, merging.
//!
//! [`State`] is the way in: it takes payloads and gives a [`Status`](crate::status::Status).
//! Requests, the other direction, are in [`crate::request`].

mod ack;
mod document;
mod leaf;
mod list;
mod macros;
mod merge;
mod raw;
mod state;
mod text;
mod version;
mod view;
mod wire;

#[cfg(test)]
mod tests;

pub use ack::Ack;
pub use document::Presence;
pub use raw::Raw;
pub use state::{Applied, State};
pub use wire::PushStatus;

/// Longest payload that is decoded, in bytes. Full reports of the largest machines have 12 kB.
pub const MAX_REPORT: usize = 1 << 20;

/// Why a payload is no report. The payload is to be dropped; the connection can stay.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Longer than [`MAX_REPORT`]; not looked at.
    #[error("the report has {bytes} bytes, more than {MAX_REPORT}; it was not read")]
    TooLarge {
        /// Length of the payload.
        bytes: usize,
    },
    /// No JSON object, or nested deeper than 127 levels.
    #[error("the report is not a readable JSON object")]
    Json(#[source] serde_json::Error),
}

impl PushStatus {
    /// Whether this is a whole report (`msg` 0) and not a delta (`msg` 1).
    pub fn is_full_report(&self) -> bool {
        self.is_full()
    }
}
