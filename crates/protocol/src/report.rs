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
pub use state::{Applied, State};
pub use wire::PushStatus;

use crate::status::ModuleVersion;
use document::Document;

/// Longest payload that is decoded, in bytes. Full reports of the largest machines have 12 kB.
pub const MAX_REPORT: usize = 1 << 20;

/// What one payload is. When it holds several sections, the first in this order that is there is
/// told; [`State::apply`] uses all of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// An acknowledgement.
    Ack(Ack),
    /// A full status or a delta.
    Status(Box<PushStatus>),
    /// The answer to `get_version`.
    Version(Vec<ModuleVersion>),
    /// The cloud's broker says that the printer came or went.
    Event(Presence),
    /// Anything else, such as log lines.
    Other,
}

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

/// Decodes one payload. Never panics; memory stays within a small multiple of the payload.
///
/// # Errors
/// [`ReportError`] for what is too long, too deep or no JSON object.
pub fn decode(payload: &[u8]) -> Result<Frame, ReportError> {
    let document = Document::read(payload)?;
    Ok(if let Some(ack) = document.ack {
        Frame::Ack(ack)
    } else if let Some(print) = document.print {
        Frame::Status(print)
    } else if let Some(modules) = document.modules {
        Frame::Version(version::Versions::of(&modules).list.to_vec())
    } else if let Some(presence) = document.presence {
        Frame::Event(presence)
    } else {
        Frame::Other
    })
}

impl PushStatus {
    /// Whether this is a whole report (`msg` 0) and not a delta (`msg` 1).
    pub fn is_full_report(&self) -> bool {
        self.is_full()
    }
}
