//! Projects and profiles: what a cloud print is made of. Their uploads are in `upload.rs`, their
//! state in `library/projects.rs`.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    response::Response,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    answer::{Caller, Refused, over, success},
    fields::{self, asked, list, number_of, object, path_number, text, text_if_set},
    time::iot_time,
    upload::storage,
};
use crate::cloud::{
    Cloud,
    library::{PrintReady, Project},
};

/// Projects sent at once.
const MOST_SENT: usize = 100;

/// `GET user/project`: newest first [L].
pub(super) async fn projects(State(cloud): State<Arc<Cloud>>, caller: Caller) -> Response {
    let projects = cloud.library().projects(caller.uid());
    let projects: Vec<Value> = projects.iter().take(MOST_SENT).map(brief).collect();
    success(json!({"projects": projects}))
}

/// `GET user/project/{id}`, with `profile_id` for one profile [L].
pub(super) async fn project(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Path(id): Path<String>,
    query: fields::Query,
) -> Result<Response, Refused> {
    let project = own(&cloud, &caller, path_number(&id)?)?;
    let wanted = query.get("profile_id").filter(|id| !id.is_empty());
    let shown = wanted.is_none_or(|id| *id == project.profile_id.to_string());
    let profiles = if shown { vec![profile_of(&cloud, &project)] } else { vec![] };
    let (url, md5) = file_of(&cloud, &project);
    let rest = json!({
        "profiles": profiles, "download_url": url, "download_md5": md5, "keystore_xml": null,
        "upload_url": null, "upload_ticket": null,
    });
    Ok(success(over(brief(&project), rest)))
}

/// `POST user/project`: numbers, and where its configuration is uploaded to; all are text [L].
///
/// Without cloud storage the last two are empty [G].
pub(super) async fn create(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Refused> {
    let body = object(&body)?;
    let name = text(&body, "name")?;
    let project = cloud.library().create_project(caller.uid(), name, Timestamp::now());
    let url = storage(&cloud).map(|store| store.presign_put(&project.upload_key));
    let ticket = if url.is_some() { project.ticket.as_str() } else { "" };
    Ok(success(json!({
        "project_id": project.id.to_string(), "model_id": project.model_id,
        "profile_id": project.profile_id.to_string(), "upload_url": url.unwrap_or_default(),
        "upload_ticket": ticket,
    })))
}

/// `PATCH user/project/{id}`: where the print-ready files are [L].
pub(super) async fn patch(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Refused> {
    let project = own(&cloud, &caller, path_number(&id)?)?;
    let body = object(&body)?;
    let profile = text(&body, "profile_id")?;
    text_if_set(&body, "comments")?;
    let prints = list(&body, "profile_print_3mf")?;
    let prints: Vec<PrintReady> =
        prints.iter().enumerate().map(print_ready).collect::<Result<_, _>>()?;
    if profile != project.profile_id.to_string() {
        return Err(Refused::Invalid);
    }
    // What a project refers to is not dropped for room.
    if let Some(store) = cloud.store() {
        prints.iter().filter_map(|print| store.key_of(&print.url)).for_each(|key| store.keep(&key));
    }
    cloud.library().patch_project(project.id, prints, Timestamp::now()).ok_or(Refused::Missing)?;
    Ok(success(json!({})))
}

/// `GET user/profile/{id}`: a profile with a URL of its file that lives for minutes [L].
pub(super) async fn profile(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Path(id): Path<String>,
    query: fields::Query,
) -> Result<Response, Refused> {
    let (id, model_id) = (path_number(&id)?, asked(&query, "model_id")?);
    let project = cloud.library().project_of(model_id, id).ok_or(Refused::Missing)?;
    if project.owner != caller.uid() {
        return Err(Refused::Forbidden(&[]));
    }
    let (url, md5) = file_of(&cloud, &project);
    let rest = json!({
        "filename": format!("{}.3mf", project.name), "url": url, "md5": md5, "keystore_xml": null,
    });
    Ok(success(over(profile_of(&cloud, &project), rest)))
}

/// The caller's own project; a foreign one is forbidden, one that never was is missing [L].
pub(super) fn own(cloud: &Cloud, caller: &Caller, id: u64) -> Result<Project, Refused> {
    let project = cloud.library().project(id).ok_or(Refused::Missing)?;
    if project.owner == caller.uid() { Ok(project) } else { Err(Refused::Forbidden(&[])) }
}

fn brief(project: &Project) -> Value {
    json!({
        "project_id": project.id.to_string(), "user_id": project.owner.to_string(),
        "model_id": project.model_id, "status": "ACTIVE", "name": project.name, "content": "{}",
        "create_time": iot_time(project.created), "update_time": iot_time(project.updated),
    })
}

fn profile_of(cloud: &Cloud, project: &Project) -> Value {
    let plates: Vec<Value> = project.prints.iter().map(|print| plate(cloud, print)).collect();
    json!({
        "profile_id": project.profile_id.to_string(), "model_id": project.model_id,
        "status": "ACTIVE", "name": project.name, "content": "{}",
        "create_time": iot_time(project.created), "update_time": iot_time(project.updated),
        "context": {
            "compatibility": {
                "dev_model_name": "", "dev_product_name": "", "nozzle_diameter": 0.4,
            },
            "pictures": null, "configs": [], "plates": plates, "materials": [],
            "auxiliary_pictures": [], "auxiliary_bom": [], "auxiliary_guide": [],
            "auxiliary_other": [],
        },
    })
}

fn plate(cloud: &Cloud, print: &PrintReady) -> Value {
    let file = |name: String| json!({"name": name, "dir": "Metadata", "url": ""});
    json!({
        "index": print.plate, "prediction": 0, "weight": 0.0,
        "thumbnail": file(format!("plate_{}.png", print.plate)),
        "gcode": {
            "name": format!("plate_{}.gcode", print.plate), "dir": "Metadata",
            "url": cloud.readable(&print.url),
        },
        "top_picture": file(format!("top_{}.png", print.plate)),
        "pick_picture": file(format!("pick_{}.png", print.plate)),
        "no_light_picture": file(format!("plate_no_light_{}.png", print.plate)),
        "objects": [], "warning": [], "filaments": [],
    })
}

/// URL and MD5 of a project's file: the print-ready one, else what was uploaded first.
fn file_of(cloud: &Cloud, project: &Project) -> (Value, Value) {
    if let Some(print) = project.prints.first() {
        return (cloud.readable(&print.url).into(), print.md5.as_str().into());
    }
    let store = storage(cloud);
    let object = store.and_then(|store| Some((store, store.object(&project.upload_key)?)));
    object.map_or((Value::Null, Value::Null), |(store, object)| {
        (store.presign_get(&project.upload_key).into(), object.md5_hex().into())
    })
}

fn print_ready((at, print): (usize, &Value)) -> Result<PrintReady, Refused> {
    let named = |field: &str| format!("profile_print_3mf[{at}].{field}");
    let text = |field: &str| match print.get(field) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        None | Some(Value::Null | Value::String(_)) => Err(Refused::NotSet(named(field).into())),
        Some(_) => Err(Refused::TypeMismatch(named(field).into())),
    };
    let plate = match print.get("plate_idx") {
        None | Some(Value::Null) => return Err(Refused::NotSet(named("plate_idx").into())),
        Some(Value::String(_)) => None,
        Some(plate) => number_of(plate),
    };
    let plate = plate.and_then(|plate| u32::try_from(plate).ok());
    let plate = plate.ok_or_else(|| Refused::TypeMismatch(named("plate_idx").into()))?;
    let (md5, url) = (text("md5")?, text("url")?);
    // Storage and tunnel of a printer are nothing that the cloud could send it to [L]; a simulated
    // world speaks without TLS.
    let dispatchable = ["https://", "http://", "ftp://"].iter().any(|way| url.starts_with(way));
    let is_md5 = md5.len() == 32 && md5.bytes().all(|byte| byte.is_ascii_hexdigit());
    if dispatchable && is_md5 { Ok(PrintReady { plate, md5, url }) } else { Err(Refused::Invalid) }
}
