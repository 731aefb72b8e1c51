//! Files in the documented dialect: uploads, which are listed as files and as projects of one file.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    response::Response,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Page, Wrong, done};
use crate::cloud::{
    Cloud,
    http::{answer::Caller, fields, time::user_time, upload::storage},
    library::{PrintReady, Project, Upload},
};

/// What the ids of files begin with.
pub(super) const PREFIX: &str = "file_";
/// What the ids of projects may begin with.
const PROJECT: &str = "proj_";

/// A file that can be printed.
#[derive(Debug)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) print: PrintReady,
}

/// `GET user/project`: projects, and one for each uploaded file.
pub(super) async fn projects(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    query: fields::Query,
) -> Result<Response, Wrong> {
    let uploads = stored(&cloud, &caller).into_iter().map(|upload| {
        let file = file(&cloud, &upload);
        json!({
            "project_id": file.get("file_id"), "name": upload.name, "file_count": 1,
            "created_at": user_time(upload.created), "files": [file],
        })
    });
    let mut all: Vec<Value> = uploads.collect();
    all.extend(cloud.library().projects(caller.uid()).iter().map(|project| brief(&cloud, project)));
    let page = Page::of(&query)?;
    let total = all.len();
    let (projects, pagination) = page.cut(all);
    Ok(done(json!({
        "projects": projects, "total": total, "page": page.number, "pagination": pagination,
    })))
}

/// `GET user/project/{id}`.
pub(super) async fn project(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Wrong> {
    if let Some(upload) = upload_of(&cloud, &caller, &id) {
        let file = file(&cloud, &upload);
        return Ok(done(json!({
            "project_id": id, "name": upload.name, "created_at": user_time(upload.created),
            "file_count": 1, "files": [file],
        })));
    }
    let number = id.strip_prefix(PROJECT).unwrap_or(&id).parse().ok();
    let project = number.and_then(|number| cloud.library().project(number));
    let mine = project.filter(|project| project.owner == caller.uid());
    Ok(done(brief(&cloud, &mine.ok_or(Wrong::NotFound("project"))?)))
}

/// `POST user/project`.
pub(super) async fn create_project(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Wrong> {
    let body = fields::object(&body)?;
    let name = fields::text(&body, "name")?;
    let project = cloud.library().create_project(caller.uid(), name, Timestamp::now());
    let url = storage(&cloud).map(|store| store.presign_put(&project.upload_key));
    Ok(done(json!({
        "project_id": project.id.to_string(), "name": project.name, "model_id": project.model_id,
        "profile_id": project.profile_id.to_string(), "created_at": user_time(project.created),
        "upload_url": url, "upload_ticket": project.ticket,
    })))
}

/// `GET user/files`: what was uploaded, newest first.
pub(super) async fn files(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    query: fields::Query,
) -> Result<Response, Wrong> {
    let stored = stored(&cloud, &caller);
    let all: Vec<Value> = stored.iter().map(|upload| file(&cloud, upload)).collect();
    let (files, pagination) = Page::of(&query)?.cut(all);
    Ok(done(json!({"files": files, "pagination": pagination})))
}

/// What a file is sent as where the documents ask for an upload in a body [D]; those that ask in
/// the query send no type [L].
const FILE_TYPE: &str = "application/octet-stream";
/// What its size is sent as, in either [D].
const SIZE_TYPE: &str = "text/plain";

/// `GET user/upload`: both URLs, and the first one once more as `upload_url`.
pub(super) async fn urls(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    query: fields::Query,
) -> Result<Response, Wrong> {
    if query.contains_key("models") {
        let observed = crate::cloud::http::upload::urls(State(cloud), caller, query).await;
        return observed.map_err(Wrong::from);
    }
    let name = query.get("filename").filter(|name| !name.is_empty());
    let size = fields::asked_number(&query, "size")?;
    Ok(done(issue(&cloud, &caller, name.map(String::as_str), size, "")?))
}

/// `POST user/upload`: the same, asked for in a body.
pub(super) async fn upload(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Wrong> {
    let body = fields::object_or_none(&body)?;
    let name = match fields::text_if_set(&body, "filename")? {
        Some(name) => Some(name),
        None => fields::text_if_set(&body, "file_name")?,
    };
    let size = ["size", "file_size"].iter().find_map(|field| fields::number_of(body.get(*field)?));
    let name = name.filter(|name| !name.is_empty());
    Ok(done(issue(&cloud, &caller, name, size, FILE_TYPE)?))
}

/// `POST user/upload/confirm`.
pub(super) async fn confirm(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Wrong> {
    let body = fields::object(&body)?;
    let upload = upload_of(&cloud, &caller, fields::text(&body, "file_id")?);
    let upload = upload.ok_or(Wrong::NotFound("file"))?;
    if !is_stored(&cloud, &upload) {
        return Err(Wrong::UploadFailed("the file was not uploaded"));
    }
    Ok(done(file(&cloud, &upload)))
}

/// The file to print: by id, by name among the uploads, or at a URL.
pub(super) fn find(
    cloud: &Cloud,
    caller: &Caller,
    id: Option<&str>,
    name: Option<&str>,
    url: Option<&str>,
) -> Result<File, Wrong> {
    let by_id = id.and_then(|id| upload_of(cloud, caller, id));
    let named = || stored(cloud, caller).into_iter().find(|upload| Some(&*upload.name) == name);
    if let Some(upload) = by_id.or_else(named).filter(|upload| is_stored(cloud, upload)) {
        return printable(cloud, &upload).ok_or(Wrong::UploadFailed("there is no cloud storage"));
    }
    if let Some(project) = id.and_then(|id| project_of(cloud, caller, id))
        && let Some(print) = project.prints.into_iter().next()
    {
        return Ok(File { name: project.name, print });
    }
    let url =
        url.filter(|url| ["http://", "https://", "ftp://"].iter().any(|w| url.starts_with(w)));
    let url = url.ok_or(Wrong::NotFound("file"))?;
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let last = path.rsplit('/').next().filter(|last| !last.is_empty()).unwrap_or("model.3mf");
    let print = PrintReady { plate: 1, md5: "0".repeat(32), url: url.to_owned() };
    Ok(File { name: name.unwrap_or(last).to_owned(), print })
}

fn printable(cloud: &Cloud, upload: &Upload) -> Option<File> {
    let store = storage(cloud)?;
    let md5 = store.object(&upload.key)?.md5_hex();
    let print = PrintReady { plate: 1, md5, url: store.presign_get(&upload.key) };
    Some(File { name: upload.name.clone(), print })
}

fn project_of(cloud: &Cloud, caller: &Caller, id: &str) -> Option<Project> {
    let mine = cloud.library().projects(caller.uid());
    let number = id.strip_prefix(PROJECT).unwrap_or(id);
    mine.into_iter().find(|project| project.model_id == id || project.id.to_string() == number)
}

fn upload_of(cloud: &Cloud, caller: &Caller, id: &str) -> Option<Upload> {
    cloud.library().upload(caller.uid(), id.strip_prefix(PREFIX)?.parse().ok()?)
}

fn is_stored(cloud: &Cloud, upload: &Upload) -> bool {
    storage(cloud).is_some_and(|store| store.object(&upload.key).is_some())
}

fn stored(cloud: &Cloud, caller: &Caller) -> Vec<Upload> {
    let mut uploads = cloud.library().uploads(caller.uid());
    uploads.retain(|upload| is_stored(cloud, upload));
    uploads
}

fn issue(
    cloud: &Cloud,
    caller: &Caller,
    name: Option<&str>,
    size: Option<u64>,
    file_type: &str,
) -> Result<Value, Wrong> {
    if size.is_some_and(|size| size > 1 << 30) {
        return Err(Wrong::UploadFailed("the file is larger than 1 GiB"));
    }
    let Some(store) = storage(cloud) else { return Ok(json!({"urls": []})) };
    let name = name.unwrap_or("model.3mf");
    let size = size.unwrap_or(0);
    let upload = cloud.library().add_upload(caller.uid(), name, size, Timestamp::now());
    let url = store.presign_put_of(&upload.key, file_type);
    let mut urls = vec![json!({"type": "filename", "file": upload.name, "url": url})];
    if size > 0 {
        let size_url = store.presign_put_of(&upload.size_key, SIZE_TYPE);
        urls.push(json!({"type": "size", "file": size.to_string(), "url": size_url}));
    }
    let id = format!("{PREFIX}{}", upload.id);
    Ok(json!({
        "upload_url": url, "upload_ticket": id, "file_id": id, "file_name": upload.name,
        "urls": urls,
    }))
}

fn file(cloud: &Cloud, upload: &Upload) -> Value {
    let url = storage(cloud).map(|store| store.presign_get(&upload.key));
    json!({
        "file_id": format!("{PREFIX}{}", upload.id), "name": upload.name,
        "file_name": upload.name, "file_url": url, "url": url, "size": upload.size,
        "file_size": upload.size, "created_at": user_time(upload.created),
    })
}

/// A project as listed; its files are those that `PATCH` has told of.
fn brief(cloud: &Cloud, project: &Project) -> Value {
    let files: Vec<Value> = project
        .prints
        .iter()
        .map(|print| {
            let signed = storage(cloud).and_then(|s| Some(s.presign_get(&s.key_of(&print.url)?)));
            let url = signed.unwrap_or_else(|| print.url.clone());
            json!({
                "file_id": project.model_id, "name": project.name, "file_url": url, "url": url,
                "plate_index": print.plate,
            })
        })
        .collect();
    json!({
        "project_id": project.id.to_string(), "id": project.id.to_string(), "name": project.name,
        "created_at": user_time(project.created), "created": user_time(project.created),
        "updated_at": user_time(project.updated), "status": "ACTIVE",
        "profile_id": project.profile_id.to_string(), "file_count": files.len(), "files": files,
        // Not as `model_id`: a project without files is no file.
        "model": project.model_id,
    })
}
