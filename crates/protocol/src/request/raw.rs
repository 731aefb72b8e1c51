//! A request as a person or another program wrote it.

use serde_json::{Map, Value};

use super::{SequenceId, catalogue::frame};

/// Longest text that is taken, in bytes; no request of the reference comes near.
const MAX_LENGTH: usize = 64 * 1024;

/// `{"<section>":{"command":"<word>", …}}`, with any section and command.
#[derive(Debug, Clone, PartialEq)]
pub struct Raw {
    section: String,
    body: Map<String, Value>,
}

/// A text that is no request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RawError {
    /// Longer than any request.
    #[error("the request has {0} bytes; send at most {MAX_LENGTH}")]
    TooLong(usize),
    /// Not JSON.
    #[error("the request is no JSON ({0}); write {{\"print\":{{\"command\":\"pause\"}}}}")]
    NotJson(String),
    /// JSON, but no object with one section.
    #[error(
        "a request is one object with one section; write {{\"print\":{{\"command\":\"pause\"}}}}"
    )]
    NotOneSection,
    /// The section is no object.
    #[error("section {0:?} is no object; write {{\"{0}\":{{\"command\":\"…\"}}}}")]
    NoObject(String),
    /// The sequence id is no number of the vendor's range.
    #[error("sequence_id {0} is none; leave it out, or give a text of digits up to 2147483647")]
    SequenceId(String),
}

impl Raw {
    /// Reads a request. A repeated key counts as its last value.
    ///
    /// # Errors
    /// [`RawError`].
    pub fn parse(text: &str) -> Result<Self, RawError> {
        if text.len() > MAX_LENGTH {
            return Err(RawError::TooLong(text.len()));
        }
        let value =
            serde_json::from_str(text).map_err(|error| RawError::NotJson(error.to_string()))?;
        let Value::Object(sections) = value else {
            return Err(RawError::NotOneSection);
        };
        let mut sections = sections.into_iter();
        let (Some((section, body)), None) = (sections.next(), sections.next()) else {
            return Err(RawError::NotOneSection);
        };
        let Value::Object(body) = body else {
            return Err(RawError::NoObject(section.chars().take(60).collect()));
        };
        let raw = Self { section, body };
        match (raw.body.get("sequence_id"), raw.own_id()) {
            (Some(id), None) => {
                Err(RawError::SequenceId(id.to_string().chars().take(60).collect()))
            }
            _ => Ok(raw),
        }
    }

    /// The section.
    pub fn section(&self) -> &str {
        &self.section
    }

    /// The command word; empty when there is none.
    pub fn command(&self) -> &str {
        self.body.get("command").and_then(Value::as_str).unwrap_or_default()
    }

    /// The sequence id that the text brought along, as text. Larger ones than these hang an AMS [L].
    pub fn own_id(&self) -> Option<String> {
        let id = match self.body.get("sequence_id")? {
            Value::String(text) => text.parse::<u32>().ok()?,
            number => u32::try_from(number.as_u64()?).ok()?,
        };
        (id <= 0x7FFF_FFFF).then(|| id.to_string())
    }

    pub(super) fn json(&self, id: SequenceId) -> String {
        let id = self.own_id().unwrap_or_else(|| id.to_string());
        let mut body = self.body.clone();
        body.remove("sequence_id");
        // The command first, as everybody writes it.
        let command = body.remove("command").map(|word| Map::from_iter([("command".into(), word)]));
        frame(&self.section, &id, &command.unwrap_or_default(), &Value::Object(body))
    }
}
