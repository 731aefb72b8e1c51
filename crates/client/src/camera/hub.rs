//! The task of a camera: dials while somebody looks, hangs up when nobody does, dials again.
//!
//! What it has for viewers is in `camera/shelf.rs`; how it dials in `camera/upstream.rs`.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    CameraError, CameraKind, CameraState, Frame, Video, jpeg, rtsp,
    shelf::Shelf,
    upstream::{Dial, Sink},
};
use crate::link::backoff::Backoff;

/// How long an upstream may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// What the task, the handles and the views share.
#[derive(Debug)]
pub(super) struct Hub {
    pub(super) state: watch::Sender<CameraState>,
    pub(super) demand: watch::Sender<Demand>,
    /// Ends the task.
    pub(super) closing: CancellationToken,
    kept: Mutex<Kept>,
}

/// Who looks.
#[derive(Debug, Default)]
pub(super) struct Demand {
    /// Views that there are.
    pub(super) viewers: usize,
    /// Views that there ever were; the number of the newest.
    pub(super) opened: u64,
}

#[derive(Debug)]
struct Kept {
    shelf: Shelf,
    newest: u64,
    /// When the first frame came.
    since: Option<Instant>,
    /// What happened since the last frame.
    trouble: Option<CameraError>,
}

impl Hub {
    pub(super) fn new(kind: CameraKind) -> Arc<Self> {
        Arc::new(Self {
            state: watch::Sender::new(CameraState::Idle),
            demand: watch::Sender::default(),
            closing: CancellationToken::new(),
            kept: Mutex::new(Kept {
                shelf: Shelf::new(kind),
                newest: 0,
                since: None,
                trouble: None,
            }),
        })
    }

    /// Hands a frame to all who look.
    pub(super) fn put(&self, session: u64, data: Bytes, is_key: bool, video: Option<Arc<Video>>) {
        let mut kept = self.kept();
        kept.newest += 1;
        kept.trouble = None;
        let elapsed = kept.since.get_or_insert_with(Instant::now).elapsed();
        let (number, at) = (kept.newest, jiff::Timestamp::now());
        kept.shelf.put(Arc::new(Frame { number, session, at, elapsed, data, is_key, video }));
        let waiting = kept.shelf.waiting();
        drop(kept);
        waiting.into_iter().for_each(std::task::Waker::wake);
        self.show(CameraState::Live);
    }

    /// Runs with the shelf, which is held for one look and never across an await.
    pub(super) fn with_shelf<T>(&self, look: impl FnOnce(&mut Shelf) -> T) -> T {
        look(&mut self.kept().shelf)
    }

    /// What has gone wrong since the last frame, also while the camera is being dialled again.
    pub(super) fn trouble(&self) -> Option<CameraError> {
        self.kept().trouble.clone()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, state: CameraState) {
        self.state.send_if_modified(|shown| {
            let is_new = *shown != state;
            *shown = state;
            is_new
        });
    }

    /// A new view looks although the camera had ended: what ended it is not known to be so now.
    pub(super) fn begin_again(&self) {
        let is_open = !self.closing.is_cancelled();
        if is_open && matches!(*self.state.borrow(), CameraState::Ended(_)) {
            self.kept().trouble = None;
            self.show(CameraState::Connecting);
        }
    }

    /// All views that there are now, or ever, get nothing any more.
    fn end(&self, up_to: u64, why: CameraError) {
        self.show(CameraState::Ended(why));
        let waiting = self.with_shelf(|shelf| {
            shelf.ended = up_to;
            shelf.waiting()
        });
        waiting.into_iter().for_each(std::task::Waker::wake);
    }

    /// Waits until somebody looks whose view has not ended.
    async fn wanted(&self) {
        let ended = self.with_shelf(|shelf| shelf.ended);
        let looks = |demand: &Demand| demand.viewers > 0 && demand.opened > ended;
        let _ = self.demand.subscribe().wait_for(looks).await;
    }

    /// Waits until nobody has looked for `linger`.
    async fn unwanted(&self, linger: Duration) {
        let mut demand = self.demand.subscribe();
        loop {
            let _ = demand.wait_for(|demand| demand.viewers == 0).await;
            let somebody = demand.wait_for(|demand| demand.viewers > 0);
            if timeout(linger, somebody).await.is_err() {
                return;
            }
        }
    }
}

/// Runs until the camera is closed.
pub(super) async fn run(hub: Arc<Hub>, dial: Dial) {
    let closing = hub.closing.clone();
    let mut sessions = 0;
    let mut backoff = Backoff::default();
    let mut was_let_in = false;
    loop {
        tokio::select! {
            () = hub.wanted() => {}
            () = closing.cancelled() => break,
        }
        hub.show(CameraState::Connecting);
        sessions += 1;
        let mut sink = Sink::new(hub.clone(), sessions);
        let began = Instant::now();
        let end = attempt(&hub, &dial, &mut sink).await;
        let is_watched = hub.demand.borrow().viewers > 0;
        hub.with_shelf(if is_watched { Shelf::retire } else { Shelf::clear });
        let was_let_in_before = std::mem::replace(&mut was_let_in, sink.has_begun());
        if sink.has_begun() {
            backoff.held(began.elapsed(), &dial.options.timing);
        }
        let why = match end {
            Ok(()) if closing.is_cancelled() => break,
            Ok(()) => {
                hub.show(CameraState::Idle);
                continue;
            }
            // This code opened the camera a moment ago: it may be something else this time.
            Err(CameraError::WrongAccessCode) if was_let_in_before => {
                CameraError::Lost("it hung up without a picture".to_owned())
            }
            Err(why) => why,
        };
        tracing::info!(printer = %dial.target.serial, error = %why, "the camera is gone");
        hub.kept().trouble = Some(why.clone());
        if why.ends_it() {
            let opened = hub.demand.borrow().opened;
            hub.end(opened, why);
            continue;
        }
        // Never at once: the printer has to notice that its one place is free.
        let random = 0.25 + 0.75 * rand::random::<f64>();
        let retry_in = backoff.next(random, &dial.options.timing);
        hub.show(CameraState::Waiting { why, retry_in });
        tokio::select! {
            () = sleep(retry_in) => {}
            () = closing.cancelled() => break,
        }
        if hub.demand.borrow().viewers == 0 {
            hub.with_shelf(Shelf::clear);
            hub.show(CameraState::Idle);
        }
    }
    hub.kept().trouble = Some(CameraError::Closed);
    hub.end(u64::MAX, CameraError::Closed);
}

/// One upstream, from the dial to the closed socket; `Ok` when nobody looks any more.
async fn attempt(hub: &Hub, dial: &Dial, sink: &mut Sink) -> Result<(), CameraError> {
    let left = sink.left();
    let upstream = async {
        match dial.kind {
            CameraKind::Jpeg => jpeg::run(dial, sink).await,
            CameraKind::H264 => rtsp::run(dial, sink).await,
        }
    };
    tokio::pin!(upstream);
    tokio::select! {
        end = &mut upstream => return end,
        () = hub.unwanted(dial.options.timing.camera_linger) => {}
        () = hub.closing.cancelled() => {}
    }
    left.cancel();
    let _ = timeout(GOODBYE, upstream).await;
    Ok(())
}
