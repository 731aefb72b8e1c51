//! How a printer comes to an account and leaves it: PIN, ticket, unbinding; and its name.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{
    answer::{Caller, Refused, success},
    fields::{self, object, object_or_none, text, text_if_set},
};
use crate::cloud::{Cloud, letters::word};

/// Longest name of a printer, in characters [G].
const LONGEST_NAME: usize = 64;

/// `DELETE user/bind` with `dev_id` in the body [L] or in the query [D].
pub(super) async fn unbind(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    query: fields::Query,
    body: Bytes,
) -> Result<Response, Refused> {
    let body = object_or_none(&body)?;
    if body.get("force").is_some_and(|force| !(force.is_boolean() || force.is_null())) {
        return Err(Refused::TypeMismatch("force".into()));
    }
    let serial = match text_if_set(&body, "dev_id")?.filter(|id| !id.is_empty()) {
        Some(id) => id,
        None => fields::asked(&query, "dev_id")?,
    };
    if !cloud.unbind(&caller.account, serial) {
        return Err(Refused::Forbidden(&[]));
    }
    Ok(success(json!({})))
}

/// `GET user/bind_list`: the live service's gateway has no back end for it [L].
pub(super) async fn bind_list(_caller: Caller) -> Refused {
    Refused::BadGateway
}

/// `POST my/pincode/{PIN}`: the free printer that shows it is the caller's from now on [L].
pub(super) async fn by_pin(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Path(pin): Path<String>,
    body: Bytes,
) -> Result<Response, Refused> {
    let body = object(&body)?;
    if !text(&body, "pincode")?.eq_ignore_ascii_case(&pin) {
        return Err(Refused::Invalid);
    }
    let bound = cloud.bind_by_pin(&caller.account, &pin).ok_or(Refused::Missing)?;
    Ok(Json(json!({"deviceId": bound.printer().serial().as_str()})).into_response())
}

/// `GET my/ticket/{T}`: whether a printer asks with it [L].
pub(super) async fn ticket(
    State(cloud): State<Arc<Cloud>>,
    _caller: Caller,
    Path(ticket): Path<String>,
) -> Response {
    let valid = cloud.knows_ticket(&ticket);
    Json(json!({"source": if valid { "device" } else { "" }, "isValid": valid})).into_response()
}

/// `POST my/ticket/{T}`: the printer that asks with it is the caller's from now on, or a browser may
/// sign in by it; 200, empty [L].
pub(super) async fn by_ticket(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Path(ticket): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Refused> {
    let body = object(&body)?;
    if text(&body, "ticket")? != ticket {
        return Err(Refused::Invalid);
    }
    if cloud.approve_ticket(&caller.account, &ticket) {
        return Ok(StatusCode::OK);
    }
    cloud.bind_by_ticket(&caller.account, &ticket).ok_or(Refused::Missing)?;
    Ok(StatusCode::OK)
}

/// `PATCH user/device/info`: another name for a printer [L].
pub(super) async fn rename(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Refused> {
    let body = object(&body)?;
    let (serial, name) = (text(&body, "dev_id")?, text_if_set(&body, "dev_name")?);
    let bound = cloud.own(&caller.account, serial).ok_or(Refused::Forbidden(&[]))?;
    if let Some(name) = name {
        if name.trim().is_empty() || name.chars().count() > LONGEST_NAME {
            return Err(Refused::Invalid);
        }
        bound.rename(name.trim());
    }
    Ok(success(json!({})))
}

/// `POST user/ttcode`: codes for the camera's proprietary way through the cloud, good for one use.
pub(super) async fn camera(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Refused> {
    let body = object(&body)?;
    let serial = text(&body, "dev_id")?;
    text_if_set(&body, "dev_version")?;
    if body.get("protocols").is_some_and(|list| !(list.is_array() || list.is_null())) {
        return Err(Refused::TypeMismatch("protocols".into()));
    }
    cloud.own(&caller.account, serial).ok_or(Refused::Forbidden(&[]))?;
    Ok(success(camera_codes()))
}

/// The codes of one answer.
fn camera_codes() -> serde_json::Value {
    const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ123456789";
    let word = |length| word(&mut rand::rng(), LETTERS, length);
    json!({
        "ttcode": word(20), "passwd": word(8), "authkey": word(8), "region": "us", "type": "tutk",
        "streams": null, "peers": null, "stream_key": "", "stream_salt": "", "channel_name": "",
        "app_id": "", "rtm": null,
    })
}
