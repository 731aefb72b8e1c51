//! The two streams under the names that the seeds give them: address and access code are enough.
//!
//! They know no serial number, which a printer's certificate is checked against; so the printer at
//! the address is asked for it first (port 3000).

use std::time::Duration;

use bambu_protocol::{AccessCode, Model};
use bytes::Bytes;

use super::{Camera, CameraError, CameraKind, StreamUrl, View};
use crate::{
    discovery::{DetectOptions, detect},
    link::LanTarget,
    options::Options,
};

/// How long [`JPEGFrameStream::frame`] waits for a picture.
const PATIENCE: Duration = Duration::from_secs(20);

/// The JPEG pictures of an A1 or P1, under the name of the seeds; [`Camera`] does more.
#[derive(Debug)]
pub struct JPEGFrameStream {
    wanted: Box<Wanted>,
    open: Option<(Camera, View)>,
}

/// The H.264 stream of an X1, P2S, X2D or H2, under the name of the seeds: its address for a
/// player. [`Camera`] reads the stream itself.
#[derive(Debug)]
pub struct RTSPStream {
    url: StreamUrl,
}

/// Either stream.
#[derive(Debug)]
pub enum VideoStream {
    /// Pictures.
    Jpeg(JPEGFrameStream),
    /// An address for a player.
    Rtsp(RTSPStream),
}

/// A printer as far as a call of the seeds names it.
#[derive(Debug)]
struct Wanted {
    host: String,
    access_code: AccessCode,
    /// Where it is known without asking.
    target: Option<LanTarget>,
    options: Options,
}

/// The stream of a printer by its model, as the seeds' `get_video_stream(ip, code, model)`.
///
/// [`CameraKind::ask`] asks the printer itself.
///
/// # Errors
/// [`CameraError::UnknownKind`] when the model is not known.
#[doc(alias = "get_video_stream")]
pub fn video_stream(
    host: &str,
    access_code: AccessCode,
    model: &str,
) -> Result<VideoStream, CameraError> {
    Ok(match CameraKind::of(Model::from_name(model), None)? {
        CameraKind::Jpeg => VideoStream::Jpeg(JPEGFrameStream::new(host, access_code)),
        CameraKind::H264 => VideoStream::Rtsp(RTSPStream::new(host, access_code)),
    })
}

impl JPEGFrameStream {
    /// The camera at an address; nothing is dialled. Pins are kept in memory.
    pub fn new(host: &str, access_code: AccessCode) -> Self {
        let (host, options) = (host.to_owned(), Options::default());
        Self { wanted: Box::new(Wanted { host, access_code, target: None, options }), open: None }
    }

    /// The camera of a printer whose serial number is known, and with other options.
    pub fn of(target: LanTarget, options: Options) -> Self {
        let (host, access_code) = (target.host.clone(), target.access_code.clone());
        Self {
            wanted: Box::new(Wanted { host, access_code, target: Some(target), options }),
            open: None,
        }
    }

    /// Finds out which printer it is and looks at its camera; it is dialled again by itself.
    ///
    /// # Errors
    /// [`CameraError::NoIdentity`] when the printer does not say who it is.
    pub async fn connect(&mut self) -> Result<(), CameraError> {
        let target = self.wanted.target().await?;
        let camera = Camera::open(target, CameraKind::Jpeg, self.wanted.options.clone());
        let view = camera.view();
        self.open = Some((camera, view));
        Ok(())
    }

    /// The next picture, as JPEG.
    ///
    /// # Errors
    /// [`CameraError`]; [`CameraError::Closed`] before [`JPEGFrameStream::connect`].
    #[doc(alias = "get_frame")]
    pub async fn frame(&mut self) -> Result<Bytes, CameraError> {
        let (camera, view) = self.open.as_mut().ok_or(CameraError::Closed)?;
        Ok(camera.next(view, PATIENCE).await?.data.clone())
    }

    /// All pictures from now on, as a stream; `None` before [`JPEGFrameStream::connect`].
    pub fn stream_frames(&mut self) -> Option<&mut View> {
        self.open.as_mut().map(|(_, view)| view)
    }

    /// Hangs up, and waits until the printer was told.
    pub async fn disconnect(&mut self) {
        if let Some((camera, view)) = self.open.take() {
            drop(view);
            camera.close().await;
        }
    }
}

impl RTSPStream {
    /// The stream at an address; nothing is dialled.
    pub fn new(host: &str, access_code: AccessCode) -> Self {
        Self { url: StreamUrl::new(host, access_code) }
    }

    /// The address; [`StreamUrl::reveal`] shows it with the access code.
    #[doc(alias = "get_stream_url")]
    pub fn stream_url(&self) -> &StreamUrl {
        &self.url
    }
}

impl Wanted {
    async fn target(&self) -> Result<LanTarget, CameraError> {
        if let Some(target) = &self.target {
            return Ok(target.clone());
        }
        let who = detect(&self.host, &DetectOptions::default()).await;
        let serial = who.map_err(|why| CameraError::NoIdentity(why.to_string()))?.serial;
        Ok(LanTarget::new(serial, self.host.clone(), self.access_code.clone()))
    }
}
