//! Still pictures: taken once for all who ask at the same moment, and never older than they say.

use std::{
    sync::Mutex,
    time::{Duration, SystemTime},
};

use bambulab::camera::{Camera, CameraError, CameraState};
use bytes::Bytes;
use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use jiff::Timestamp;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use super::lock;

/// How long a picture is given to others who ask: taking one from a video is work.
const SHARED_FOR: Duration = Duration::from_millis(500);
/// How long a picture is waited for.
const PATIENCE: Duration = Duration::from_secs(12);
/// Older ones are not passed as the picture of this moment.
pub(crate) const OLDEST: Duration = Duration::from_secs(10);

/// A picture as JPEG.
#[derive(Debug, Clone)]
pub(crate) struct Still {
    /// The JPEG.
    pub jpeg: Bytes,
    /// When it came from the printer, or a little later than this.
    pub at: Timestamp,
}

type Answer = Result<Still, CameraError>;

/// Where pictures are asked for.
#[derive(Default)]
pub(super) struct Desk(Mutex<Option<(Instant, Shared<BoxFuture<'static, Answer>>)>>);

impl Still {
    /// How old it is now.
    pub(crate) fn age(&self) -> Duration {
        SystemTime::now().duration_since(self.at.into()).unwrap_or_default()
    }
}

impl Desk {
    pub(super) async fn still(&self, camera: &Camera) -> Answer {
        self.asked(camera).await
    }

    fn asked(&self, camera: &Camera) -> Shared<BoxFuture<'static, Answer>> {
        let mut asked = lock(&self.0);
        if let Some((since, answer)) = &*asked {
            let is_new = since.elapsed() < SHARED_FOR;
            if answer.peek().is_none_or(|done| is_new && done.is_ok()) {
                return answer.clone();
            }
        }
        let answer = take(camera.clone()).boxed().shared();
        *asked = Some((Instant::now(), answer.clone()));
        answer
    }
}

async fn take(camera: Camera) -> Answer {
    let state = camera.state();
    // The picture is made of this frame or of a later one.
    let mut view = camera.view();
    let late = CameraError::NoPicture { within: PATIENCE };
    let frame = tokio::select! {
        biased;
        frame = timeout(PATIENCE, view.next()) => frame.ok().flatten(),
        why = hopeless(state) => return Err(why),
    };
    let in_the_way = || camera.state().borrow().error().cloned();
    let Some(frame) = frame else { return Err(in_the_way().unwrap_or(late)) };
    let jpeg = match &frame.video {
        None => frame.data.clone(),
        Some(_) => camera.picture(PATIENCE).await?,
    };
    let still = Still { jpeg, at: frame.at };
    if still.age() > OLDEST { Err(in_the_way().unwrap_or(late)) } else { Ok(still) }
}

/// Waits until the camera says that waiting will not help. How it ended before somebody looked again
/// does not count.
pub(crate) async fn hopeless(mut state: watch::Receiver<CameraState>) -> CameraError {
    let fatal = |state: &CameraState| state.error().filter(|why| why.is_fatal()).cloned();
    let before = state.borrow_and_update().clone();
    if let (false, Some(why)) = (matches!(before, CameraState::Ended(_)), fatal(&before)) {
        return why;
    }
    while state.changed().await.is_ok() {
        if let Some(why) = fatal(&state.borrow_and_update()) {
            return why;
        }
    }
    CameraError::Closed
}
