//! What a face answers when it does not do what was asked: one JSON shape for all of them, with the
//! short words that the seeds' clients know.

use std::borrow::Cow;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use hyper::{
    HeaderMap, StatusCode,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use serde_json::{Map, Value};

/// An answer that is an error: `{"error": …, "message": …}` and what else a case adds.
///
/// `error` is the short text that names the case, `message` is "cause; next step". Neither ever
/// holds a secret: what is put in here is shown to the caller as it is.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    status: StatusCode,
    error: Cow<'static, str>,
    message: Cow<'static, str>,
    // Boxed, because results carry this type everywhere.
    more: Box<(Map<String, Value>, HeaderMap)>,
}

impl ApiError {
    /// An error of its own kind.
    pub(crate) fn new(
        status: StatusCode,
        error: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (error, message) = (error.into(), message.into());
        Self { status, error, message, more: Box::default() }
    }

    /// 400: the request cannot be understood.
    pub(crate) fn bad_request(
        error: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, message)
    }

    /// 401: no token, or one that does not count.
    pub(crate) fn unauthorized(
        error: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let error = Self::new(StatusCode::UNAUTHORIZED, error, message);
        error.header(hyper::header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 403: known, and not allowed.
    pub(crate) fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message)
    }

    /// 404: nothing is there.
    pub(crate) fn not_found(
        error: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(StatusCode::NOT_FOUND, error, message)
    }

    /// 405: the route is there, the method is not for it. `allowed` is told in the body as the
    /// seeds do, and in `Allow`.
    pub(crate) fn method_not_allowed(
        message: impl Into<Cow<'static, str>>,
        allowed: &[&'static str],
    ) -> Self {
        let error = Self::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed", message);
        let error = error.with("allowed_methods", allowed.to_vec());
        match HeaderValue::try_from(allowed.join(", ")) {
            Ok(value) => error.header(hyper::header::ALLOW, value),
            Err(_) => error,
        }
    }

    /// 405 of a page of ours.
    pub(crate) async fn only_reads() -> Self {
        Self::method_not_allowed("this only reads; use GET", &["GET", "HEAD"])
    }

    /// 502: the cloud did not give what was asked for. `cause` is its class: `auth`, `challenge`,
    /// `limit`, `timeout`, `unreachable`, `refused` or `server`.
    pub(crate) fn upstream(cause: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        let error = Self::new(StatusCode::BAD_GATEWAY, "API request failed", message);
        error.with("cause", cause)
    }

    /// 503 with `Retry-After`: it will be there, and is not yet.
    pub(crate) fn not_yet(message: impl Into<Cow<'static, str>>, retry_after_seconds: u32) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Not available yet", message)
            .header(hyper::header::RETRY_AFTER, HeaderValue::from(retry_after_seconds))
    }

    /// The same with one more key in its body.
    #[must_use]
    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.more.0.insert(key.to_owned(), value.into());
        self
    }

    /// The same with a header.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.more.1.insert(name, value);
        self
    }

    /// Its body.
    pub(crate) fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("error".to_owned(), self.error.as_ref().into());
        body.insert("message".to_owned(), self.message.as_ref().into());
        body.extend(self.more.0.clone());
        Value::Object(body)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body().to_string()));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.more.1;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_in_the_seeds_words_with_its_own_keys_and_headers() {
        let error = ApiError::method_not_allowed("this only reads", &["GET", "HEAD"]);
        let body = serde_json::json!({
            "error": "Method Not Allowed", "message": "this only reads",
            "allowed_methods": ["GET", "HEAD"],
        });
        assert_eq!(error.body(), body);
        let response = error.into_response();
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers()["allow"], "GET, HEAD");
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(
            ApiError::not_yet("no report so far; ask again", 5).into_response().headers()["retry-after"],
            "5"
        );
    }
}
