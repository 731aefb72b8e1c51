//! Printers in the documented dialect: binding by code, information, versions with what an AMS
//! holds.

use std::sync::Arc;

use axum::{body::Bytes, extract::State, response::Response};
use serde_json::{Value, json};

use super::{Wrong, done};
use crate::cloud::{
    Bound, Cloud,
    http::{answer::Caller, fields},
};

/// `POST user/bind`: with the code on the screen, or the access code, which has eight digits.
pub(super) async fn bind(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Wrong> {
    let body = fields::object(&body)?;
    let (serial, code) = (fields::text(&body, "device_id")?, fields::text(&body, "bind_code")?);
    let name = fields::text_if_set(&body, "device_name")?.filter(|name| !name.trim().is_empty());
    let known = serial.parse().ok().and_then(|serial| cloud.printer(&serial));
    let bound = known.ok_or(Wrong::DeviceNotFound)?;
    let shown = bound.pin().eq_ignore_ascii_case(code.trim())
        || bound.printer().access_code().reveal() == code.trim();
    if !shown {
        return Err(Wrong::BadRequest("the bind code is wrong".to_owned()));
    }
    if !bound.online() {
        return Err(Wrong::DeviceOffline);
    }
    let free = cloud.bind_by_pin(&caller.account, bound.pin()).is_some();
    if !free && !bound.is_of(&caller.account) {
        return Err(Wrong::BadRequest("the device is bound already".to_owned()));
    }
    if let Some(name) = name {
        bound.rename(&name.chars().take(64).collect::<String>());
    }
    Ok(done(json!({
        "bind_id": format!("bind_{}", bound.printer().serial()), "device_info": about(bound),
    })))
}

/// `DELETE user/bind?dev_id=`.
pub(super) async fn unbind(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    query: fields::Query,
    body: Bytes,
) -> Result<Response, Wrong> {
    let body = fields::object_or_none(&body)?;
    let given = ["dev_id", "device_id"].into_iter().find_map(|name| {
        body.get(name).and_then(Value::as_str).or(query.get(name).map(String::as_str))
    });
    let serial = given.ok_or_else(|| Wrong::BadRequest("field \"dev_id\" is not set".into()))?;
    if !cloud.unbind(&caller.account, serial) {
        return Err(Wrong::DeviceNotFound);
    }
    Ok(done(json!({})))
}

/// `GET user/device/info`, of one printer by `device_id` or of all.
pub(super) async fn info(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    query: fields::Query,
) -> Result<Response, Wrong> {
    Ok(done(match asked(&cloud, &caller, &query)? {
        Some(bound) => about(bound),
        None => {
            let all: Vec<Value> = cloud.printers_of(&caller.account).map(about).collect();
            json!({"devices": all})
        }
    }))
}

/// `GET user/device/version`, of one printer or of all.
pub(super) async fn version(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    query: fields::Query,
) -> Result<Response, Wrong> {
    Ok(done(match asked(&cloud, &caller, &query)? {
        Some(bound) => {
            let mut one = versions(bound);
            if let (Some(one), Some(current)) = (one.as_object_mut(), firmware(bound)) {
                one.insert("devices".to_owned(), json!([version_of(bound)]));
                one.insert("current_version".to_owned(), current.into());
            }
            one
        }
        None => {
            let all: Vec<Value> = cloud.printers_of(&caller.account).map(version_of).collect();
            json!({"devices": all})
        }
    }))
}

/// The printer that `device_id` or `dev_id` names; `None` when neither is there.
pub(super) fn asked<'a>(
    cloud: &'a Cloud,
    caller: &Caller,
    query: &fields::Query,
) -> Result<Option<&'a Bound>, Wrong> {
    let given = ["device_id", "dev_id"].into_iter().find_map(|name| query.get(name));
    let Some(id) = given.filter(|id| !id.is_empty()) else { return Ok(None) };
    cloud.own(&caller.account, id).map(Some).ok_or(Wrong::DeviceNotFound)
}

/// The `print` section of a printer's full status.
pub(super) fn report(bound: &Bound) -> Value {
    let report = bound.printer().full_report().unwrap_or_default();
    let mut report: Value = serde_json::from_slice(&report).unwrap_or_default();
    report.get_mut("print").map(Value::take).unwrap_or_default()
}

fn about(bound: &Bound) -> Value {
    let (summary, report) = (bound.summary(), report(bound));
    json!({
        "device_id": summary.serial.as_str(), "device_name": summary.name,
        "model": summary.model.name(), "status": if bound.online() { "online" } else { "offline" },
        "print_status": summary.print_status, "firmware_version": firmware(bound),
        "nozzle_temp": report.get("nozzle_temper"), "bed_temp": report.get("bed_temper"),
    })
}

fn firmware(bound: &Bound) -> Option<String> {
    bound.printer().firmware().map(|firmware| firmware.to_string())
}

fn versions(bound: &Bound) -> Value {
    let current = firmware(bound);
    json!({
        "device_id": bound.printer().serial().as_str(), "current_version": current,
        "latest_version": current, "available_version": current, "update_available": false,
        "force_update": false, "release_notes": "",
    })
}

/// A printer with what its AMS units hold.
fn version_of(bound: &Bound) -> Value {
    let report = report(bound);
    let units = report.pointer("/ams/ams").and_then(Value::as_array);
    let ams: Vec<Value> = units.into_iter().flatten().map(unit).collect();
    let mut device = json!({
        "dev_id": bound.printer().serial().as_str(), "version": firmware(bound),
        "firmware": versions(bound),
    });
    if let Some(device) = device.as_object_mut().filter(|_| !ams.is_empty()) {
        device.insert("ams".to_owned(), ams.into());
    }
    device
}

fn unit(unit: &Value) -> Value {
    json!({
        "id": unit.get("id"), "sw_ver": "00.00.06.49", "hw_ver": "AMS08",
        "humidity": unit.get("humidity"), "temp": unit.get("temp"), "tray": unit.get("tray"),
    })
}
