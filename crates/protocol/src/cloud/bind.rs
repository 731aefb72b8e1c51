//! Binding a printer to an account: `my/pincode`, `my/ticket`, `user/bind_list`, and the requests
//! that rename and unbind.

use serde::Serialize;

use super::lenient::body;
use crate::Serial;

body! {
    /// Reply to `POST my/pincode/<PIN>`: the printer that showed the PIN is bound now. [L]
    #[derive(Default)]
    pub struct Bound {
        /// Serial number (`deviceId`).
        pub serial: Option<Serial> = "deviceId" | "device_id" | "dev_id",
    }

    /// Reply to `GET my/ticket/<T>`: what a ticket that a printer made over the LAN is good for. [L]
    #[derive(Default)]
    pub struct TicketState {
        /// Who made it: `device`.
        pub source: Option<String>,
        /// Whether it may still be used.
        pub is_valid: Option<bool> = "isValid",
    }

    /// Body of `GET user/bind_list`; the live route has answered 502. [V]
    #[derive(Default)]
    pub struct Owners {
        /// One entry per printer asked for.
        pub owners: Vec<Owner> = "bind_list" | "data",
    }

    /// Whose a printer is.
    pub struct Owner {
        /// Serial number (`dev_id`).
        pub serial: Serial = "dev_id" | "device_id",
        /// User id.
        pub user_id: Option<String>,
        /// User name; `None` while the printer is nobody's.
        pub user_name: Option<String>,
    }
}

/// Body of `PATCH user/device/info`. [L]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rename<'a> {
    /// Serial number.
    #[serde(rename = "dev_id")]
    pub serial: &'a Serial,
    /// The new name.
    #[serde(rename = "dev_name")]
    pub name: &'a str,
}

/// Body of `DELETE user/bind`. [L]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unbind<'a> {
    /// Serial number.
    #[serde(rename = "dev_id")]
    pub serial: &'a Serial,
    /// Whether to unbind although the printer is busy or away.
    pub force: bool,
}
