//! A printer as one JSON document: its status, and beside it how the connection is.

use bambu_protocol::status::Status;
use bambulab::{Reason, Snapshot};
use serde::Serialize;

/// What `monitor --json`, `demo --json` and `query --status --json` write.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    #[serde(flatten)]
    status: &'a Status,
    connection: &'static str,
    offline_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl<'a> Document<'a> {
    /// The document of a snapshot; `detail` says in words why there is no connection.
    pub(crate) fn new(snapshot: &'a Snapshot, detail: Option<String>) -> Self {
        Self {
            status: &snapshot.status,
            connection: snapshot.connection.word(),
            offline_reason: snapshot.connection.reason().map(Reason::word),
            detail,
        }
    }
}
