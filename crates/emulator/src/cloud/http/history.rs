//! Lists that the account keeps: tasks, projects, messages; and two fixed answers beside them.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::{Caller, Refused, success};
use crate::{
    cloud::{Bound, Cloud},
    simulator::JobSummary,
};

type Parameters = Query<HashMap<String, String>>;

/// Tasks sent when no `limit` is asked for [L].
const DEFAULT_LIMIT: usize = 20;
/// Most tasks sent at once.
const MAX_LIMIT: usize = 100;

/// `GET my/tasks`: cloud jobs that the account's printers run, newest first [L].
///
/// Ended jobs are not kept; local ones have no task.
pub(super) async fn tasks(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Query(parameters): Parameters,
) -> Response {
    let wanted = parameters.get("deviceId").filter(|id| !id.is_empty());
    let mut jobs: Vec<(u64, Value)> = cloud
        .printers_of(&caller.account)
        .filter(|bound| wanted.is_none_or(|id| bound.printer().serial().as_str() == id))
        .filter_map(task)
        .collect();
    jobs.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
    let total = jobs.len();
    let number = |name: &str| parameters.get(name).and_then(|text| text.parse::<usize>().ok());
    let limit = number("limit").unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
    let after = number("after").filter(|id| *id > 0).map(|id| id as u64);
    let hits: Vec<Value> = jobs
        .into_iter()
        .filter(|(id, _)| after.is_none_or(|after| *id < after))
        .skip(number("offset").unwrap_or(0))
        .take(limit)
        .map(|(_, task)| task)
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
pub(super) async fn notification(
    _caller: Caller,
    Query(parameters): Parameters,
) -> Result<Response, Refused> {
    for field in ["action", "ticket"] {
        if parameters.get(field).is_none_or(String::is_empty) {
            return Err(Refused::NotSet(field));
        }
    }
    // No upload of this world has that ticket.
    Ok(Json(json!({"message": "failed", "code": 2, "error": "Not found"})).into_response())
}

/// `GET slicer/resource`: nothing newer on offer; no token wanted [L].
pub(super) async fn slicer_resource() -> Response {
    success(json!({"software": null, "guide": null, "resources": []}))
}

fn task(bound: &Bound) -> Option<(u64, Value)> {
    let summary = bound.summary();
    let job = summary.job?;
    let id = number(&job.task_id);
    if id == 0 {
        return None;
    }
    let started = started(&job);
    let mut task = json!({
        "id": id, "title": job.name, "status": 1, "failedType": 0, "cover": "",
        "startTime": started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "endTime": started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "weight": 0.0, "length": 0, "costTime": job.prediction_seconds,
        "profileId": number(&job.profile_id), "plateIndex": 1,
        "deviceId": summary.serial.as_str(), "deviceName": summary.name,
        "deviceModel": summary.model.product_name(), "mode": "cloud_file",
    });
    // What this world knows nothing of is there all the same, empty, as the live task has it.
    let rest = json!({
        "designId": 0, "designTitle": "", "designTitleTranslated": "", "instanceId": 0,
        "instanceRatingStatus": 0, "instRateItem": null, "modelId": "", "feedbackStatus": 0,
        "plateName": "", "amsDetailMapping": [], "isPublicProfile": false, "isPrintable": true,
        "isDelete": false, "bedType": "auto", "jobType": 1, "material": {"id": "", "name": ""},
        "platform": "", "stepSummary": [], "nozzleInfos": [], "nozzleMapping": [], "snapShot": "",
        "extention": {}, "filamentSettingIds": [], "enableFilamentDynamicMap": false,
        "repetitions": 1, "useAms": false, "pauseType": 0, "matchFilamentMode": 0,
        "amsMapping": [], "amsMapping2": [], "skipObjects": [], "sliceCfg": "",
    });
    if let (Some(task), Value::Object(rest)) = (task.as_object_mut(), rest) {
        task.extend(rest);
    }
    Some((id, task))
}

/// A number that the iot service writes as text; 0 for anything else.
pub(super) fn number(text: &str) -> u64 {
    text.parse().unwrap_or(0)
}

/// When a job began.
pub(super) fn started(job: &JobSummary) -> Timestamp {
    i64::try_from(job.started_ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .unwrap_or_default()
}
