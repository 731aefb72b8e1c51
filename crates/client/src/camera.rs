//! A printer's camera on the local network: one upstream per [`Camera`], any number of [`View`]s.
//!
//! The task that dials is in `camera/hub.rs`, what it keeps for viewers in `camera/shelf.rs`; the
//! upstreams are `camera/jpeg.rs` and `camera/rtsp.rs`, on the seam of `camera/upstream.rs`.

mod address;
mod error;
mod frame;
mod hub;
mod jpeg;
mod kind;
mod rtsp;
mod seeds;
mod shelf;
#[cfg(feature = "snapshot")]
mod snapshot;
mod upstream;
mod view;

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use bytes::Bytes;
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use crate::{link::LanTarget, options::Options};

pub use address::StreamUrl;
pub use error::CameraError;
pub use frame::{Frame, Video};
pub use kind::CameraKind;
pub use seeds::{JPEGFrameStream, RTSPStream, VideoStream, video_stream};
pub use view::View;

use hub::Hub;
use upstream::Dial;

/// A handle to a printer's camera; cheap to clone.
///
/// Printers show their picture to one viewer at a time, so all clones and all their views share one
/// upstream. It is dialled with the first view and closed when nobody has looked for
/// [`Timing::camera_linger`](crate::options::Timing::camera_linger), or at once with the last
/// handle. A lost one is dialled again, after the old socket is closed and a random wait.
#[derive(Debug, Clone)]
pub struct Camera(Arc<Owner>);

/// A camera that somebody else may end by dropping the last [`Camera`] and [`View`].
#[derive(Debug, Clone)]
pub struct WeakCamera(Weak<Owner>);

/// How the upstream of a camera is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CameraState {
    /// Nobody looks: there is no connection.
    Idle,
    /// Being made, or waiting for the first picture.
    Connecting,
    /// Pictures come.
    Live,
    /// Broken or refused; it is dialled again by itself.
    Waiting {
        /// What happened.
        why: CameraError,
        /// How long until it is dialled again.
        retry_in: Duration,
    },
    /// It is not dialled again until somebody opens another view, since waiting would not help.
    Ended(CameraError),
}

/// What all handles and views hold; the task ends with it.
#[derive(Debug)]
pub(crate) struct Owner {
    hub: Arc<Hub>,
    dial: Dial,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Camera {
    /// A camera that nobody looks at yet: nothing is dialled.
    pub fn open(target: LanTarget, kind: CameraKind, options: Options) -> Self {
        let hub = Hub::new(kind);
        let dial = Dial::new(target, kind, options);
        Self(Arc::new(Owner { hub, dial, task: Mutex::default() }))
    }

    /// How its pictures come.
    pub fn kind(&self) -> CameraKind {
        self.0.dial.kind
    }

    /// The printer.
    pub fn target(&self) -> &LanTarget {
        &self.0.dial.target
    }

    /// Looks. The first picture comes as soon as there is one: of JPEG the newest, of H.264 the
    /// newest key frame and all since, where they are kept.
    ///
    /// Must be called inside a tokio runtime.
    pub fn view(&self) -> View {
        let mut task = self.0.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.is_none() {
            let run = hub::run(self.0.hub.clone(), self.0.dial.clone());
            *task = Some(tokio::spawn(run));
        }
        drop(task);
        View::new(self.0.clone())
    }

    /// How the upstream is, and every change of it.
    pub fn state(&self) -> watch::Receiver<CameraState> {
        self.0.hub.state.subscribe()
    }

    /// How many look now.
    pub fn viewers(&self) -> usize {
        self.0.hub.demand.borrow().viewers
    }

    /// The next picture, or the newest if the camera is live, as JPEG; of H.264 the newest key
    /// frame, decoded.
    ///
    /// # Errors
    /// [`CameraError`]: at once where waiting would hardly help; after `within` what was in the
    /// way, or [`CameraError::NoPicture`].
    pub async fn picture(&self, within: Duration) -> Result<Bytes, CameraError> {
        let mut view = self.view();
        self.next(&mut view, within).await?.jpeg().await
    }

    /// The next frame of a view, or why there is none: at once where waiting would hardly help.
    ///
    /// # Errors
    /// As [`Camera::picture`].
    pub async fn next(&self, view: &mut View, within: Duration) -> Result<Arc<Frame>, CameraError> {
        let mut state = self.state();
        let hopeless = state.wait_for(|state| state.error().is_some_and(CameraError::is_fatal));
        let frame = tokio::select! {
            biased;
            frame = timeout(within, view.next()) => frame,
            Ok(state) = hopeless => return Err(state.error().cloned().unwrap_or(CameraError::Closed)),
        };
        match frame {
            Ok(Some(frame)) => Ok(frame),
            Ok(None) => Err(view.error().unwrap_or(CameraError::Closed)),
            Err(_) => Err(view.error().unwrap_or(CameraError::NoPicture { within })),
        }
    }

    /// Ends the upstream and all views, and waits until the socket is closed.
    pub async fn close(&self) {
        self.0.hub.closing.cancel();
        let task = self.0.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            let _ = task.await;
        }
    }

    /// A handle that does not keep the camera.
    pub fn downgrade(&self) -> WeakCamera {
        WeakCamera(Arc::downgrade(&self.0))
    }
}

impl WeakCamera {
    /// The camera, while there is one.
    pub fn upgrade(&self) -> Option<Camera> {
        self.0.upgrade().map(Camera)
    }
}

impl CameraState {
    /// What is in the way; `None` while there is nothing.
    pub fn error(&self) -> Option<&CameraError> {
        match self {
            Self::Waiting { why, .. } | Self::Ended(why) => Some(why),
            Self::Idle | Self::Connecting | Self::Live => None,
        }
    }

    /// One word: `idle`, `connecting`, `live`, `waiting`, `ended`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Waiting { .. } => "waiting",
            Self::Ended(_) => "ended",
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.hub.closing.cancel();
    }
}
