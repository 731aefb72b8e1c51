//! What all routes share: who asks, the envelope, and every way to say no.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::FromRequestParts,
    http::{StatusCode, header::AUTHORIZATION, request::Parts},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use crate::cloud::{Cloud, account::Account, sessions::Refusal};

/// The account that asks, by its bearer token.
pub(super) struct Caller {
    pub(super) account: Arc<Account>,
    pub(super) token: String,
}

/// A request that is not answered as wished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// No token or a dead one: the only 401 that means "sign in again" [L].
    PleaseLogin,
    /// A sign-in step failed.
    SignIn(Refusal),
    /// The browser check failed, before the code is looked at [L].
    Csrf(&'static str),
    /// The body is no JSON object.
    NotJson,
    /// A field is missing; plain text, as the service's Go back end writes it [L].
    NotSet(&'static str),
    /// A field has another type; likewise.
    TypeMismatch(&'static str),
    /// A field has a value that is none of those known [L].
    Invalid,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let bad = StatusCode::BAD_REQUEST;
        match self {
            Self::PleaseLogin => failure(StatusCode::UNAUTHORIZED, 4, "Please login."),
            Self::SignIn(refusal) => {
                let code = match refusal {
                    Refusal::Expired => 1,
                    Refusal::WrongCode => 2,
                    Refusal::LoginFailed => 5,
                };
                failure(bad, code, &refusal.to_string())
            }
            Self::Csrf(reason) => {
                let body = json!({"error": format!("CSRF error: {reason}"), "reason": reason});
                (StatusCode::FORBIDDEN, Json(body)).into_response()
            }
            Self::NotJson => (bad, "invalid request body").into_response(),
            Self::NotSet(field) => (bad, format!("field \"{field}\" is not set")).into_response(),
            Self::Invalid => {
                let body = json!({"detail": "Invalid input parameters"});
                (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response()
            }
            Self::TypeMismatch(field) => {
                (bad, format!("type mismatch for field \"{field}\"")).into_response()
            }
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::SignIn(refusal)
    }
}

impl FromRequestParts<Arc<Cloud>> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, cloud: &Arc<Cloud>) -> Result<Self, Refused> {
        let token = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or(Refused::PleaseLogin)?;
        let account = cloud.account_of(token).ok_or(Refused::PleaseLogin)?;
        Ok(Self { account, token: token.to_owned() })
    }
}

/// A failure in the form of the user services [L].
fn failure(status: StatusCode, code: i64, error: &str) -> Response {
    (status, Json(json!({"code": code, "error": error, "message": ""}))).into_response()
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
pub(super) fn object(body: &Bytes) -> Result<Map<String, Value>, Refused> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err(Refused::NotJson),
    }
}

/// A text field that has to be there and not empty.
pub(super) fn text<'a>(
    body: &'a Map<String, Value>,
    field: &'static str,
) -> Result<&'a str, Refused> {
    match body.get(field) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        None | Some(Value::Null | Value::String(_)) => Err(Refused::NotSet(field)),
        Some(_) => Err(Refused::TypeMismatch(field)),
    }
}
