//! What the cloud answered, made fit for the caller: no header that belongs to our connection with
//! the cloud, no page for browsers, nothing that could not be masked.

use std::time::Duration;

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, Method, Response, StatusCode,
        header::{
            ALT_SVC, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG,
            PROXY_AUTHENTICATE, SET_COOKIE, STRICT_TRANSPORT_SECURITY, TE, TRAILER,
            TRANSFER_ENCODING, UPGRADE,
        },
        response::Parts,
    },
};
use hyper::body::{Bytes, Incoming};

use super::body::{Passed, Timed};
use crate::{
    faces::proxy::{
        failure::{Cause, Failure},
        upstream,
    },
    mask::Masker,
};

/// So much of a refusal is read; a reason is shorter.
const REFUSAL: usize = 64 << 10;
/// What belongs to the connection with the cloud, or to its host.
const NOT_OURS: [HeaderName; 11] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    ALT_SVC,
    STRICT_TRANSPORT_SECURITY,
    HeaderName::from_static("proxy-authenticate-info"),
];

/// The caller's answer to what the cloud answered. Nothing is sent before its first bytes were seen.
pub(super) async fn of(
    method: &Method,
    answer: Response<Incoming>,
    masker: Option<&Masker>,
    patience: Duration,
) -> Result<Response<Body>, Failure> {
    let (mut head, body) = answer.into_parts();
    let unusable = |text: &'static str| Failure::new(Cause::Server, text).with_status(head.status);
    if !(200..400).contains(&head.status.as_u16()) {
        return Err(unusable("the cloud wants to speak another protocol; check BAMBU_API_URL"));
    }
    if is_page(&head.headers) {
        return Err(page(head.status));
    }
    if masker.is_some() && is_packed(&head.headers) {
        return Err(unusable("the cloud packed its answer, which cannot be masked; try again"));
    }
    clean(&mut head, masker);
    if *method == Method::HEAD || head.status == StatusCode::NOT_MODIFIED {
        return Ok(Response::from_parts(head, Body::empty()));
    }
    let mut body = Timed::new(body, patience);
    let Some(first) = body.chunk().await? else {
        // As the seeds answer what has no body.
        if head.status.is_success() {
            head.status = StatusCode::NO_CONTENT;
            head.headers.remove(CONTENT_TYPE);
            head.headers.remove(CONTENT_LENGTH);
        }
        return Ok(Response::from_parts(head, Body::empty()));
    };
    if begins_page(&first) {
        return Err(page(head.status));
    }
    let body = match (masker, body.is_end()) {
        (None, true) => Body::from(first),
        (None, false) => Body::new(Passed::plain(first, body)),
        (Some(masker), true) => {
            let mut masked = Vec::with_capacity(first.len() + first.len() / 8);
            let mut stream = masker.stream();
            stream.push(&first, &mut masked);
            stream.finish(&mut masked).map_err(|_| upstream::broken())?;
            Body::from(masked)
        }
        (Some(masker), false) => Body::new(Passed::masked(first, body, masker.stream())),
    };
    Ok(Response::from_parts(head, body))
}

/// The start of a refusal's body; what cannot be read in time is left out.
pub(super) async fn start(body: Incoming, patience: Duration) -> Bytes {
    let mut body = Timed::new(body, patience.min(Duration::from_secs(5)));
    let mut told = Vec::new();
    while let Ok(Some(chunk)) = body.chunk().await {
        let room = REFUSAL.saturating_sub(told.len());
        told.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if told.len() >= REFUSAL {
            break;
        }
    }
    told.into()
}

fn clean(head: &mut Parts, masker: Option<&Masker>) {
    let headers = &mut head.headers;
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&NOT_OURS) {
        headers.remove(name);
    }
    match masker {
        Some(masker) => {
            // What is masked has another length, and is another thing than the tag names.
            headers.remove(CONTENT_LENGTH);
            headers.remove(ETAG);
            masker.headers(headers);
        }
        // A cookie is between us and the cloud; it can hold the account's session.
        None => drop(headers.remove(SET_COOKIE)),
    }
}

fn is_packed(headers: &HeaderMap) -> bool {
    let plain = |value: &[u8]| value.is_empty() || value.eq_ignore_ascii_case(b"identity");
    headers.get_all(CONTENT_ENCODING).iter().any(|value| !plain(value.as_bytes()))
}

fn is_page(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    let begins =
        |name: &[u8]| value.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    begins(b"text/html") || begins(b"application/xhtml")
}

/// A page that is not called one.
fn begins_page(body: &[u8]) -> bool {
    let body = body.trim_ascii_start();
    let begins =
        |mark: &[u8]| body.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark));
    begins(b"<!doctype html") || begins(b"<html")
}

fn page(status: StatusCode) -> Failure {
    let text = "a page for browsers came instead of the cloud's answer; try again in some minutes";
    Failure::new(Cause::Challenge, text).with_status(status)
}
