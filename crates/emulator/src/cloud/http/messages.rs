//! Messages to the account, and its consent to what it is asked.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    answer::{Caller, Refused},
    fields::{self, asked_number, number_of, object, object_or_none, path_number, text},
    time::user_time,
};
use crate::cloud::{Cloud, library::Message};

/// Messages sent when no `limit` is asked for [L].
const DEFAULT_LIMIT: u64 = 20;
/// Most messages sent at once.
const MAX_LIMIT: u64 = 100;
/// `type` of a message about a print [L].
const ABOUT_A_TASK: u64 = 6;

/// `GET my/messages`: newest first; `after` is the last one seen [L].
pub(super) async fn messages(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    query: fields::Query,
) -> Result<Response, Refused> {
    let hits = page(&cloud, &caller, &query)?;
    Ok(Json(json!({"hits": hits.iter().map(entry).collect::<Vec<_>>()})).into_response())
}

/// The messages that a query asks for.
pub(super) fn page(
    cloud: &Cloud,
    caller: &Caller,
    query: &fields::Query,
) -> Result<Vec<Message>, Refused> {
    let kind = asked_number(query, "type")?.unwrap_or(0);
    let after = asked_number(query, "after")?.filter(|id| *id > 0);
    let limit = asked_number(query, "limit")?.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
    cloud.follow(&caller.account);
    let all = cloud.library().messages(caller.uid()).into_iter();
    let wanted = all
        .filter(|_| kind == 0 || kind == ABOUT_A_TASK)
        .filter(|message| after.is_none_or(|after| message.id < after));
    Ok(wanted.take(usize::try_from(limit).unwrap_or(0)).collect())
}

/// `GET my/message/{id}` [D].
pub(super) async fn message(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    let id = path_number(&id)?;
    let mut all = cloud.library().messages(caller.uid()).into_iter();
    let message = all.find(|message| message.id == id).ok_or(Refused::NotFound)?;
    Ok(Json(entry(&message)).into_response())
}

/// `GET my/message/count`: how many are not read [D]; the key is a guess [G].
pub(super) async fn count(State(cloud): State<Arc<Cloud>>, caller: Caller) -> Response {
    cloud.follow(&caller.account);
    let all = cloud.library().messages(caller.uid());
    let unread = all.iter().filter(|message| !message.read).count();
    Json(json!({"count": unread})).into_response()
}

/// `GET my/message/latest` [D].
pub(super) async fn latest(State(cloud): State<Arc<Cloud>>, caller: Caller) -> Response {
    cloud.follow(&caller.account);
    let latest = cloud.library().messages(caller.uid());
    Json(json!({"message": latest.first().map(entry)})).into_response()
}

/// `GET my/message/device/taskstatus` [D].
pub(super) async fn task_status(State(cloud): State<Arc<Cloud>>, caller: Caller) -> Response {
    let tasks = cloud.tasks_of(&caller.account);
    let hits = tasks.iter().take(DEFAULT_LIMIT as usize).map(|task| {
        json!({
            "id": task.id, "deviceId": task.what.serial.as_str(), "title": task.what.title,
            "status": task.state.number(),
        })
    });
    Json(json!({"hits": hits.collect::<Vec<_>>()})).into_response()
}

/// `POST my/message/read`, `POST my/message/device/tasks/read`: those with the `ids`, or all [D].
pub(super) async fn read(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Refused> {
    let body = object_or_none(&body)?;
    let ids = match body.get("ids") {
        None | Some(Value::Null) => None,
        Some(Value::Array(ids)) => Some(ids.iter().filter_map(number_of).collect::<Vec<_>>()),
        Some(_) => return Err(Refused::TypeMismatch("ids".into())),
    };
    cloud.library().mark_messages(caller.uid(), ids.as_deref(), true);
    Ok(Json(json!({})).into_response())
}

/// `POST user/consent`: what the account agrees to, as JSON in text; 200, empty [L].
pub(super) async fn consent(_caller: Caller, body: Bytes) -> Result<StatusCode, Refused> {
    let body = object(&body)?;
    let consent: Value =
        serde_json::from_str(text(&body, "consentBody")?).map_err(|_| Refused::Invalid)?;
    let forms = consent.get("formList").and_then(Value::as_array).ok_or(Refused::Invalid)?;
    let known = |form: &Value| {
        let op = form.get("op").and_then(Value::as_str);
        form.get("formID").is_some_and(Value::is_string)
            && op.is_some_and(|op| ["Opt-in", "Withdraw"].contains(&op))
    };
    if forms.iter().all(known) { Ok(StatusCode::OK) } else { Err(Refused::Invalid) }
}

fn entry(message: &Message) -> Value {
    json!({
        "id": message.id, "type": ABOUT_A_TASK, "design": null, "comment": null,
        "taskMessage": {
            "id": message.task, "title": message.title, "cover": "",
            "status": message.state.number(), "deviceId": message.device,
        },
        "from": {
            "uid": 0, "name": "", "avatar": "", "fanCount": 0, "followCount": 0, "likeCount": 0,
            "isFollowed": false,
        },
        "createTime": user_time(message.created),
    })
}
