//! JSON as it streams by. What is no JSON becomes text, from there on.

mod hidden;
mod known;
mod quoted;
mod reader;

use std::sync::Arc;

use thiserror::Error;

use super::Rules;
use reader::Reader;

/// Masks a body that comes in chunks. However it is cut, the same bytes come out; what it holds is
/// bounded (about 64 KiB, a few times that for JSON within strings), whatever arrives.
#[derive(Debug)]
pub(crate) struct Stream {
    rules: Arc<Rules>,
    reader: Reader,
}

/// The body ended within its JSON: it was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the answer was cut off before its JSON ended; ask again")]
pub(crate) struct Truncated;

impl Stream {
    pub(super) fn new(rules: Arc<Rules>) -> Self {
        Self { rules, reader: Reader::new(0) }
    }

    /// Takes the next chunk and appends what may be shown of what has come.
    pub(crate) fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        self.reader.push(&self.rules, chunk, out);
    }

    /// Appends what is left.
    ///
    /// # Errors
    ///
    /// [`Truncated`] if JSON began and did not end; what was appended is masked all the same.
    pub(crate) fn finish(self, out: &mut Vec<u8>) -> Result<(), Truncated> {
        self.reader.finish(&self.rules, out)
    }
}

/// Masks a whole body; `level` counts how deep it lies within strings.
pub(super) fn whole(rules: &Rules, body: &[u8], level: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 64);
    let mut reader = Reader::new(level);
    reader.push(rules, body, &mut out);
    // Cut off or not: nothing of it is shown that should not be.
    let _ = reader.finish(rules, &mut out);
    out
}
