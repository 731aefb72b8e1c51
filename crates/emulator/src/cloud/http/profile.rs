//! Who the account is: `my/preference` and `my/profile`.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    answer::{Caller, Refused},
    fields::{object, text_if_set},
};
use crate::cloud::{Cloud, library::Names};

/// Longest name or address of a picture, in characters.
const LONGEST: usize = 512;

/// `GET my/preference`: the cheap way to the uid, and to see whether a token lives [L].
pub(super) async fn preference(State(cloud): State<Arc<Cloud>>, caller: Caller) -> Response {
    let account = &caller.account;
    let (name, avatar) = shown(&cloud, &caller);
    Json(json!({
        "uid": account.uid, "name": name, "handle": account.name, "avatar": avatar, "bio": "",
        "links": [], "backgroundUrl": "", "recommendStatus": 1, "isNSFWShown": 0,
        "isLikeOpen": 1, "isFollowOpen": 1, "isFanOpen": 1,
    }))
    .into_response()
}

/// `GET my/profile` [L].
pub(super) async fn profile(State(cloud): State<Arc<Cloud>>, caller: Caller) -> Response {
    Json(whole(&cloud, &caller)).into_response()
}

/// The whole profile.
pub(super) fn whole(cloud: &Cloud, caller: &Caller) -> Value {
    let account = &caller.account;
    let (name, avatar) = shown(cloud, caller);
    let models = models(cloud, caller);
    json!({
        "uid": account.uid, "uidStr": account.uid.to_string(), "account": account.email,
        "name": name, "avatar": avatar, "fanCount": 0, "followCount": 0, "identifier": 1,
        "productModels": models,
        "personal": {
            "bio": "", "links": [], "taskWeightSum": 0, "taskLengthSum": 0, "taskTimeSum": 0,
            "backgroundUrl": "", "designsInfo": [], "userLevel": {"level": 0, "gradeType": 0},
        },
        "isNSFWShown": 0, "favoritesCount": 0, "defaultLicense": "", "point": 0,
        "tpModelAccounts": [],
        "bannedPermission": {"whole": false, "comment": false, "upload": false, "redeem": false},
        "MWCount": {"myDesignDownloadCount": 0}, "certificated": false,
        "setting": {
            "isLikeOpen": 0, "isFollowOpen": 0, "isFanOpen": 0, "isFirmwareBetaOpen": false,
            "recommendStatus": 0,
        },
    })
}

/// `PUT my/profile`: another name or picture [D].
pub(super) async fn change(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Refused> {
    let body = object(&body)?;
    let given = |field| -> Result<Option<String>, Refused> {
        let text = text_if_set(&body, field)?.filter(|text| !text.is_empty());
        if text.is_some_and(|text| text.chars().count() > LONGEST) {
            return Err(Refused::Invalid);
        }
        Ok(text.map(str::to_owned))
    };
    let names = Names { name: given("username")?, avatar: given("avatar_url")? };
    cloud.library().rename(caller.uid(), names);
    Ok(Json(json!({"code": 0, "message": "Success"})).into_response())
}

/// Name and picture.
pub(super) fn shown(cloud: &Cloud, caller: &Caller) -> (String, String) {
    let names = cloud.library().names(caller.uid());
    (names.name.unwrap_or_else(|| caller.account.name.clone()), names.avatar.unwrap_or_default())
}

/// The names of the models that the account has.
fn models(cloud: &Cloud, caller: &Caller) -> Vec<&'static str> {
    let mut models = Vec::new();
    for bound in cloud.printers_of(&caller.account) {
        let name = bound.summary().model.name();
        if !models.contains(&name) {
            models.push(name);
        }
    }
    models
}
