//! The account: `my/preference` and `my/profile`.

use serde::{Deserialize, Serialize};

use super::lenient;

/// Body of `GET my/preference`, the cheap way to the user id. [L]
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub struct Preference {
    /// User id; the broker's user name is `u_<uid>`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub uid: Option<String>,
    /// Display name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Name in addresses.
    #[serde(default, deserialize_with = "lenient::text")]
    pub handle: Option<String>,
    /// Address of a picture.
    #[serde(default, deserialize_with = "lenient::text")]
    pub avatar: Option<String>,
}

/// Body of `GET my/profile`. [L]
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub struct Profile {
    /// User id as a number.
    #[serde(default, deserialize_with = "lenient::text")]
    uid: Option<String>,
    /// User id as text; the one to prefer, where present.
    #[serde(default, rename = "uidStr", deserialize_with = "lenient::text")]
    uid_text: Option<String>,
    /// E-mail address or telephone number.
    #[serde(default, deserialize_with = "lenient::text")]
    pub account: Option<String>,
    /// Display name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Address of a picture.
    #[serde(default, deserialize_with = "lenient::text")]
    pub avatar: Option<String>,
    /// Followers.
    #[serde(default, rename = "fanCount", deserialize_with = "lenient::integer")]
    pub fan_count: Option<i64>,
    /// People followed.
    #[serde(default, rename = "followCount", deserialize_with = "lenient::integer")]
    pub follow_count: Option<i64>,
    /// Models of the account's printers.
    #[serde(default, rename = "productModels", deserialize_with = "lenient::list")]
    pub product_models: Vec<String>,
}

impl Profile {
    /// User id.
    pub fn uid(&self) -> Option<&str> {
        self.uid_text.as_deref().or(self.uid.as_deref()).filter(|uid| *uid != "0")
    }
}
