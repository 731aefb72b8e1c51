//! Every request by name: its id, its line in the access log, its place in the metrics. The faces say
//! who asked by putting a [`Who`] into the answer's extensions.

#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, LazyLock},
    time::Instant,
};

use axum::{Router, body::Body, response::Response};
use hyper::{
    HeaderMap, Method, Request,
    header::{HeaderName, HeaderValue},
};
use tower::Service as _;
use tracing::Instrument as _;

use crate::metrics::Metrics;

/// The target of the access log.
pub(crate) const ACCESS: &str = "bambu_server::access";

/// Goes through a request and its answer.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The peer left before its answer was there; nobody is told this status, it is counted only.
const LEFT: u16 = 499;

static NOBODY: LazyLock<Arc<str>> = LazyLock::new(|| "none".into());

/// The name of a caller without a token, or with one that is not known.
pub(crate) fn nobody() -> Arc<str> {
    NOBODY.clone()
}

/// Who asked and for what kind of thing: a face puts it into the extensions of its answer, for the
/// access log and the metrics. An answer without one is counted as `none`, `other`.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    /// The name of the caller's token, never the token.
    pub token: Arc<str>,
    /// The group of the request: `device`, `user`, `admin`, `health`, or another word of ours.
    pub group: &'static str,
}

/// The id of a request: in its extensions, in `X-Request-Id` of its answer, and in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId(HeaderValue);

/// What every request of a face is seen with.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) face: &'static str,
    pub(crate) metrics: Metrics,
}

impl RequestId {
    /// The one that the caller gave, if it is sane: 1 to 64 letters, digits, `-`, `_` and `.`; else
    /// a new one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        let given = headers
            .get(&REQUEST_ID)
            .filter(|given| (1..=64).contains(&given.len()) && given.as_bytes().iter().all(plain));
        given.map_or_else(Self::new, |given| Self(given.clone()))
    }

    fn new() -> Self {
        let text = format!("{:016x}", rand::random::<u64>());
        Self(HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("0")))
    }

    /// The id as text.
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// The id as a header.
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

/// Gives a request to its router, and tells of it once, whatever becomes of it.
pub(crate) async fn traced(
    seen: &Seen,
    mut router: Router,
    mut request: Request<Body>,
) -> Response {
    let id = RequestId::of(request.headers());
    request.extensions_mut().insert(id.clone());
    let logged = tracing::enabled!(target: ACCESS, tracing::Level::INFO);
    let mut entry = Entry {
        seen,
        started: Instant::now(),
        id: id.clone(),
        method: word(request.method()),
        path: logged.then(|| pattern(request.uri().path())),
        answered: None,
    };
    let span = tracing::info_span!(target: ACCESS, "request", id = id.as_str());
    let answer = router.call(request).instrument(span).await;
    let mut response = answer.unwrap_or_else(|never| match never {});
    entry.answered = Some((response.status().as_u16(), response.extensions_mut().remove::<Who>()));
    response.headers_mut().insert(REQUEST_ID, id.header());
    response
}

/// A request under way: told when it is dropped, so that one whose caller left is told, too.
struct Entry<'a> {
    seen: &'a Seen,
    started: Instant,
    id: RequestId,
    method: &'static str,
    path: Option<String>,
    answered: Option<(u16, Option<Who>)>,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        let (status, who) = self.answered.take().unwrap_or((LEFT, None));
        let (token, group) = match &who {
            Some(who) => (&who.token, who.group),
            None => (&*NOBODY, "other"),
        };
        self.seen.metrics.request(self.seen.face, group, self.method, status, token, took);
        if let Some(path) = &self.path {
            let duration_ms = took.as_micros() as f64 / 1000.0;
            tracing::info!(
                target: ACCESS,
                request_id = self.id.as_str(),
                face = self.seen.face,
                method = self.method,
                path,
                status,
                duration_ms,
                token = &**token,
            );
        }
    }
}

/// A method as a word of ours, so that nobody makes labels up.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// A path without what names a printer, a task or a ticket: those parts become `*`.
fn pattern(path: &str) -> String {
    let mut out = String::new();
    for part in path.split('/').skip(1).take(16) {
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        let named = part.len() > 32 || digits > 3 || part.contains('%');
        out.push('/');
        out.push_str(if named { "*" } else { part });
    }
    out
}
