//! Where files are uploaded to, and whether an upload is processed. What takes them is `store`.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    answer::{Caller, Refused, success},
    fields::{self, asked, asked_number, inner, object, text, text_if_set},
};
use crate::{
    cloud::{Cloud, store::Store},
    faults::Fault,
};

/// Largest file, in bytes, by the vendor's own words [V].
const LARGEST: u64 = 1 << 30;
/// How often an upload is still `running` when it is asked for [G].
const POLLS: u32 = 2;
/// Longest name in a URL.
const LONGEST_NAME: usize = 255;

/// The object store, for an account that has cloud storage.
pub(super) fn storage(cloud: &Cloud) -> Option<&Arc<Store>> {
    cloud.store().filter(|_| !cloud.faults().is_on(Fault::NoCloudStorage))
}

/// `GET user/upload`: the name of the first parameter says what kind of upload is meant [L].
///
/// No kind, or no cloud storage: no URLs [G].
pub(super) async fn urls(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    query: fields::Query,
) -> Result<Response, Refused> {
    let urls = match storage(&cloud) {
        None => vec![],
        Some(store) => issue(&cloud, store, &caller, &query)?,
    };
    Ok(success(json!({"host": "user", "urls": urls})))
}

fn issue(
    cloud: &Cloud,
    store: &Store,
    caller: &Caller,
    query: &fields::Query,
) -> Result<Vec<Value>, Refused> {
    let url = |kind: &str, file: &str, key: &str| json!({"type": kind, "file": file, "url": store.presign_put(key)});
    let uid = caller.uid();
    if let Some(name) = query.get("filename").filter(|name| !name.is_empty()) {
        let size = asked_number(query, "size")?;
        if size.is_some_and(|size| size > LARGEST) {
            return Err(Refused::Invalid);
        }
        let upload = cloud.library().add_upload(uid, name, size.unwrap_or(0), Timestamp::now());
        let mut urls = vec![url("filename", &upload.name, &upload.key)];
        urls.extend(size.map(|size| url("size", &size.to_string(), &upload.size_key)));
        return Ok(urls);
    }
    if let Some(file) = query.get("models").filter(|file| !file.is_empty()) {
        let (model_id, profile_id) = print_ready_name(file).ok_or(Refused::Invalid)?;
        let project = cloud.library().project_of(model_id, profile_id).ok_or(Refused::Missing)?;
        if project.owner != uid {
            return Err(Refused::Forbidden(&[]));
        }
        return Ok(vec![url("models", file, &format!("users/{uid}/models/{file}"))]);
    }
    let telemetry = query.get("event_track/slicer").filter(|file| !file.is_empty());
    Ok(telemetry.map_or_else(Vec::new, |file| {
        let name: String = file.chars().take(LONGEST_NAME).collect();
        let name = name.replace(['/', '\\'], "_");
        let kind = "event_track/slicer";
        vec![url(kind, &name, &format!("users/{uid}/{kind}/{name}"))]
    }))
}

/// `<model_id>_<profile_id>_<plate>.3mf`
fn print_ready_name(file: &str) -> Option<(&str, u64)> {
    let mut parts = file.strip_suffix(".3mf")?.split('_');
    let (model_id, profile_id, plate) = (parts.next()?, parts.next()?, parts.next()?);
    plate.parse::<u32>().ok()?;
    if parts.next().is_some() {
        return None;
    }
    Some((model_id, profile_id.parse().ok()?))
}

/// `PUT user/notification`: an upload is complete; with or without `action` [L].
pub(super) async fn announce(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Refused> {
    let body = object(&body)?;
    known_action(text_if_set(&body, "action")?.unwrap_or("upload"))?;
    let upload = inner(&body, "upload")?;
    let (ticket, file) = (text(upload, "ticket")?, text(upload, "origin_file_name")?);
    if !cloud.library().announce(caller.uid(), ticket, file, Timestamp::now()) {
        return Err(Refused::Missing);
    }
    Ok(success(json!({})))
}

/// `GET user/notification`: always 200; `message` is `running`, then `success` or something else [L].
pub(super) async fn poll(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    query: fields::Query,
) -> Result<Response, Refused> {
    known_action(asked(&query, "action")?)?;
    let ticket = asked(&query, "ticket")?;
    let state = |message: &str, code: Value, error: Value| {
        Json(json!({"message": message, "code": code, "error": error})).into_response()
    };
    let failed = |error: &str| state("failed", json!(2), json!(error));
    let Some(project) = cloud.library().poll(caller.uid(), ticket) else {
        return Ok(failed("Not found"));
    };
    let polls = project.announced.map_or(0, |announced| announced.polls);
    if polls <= POLLS || cloud.faults().is_on(Fault::UploadStuck) {
        return Ok(state("running", Value::Null, Value::Null));
    }
    if cloud.faults().strikes(Fault::UploadFailed) {
        return Ok(failed("The file cannot be processed"));
    }
    let stored = storage(&cloud).is_some_and(|store| store.object(&project.upload_key).is_some());
    Ok(if stored { success(json!({})) } else { failed("The file was not uploaded") })
}

fn known_action(action: &str) -> Result<(), Refused> {
    if ["upload", "import_mesh"].contains(&action) { Ok(()) } else { Err(Refused::Invalid) }
}
