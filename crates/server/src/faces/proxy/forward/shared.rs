//! An answer that is shared, as one caller gets it: with its tag, its age, and where it comes from.

use std::time::Duration;

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
        header::{
            AGE, CACHE_CONTROL, CONTENT_LENGTH, ETAG, EXPIRES, IF_NONE_MATCH, PRAGMA, WARNING,
        },
    },
};
use hyper::body::Bytes;
use ring::digest::{SHA256, digest};
use tokio::time::Instant;

use super::{answer::Whole, cache::Source};

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
/// May be kept by the caller alone, who asks each time whether it is still the same.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("private, no-cache");
const STALE: HeaderValue = HeaderValue::from_static("110 - \"Response is Stale\"");

/// An answer without what the cloud said about keeping it: the owner of the proxy says so.
pub(super) fn kept(mut whole: Whole) -> Whole {
    for name in [AGE, CACHE_CONTROL, CONTENT_LENGTH, ETAG, EXPIRES, PRAGMA] {
        whole.headers.remove(name);
    }
    whole
}

/// The answer to a caller who may have it already.
pub(super) fn answer(
    mut whole: Whole,
    asked: &HeaderMap,
    at: Instant,
    source: Source,
    fresh: Duration,
) -> Response<Body> {
    let age = at.elapsed().as_secs();
    let left = i128::from(fresh.as_secs()) - i128::from(age);
    let status = match source {
        Source::Cloud => "bambu; fwd=miss; stored".to_owned(),
        Source::Shared => "bambu; fwd=miss; collapsed".to_owned(),
        Source::Kept => format!("bambu; hit; ttl={left}"),
        Source::Stale => format!("bambu; hit; ttl={}; detail=cloud-failed", left.min(-1)),
    };
    let tag = tag(&whole.body);
    if whole.status == StatusCode::OK && tag.as_ref().is_some_and(|tag| is_named(asked, tag)) {
        whole.status = StatusCode::NOT_MODIFIED;
        whole.body = Bytes::new();
    }
    let mut response = whole.response();
    let headers = response.headers_mut();
    headers.insert(AGE, age.into());
    headers.insert(CACHE_CONTROL, ASK_AGAIN);
    if let Ok(status) = HeaderValue::try_from(status) {
        headers.insert(CACHE_STATUS, status);
    }
    if let Some(tag) = tag {
        headers.insert(ETAG, tag);
    }
    if source == Source::Stale {
        headers.insert(WARNING, STALE);
    }
    response
}

/// The tag of these very bytes.
fn tag(body: &[u8]) -> Option<HeaderValue> {
    let digest = digest(&SHA256, body);
    let hex: String = digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::try_from(format!("\"{hex}\"")).ok()
}

/// Whether the caller has what this tag names.
fn is_named(asked: &HeaderMap, tag: &HeaderValue) -> bool {
    let tag = tag.to_str().unwrap_or_default();
    let values = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|named| named == "*" || named.strip_prefix("W/").unwrap_or(named) == tag)
}
