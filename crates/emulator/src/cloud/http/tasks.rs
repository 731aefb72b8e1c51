//! The print history: `my/tasks`, and one task by either of its two routes.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{
    answer::{Caller, Refused, over, success},
    fields::{self, asked_number, path_number},
    time::{iot_time, user_time},
};
use crate::cloud::{Cloud, library::Task};

/// Tasks sent when no `limit` is asked for [L].
const DEFAULT_LIMIT: u64 = 20;
/// Most tasks sent at once.
const MAX_LIMIT: u64 = 100;
/// The keys of `user/task/{id}` that come back empty with a refusal [L].
const EMPTY: [&str; 15] = [
    "parent",
    "model_id",
    "project_id",
    "profile_id",
    "status",
    "name",
    "content",
    "context",
    "create_time",
    "update_time",
    "sub_task",
    "subtask",
    "est",
    "url",
    "md5",
];

/// Which tasks are wanted.
pub(super) struct Wanted {
    device: Option<String>,
    status: u64,
    after: Option<u64>,
    offset: usize,
    pub(super) limit: usize,
}

impl Wanted {
    pub(super) fn of(query: &fields::Query) -> Result<Self, Refused> {
        let limit = asked_number(query, "limit")?.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
        let offset = asked_number(query, "offset")?.unwrap_or(0);
        Ok(Self {
            device: query.get("deviceId").filter(|id| !id.is_empty()).cloned(),
            status: asked_number(query, "status")?.unwrap_or(0),
            after: asked_number(query, "after")?.filter(|id| *id > 0),
            offset: usize::try_from(offset).unwrap_or(usize::MAX),
            limit: usize::try_from(limit).unwrap_or(0),
        })
    }

    /// How many tasks there are in all, and this page of them. `after` is the last one seen.
    pub(super) fn page(&self, tasks: Vec<Task>) -> (usize, Vec<Task>) {
        let mut tasks = tasks;
        tasks.retain(|task| {
            let device = self.device.as_deref();
            let here = device.is_none_or(|id| task.what.serial.as_str() == id);
            here && (self.status == 0 || u64::from(task.state.number()) == self.status)
        });
        let total = tasks.len();
        if let Some(after) = self.after {
            match tasks.iter().position(|task| task.id == after) {
                Some(at) => drop(tasks.drain(..=at)),
                None => tasks.retain(|task| task.id < after),
            }
        }
        (total, tasks.into_iter().skip(self.offset).take(self.limit).collect())
    }
}

/// `GET my/tasks`: cloud jobs, newest first; local ones have no task [L].
pub(super) async fn tasks(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    query: fields::Query,
) -> Result<Response, Refused> {
    let wanted = Wanted::of(&query)?;
    let (total, page) = wanted.page(cloud.tasks_of(&caller.account));
    let hits: Vec<Value> = page.iter().map(entry).collect();
    Ok(Json(json!({"total": total, "hits": hits})).into_response())
}

/// `GET my/task/{id}`: one entry of the history [L].
pub(super) async fn task(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    let id = path_number(&id)?;
    cloud.follow(&caller.account);
    let task = cloud.library().task(id).filter(|task| task.what.owner == caller.uid());
    let task = entry(&task.ok_or(Refused::Forbidden(&[]))?);
    let rating = json!({
        "id": 0, "status": 0, "score": 0, "successPrinted": false, "instanceId": 0,
    });
    Ok(Json(over(task, json!({"instRateItem": rating}))).into_response())
}

/// `GET user/task/{id}`: wants the number of a subtask, and refuses that of a task [L].
pub(super) async fn subtask(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    let refused = || Refused::Forbidden(&EMPTY);
    let id: u64 = id.parse().map_err(|_| refused())?;
    let mine = cloud.tasks_of(&caller.account);
    let task = mine.into_iter().find(|task| task.subtask_id() == id).ok_or_else(refused)?;
    let what = &task.what;
    let content = json!({"info": {"plate_idx": what.plate}}).to_string();
    Ok(success(json!({
        "parent": task.id.to_string(), "model_id": what.model_id,
        "project_id": what.project_id.to_string(), "profile_id": what.profile_id.to_string(),
        "status": status_word(&task), "name": what.title, "content": content,
        "context": {"plates": [{
            "index": what.plate, "thumbnail": {"url": ""}, "prediction": what.seconds,
            "weight": what.grams, "filaments": [],
        }]},
        "create_time": iot_time(task.started),
        "update_time": iot_time(task.ended.unwrap_or(task.started)),
        "sub_task": null, "subtask": null, "est": null, "url": null, "md5": null,
    })))
}

fn status_word(task: &Task) -> &'static str {
    match task.state.number() {
        1 => "ACTIVE",
        2 => "SUCCESS",
        _ => "FAILED",
    }
}

/// A task with every field of the live one. What `my/task` was sent shows as it came.
pub(super) fn entry(task: &Task) -> Value {
    let what = &task.what;
    // What this world knows nothing of is there all the same, empty, as the live task has it.
    let blank = json!({
        "designId": 0, "designTitle": "", "designTitleTranslated": "", "instanceId": 0,
        "instanceRatingStatus": 0, "instRateItem": null, "feedbackStatus": 0, "plateName": "",
        "amsDetailMapping": [], "isPublicProfile": false, "isPrintable": true, "isDelete": false,
        "bedType": "auto", "jobType": 1, "material": {"id": "", "name": ""}, "platform": "",
        "stepSummary": [], "nozzleInfos": [], "nozzleMapping": [], "snapShot": "",
        "extention": {}, "filamentSettingIds": [], "enableFilamentDynamicMap": false,
        "repetitions": 1, "useAms": false, "pauseType": 0, "matchFilamentMode": 0,
        "amsMapping": [], "amsMapping2": [], "skipObjects": [], "sliceCfg": "", "cover": "",
        "mode": "cloud_file",
    });
    let known = json!({
        "id": task.id, "title": what.title, "status": task.state.number(), "failedType": 0,
        "startTime": user_time(task.started),
        // While it runs, the end is the start [L].
        "endTime": user_time(task.ended.unwrap_or(task.started)),
        "weight": what.grams, "length": (what.grams * 335.0) as u64, "costTime": what.seconds,
        "modelId": what.model_id, "profileId": what.profile_id, "plateIndex": what.plate,
        "deviceId": what.serial.as_str(), "deviceName": what.device_name,
        "deviceModel": what.device_model,
    });
    let sent = as_sent(&what.body, &blank);
    over(over(blank, sent), known)
}

/// The fields of the request that the history has, too, where their kind is the same.
fn as_sent(body: &Map<String, Value>, blank: &Value) -> Value {
    let same = |a: &Value, b: &Value| std::mem::discriminant(a) == std::mem::discriminant(b);
    let fields = body
        .iter()
        .filter(|(key, sent)| blank.get(key.as_str()).is_some_and(|empty| same(empty, sent)));
    fields.map(|(key, sent)| (key.clone(), sent.clone())).collect()
}
