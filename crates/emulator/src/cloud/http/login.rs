//! Signing in and out. The rules are in `sessions.rs`; here is what they look like on the wire.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::{
    answer::{Caller, Refused},
    fields::{self, object, text},
};
use crate::cloud::{
    Cloud, Dialect,
    sessions::{Refusal, SignedIn},
};

type Answers = State<Arc<Cloud>>;

const CSRF_COOKIE: &str = "bbl_csrf_token";
const CSRF_HEADER: &str = "x-bbl-csrf-token";
/// Life of a token from password, code or authenticator: 90 days, in seconds [L].
const TOKEN_LIFE: u64 = 7_776_000;
/// Life of a token from a ticket or a refresh: a year, in seconds [L].
const LONG_LIFE: u64 = 31_536_000;

/// `POST user/login` with password or code.
pub(super) async fn login(State(cloud): Answers, body: Bytes) -> Result<Response, Refused> {
    let body = object(&body)?;
    let account = text(&body, "account")?;
    let signed_in = match text(&body, "code") {
        Ok(code) => cloud.by_code(account, code)?,
        Err(Refused::NotSet(_)) => cloud.by_password(account, text(&body, "password")?)?,
        Err(refused) => return Err(refused),
    };
    Ok(reply(&cloud, &signed_in))
}

/// `POST user/sendemail/code`; it does not tell which addresses have an account.
pub(super) async fn send_code(State(cloud): Answers, body: Bytes) -> Result<Response, Refused> {
    cloud.send_code(code_to(&object(&body)?, "email")?);
    Ok(Json(json!({})).into_response())
}

/// `POST /api/v1/user-service/user/sendsmscode` on the web origin; it does not tell which numbers
/// have an account.
pub(super) async fn send_sms(State(cloud): Answers, body: Bytes) -> Result<Response, Refused> {
    cloud.send_sms(code_to(&object(&body)?, "phone")?);
    Ok(Json(json!({})).into_response())
}

/// Where a code for signing in is wanted; other kinds of codes are not.
fn code_to<'a>(body: &'a Map<String, Value>, field: &'static str) -> Result<&'a str, Refused> {
    let (kind, to) = (text(body, "type")?, text(body, field)?);
    if kind == "codeLogin" { Ok(to) } else { Err(Refused::Invalid) }
}

/// `POST user/ticket/{T}`: a browser's ticket signs a program in [L].
pub(super) async fn by_ticket(
    State(cloud): Answers,
    Path(ticket): Path<String>,
    body: Bytes,
) -> Result<Response, Refused> {
    if text(&object(&body)?, "ticket")? != ticket {
        return Err(Refused::Invalid);
    }
    Ok(token_reply(&cloud, &cloud.by_ticket(&ticket)?, "ticket", LONG_LIFE))
}

/// `GET user/ticket`: a ticket to sign a browser in, of no use until `POST my/ticket/{T}` [L].
pub(super) async fn ticket(State(cloud): Answers, caller: Caller) -> Response {
    let ticket = cloud.program_ticket(&caller.account);
    Json(json!({"ticket": ticket, "pincode": ticket})).into_response()
}

/// `GET /api/sign-in/ticket?to=<url>&ticket=<T>` on the web origin: the cookie `token`, empty when
/// the ticket is none [L].
pub(super) async fn web_ticket(State(cloud): Answers, query: fields::Query) -> Response {
    let ticket = query.get("ticket").map_or("", String::as_str);
    let token = cloud.by_program_ticket(ticket).unwrap_or_default();
    let to = query.get("to").filter(|to| !to.is_empty()).map_or("/", String::as_str);
    let headers = [(header::SET_COOKIE, token_cookie(&token)), (header::LOCATION, to.to_owned())];
    (StatusCode::FOUND, headers).into_response()
}

/// `POST user/tfa/login` on the API host: the token comes in the body.
pub(super) async fn authenticator(State(cloud): Answers, body: Bytes) -> Result<Response, Refused> {
    Ok(reply(&cloud, &second_step(&cloud, &body)?))
}

/// `GET /api/csrf` on the web origin: a cookie to be shown again in a header.
pub(super) async fn csrf() -> Response {
    let value = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>());
    let cookie = format!("{CSRF_COOKIE}={value}; Path=/; SameSite=Lax");
    ([(header::SET_COOKIE, cookie)], Json(json!({}))).into_response()
}

/// `POST /api/sign-in/tfa` on the web origin: the token comes as the cookie `token`.
///
/// The documents know of no cookie before it, and of the token in the body [G].
pub(super) async fn web_authenticator(
    State(cloud): Answers,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let documented = cloud.dialect() == Dialect::Documented;
    if !documented {
        check_csrf(&headers)?;
    }
    let SignedIn::Token(token) = second_step(&cloud, &body)? else {
        return Err(Refusal::LoginFailed.into());
    };
    let cookie = [(header::SET_COOKIE, token_cookie(&token))];
    if documented {
        return Ok((cookie, token_reply(&cloud, &token, "tfa", TOKEN_LIFE)).into_response());
    }
    Ok((cookie, Json(json!({}))).into_response())
}

/// The cookie of the handshake has to be there, and in the header, too [L].
fn check_csrf(headers: &HeaderMap) -> Result<(), Refused> {
    let cookie = cookie(headers, CSRF_COOKIE).ok_or(Refused::Csrf("missing_cookie"))?;
    let header = headers.get(CSRF_HEADER).ok_or(Refused::Csrf("missing_header"))?;
    if header.as_bytes() == cookie.as_bytes() {
        Ok(())
    } else {
        Err(Refused::Csrf("token_mismatch"))
    }
}

/// `POST user/refreshtoken`: works for the holder of the old access token only [L].
pub(super) async fn refresh(
    State(cloud): Answers,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Refused> {
    let body = object(&body)?;
    let refresh = text(&body, "refreshToken")?;
    let token = cloud.refresh(&caller.token, refresh).ok_or(Refused::PleaseLogin)?;
    Ok(token_reply(&cloud, &token, "ticket", LONG_LIFE))
}

/// `POST my/logout`: 200 with an empty body; the token is dead afterwards.
pub(super) async fn logout(State(cloud): Answers, caller: Caller) -> StatusCode {
    cloud.sign_out(&caller.token);
    StatusCode::OK
}

fn second_step(cloud: &Cloud, body: &Bytes) -> Result<SignedIn, Refused> {
    let body = object(body)?;
    let key = text(&body, "tfaKey")?;
    Ok(cloud.by_authenticator(key, text(&body, "tfaCode")?)?)
}

fn reply(cloud: &Cloud, signed_in: &SignedIn) -> Response {
    let (login_type, key) = match signed_in {
        SignedIn::Token(token) => return token_reply(cloud, token, "password", TOKEN_LIFE),
        SignedIn::CodeNeeded => ("verifyCode", ""),
        SignedIn::AuthenticatorNeeded(key) => ("tfa", key.as_str()),
    };
    Json(json!({
        "accessToken": "", "refreshToken": "", "expiresIn": 0, "refreshExpiresIn": 0,
        "tfaKey": key, "accessMethod": "", "loginType": login_type, "firstAppLogin": false,
    }))
    .into_response()
}

/// The refresh token equals the access token at issue [L]; `success` is in the documents only [G].
fn token_reply(cloud: &Cloud, token: &str, method: &str, life: u64) -> Response {
    let mut body = json!({
        "accessToken": token, "refreshToken": token, "expiresIn": life, "refreshExpiresIn": life,
        "tfaKey": "", "accessMethod": method, "loginType": "", "firstAppLogin": false,
    });
    if let (Dialect::Documented, Some(body)) = (cloud.dialect(), body.as_object_mut()) {
        body.insert("success".to_owned(), true.into());
    }
    Json(body).into_response()
}

fn token_cookie(token: &str) -> String {
    format!("token={token}; Path=/; Max-Age={TOKEN_LIFE}; HttpOnly")
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, value)| *known == name && !value.is_empty())
        .map(|(_, value)| value)
}
