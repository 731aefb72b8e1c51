//! The ticket for a printer's camera over the cloud: `user/ttcode`.

use serde::Serialize;

use super::{Secret, lenient::body};
use crate::Serial;

body! {
    /// Reply to `POST user/ttcode`: what the vendor's own player needs to see a camera from afar. The
    /// transport is closed and a ticket is used up at once. [L]
    #[derive(Default)]
    pub struct CameraCredentials {
        /// The camera's name on that transport.
        #[serde(skip_serializing)]
        pub ttcode: Option<Secret>,
        /// Password.
        #[serde(skip_serializing)]
        pub passwd: Option<Secret>,
        /// Key.
        #[serde(skip_serializing)]
        pub authkey: Option<Secret>,
        /// Such as `us`.
        pub region: Option<String>,
        /// `tutk` or `agora`.
        #[serde(rename = "type")]
        pub kind: Option<String> = "type",
        /// Of the other transport (`agora`).
        pub channel_name: Option<String>,
        /// Of the other transport.
        pub app_id: Option<String>,
        /// Of the other transport.
        #[serde(skip_serializing)]
        pub stream_key: Option<Secret>,
        /// Of the other transport.
        #[serde(skip_serializing)]
        pub stream_salt: Option<Secret>,
        /// Address of a stream, as the seeds hope for one; nobody has seen it. [G]
        pub stream_url: Option<super::SignedUrl> = "stream_url" | "url",
    }
}

/// Body of `POST user/ttcode`. [L]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CameraTicket<'a> {
    /// Serial number.
    #[serde(rename = "dev_id")]
    pub serial: &'a Serial,
}
