//! The account: `my/preference` and `my/profile`.

use serde::Serialize;
use serde_json::Value;

use super::lenient::body;

body! {
    /// Body of `GET my/preference`, the cheap way to the user id. [L]
    #[derive(Default)]
    pub struct Preference {
        /// User id; the broker's user name is `u_<uid>`.
        pub uid: Option<String> = "uid" | "user_id" | "uidStr",
        /// Display name.
        pub name: Option<String> = "name" | "username",
        /// Name in addresses.
        pub handle: Option<String>,
        /// Address of a picture.
        pub avatar: Option<String> = "avatar" | "avatar_url",
        /// What the user says about themselves.
        pub bio: Option<String>,
        /// Links of the user's page.
        pub links: Vec<String>,
        /// Address of a picture behind the user's page.
        pub background_url: Option<String> = "backgroundUrl",
        /// Whether the cloud may recommend things; a number on the wire.
        pub recommends: Option<bool> = "recommendStatus",
    }

    /// Body of `GET my/profile`, in the observed shape [L] and in the documented one (`user_id`,
    /// `username`, `email`, `avatar_url`, `subscription`) [G].
    #[derive(Default)]
    pub struct Profile {
        /// User id: the text first, as the number may be 0.
        #[serde(rename = "uid")]
        id: Option<String> = "uidStr" | "uid" | "user_id",
        /// E-mail address or telephone number.
        pub account: Option<String> = "account" | "email" | "phone",
        /// Display name.
        pub name: Option<String> = "name" | "username",
        /// Address of a picture.
        pub avatar: Option<String> = "avatar" | "avatar_url",
        /// Followers.
        pub fan_count: Option<i64> = "fanCount",
        /// People followed.
        pub follow_count: Option<i64> = "followCount",
        /// Models of the account's printers.
        pub product_models: Vec<String> = "productModels",
        /// What the account chose.
        pub setting: Option<ProfileSetting>,
        /// What the user tells about themselves, and sums over all prints.
        pub personal: Option<Personal>,
        /// When the account was made, as sent. [G]
        pub created_at: Option<String>,
        /// What is paid for. [G]
        pub subscription: Option<Subscription>,
    }

    /// What an account chose (`setting`). [L]
    #[derive(Default)]
    pub struct ProfileSetting {
        /// Whether beta firmware is offered, too.
        pub firmware_beta: Option<bool> = "isFirmwareBetaOpen",
    }

    /// What a user tells about themselves (`personal`). [L]
    #[derive(Default)]
    pub struct Personal {
        /// A text.
        pub bio: Option<String>,
        /// Links.
        pub links: Vec<String>,
        /// Filament of all prints in g.
        pub task_weight_grams: Option<f64> = "taskWeightSum",
        /// Filament of all prints in mm.
        pub task_length_mm: Option<f64> = "taskLengthSum",
        /// Time of all prints in s.
        pub task_seconds: Option<f64> = "taskTimeSum",
    }

    /// A subscription, as the seeds document it. [G]
    #[derive(Default)]
    pub struct Subscription {
        /// Its name.
        pub plan: Option<String>,
        /// Its end, as sent.
        pub expires_at: Option<String>,
    }
}

impl Profile {
    /// User id; `None` while the cloud says 0.
    pub fn uid(&self) -> Option<&str> {
        self.id.as_deref().filter(|uid| *uid != "0")
    }
}

/// Body of `PUT my/profile`: what to change, the rest stays. [D]
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ProfileChange {
    /// New display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Address of a new picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// Any other key, as it is.
    #[serde(flatten)]
    pub more: serde_json::Map<String, Value>,
}
