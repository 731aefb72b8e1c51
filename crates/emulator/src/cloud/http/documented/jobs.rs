//! Jobs and history in the documented dialect: started by `POST user/print`, listed as `jobs` and
//! `tasks`.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    Page, Wrong,
    devices::{asked, report},
    done, files,
};
use crate::cloud::{
    Bound, Cloud,
    history::from_ms,
    http::{
        answer::{Caller, over},
        fields, print,
        tasks::entry,
        time::user_time,
    },
    library::{Task, TaskState},
    print::task_of,
};

/// `GET user/print`: `jobs`, with `device_id` and `status`; and what each printer does.
pub(super) async fn jobs(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    query: fields::Query,
) -> Result<Response, Wrong> {
    let wanted = asked(&cloud, &caller, &query)?;
    let status = query.get("status").filter(|status| !status.is_empty());
    let printers: Vec<&Bound> = match wanted {
        Some(bound) => vec![bound],
        None => cloud.printers_of(&caller.account).collect(),
    };
    let mut jobs: Vec<Value> = printers.iter().filter_map(|bound| running(bound)).collect();
    let ended = cloud.tasks_of(&caller.account).into_iter().filter(|task| {
        let here = wanted.is_none_or(|bound| *bound.printer().serial() == task.what.serial);
        here && task.ended.is_some()
    });
    jobs.extend(ended.map(|task| job(&task)));
    jobs.retain(|job| status.is_none_or(|status| job.get("status") == Some(&json!(status))));
    let (jobs, pagination) = Page::of(&query)?.cut(jobs);
    let devices: Vec<Value> = printers.into_iter().map(device).collect();
    Ok(done(json!({"jobs": jobs, "devices": devices, "pagination": pagination})))
}

/// `POST user/print`: starts a job from a file that was uploaded, or from a URL.
pub(super) async fn start(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Wrong> {
    let body = fields::object(&body)?;
    let given = |field| -> Result<Option<&str>, Wrong> {
        Ok(fields::text_if_set(&body, field)?.filter(|text| !text.is_empty()))
    };
    if body.get("settings").is_some_and(|settings| !(settings.is_object() || settings.is_null())) {
        return Err(Wrong::BadRequest("type mismatch for field \"settings\"".to_owned()));
    }
    let serial = fields::text(&body, "device_id")?;
    let (id, name, url) = (given("file_id")?, given("file_name")?, given("file_url")?);
    let file = files::find(&cloud, &caller, id, name, url)?;
    let task = begin(&cloud, &caller, serial, file, name)?;
    Ok(done(json!({
        "job_id": task.id.to_string(), "status": "queued", "device_id": task.what.serial.as_str(),
        "file_name": task.what.title, "created_at": user_time(task.started),
    })))
}

/// `POST my/task`: with the id of a file in `modelId`, too; else as observed.
pub(super) async fn create(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Ok(fields) = fields::object(&body) else {
        return Wrong::BadRequest("invalid request body".to_owned()).into_response();
    };
    let text = |field: &str| fields.get(field).and_then(Value::as_str).unwrap_or("");
    if !text("modelId").starts_with(files::PREFIX) {
        return print::start(State(cloud), caller, headers, body).await.into_response();
    }
    let file = files::find(&cloud, &caller, Some(text("modelId")), None, None);
    let title = Some(text("title")).filter(|title| !title.is_empty());
    match file.and_then(|file| begin(&cloud, &caller, text("deviceId"), file, title)) {
        Ok(task) => Json(json!({"id": task.id, "status": "created"})).into_response(),
        Err(wrong) => wrong.into_response(),
    }
}

fn begin(
    cloud: &Cloud,
    caller: &Caller,
    serial: &str,
    file: files::File,
    title: Option<&str>,
) -> Result<Task, Wrong> {
    let bound = cloud.own(&caller.account, serial).ok_or(Wrong::DeviceNotFound)?;
    if !bound.online() {
        return Err(Wrong::DeviceOffline);
    }
    let summary = bound.summary();
    if summary.job.is_some() {
        return Err(Wrong::PrintFailed("the device is busy"));
    }
    let title: String = title.unwrap_or(&file.name).chars().take(255).collect();
    let project = cloud.library().create_project(caller.uid(), &title, Timestamp::now());
    let prints = [file.print.clone()];
    cloud.library().patch_project(project.id, prints, Timestamp::now());
    let what = task_of(project, file.print.plate, title, summary, Map::new());
    let task = cloud.start_task(&caller.account, bound, what, Some(file.print));
    match task.state {
        TaskState::Failed => Err(Wrong::PrintFailed("the device has refused the job")),
        TaskState::Running | TaskState::Finished => Ok(task),
    }
}

/// `GET user/task`: the history in `tasks`.
pub(super) async fn tasks(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    query: fields::Query,
) -> Result<Response, Wrong> {
    Ok(done(listed(&cloud, &caller, &query)?))
}

/// `GET my/tasks`: the same without an envelope.
pub(super) async fn history(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    query: fields::Query,
) -> Result<Response, Wrong> {
    Ok(Json(listed(&cloud, &caller, &query)?).into_response())
}

fn listed(cloud: &Cloud, caller: &Caller, query: &fields::Query) -> Result<Value, Wrong> {
    let device = asked(cloud, caller, query)?.map(|bound| bound.printer().serial().to_string());
    let device = device.or_else(|| query.get("deviceId").filter(|id| !id.is_empty()).cloned());
    let after = fields::asked_number(query, "after")?.filter(|id| *id > 0);
    let mut all = cloud.tasks_of(&caller.account);
    all.retain(|task| device.as_deref().is_none_or(|id| task.what.serial.as_str() == id));
    if let Some(at) = after.and_then(|after| all.iter().position(|task| task.id == after)) {
        drop(all.drain(..=at));
    }
    let total = all.len();
    let (page, pagination) = Page::of(query)?.cut(all);
    let tasks: Vec<Value> = page.iter().map(|task| worded(cloud, task)).collect();
    let hits = json!({"total": {"value": total, "relation": "eq"}, "hits": tasks});
    Ok(json!({"tasks": tasks, "hits": hits, "pagination": pagination}))
}

/// `GET user/task/{id}`.
pub(super) async fn task(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Wrong> {
    let mut mine = cloud.tasks_of(&caller.account).into_iter();
    let is_it = |task: &Task| [task.id.to_string(), task.subtask_id().to_string()].contains(&id);
    let task = mine.find(is_it).ok_or(Wrong::NotFound("task"))?;
    Ok(done(worded(&cloud, &task)))
}

/// A task with its number as text and its status as a word.
fn worded(cloud: &Cloud, task: &Task) -> Value {
    let printer = cloud.printer(&task.what.serial);
    let job = printer.and_then(|bound| bound.summary().job);
    let running = job.filter(|job| job.task_id == task.id.to_string());
    let progress = match task.state {
        TaskState::Finished => Some(100),
        TaskState::Running | TaskState::Failed => running.map(|job| job.progress),
    };
    let words = json!({
        "id": task.id.to_string(), "status": task.state.word(), "progress": progress.unwrap_or(0),
        "designTitle": task.what.title, "file_name": task.what.title,
    });
    over(entry(task), words)
}

/// What a printer runs, local jobs included.
fn running(bound: &Bound) -> Option<Value> {
    let summary = bound.summary();
    let job = summary.job?;
    Some(json!({
        "job_id": job.task_id, "device_id": summary.serial.as_str(), "file_name": job.name,
        "status": "printing", "progress": job.progress,
        "time_remaining": job.remaining_minutes.saturating_mul(60),
        "started_at": user_time(from_ms(job.started_ms)),
    }))
}

fn job(task: &Task) -> Value {
    json!({
        "job_id": task.id.to_string(), "device_id": task.what.serial.as_str(),
        "file_name": task.what.title, "status": task.state.word(),
        "progress": if task.state == TaskState::Finished { 100 } else { 0 }, "time_remaining": 0,
        "started_at": user_time(task.started), "ended_at": task.ended.map(user_time),
    })
}

/// A printer with the values that tools of the documents show.
fn device(bound: &Bound) -> Value {
    const SHOWN: [&str; 15] = [
        "mc_percent",
        "layer_num",
        "total_layer_num",
        "mc_remaining_time",
        "nozzle_temper",
        "nozzle_target_temper",
        "bed_temper",
        "bed_target_temper",
        "chamber_temper",
        "cooling_fan_speed",
        "aux_part_fan",
        "chamber_fan",
        "gcode_file",
        "gcode_state",
        "stg_cur",
    ];
    let (summary, report) = (bound.summary(), report(bound));
    let shown = SHOWN.iter().filter_map(|key| Some(((*key).to_owned(), report.get(key)?.clone())));
    let shown: Map<String, Value> = shown.collect();
    json!({
        "dev_id": summary.serial.as_str(), "name": summary.name, "dev_name": summary.name,
        "dev_online": bound.online(), "online": bound.online(),
        "print_status": summary.print_status, "dev_product_name": summary.model.name(),
        "task_id": summary.job.as_ref().map(|job| job.task_id.as_str()),
        "task_name": summary.job.as_ref().map(|job| job.name.as_str()),
        "progress": summary.job.as_ref().map(|job| job.progress), "print": shown,
    })
}
