//! What all routes share: who asks, the envelopes, bodies that are not what they should be.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::FromRequestParts,
    http::{StatusCode, header::AUTHORIZATION, request::Parts},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use crate::cloud::{Cloud, account::Account};

/// The account that asks, by its bearer token.
pub(super) struct Caller {
    pub(super) account: Arc<Account>,
    pub(super) token: String,
}

impl FromRequestParts<Arc<Cloud>> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, cloud: &Arc<Cloud>) -> Result<Self, Response> {
        let token = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or_else(please_login)?;
        let account = cloud.account_of(token).ok_or_else(please_login)?;
        Ok(Self { account, token: token.to_owned() })
    }
}

/// The only 401 that means "sign in again" [L].
pub(super) fn please_login() -> Response {
    refused(StatusCode::UNAUTHORIZED, 4, "Please login.")
}

/// A failure in the form of the user services [L].
pub(super) fn refused(status: StatusCode, code: i64, error: &str) -> Response {
    (status, Json(json!({"code": code, "error": error, "message": ""}))).into_response()
}

/// A body that fails validation: 400 and plain text, as the service's Go back end writes it [L].
pub(super) fn not_set(field: &str) -> Response {
    (StatusCode::BAD_REQUEST, format!("field \"{field}\" is not set")).into_response()
}

/// Success of the iot service: the payload beside the envelope's three keys [L].
pub(super) fn success(payload: Value) -> Response {
    let mut body = Map::new();
    body.insert("message".into(), "success".into());
    body.insert("code".into(), Value::Null);
    body.insert("error".into(), Value::Null);
    if let Value::Object(payload) = payload {
        body.extend(payload);
    }
    Json(Value::Object(body)).into_response()
}

/// The JSON object of a request, whatever content type it claims.
pub(super) fn object(body: &Bytes) -> Result<Map<String, Value>, Response> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err((StatusCode::BAD_REQUEST, "invalid request body").into_response()),
    }
}

/// A text field that has to be there and not empty.
pub(super) fn text<'a>(body: &'a Map<String, Value>, field: &str) -> Result<&'a str, Response> {
    match body.get(field) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        None | Some(Value::Null | Value::String(_)) => Err(not_set(field)),
        Some(_) => {
            let problem = format!("type mismatch for field \"{field}\"");
            Err((StatusCode::BAD_REQUEST, problem).into_response())
        }
    }
}
