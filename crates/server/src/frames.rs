//! The cameras of this process: one upstream per printer, however many look and through whichever
//! face. Video for browsers is in `frames/film.rs`, still pictures in `frames/still.rs`.

mod film;
mod still;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

use bambu_protocol::{Model, Serial, status::Status};
use bambulab::{
    LanTarget, Options,
    camera::{Camera, CameraError, CameraKind, Video},
};
use futures_util::future::join_all;

use crate::{
    accounts::Accounts,
    metrics::{Counted, Metrics},
};
use film::Film;
use still::Desk;

pub(crate) use film::{Reader, Segment};
pub(crate) use still::{Still, hopeless};

/// All cameras of a process.
pub(crate) struct Cameras {
    accounts: Arc<Accounts>,
    options: Options,
    /// As many as the local network has printers; one that nobody looks at has no connection.
    open: Mutex<BTreeMap<Serial, Arc<Channel>>>,
    viewers: Arc<AtomicUsize>,
    most: usize,
    metrics: Metrics,
}

/// One camera and what its viewers share.
pub(crate) struct Channel {
    pub(crate) camera: Camera,
    /// While somebody reads it.
    film: Mutex<Weak<Mutex<Film>>>,
    desk: Desk,
}

/// Why a printer's camera cannot be asked at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoCamera {
    /// It is not known where it is on the local network, or its access code.
    #[error(
        "this printer has no address on the local network here, and the cloud passes no pictures on; \
         write its host and access_code under [[printer]] of bambu.toml"
    )]
    NoAddress,
    /// It has none that could be asked.
    #[error(transparent)]
    Camera(#[from] CameraError),
}

/// There is no place for one more viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many look already; close one of those pages, or try again later")]
pub(crate) struct NoPlace;

/// One viewer's place, until it is dropped.
pub(crate) struct Place {
    viewers: Arc<AtomicUsize>,
    _counted: Counted,
}

impl Cameras {
    /// No camera yet. The printers are those of the local network that `accounts` knows; so many
    /// viewers at the most.
    pub(crate) fn new(
        accounts: Arc<Accounts>,
        options: Options,
        most: usize,
        metrics: Metrics,
    ) -> Self {
        let (open, viewers) = (Mutex::default(), Arc::default());
        Self { accounts, options, open, viewers, most, metrics }
    }

    /// The camera of a printer, the same for all who ask; nothing is dialled yet. `status` is what
    /// the printer reports now, if it does.
    ///
    /// # Errors
    /// [`NoCamera`].
    pub(crate) fn of(
        &self,
        serial: &Serial,
        model: Option<Model>,
        status: Option<&Status>,
    ) -> Result<Arc<Channel>, NoCamera> {
        let target = self.accounts.lan_target(serial).ok_or(NoCamera::NoAddress)?;
        let model = target.model.or(model).or_else(|| Model::from_serial(serial));
        let kind = match status {
            Some(status) if status.model.is_some() => CameraKind::of_status(status)?,
            _ => CameraKind::of(model, None)?,
        };
        let mut open = lock(&self.open);
        if let Some(channel) = open.get(serial).filter(|channel| channel.is(&target, kind)) {
            return Ok(channel.clone());
        }
        let camera = Camera::open(target, kind, self.options.clone());
        let (film, desk) = (Mutex::default(), Desk::default());
        let channel = Arc::new(Channel { camera, film, desk });
        open.insert(serial.clone(), channel.clone());
        Ok(channel)
    }

    /// A place for one more viewer. `how` is `mjpeg`, `live` or another word of ours.
    ///
    /// # Errors
    /// [`NoPlace`].
    pub(crate) fn place(&self, how: &'static str) -> Result<Place, NoPlace> {
        let one_more = |now| (now < self.most).then_some(now + 1);
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        self.viewers.fetch_update(set, fetch, one_more).map_err(|_| NoPlace)?;
        Ok(Place { viewers: self.viewers.clone(), _counted: self.metrics.camera_viewer(how) })
    }

    /// Where frames are counted.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Ends all upstreams and waits until they are closed.
    pub(crate) async fn close(&self) {
        let open = std::mem::take(&mut *lock(&self.open));
        join_all(open.values().map(|channel| channel.camera.close())).await;
    }
}

impl Channel {
    /// A reader of its video, which is put into segments once for all.
    pub(crate) fn reader(&self) -> Reader {
        let mut known = lock(&self.film);
        let film = known.upgrade().unwrap_or_default();
        *known = Arc::downgrade(&film);
        Reader::new(film)
    }

    /// What the video is like, while somebody watches it.
    pub(crate) fn video(&self) -> Option<Arc<Video>> {
        let film = lock(&self.film).upgrade()?;
        let film = lock(&film);
        film.video().cloned()
    }

    /// The picture of this moment; whoever asks meanwhile gets the same one.
    ///
    /// # Errors
    /// [`CameraError`].
    pub(crate) async fn still(&self) -> Result<Still, CameraError> {
        self.desk.still(&self.camera).await
    }

    fn is(&self, target: &LanTarget, kind: CameraKind) -> bool {
        let mine = self.camera.target();
        self.camera.kind() == kind
            && mine.host == target.host
            && mine.camera_port == target.camera_port
            && mine.access_code == target.access_code
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.viewers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Cameras {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cameras").field("open", &lock(&self.open).len()).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
