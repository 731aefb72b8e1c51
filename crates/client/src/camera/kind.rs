//! Which of the two cameras a printer has: by what it reports, else by its model.

use std::time::Duration;

use bambu_protocol::{camera, model, model::Model, status::Status};
use tokio::time::timeout;

use super::CameraError;
use crate::{
    link::{LanTarget, Reason, connect_lan},
    options::Options,
};

/// How a camera's pictures come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CameraKind {
    /// JPEG pictures over TLS on port 6000: A1, P1. [L]
    Jpeg,
    /// H.264 over RTSPS on port 322: X1, P2S, X2D, H2. [L]
    H264,
}

impl CameraKind {
    /// The camera of a printer by `ipcam.rtsp_url` of its report, as the printer wrote it, else by
    /// its model.
    ///
    /// # Errors
    /// [`CameraError::LiveviewOff`] when the report says so; [`CameraError::UnknownKind`] when
    /// neither tells.
    pub fn of(model: Option<Model>, rtsp_url: Option<&str>) -> Result<Self, CameraError> {
        let by_model = model.map(|model| match model.capabilities().camera {
            model::Camera::Jpeg => Self::Jpeg,
            model::Camera::Rtsps => Self::H264,
        });
        match (by_model, rtsp_url) {
            (_, Some(url)) if url.starts_with("rtsp") => Ok(Self::H264),
            (Some(Self::H264) | None, Some("disable")) => Err(CameraError::LiveviewOff),
            (Some(kind), _) => Ok(kind),
            (None, _) => Err(CameraError::UnknownKind),
        }
    }

    /// The camera of a printer by its whole status.
    ///
    /// # Errors
    /// [`CameraError::CameraOff`], [`CameraError::LiveviewOff`], [`CameraError::UnknownKind`].
    pub fn of_status(status: &Status) -> Result<Self, CameraError> {
        let camera = &status.camera;
        if camera.present == Some(false) {
            return Err(CameraError::CameraOff);
        }
        let is_off = camera.lan_liveview == Some(false);
        let url = if is_off { Some("disable") } else { camera.rtsp_url.as_deref() };
        Self::of(status.model, url)
    }

    /// The camera of a printer by what it reports now, if it does so within `within`, else by its
    /// model or serial number.
    ///
    /// # Errors
    /// As [`CameraKind::of_status`]; [`CameraError::WrongAccessCode`].
    pub async fn ask(
        target: &LanTarget,
        options: &Options,
        within: Duration,
    ) -> Result<Self, CameraError> {
        let link = connect_lan(target.clone(), options.clone());
        let ready = timeout(within, link.ready()).await;
        link.close().await;
        match ready {
            Ok(Ok(snapshot)) => Self::of_status(&snapshot.status),
            Ok(Err(Reason::WrongAccessCode(_))) => Err(CameraError::WrongAccessCode),
            _ => Self::of(target.model.or_else(|| Model::from_serial(&target.serial)), None),
        }
    }

    /// Its port on real printers.
    pub fn port(self) -> u16 {
        match self {
            Self::Jpeg => camera::JPEG_PORT,
            Self::H264 => camera::RTSPS_PORT,
        }
    }

    /// One word: `jpeg`, `h264`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::H264 => "h264",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_goes_before_the_model() {
        let of = CameraKind::of;
        let url = Some("rtsps://192.0.2.1:322/streaming/live/1");
        assert_eq!(of(Some(Model::P1S), None), Ok(CameraKind::Jpeg));
        assert_eq!(of(Some(Model::P1S), Some("disable")), Ok(CameraKind::Jpeg));
        assert_eq!(of(Some(Model::X1C), None), Ok(CameraKind::H264));
        assert_eq!(of(Some(Model::X1C), Some("")), Ok(CameraKind::H264));
        assert_eq!(of(Some(Model::H2D), Some("disable")), Err(CameraError::LiveviewOff));
        assert_eq!(of(None, url), Ok(CameraKind::H264));
        assert_eq!(of(Some(Model::P1S), url), Ok(CameraKind::H264));
        assert_eq!(of(None, None), Err(CameraError::UnknownKind));
    }

    #[test]
    fn a_status_tells_a_camera_that_is_off_from_a_live_view_that_is_off() {
        let mut status = Status { model: Some(Model::X1C), ..Status::default() };
        assert_eq!(CameraKind::of_status(&status), Ok(CameraKind::H264));
        status.camera.lan_liveview = Some(false);
        assert_eq!(CameraKind::of_status(&status), Err(CameraError::LiveviewOff));
        status.camera.present = Some(false);
        assert_eq!(CameraKind::of_status(&status), Err(CameraError::CameraOff));
    }
}
