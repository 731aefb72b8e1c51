//! The documented dialect: routes as older documents of the service have them [G]. What those
//! documents leave alone is answered as observed.
//!
//! A payload stands in `data`, as the documents have it, and once more beside it, where programs
//! written against them look, too.

mod account;
mod devices;
mod files;
mod jobs;

use std::sync::Arc;

use axum::{
    Json, Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use serde_json::{Map, Value, json};

use super::{answer::Refused, binding, fields, profile, projects, slicer, tasks};
use crate::cloud::Cloud;

/// Entries of a page, unless `limit` says otherwise.
const DEFAULT_LIMIT: u64 = 20;
/// Most entries of a page.
const MAX_LIMIT: u64 = 100;

/// The routes of the iot service that this dialect has and the observed one has not, or has
/// otherwise.
pub(super) fn iot() -> Router<Arc<Cloud>> {
    Router::new()
        .route("/user/bind", bound())
        .route("/user/print", get(jobs::jobs).post(jobs::start))
        .route("/user/device/version", get(devices::version))
        .route("/user/device/info", get(devices::info).patch(binding::rename))
        .route("/user/task", get(jobs::tasks))
        .route("/user/task/{id}", get(jobs::task))
        .route("/user/project", get(files::projects).post(files::create_project))
        .route("/user/project/{id}", get(files::project).patch(projects::patch))
        .route("/user/files", get(files::files))
        .route("/user/upload", get(files::urls).post(files::upload))
        .route("/user/upload/confirm", post(files::confirm))
        .route("/user/notification", get(account::notifications).put(account::mark))
        .route("/slicer/resource", get(account::resource))
}

/// Those of the user service.
pub(super) fn user() -> Router<Arc<Cloud>> {
    Router::new()
        .route("/my/profile", get(account::profile).put(account::change_profile))
        .route("/my/tasks", get(jobs::history))
        .route("/my/task", post(jobs::create))
        .route("/my/task/{id}", get(tasks::task))
}

/// `slicer/setting`, which does without a version here.
pub(super) fn settings() -> MethodRouter<Arc<Cloud>> {
    get(account::settings).post(slicer::create)
}

fn bound() -> MethodRouter<Arc<Cloud>> {
    get(super::devices::bind).post(devices::bind).delete(devices::unbind)
}

/// A refusal with a code of the documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrong {
    /// 1003: no such printer, or somebody else's.
    DeviceNotFound,
    /// 1004: the cloud does not reach it.
    DeviceOffline,
    /// 1005: the job was not started, for this reason.
    PrintFailed(&'static str),
    /// 1006: the upload is not there, for this reason.
    UploadFailed(&'static str),
    /// The request misses something or has it wrong.
    BadRequest(String),
    /// There is no such thing.
    NotFound(&'static str),
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        let (status, code, message, error, reason) = match self {
            Self::DeviceNotFound => (404, 1003, "Device not found", "DEVICE_NOT_FOUND", "".into()),
            Self::DeviceOffline => (409, 1004, "Device offline", "DEVICE_OFFLINE", "".into()),
            Self::PrintFailed(why) => (409, 1005, "Print job failed", "PRINT_FAILED", why.into()),
            Self::UploadFailed(why) => {
                (400, 1006, "File upload failed", "UPLOAD_FAILED", why.to_owned())
            }
            Self::BadRequest(why) => (400, 400, "Bad Request", "BAD_REQUEST", why),
            Self::NotFound(what) => (404, 404, "Not Found", "NOT_FOUND", format!("no such {what}")),
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        let details = if reason.is_empty() { json!({}) } else { json!({"reason": reason}) };
        let body = json!({"code": code, "message": message, "error": error, "details": details});
        (status, Json(body)).into_response()
    }
}

impl From<Refused> for Wrong {
    fn from(refused: Refused) -> Self {
        Self::BadRequest(match refused {
            Refused::NotSet(field) => format!("field \"{field}\" is not set"),
            Refused::TypeMismatch(field) => format!("type mismatch for field \"{field}\""),
            Refused::NotJson => "invalid request body".to_owned(),
            _ => "invalid input parameters".to_owned(),
        })
    }
}

/// What a path without a route is answered.
pub(super) async fn no_route() -> Wrong {
    Wrong::NotFound("route")
}

/// Success: the payload in `data` and beside it.
fn done(payload: Value) -> Response {
    let Value::Object(payload) = payload else {
        return Json(json!({"code": 0, "message": "Success", "data": payload})).into_response();
    };
    let mut body: Map<String, Value> = payload.clone();
    body.insert("code".to_owned(), 0.into());
    body.insert("message".to_owned(), "Success".into());
    body.insert("data".to_owned(), payload.into());
    Json(body).into_response()
}

/// `page`, `limit` and `offset` of a list.
struct Page {
    number: u64,
    limit: u64,
    offset: u64,
}

impl Page {
    fn of(query: &fields::Query) -> Result<Self, Wrong> {
        let asked = |name| fields::asked_number(query, name);
        let limit = asked("limit")?.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
        let number = asked("page")?.unwrap_or(1).max(1);
        let before = (number - 1).saturating_mul(limit);
        Ok(Self { number, limit, offset: asked("offset")?.unwrap_or(before) })
    }

    /// The page of these, and the block that tells of it.
    fn cut<T>(&self, all: Vec<T>) -> (Vec<T>, Value) {
        let total = all.len() as u64;
        let offset = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let page: Vec<T> = all.into_iter().skip(offset).take(self.limit as usize).collect();
        let seen = self.offset.saturating_add(page.len() as u64);
        let pagination = json!({
            "page": self.number, "limit": self.limit, "total": total, "has_more": seen < total,
        });
        (page, pagination)
    }
}

/// Name and picture of the account.
fn shown(cloud: &Cloud, caller: &super::answer::Caller) -> (String, String) {
    profile::shown(cloud, caller)
}
