//! A printer's camera, as far as the cloud helps: a ticket for the vendor's player.
//!
//! Pictures themselves come over the local network.

use bambu_protocol::{
    AccessCode, Serial,
    cloud::{CameraCredentials, CameraTicket, Secret, SignedUrl},
    model::Camera,
};
use serde::Serialize;

use super::{Answer, Call, Cloud, CloudError, devices};

/// What the cloud gives for a camera: no address of a stream, in all that was ever seen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CloudVideo {
    /// Address of a stream over the cloud; `None`, unless the cloud has learnt to give one. [G]
    pub stream_url: Option<SignedUrl>,
    /// The address that the vendor's player is said to take, put together from the ticket. [G]
    #[serde(skip_serializing)]
    pub player_url: Option<Secret>,
    /// The ticket for the vendor's player.
    pub credentials: CameraCredentials,
    /// Why there is no address of a stream, in words, and what to do.
    pub note: Option<&'static str>,
}

/// Every way to a printer's camera.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CameraUrls {
    /// On the local network; `None` for a model without a camera or an unknown one.
    pub local: Option<LocalCamera>,
    /// The ticket for the vendor's player.
    pub credentials: CameraCredentials,
}

/// A camera on the local network. The access code lets in; `Debug` and `Serialize` leave it out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LocalCamera {
    /// H.264 over RTSPS, port 322: X1, P2S, X2D, H2. [L]
    Rtsps {
        /// Without credentials.
        url: String,
        /// With user and access code, for a player.
        #[serde(skip_serializing)]
        login_url: Option<Secret>,
    },
    /// JPEG pictures over TLS, port 6000: A1 and P1. No player knows it, so it has no address of the
    /// usual kind. [L]
    Jpeg {
        /// Host name or address.
        host: String,
        /// TCP port.
        port: u16,
    },
}

const NO_STREAM: &str =
    "the cloud gives no stream address; look at the camera on the local network";

impl Cloud {
    /// A ticket for the camera: `POST user/ttcode` with `{dev_id}`, answered by `{ttcode, passwd,
    /// authkey, region, type: "tutk", …}`. [L]
    ///
    /// It is used up by one view with the vendor's own player, whose transport is closed. Its parts
    /// are secrets; so is `raw`.
    ///
    /// # Errors
    /// [`CloudError`].
    #[doc(alias = "get_camera_credentials")]
    pub async fn camera_credentials(
        &self,
        serial: &Serial,
    ) -> Result<Answer<CameraCredentials>, CloudError> {
        let call = Call::post("/v1/iot-service/api/user/ttcode");
        self.call(call.json(&CameraTicket { serial })).await
    }

    /// The same as [`Cloud::camera_credentials`], under the seeds' second name.
    ///
    /// # Errors
    /// [`CloudError`].
    #[doc(alias = "get_ttcode")]
    pub async fn ttcode(&self, serial: &Serial) -> Result<Answer<CameraCredentials>, CloudError> {
        self.camera_credentials(serial).await
    }

    /// What there is instead of a stream over the cloud: the ticket, the address that the vendor's
    /// player is said to take (`bambu:///tutk?…`) [G], and a note that says so.
    ///
    /// The routes that the seeds try (`user/device/{id}/video`, `…/stream`, `user/video/stream`) do
    /// not exist [L] and are not asked.
    ///
    /// # Errors
    /// [`CloudError`].
    #[doc(alias = "get_cloud_video_url")]
    pub async fn cloud_video_url(&self, serial: &Serial) -> Result<Answer<CloudVideo>, CloudError> {
        Ok(self.camera_credentials(serial).await?.map(|credentials| {
            let stream_url = credentials.stream_url.clone();
            let note = stream_url.is_none().then_some(NO_STREAM);
            let player_url = credentials.player_url(serial);
            CloudVideo { stream_url, player_url, credentials, note }
        }))
    }

    /// Every way to a camera: where it is on the local network, by model, and the ticket.
    ///
    /// `host` is the printer's address there, which the cloud does not tell; the access code comes
    /// from the cloud. The seeds' snapshot route (`user/device/{id}/snapshot`) does not exist [L].
    ///
    /// # Errors
    /// [`CloudError`]; [`CloudError::NoSuchPrinter`].
    #[doc(alias = "get_camera_urls")]
    pub async fn camera_urls(
        &self,
        serial: &Serial,
        host: &str,
    ) -> Result<Answer<CameraUrls>, CloudError> {
        let device = devices::named(self.devices().await?.value, serial)?;
        let camera = device.model().map(|model| model.capabilities().camera);
        let local = camera.and_then(|camera| local(camera, host, device.access_code.as_ref()));
        Ok(self
            .camera_credentials(serial)
            .await?
            .map(|credentials| CameraUrls { local, credentials }))
    }
}

fn local(camera: Camera, host: &str, code: Option<&AccessCode>) -> Option<LocalCamera> {
    let at = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    match camera {
        Camera::Rtsps => Some(LocalCamera::Rtsps {
            url: format!("rtsps://{at}:322/streaming/live/1"),
            login_url: code.map(|code| {
                Secret::new(format!("rtsps://bblp:{}@{at}:322/streaming/live/1", code.reveal()))
            }),
        }),
        Camera::Jpeg => Some(LocalCamera::Jpeg { host: host.to_owned(), port: 6000 }),
    }
}
