//! What may come in at all, judged from the head of a request as it arrived, before anything decodes
//! it: pure. Who asks is in `auth.rs`; which printers they may ask about is in `scope.rs`.

use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Uri,
    header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING, UPGRADE},
    request::Parts,
};
use hyper::StatusCode;

use super::Mode;
use crate::error::ApiError;

/// The one POST that reads: it opens a view of a printer and changes nothing.
pub(super) const REALTIME_START: &str = "/v1/iot-service/api/user/device/realtime/start";
/// Longest target, in bytes. Signed addresses have 2 KiB.
const LONGEST_TARGET: usize = 8 << 10;
/// Headers that ask a server to take another method or path than the ones of the request line.
const OVERRIDES: [&str; 6] = [
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x-original-method",
    "x-original-url",
    "x-rewrite-url",
];

/// Why a request does not get in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Strict mode reads.
    #[error("this proxy only reads, it takes GET and HEAD; use the full proxy to change something")]
    Method,
    /// A method that nobody forwards, such as CONNECT, TRACE or `get`.
    #[error("this proxy does not forward that method; use one of those in Allow, in capitals")]
    UnknownMethod,
    /// A header that asks for another method or path.
    #[error(
        "this proxy only reads, and no header changes the method or the path; leave out X-HTTP-Method-Override and its like"
    )]
    Override,
    /// The connection is to become something else.
    #[error("this proxy speaks HTTP/1.1 and nothing else; leave out the Upgrade header")]
    Upgrade,
    /// The target is a whole address, or none that begins with a slash.
    #[error("the target is no path; ask for /v1/..., not for a whole address")]
    Form,
    /// The target is too long.
    #[error("the target is too long; 8192 bytes are the most")]
    Long,
    /// The path has an empty, `.` or `..` segment, a backslash, or something encoded that could
    /// turn it into another path.
    #[error(
        "the path could be read in two ways; write it without //, ., .., ; and \\, and encode nothing that needs no encoding"
    )]
    Path,
    /// Bytes that no target has.
    #[error("the target has bytes that no address has; encode them")]
    Bytes,
    /// It is not clear where the body ends, or which host is meant.
    #[error(
        "Host, Content-Length or Transfer-Encoding is there twice or contradicts another; send one of them"
    )]
    Framing,
    /// Reading needs no body.
    #[error("a request that reads has no body; leave it out")]
    Body,
}

impl Refusal {
    /// What the caller is answered.
    pub(crate) fn answer(self, mode: Mode) -> ApiError {
        match self {
            Self::Method | Self::UnknownMethod | Self::Override | Self::Upgrade => {
                ApiError::method_not_allowed(self.to_string(), mode.methods())
            }
            Self::Long => ApiError::new(StatusCode::URI_TOO_LONG, "Bad Request", self.to_string()),
            // Nothing behind such a head is read as another request.
            Self::Framing | Self::Body => ApiError::bad_request("Bad Request", self.to_string())
                .header(CONNECTION, HeaderValue::from_static("close")),
            _ => ApiError::bad_request("Bad Request", self.to_string()),
        }
    }
}

/// Whether a request may come in.
///
/// # Errors
/// [`Refusal`].
pub(crate) fn judge(mode: Mode, request: &Parts) -> Result<(), Refusal> {
    // The method first, as the seeds do: whoever tries to write is told so, however it is written.
    if mode == Mode::Strict {
        only_reads(request)?;
    } else if !is_known(&request.method) {
        return Err(Refusal::UnknownMethod);
    }
    target(&request.uri)?;
    framing(&request.headers)?;
    // A server that does not expect a body reads it as the next request on a connection that all share.
    if matches!(request.method, Method::GET | Method::HEAD) && has_body(&request.headers) {
        return Err(Refusal::Body);
    }
    // What offers HTTP/2 goes on with HTTP/1.1 when that is not taken up; all else wants an answer.
    let takes_no_for_an_answer =
        |value: &HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"h2c");
    if request.headers.get_all(UPGRADE).iter().any(takes_no_for_an_answer) {
        return Err(Refusal::Upgrade);
    }
    Ok(())
}

/// Whether a request reads and nothing else.
///
/// # Errors
/// [`Refusal`].
pub(crate) fn only_reads(request: &Parts) -> Result<(), Refusal> {
    let is_start = request.method == Method::POST && request.uri.path() == REALTIME_START;
    if !is_start && !matches!(request.method, Method::GET | Method::HEAD) {
        return Err(Refusal::Method);
    }
    if OVERRIDES.iter().any(|name| request.headers.contains_key(*name)) {
        return Err(Refusal::Override);
    }
    Ok(())
}

fn is_known(method: &Method) -> bool {
    Mode::Full.methods().contains(&method.as_str())
}

/// Whether a body is announced; an announced one of no bytes is none.
pub(super) fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING)
        || headers.get(CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0")
}

/// Whether nobody behind us could see another end of the body, or another host.
fn framing(headers: &HeaderMap) -> Result<(), Refusal> {
    let times = |name: HeaderName| headers.get_all(name).iter().take(2).count();
    let (lengths, encodings) = (times(CONTENT_LENGTH), times(TRANSFER_ENCODING));
    if times(HOST) > 1 || lengths + encodings > 1 {
        return Err(Refusal::Framing);
    }
    match headers.get(TRANSFER_ENCODING) {
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"chunked") => {
            Err(Refusal::Framing)
        }
        _ => Ok(()),
    }
}

/// Whether a target can be read in one way only.
fn target(uri: &Uri) -> Result<(), Refusal> {
    if uri.scheme().is_some() || uri.authority().is_some() {
        return Err(Refusal::Form);
    }
    let text = uri.path_and_query().map_or("", |target| target.as_str());
    if text.len() > LONGEST_TARGET {
        return Err(Refusal::Long);
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return Err(Refusal::Bytes);
    }
    let segments = uri.path().strip_prefix('/').ok_or(Refusal::Form)?;
    let mut segments = segments.split('/').peekable();
    while let Some(segment) = segments.next() {
        // Only the last may be empty: a slash at the end is another route of the cloud.
        if (segment.is_empty() && segments.peek().is_some()) || !is_plain(segment) {
            return Err(Refusal::Path);
        }
    }
    Ok(())
}

/// Whether a segment is no dots, and encodes nothing but what needs it and is harmless.
fn is_plain(segment: &str) -> bool {
    if matches!(segment, "." | "..") || segment.contains(';') {
        return false;
    }
    let mut parts = segment.split('%');
    parts.next();
    parts.all(|part| {
        let digits = part.get(..2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        byte.is_some_and(|byte| {
            !byte.is_ascii_control()
                && !byte.is_ascii_alphanumeric()
                && !b"-._~/\\%;".contains(&byte)
        })
    })
}

#[cfg(test)]
mod tests;
