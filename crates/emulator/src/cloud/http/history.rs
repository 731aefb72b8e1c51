//! Lists that the account keeps: tasks, projects, messages; and two fixed answers beside them.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::answer::{Caller, not_set, success};
use crate::cloud::{Bound, Cloud, listing::ListedJob};

type Parameters = Query<HashMap<String, String>>;

/// Tasks sent when no `limit` is asked for [L].
const DEFAULT_LIMIT: usize = 20;

/// `GET my/tasks`: jobs of the account's printers, newest first [L].
pub(super) async fn tasks(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Query(parameters): Parameters,
) -> Response {
    let wanted = parameters.get("deviceId").filter(|id| !id.is_empty());
    let mut jobs: Vec<(&Bound, ListedJob)> = cloud
        .printers_of(&caller.account)
        .filter(|bound| wanted.is_none_or(|id| bound.printer().serial().as_str() == id))
        .filter_map(|bound| bound.listing().job.map(|job| (bound, job)))
        .collect();
    jobs.sort_by_key(|(_, job)| std::cmp::Reverse(job.id));
    let total = jobs.len();
    let number = |name: &str| parameters.get(name).and_then(|text| text.parse::<u64>().ok());
    let limit = number("limit").map_or(DEFAULT_LIMIT, |limit| limit.min(100) as usize);
    let offset = number("offset").unwrap_or(0).min(total as u64) as usize;
    let after = number("after").filter(|id| *id > 0);
    let hits: Vec<Value> = jobs
        .iter()
        .filter(|(_, job)| after.is_none_or(|id| job.id < id))
        .skip(offset)
        .take(limit)
        .map(|(bound, job)| task(bound, job))
        .collect();
    Json(json!({"total": total, "hits": hits})).into_response()
}

/// `GET user/project`: none yet.
pub(super) async fn projects(_caller: Caller) -> Response {
    success(json!({"projects": []}))
}

/// `GET my/messages`: none yet.
pub(super) async fn messages(_caller: Caller) -> Response {
    Json(json!({"hits": []})).into_response()
}

/// `GET user/notification`: it polls an upload, so it wants to know which one [L].
pub(super) async fn notification(_caller: Caller, Query(parameters): Parameters) -> Response {
    for field in ["action", "ticket"] {
        if parameters.get(field).is_none_or(String::is_empty) {
            return not_set(field);
        }
    }
    // No upload of this world has that ticket.
    Json(json!({"message": "failed", "code": 2, "error": "Not found"})).into_response()
}

/// `GET slicer/resource`: nothing newer on offer; no token wanted [L].
pub(super) async fn slicer_resource() -> Response {
    success(json!({"software": null, "guide": null, "resources": []}))
}

fn task(bound: &Bound, job: &ListedJob) -> Value {
    let listing = bound.listing();
    let status = match (job.running, job.succeeded) {
        (true, _) => 1,
        (false, true) => 2,
        (false, false) => 3,
    };
    let started = job.started.to_string();
    let ended = job.ended.map_or_else(|| started.clone(), |ended| ended.to_string());
    let mut task = json!({
        "id": job.id, "title": job.title, "status": status, "failedType": 0, "cover": "",
        "startTime": started, "endTime": ended, "weight": job.weight_g, "length": 0,
        "costTime": job.estimate_s, "profileId": job.profile_id, "plateIndex": job.plate,
        "deviceId": bound.printer().serial().as_str(), "deviceName": listing.name,
        "deviceModel": listing.model.product_name(), "useAms": listing.ams_units > 0,
        "mode": if job.from_cloud { "cloud_file" } else { "lan_file" },
    });
    // What this world knows nothing of is there all the same, empty, as the live task has it.
    let rest = json!({
        "designId": 0, "designTitle": "", "designTitleTranslated": "", "instanceId": 0,
        "instanceRatingStatus": 0, "instRateItem": null, "modelId": "", "feedbackStatus": 0,
        "plateName": "", "amsDetailMapping": [], "isPublicProfile": false, "isPrintable": true,
        "isDelete": false, "bedType": "auto", "jobType": 1, "material": {"id": "", "name": ""},
        "platform": "", "stepSummary": [], "nozzleInfos": [], "nozzleMapping": [], "snapShot": "",
        "extention": {}, "filamentSettingIds": [], "enableFilamentDynamicMap": false,
        "repetitions": 1, "pauseType": 0, "matchFilamentMode": 0, "amsMapping": [],
        "amsMapping2": [], "skipObjects": [], "sliceCfg": "",
    });
    if let (Some(task), Value::Object(rest)) = (task.as_object_mut(), rest) {
        task.extend(rest);
    }
    task
}
