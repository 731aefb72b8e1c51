//! Every request by name: its id, its line in the access log, its place in the metrics. The faces say
//! who asked by putting a [`Who`] into the answer's extensions.

use std::sync::Arc;

use hyper::header::HeaderValue;

/// Who asked and for what kind of thing: a face puts it into the extensions of its answer, for the
/// access log and the metrics. An answer without one is counted as `none`, `other`.
#[derive(Debug, Clone)]
pub struct Who {
    /// The name of the caller's token, never the token.
    pub token: Arc<str>,
    /// The group of the request: `device`, `user`, `admin`, `health`, or another word of ours.
    pub group: &'static str,
}

/// The id of a request: in its extensions, in `X-Request-Id` of its answer, and in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// The id as a header.
    pub fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}
