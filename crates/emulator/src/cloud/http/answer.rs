//! What all routes share: who asks, the envelope, and every way to say no.

use std::{borrow::Cow, sync::Arc};

use axum::{
    Json,
    extract::FromRequestParts,
    http::{StatusCode, header::AUTHORIZATION, request::Parts},
    response::{Html, IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use crate::cloud::{Cloud, Dialect, account::Account, print, sessions::Refusal};

/// The account that asks, by its bearer token.
pub(super) struct Caller {
    pub(super) account: Arc<Account>,
    pub(super) token: String,
}

/// A request that is not answered as wished.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    NotSet(Cow<'static, str>),
    /// A field has another type; likewise.
    TypeMismatch(Cow<'static, str>),
    /// A field has a value that is none of those known [L].
    Invalid,
    /// It belongs to somebody else; the named keys come back empty [L].
    Forbidden(&'static [&'static str]),
    /// There is no such thing in the iot service [L].
    Missing,
    /// There is no such thing in a user service.
    NotFound,
    /// There is no room for more presets [L].
    Quota,
    /// The gateway has no back end for it [L].
    BadGateway,
    /// The token is none, in the words of the documented dialect [G].
    TokenInvalid,
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
            Self::Forbidden(keys) => {
                let forbidden = ("permission denied", 8, "Resource forbidden");
                let mut body = envelope(forbidden.0, json!(forbidden.1), json!(forbidden.2));
                body.extend(keys.iter().map(|key| ((*key).to_owned(), Value::Null)));
                (StatusCode::FORBIDDEN, Json(Value::Object(body))).into_response()
            }
            Self::Missing => {
                (bad, Json(envelope("missing", json!(2), json!("Not found")))).into_response()
            }
            Self::NotFound => failure(StatusCode::NOT_FOUND, 2, "Not found"),
            Self::Quota => {
                let body = envelope("quota exceeded", json!(14), json!("Quota exceeded"));
                (bad, Json(body)).into_response()
            }
            Self::BadGateway => (StatusCode::BAD_GATEWAY, Html(BAD_GATEWAY)).into_response(),
            Self::TokenInvalid => {
                let details = json!({"reason": "Token signature verification failed"});
                let body = json!({
                    "code": 1001, "message": "Invalid token", "error": "TOKEN_INVALID",
                    "details": details,
                });
                (StatusCode::UNAUTHORIZED, Json(body)).into_response()
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

impl From<print::Refused> for Refused {
    fn from(refused: print::Refused) -> Self {
        match refused {
            print::Refused::NotSet(field) => Self::NotSet(field.into()),
            print::Refused::TypeMismatch(field) => Self::TypeMismatch(field.into()),
            print::Refused::Invalid => Self::Invalid,
            print::Refused::Forbidden => Self::Forbidden(&[]),
        }
    }
}

impl FromRequestParts<Arc<Cloud>> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, cloud: &Arc<Cloud>) -> Result<Self, Refused> {
        let refused = || match cloud.dialect() {
            Dialect::Observed => Refused::PleaseLogin,
            Dialect::Documented => Refused::TokenInvalid,
        };
        let token = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or_else(refused)?;
        let account = cloud.account_of(token).ok_or_else(refused)?;
        Ok(Self { account, token: token.to_owned() })
    }
}

impl Caller {
    pub(super) fn uid(&self) -> u64 {
        self.account.uid
    }
}

/// As the service's router answers a path it does not have [L].
pub(super) fn page_not_found() -> Response {
    (StatusCode::NOT_FOUND, "404 page not found").into_response()
}

/// A failure in the form of the user services [L].
pub(super) fn failure(status: StatusCode, code: i64, error: &str) -> Response {
    (status, Json(json!({"code": code, "error": error, "message": ""}))).into_response()
}

/// Success of the iot service: the payload beside the envelope's three keys [L].
pub(super) fn success(payload: Value) -> Response {
    let body = envelope("success", Value::Null, Value::Null);
    Json(over(body.into(), payload)).into_response()
}

/// An object with the fields of another one over its own.
pub(super) fn over(mut object: Value, fields: Value) -> Value {
    if let (Some(object), Value::Object(fields)) = (object.as_object_mut(), fields) {
        object.extend(fields);
    }
    object
}

/// The three keys of the iot service's envelope.
fn envelope(message: &str, code: Value, error: Value) -> Map<String, Value> {
    let fields = [("message", message.into()), ("code", code), ("error", error)];
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The gateway's own page [L].
const BAD_GATEWAY: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
    <center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>openresty</center>\r\n\
    </body>\r\n</html>\r\n";
