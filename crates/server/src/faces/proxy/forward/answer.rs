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
use bytes::BytesMut;
use hyper::body::{Bytes, Incoming};

use super::body::{Passed, Timed};
use crate::{
    faces::proxy::{
        failure::{Cause, Failure},
        scope::{Filter, Serials},
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

/// A success or a redirect of the cloud that is fit to go on; its first bytes were seen.
pub(super) struct Opened {
    status: StatusCode,
    headers: HeaderMap,
    /// The first bytes and what follows; `None` is no body.
    body: Option<(Bytes, Timed)>,
}

/// Looks at the head and the first bytes of an answer.
pub(super) async fn open(
    method: &Method,
    answer: Response<Incoming>,
    patience: Duration,
) -> Result<Opened, Failure> {
    let (Parts { mut status, mut headers, .. }, body) = answer.into_parts();
    if !(200..400).contains(&status.as_u16()) {
        let text = "the cloud wants to speak another protocol; check BAMBU_API_URL";
        return Err(Failure::new(Cause::Server, text).with_status(status));
    }
    if is_page(&headers) {
        return Err(page(status));
    }
    clean(&mut headers);
    if *method == Method::HEAD || status == StatusCode::NOT_MODIFIED {
        return Ok(Opened { status, headers, body: None });
    }
    let mut rest = Timed::new(body, patience);
    let Some(first) = rest.chunk().await? else {
        // As the seeds answer what has no body.
        if status.is_success() {
            status = StatusCode::NO_CONTENT;
            headers.remove(CONTENT_TYPE);
            headers.remove(CONTENT_LENGTH);
        }
        return Ok(Opened { status, headers, body: None });
    };
    if begins_page(&first) {
        return Err(page(status));
    }
    Ok(Opened { status, headers, body: Some((first, rest)) })
}

impl Opened {
    /// The answer for one caller, its body as it comes.
    pub(super) fn stream(self, masker: Option<&Masker>) -> Result<Response<Body>, Failure> {
        let Self { status, mut headers, body } = self;
        refuse_packed(status, &headers, masker)?;
        let body = match (body, masker) {
            (None, _) => Body::empty(),
            (Some((first, rest)), None) if rest.is_end() => Body::from(first),
            (Some((first, rest)), None) => Body::new(Passed::plain(first, rest)),
            (Some((first, rest)), Some(masker)) if rest.is_end() => masked(&first, masker)?.into(),
            (Some((first, rest)), Some(masker)) => {
                Body::new(Passed::masked(first, rest, masker.stream()))
            }
        };
        mask_head(&mut headers, masker);
        Ok(response(status, headers, body))
    }

    /// All of it in one piece; `None` when it is larger than this, or packed.
    pub(super) async fn whole(self, limit: usize) -> Result<Option<Whole>, Failure> {
        let Self { status, mut headers, body } = self;
        headers.remove(SET_COOKIE);
        if is_packed(&headers) {
            return Ok(None);
        }
        let Some((first, mut rest)) = body else {
            return Ok(Some(Whole { status, headers, body: Bytes::new() }));
        };
        let mut body = BytesMut::from(first);
        while !rest.is_end() {
            if body.len() > limit {
                return Ok(None);
            }
            let Some(chunk) = rest.chunk().await? else { break };
            body.extend_from_slice(&chunk);
        }
        Ok((body.len() <= limit).then(|| Whole { status, headers, body: body.freeze() }))
    }
}

/// An answer in one piece, as the cloud gave it.
#[derive(Clone)]
pub(crate) struct Whole {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Whole {
    /// The answer for one caller: limited, then masked.
    pub(super) fn shown(
        mut self,
        limit: Option<(&Serials, Filter)>,
        masker: Option<&Masker>,
    ) -> Result<Self, Failure> {
        if let Some((serials, filter)) = limit {
            if !self.status.is_success() {
                let text = "the cloud leads elsewhere, where nothing can be limited; report it";
                return Err(Failure::new(Cause::Server, text).with_status(self.status));
            }
            self.headers.remove(CONTENT_LENGTH);
            self.headers.remove(ETAG);
            if !self.body.is_empty() {
                self.body = filter.apply(serials, &self.body)?.into();
            }
        }
        if let Some(masker) = masker {
            self.body = masked(&self.body, masker)?.into();
        }
        mask_head(&mut self.headers, masker);
        Ok(self)
    }

    pub(super) fn response(self) -> Response<Body> {
        let body = if self.body.is_empty() { Body::empty() } else { Body::from(self.body) };
        response(self.status, self.headers, body)
    }
}

fn response(status: StatusCode, headers: HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn masked(body: &[u8], masker: &Masker) -> Result<Vec<u8>, Failure> {
    let mut masked = Vec::with_capacity(body.len() + body.len() / 8);
    let mut stream = masker.stream();
    stream.push(body, &mut masked);
    stream.finish(&mut masked).map_err(|_| upstream::broken())?;
    Ok(masked)
}

fn refuse_packed(
    status: StatusCode,
    headers: &HeaderMap,
    masker: Option<&Masker>,
) -> Result<(), Failure> {
    if masker.is_none() || !is_packed(headers) {
        return Ok(());
    }
    let text = "the cloud packed its answer, which cannot be masked; try again";
    Err(Failure::new(Cause::Server, text).with_status(status))
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

/// Takes out what belongs to the connection with the cloud.
fn clean(headers: &mut HeaderMap) {
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
}

fn mask_head(headers: &mut HeaderMap, masker: Option<&Masker>) {
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
