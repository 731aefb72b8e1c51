//! Who the account is: `my/preference` and `my/profile`.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::answer::Caller;

/// `GET my/preference`: the cheap way to the uid, and to see whether a token lives [L].
pub(super) async fn preference(caller: Caller) -> Response {
    let account = &caller.account;
    Json(json!({
        "uid": account.uid, "name": account.name, "handle": account.name, "avatar": "", "bio": "",
        "links": [], "backgroundUrl": "", "recommendStatus": 1, "isNSFWShown": 0,
        "isLikeOpen": 1, "isFollowOpen": 1, "isFanOpen": 1,
    }))
    .into_response()
}

/// `GET my/profile` [L].
pub(super) async fn profile(caller: Caller) -> Response {
    let account = &caller.account;
    Json(json!({
        "uid": account.uid, "uidStr": account.uid.to_string(), "account": account.email,
        "name": account.name, "avatar": "", "fanCount": 0, "followCount": 0, "identifier": 1,
        "productModels": [],
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
    }))
    .into_response()
}
