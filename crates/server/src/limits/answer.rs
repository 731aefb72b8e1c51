//! What is told about a limit: the headers of every answer, and the answer when there were too many.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::{
    Json,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{Group, WINDOW};

const X_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const X_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const X_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What is left of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    group: Group,
    limit: Option<u32>,
    pub(super) remaining: u32,
    pub(super) reset: Duration,
}

/// There were too many requests in this window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {} requests in a minute; ask again in {} seconds", limit(&self.0), self.retry_after())]
pub(crate) struct Exceeded(Quota);

impl Quota {
    pub(super) fn new(group: Group, limit: u32, remaining: u32, reset: Duration) -> Self {
        Self { group, limit: Some(limit), remaining, reset }
    }

    pub(super) fn unlimited(group: Group) -> Self {
        Self { group, limit: None, remaining: u32::MAX, reset: Duration::ZERO }
    }

    /// Puts them into an answer; nothing where there is no limit. `X-RateLimit-Reset` is a time of the
    /// wall clock in seconds since 1970, as the seeds send it; the others count seconds from now.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let Some(limit) = self.limit else {
            return;
        };
        let (name, left) = (self.group.name(), self.remaining);
        let reset = seconds(self.reset);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        headers.insert(X_LIMIT, limit.into());
        headers.insert(X_REMAINING, left.into());
        headers.insert(X_RESET, seconds(now.saturating_add(self.reset)).into());
        for (header, text) in [
            (RATE_LIMIT, format!("\"{name}\";r={left};t={reset}")),
            (POLICY, format!("\"{name}\";q={limit};w={}", WINDOW.as_secs())),
        ] {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(header, value);
            }
        }
    }
}

impl Exceeded {
    pub(super) fn new(quota: Quota) -> Self {
        Self(quota)
    }

    /// How long to wait, in whole seconds, at least 1.
    pub(crate) fn retry_after(&self) -> u64 {
        seconds(self.0.reset).max(1)
    }

    /// Puts the limit and `Retry-After` into an answer.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        self.0.write(headers);
        headers.insert(RETRY_AFTER, self.retry_after().into());
    }
}

impl IntoResponse for Exceeded {
    fn into_response(self) -> Response {
        let body = json!({
            "error": "Rate limit exceeded",
            "message": self.to_string(),
            "retry_after": format!("{} seconds", self.retry_after()),
        });
        let mut answer = (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response();
        self.write(answer.headers_mut());
        answer
    }
}

fn limit(quota: &Quota) -> u32 {
    quota.limit.unwrap_or_default()
}

/// Whole seconds, rounded up: who waits as long as is told has waited long enough.
fn seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0))
}
