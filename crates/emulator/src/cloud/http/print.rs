//! `POST my/task`: who may start a print, and what it looks like. The start is in `cloud/print.rs`.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

use super::{
    answer::{Caller, Refused},
    fields::object,
};
use crate::{cloud::Cloud, faults::Fault};

/// Names of clients that were seen to be let in [L].
const VENDOR_CLIENTS: [&str; 2] = ["BambuStudio", "BambuConnect"];
/// Operating systems, as those clients name them [L].
const SYSTEMS: [&str; 3] = ["linux", "windows", "macos"];
/// A signature of the key of an application is at least this long.
const SIGNATURE: usize = 128;

/// `POST my/task` [L].
pub(super) async fn start(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let body = object(&body)?;
    let serial = body.get("deviceId").and_then(Value::as_str).unwrap_or("");
    let locked = cloud.own(&caller.account, serial).is_some_and(|bound| bound.printer().locked());
    if cloud.faults().is_on(Fault::VendorGate) && !is_let_in(&headers, locked) {
        let text = "client does not have access rights to the content";
        return Ok((StatusCode::FORBIDDEN, text).into_response());
    }
    let task = cloud.task(&caller.account, body)?;
    Ok(Json(cloud.task_reply(&task)).into_response())
}

/// Whether the gate lets these headers in; a printer without Developer Mode wants two more, of
/// which only the form is looked at: which keys the service knows is not known.
fn is_let_in(headers: &HeaderMap, locked: bool) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let is_vendor = VENDOR_CLIENTS.contains(&text("x-bbl-client-name"))
        && SYSTEMS.contains(&text("x-bbl-os-type"));
    let signature = BASE64_STANDARD.decode(text("x-bbl-device-security-sign")).unwrap_or_default();
    let possesses =
        || text("x-bbl-app-certification-id").contains(':') && signature.len() >= SIGNATURE;
    is_vendor && (!locked || possesses())
}
