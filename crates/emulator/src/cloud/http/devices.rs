//! The printers of an account: `user/bind`, `user/print`, `user/device/version`.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use bambu_protocol::{Model, Serial};
use serde_json::{Value, json};

use super::answer::{Caller, success};
use crate::cloud::{Bound, Cloud};

type Parameters = Query<HashMap<String, String>>;

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
    Query(parameters): Parameters,
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
    Query(parameters): Parameters,
) -> Response {
    let devices: Vec<Value> = match parameters.get("dev_id") {
        None => cloud.printers_of(&caller.account).map(firmware).collect(),
        Some(id) => Serial::new(id)
            .ok()
            .and_then(|serial| cloud.printer(&serial))
            .filter(|bound| bound.owner().uid == caller.account.uid)
            .map(firmware)
            .into_iter()
            .collect(),
    };
    success(json!({"devices": devices}))
}

fn bound(bound: &Bound) -> Value {
    let printer = bound.printer();
    let listing = bound.listing();
    let structure = match listing.model {
        Model::A1 | Model::A1Mini | Model::A2L => "I3",
        _ => "CoreXY",
    };
    json!({
        "dev_id": printer.serial().as_str(),
        "name": listing.name,
        "online": bound.online(),
        "print_status": listing.print_status,
        "dev_model_name": model_name(listing.model),
        "dev_product_name": listing.model.name(),
        "dev_access_code": printer.access_code().reveal(),
        "nozzle_diameter": listing.nozzle_diameter,
        "dev_structure": structure,
        "print_job": listing.job.filter(|job| job.running).map_or(0, |job| job.id),
    })
}

fn printing(bound: &Bound) -> (bool, Value) {
    let printer = bound.printer();
    let listing = bound.listing();
    let job = listing.job.as_ref().filter(|job| job.running);
    let device = json!({
        "dev_id": printer.serial().as_str(),
        "dev_name": listing.name,
        "dev_model_name": model_name(listing.model),
        "dev_product_name": listing.model.name(),
        "dev_online": bound.online(),
        "dev_access_code": printer.access_code().reveal(),
        "task_id": job.map(|job| job.id.to_string()),
        "task_name": job.map(|job| job.title.as_str()),
        "task_status": job.map(|_| listing.print_status.as_str()),
        "model_id": null,
        "project_id": job.map(|job| job.project_id.to_string()),
        "profile_id": job.map(|job| job.profile_id.to_string()),
        "start_time": job.map(|job| job.started.strftime("%Y-%m-%d %H:%M:%S").to_string()),
        "prediction": job.map(|job| job.estimate_s),
        "progress": job.map(|job| job.progress),
        "thumbnail": null,
    });
    (job.is_some(), device)
}

/// An empty list of firmware means that the newest is installed [L].
fn firmware(bound: &Bound) -> Value {
    let listing = bound.listing();
    let ams: Vec<Value> = (0..listing.ams_units).map(|_| json!({"firmware": []})).collect();
    json!({
        "dev_id": bound.printer().serial().as_str(),
        "version": listing.firmware,
        "firmware": [],
        "ams": ams,
    })
}

/// A code, for the newest models their name [L].
fn model_name(model: Model) -> &'static str {
    match model {
        Model::P2S | Model::X2D | Model::A2L => model.name(),
        _ => model.code(),
    }
}
