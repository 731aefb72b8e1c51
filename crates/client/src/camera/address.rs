//! The address of a camera for somebody else's player.

use std::fmt;

use bambu_protocol::{AccessCode, camera};

use super::CameraKind;
use crate::{endpoint::BrokerAddress, link::LanTarget};

/// The address of an H.264 stream: `rtsps://bblp:…@host:322/streaming/live/1`. [L]
///
/// `Display` and `Debug` hide the access code; [`StreamUrl::reveal`] is for the player.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamUrl {
    address: BrokerAddress,
    access_code: AccessCode,
}

impl CameraKind {
    /// The address for a player; `None` for JPEG cameras, which no player knows.
    pub fn url(self, target: &LanTarget) -> Option<StreamUrl> {
        let mut url = StreamUrl::new(&target.host, target.access_code.clone());
        url.address.port = target.camera_port.unwrap_or(url.address.port);
        (self == Self::H264).then_some(url)
    }
}

impl StreamUrl {
    /// At the usual port.
    pub(super) fn new(host: &str, access_code: AccessCode) -> Self {
        let address = BrokerAddress { host: host.to_owned(), port: camera::RTSPS_PORT };
        Self { address, access_code }
    }

    /// With the access code, for a player and nobody else.
    pub fn reveal(&self) -> String {
        let code = self.access_code.reveal().bytes().map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        });
        self.with(&code.collect::<String>())
    }

    fn with(&self, code: &str) -> String {
        format!("rtsps://{}:{code}@{}{}", camera::USER, self.address, camera::RTSPS_PATH)
    }
}

impl fmt::Display for StreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with("********"))
    }
}

impl fmt::Debug for StreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_its_code_only_to_the_player() {
        let serial = "00M00A000000001".parse().unwrap();
        let target = LanTarget::new(serial, "fe80::1", AccessCode::new("12 34"));
        let url = CameraKind::H264.url(&target).unwrap();
        assert_eq!(url.reveal(), "rtsps://bblp:12%2034@[fe80::1]:322/streaming/live/1");
        assert_eq!(url.to_string(), "rtsps://bblp:********@[fe80::1]:322/streaming/live/1");
        assert!(!format!("{url:?}").contains("34"));
        assert_eq!(CameraKind::Jpeg.url(&target), None);
    }
}
