//! The account in the documented dialect: profile, an inbox of notifications, slicer data.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{Page, Wrong, done, shown};
use crate::cloud::{
    Cloud,
    http::{
        answer::{Caller, over},
        fields, profile as observed, slicer,
        time::user_time,
        upload,
    },
    library::{Message, TaskState},
};

/// What the ids of notifications begin with.
const PREFIX: &str = "notif_";

/// `GET my/profile`.
pub(super) async fn profile(State(cloud): State<Arc<Cloud>>, caller: Caller) -> Response {
    let (name, avatar) = shown(&cloud, &caller);
    let account = &caller.account;
    let documented = json!({
        "user_id": account.uid.to_string(), "email": account.email, "username": name,
        "avatar_url": avatar, "created_at": "2026-01-01T00:00:00Z",
        "subscription": {"plan": "free", "expires_at": null},
    });
    done(over(observed::whole(&cloud, &caller), documented))
}

/// `PUT my/profile`.
pub(super) async fn change_profile(
    state: State<Arc<Cloud>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Wrong> {
    observed::change(state, caller, body).await?;
    Ok(Json(json!({"code": 0, "message": "Profile updated"})).into_response())
}

/// `GET user/notification`: an inbox; with a `ticket`, the state of an upload as observed.
pub(super) async fn notifications(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    query: fields::Query,
) -> Result<Response, Wrong> {
    if query.contains_key("ticket") {
        return Ok(upload::poll(State(cloud), caller, query).await?);
    }
    let unread = query.get("unread").is_some_and(|unread| unread == "true");
    // Nothing in the inbox is of an action: what is told of is prints.
    let action = query.get("action").is_some_and(|action| !action.is_empty());
    cloud.follow(&caller.account);
    let mut messages = cloud.library().messages(caller.uid());
    messages.retain(|message| !(action || unread && message.read));
    let (page, pagination) = Page::of(&query)?.cut(messages);
    let notifications: Vec<Value> = page.iter().map(entry).collect();
    Ok(done(json!({"notifications": notifications, "pagination": pagination})))
}

/// `PUT user/notification`: marks one; with an `upload`, announces it as observed.
pub(super) async fn mark(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Wrong> {
    let read = fields::object(&body)?;
    if read.contains_key("upload") {
        return Ok(upload::announce(State(cloud), caller, body).await?);
    }
    let id = fields::text(&read, "notification_id")?;
    let number = id.strip_prefix(PREFIX).unwrap_or(id).parse::<u64>().ok();
    let marked = match read.get("read") {
        None | Some(Value::Null) => true,
        Some(Value::Bool(read)) => *read,
        Some(_) => return Err(Wrong::BadRequest("type mismatch for field \"read\"".to_owned())),
    };
    let count = number.map(|id| cloud.library().mark_messages(caller.uid(), Some(&[id]), marked));
    if count.unwrap_or(0) == 0 {
        return Err(Wrong::NotFound("notification"));
    }
    Ok(done(json!({})))
}

/// `GET slicer/setting`: the lists; the version may be left out.
pub(super) async fn settings(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    query: fields::Query,
) -> Response {
    let public = query.get("public").is_none_or(|public| public != "false");
    done(slicer::lists(&cloud, &caller, public))
}

/// `GET slicer/resource`: asked for as `type` and `version`, or as observed.
pub(super) async fn resource(query: fields::Query) -> Response {
    let kind = query.get("type").cloned();
    let version = query.get("version").cloned().unwrap_or_else(|| "01.00.00.00".to_owned());
    match kind {
        Some(kind) => {
            let asked = std::collections::HashMap::from([(kind, version)]);
            slicer::resource(axum::extract::Query(asked)).await
        }
        None => slicer::resource(query).await,
    }
}

fn entry(message: &Message) -> Value {
    let (kind, text) = match message.state {
        TaskState::Finished => ("print_complete", "Print job completed successfully"),
        TaskState::Running | TaskState::Failed => ("print_failed", "Print job failed"),
    };
    json!({
        "id": format!("{PREFIX}{}", message.id), "type": kind, "message": text,
        "timestamp": user_time(message.created), "read": message.read,
        "device_id": message.device, "title": message.title,
    })
}
