//! The printers of an account: `user/bind`, `user/print`, `user/device/version`.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use bambu_protocol::Model;
use serde_json::{Value, json};

use super::{
    answer::{Caller, success},
    fields,
    time::iot_time,
};
use crate::cloud::{
    Bound, Cloud,
    history::{from_ms, number},
};

/// `GET user/bind`: the account's printers, with their access codes in clear text [L].
pub(super) async fn bind(State(cloud): State<Arc<Cloud>>, caller: Caller) -> Response {
    let devices: Vec<Value> = cloud.printers_of(&caller.account).map(bound).collect();
    success(json!({"devices": devices}))
}

/// `GET user/print`: what the account's printers print.
///
/// With nothing queued the live service leaves `devices` out [L]; `force=true` lists them anyway [G].
pub(super) async fn print(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    parameters: fields::Query,
) -> Response {
    let devices: Vec<(bool, Value)> = cloud.printers_of(&caller.account).map(printing).collect();
    let forced = parameters.get("force").is_some_and(|force| force == "true");
    if !forced && !devices.iter().any(|(queued, _)| *queued) {
        return Json(json!({"message": "success", "code": 0, "error": null})).into_response();
    }
    let devices: Vec<Value> = devices.into_iter().map(|(_, device)| device).collect();
    success(json!({"devices": devices}))
}

/// `GET user/device/version`: firmware on offer, for one printer by `dev_id` or for all.
pub(super) async fn version(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    parameters: fields::Query,
) -> Response {
    let devices: Vec<Value> = match parameters.get("dev_id") {
        None => cloud.printers_of(&caller.account).map(firmware).collect(),
        Some(id) => cloud.own(&caller.account, id).map(firmware).into_iter().collect(),
    };
    success(json!({"devices": devices}))
}

fn bound(bound: &Bound) -> Value {
    let summary = bound.summary();
    let structure = match summary.model {
        Model::A1 | Model::A1Mini | Model::A2L => "I3",
        _ => "CoreXY",
    };
    json!({
        "dev_id": summary.serial.as_str(),
        "name": summary.name,
        "online": bound.online(),
        "print_status": summary.print_status,
        "dev_model_name": model_name(summary.model),
        "dev_product_name": summary.model.name(),
        "dev_access_code": access_code(bound, summary.model),
        "nozzle_diameter": summary.nozzle_diameter,
        "dev_structure": structure,
        "print_job": summary.job.map_or(0, |job| number(&job.task_id)),
    })
}

fn printing(bound: &Bound) -> (bool, Value) {
    let summary = bound.summary();
    let job = summary.job.as_ref();
    let device = json!({
        "dev_id": summary.serial.as_str(),
        "dev_name": summary.name,
        "dev_model_name": model_name(summary.model),
        "dev_product_name": summary.model.name(),
        "dev_online": bound.online(),
        "dev_access_code": access_code(bound, summary.model),
        "task_id": job.map(|job| job.task_id.as_str()),
        "task_name": job.map(|job| job.name.as_str()),
        "task_status": job.map(|_| summary.print_status),
        "model_id": job.map(|job| job.model_id.as_str()).filter(|id| !id.is_empty()),
        "project_id": job.map(|job| job.project_id.as_str()),
        "profile_id": job.map(|job| job.profile_id.as_str()),
        "start_time": job.map(|job| iot_time(from_ms(job.started_ms))),
        "prediction": job.map(|job| job.prediction_seconds),
        "progress": job.map(|job| job.progress),
        "thumbnail": null,
    });
    (job.is_some(), device)
}

/// An empty list of firmware means that the newest is installed [L].
fn firmware(bound: &Bound) -> Value {
    let printer = bound.printer();
    let ams: Vec<Value> = (0..ams_units(bound)).map(|_| json!({"firmware": []})).collect();
    json!({
        "dev_id": printer.serial().as_str(),
        "version": printer.firmware(),
        "firmware": [],
        "ams": ams,
    })
}

/// How many AMS units its report tells of.
fn ams_units(bound: &Bound) -> usize {
    let report = bound.printer().full_report().unwrap_or_default();
    serde_json::from_slice::<Value>(&report)
        .ok()
        .and_then(|report| report.pointer("/print/ams/ams")?.as_array().map(Vec::len))
        .unwrap_or(0)
}

/// The access code; some end in a newline [L], here those of the A1 family [G].
fn access_code(bound: &Bound, model: Model) -> String {
    let code = bound.printer().access_code();
    let newline = if matches!(model, Model::A1 | Model::A1Mini) { "\n" } else { "" };
    format!("{}{newline}", code.reveal())
}

/// A code, for the newest models their name [L].
fn model_name(model: Model) -> &'static str {
    match model {
        Model::P2S | Model::X2D | Model::A2L => model.name(),
        _ => model.code(),
    }
}
