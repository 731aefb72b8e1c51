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

impl CameraCredentials {
    /// The address that the vendor's player is said to take: `bambu:///tutk?uid=<ttcode>&authkey=…`.
    /// Put together as the reference tells, and played by nobody here. [G] `None` for another
    /// transport.
    pub fn player_url(&self, serial: &Serial) -> Option<Secret> {
        let is_tutk = self.kind.as_deref().is_none_or(|kind| kind.eq_ignore_ascii_case("tutk"));
        let uid = self.ttcode.as_ref().filter(|_| is_tutk)?;
        let text = |part: &Option<Secret>| {
            part.as_ref().map(|part| encoded(part.reveal())).unwrap_or_default()
        };
        let region = encoded(self.region.as_deref().unwrap_or_default());
        Some(Secret::new(format!(
            "bambu:///tutk?uid={}&authkey={}&passwd={}&region={region}&device={}&net_ver=&dev_ver=",
            encoded(uid.reveal()),
            text(&self.authkey),
            text(&self.passwd),
            serial.as_str(),
        )))
    }
}

/// A value of a query: all but the unreserved characters are encoded.
fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// Body of `POST user/ttcode`. [L]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CameraTicket<'a> {
    /// Serial number.
    #[serde(rename = "dev_id")]
    pub serial: &'a Serial,
}
