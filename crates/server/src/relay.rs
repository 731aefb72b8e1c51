//! What printers do, as Server-Sent Events for any number of readers: a snapshot, then changes.
//!
//! Each status document is encoded once per change (`relay/encode.rs`) and the bytes are shared by
//! all who read that printer (`relay/state.rs`). [`Relay::run`] moves them; `app` gives it a task.

mod encode;
mod patch;
mod state;
#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{body::Body, response::Response};
use bambulab::{Link, Snapshot};
use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt as _, Stream, stream};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use tokio::{
    sync::{
        Notify,
        broadcast::{self, error::RecvError, error::TryRecvError},
    },
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    fleet::Updates,
    metrics::{Counted, Metrics},
};
use state::{Group, Joined, State};

/// Changes that come within this time of the last batch go out together; the first one goes at once.
const WINDOW: Duration = Duration::from_millis(50);
/// How often it is seen after silent readers.
const TICK: Duration = Duration::from_secs(1);
/// What a slow reader is given at once, in bytes; the rest waits in its channel.
const GULP: usize = 64 * 1024;
/// How long a browser waits before it reads again, in milliseconds.
const RETRY: Bytes = Bytes::from_static(b"retry: 2000\n\n");

/// The streams of a process. A clone is the same one.
#[derive(Clone)]
pub(crate) struct Relay(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    joined: Notify,
    readers: AtomicUsize,
    most: usize,
    metrics: Metrics,
}

/// What readers may see of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum View {
    /// All of it.
    Clear,
    /// Addresses, URLs and secrets masked, as in the proxy's answers.
    Masked,
}

impl View {
    const ALL: [Self; 2] = [Self::Clear, Self::Masked];
}

/// There is no place for one more reader, or the server is ending; try again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many read events already; close one of those streams, or try again later")]
pub(crate) struct NoPlace;

/// One reader's place: given back when its stream is dropped.
struct Place {
    relay: Relay,
    _counted: Counted,
}

/// One reader.
struct Reader {
    group: Arc<Group>,
    receiver: broadcast::Receiver<Bytes>,
    /// What it was not handed yet of the snapshot.
    snapshot: VecDeque<Bytes>,
    place: Place,
}

impl Relay {
    /// A relay for so many readers at the most.
    pub(crate) fn new(most: usize, metrics: Metrics) -> Self {
        Self(Arc::new(Inner {
            state: Mutex::default(),
            joined: Notify::new(),
            readers: AtomicUsize::new(0),
            most,
            metrics,
        }))
    }

    /// What these printers do, as frames of an event stream. The links are held until it is dropped.
    ///
    /// First `event: snapshot` for each printer: `{serial, connection, reason, stale, age_seconds,
    /// status}`; then `event: change`: the same with `patch` instead of `status`, a merge patch
    /// (RFC 7396) of the status document. `stale` is true unless the printer reports right now.
    /// A reader that is too slow gets snapshots again and none of what it missed.
    ///
    /// # Errors
    /// [`NoPlace`].
    pub(crate) fn stream(
        &self,
        links: Vec<Link>,
    ) -> Result<impl Stream<Item = Bytes> + Send + use<>, NoPlace> {
        self.view(links, View::Clear)
    }

    /// The same for readers who may not see everything.
    ///
    /// # Errors
    /// [`NoPlace`].
    pub(crate) fn view(
        &self,
        links: Vec<Link>,
        view: View,
    ) -> Result<impl Stream<Item = Bytes> + Send + use<>, NoPlace> {
        let place = self.place().ok_or(NoPlace)?;
        let joined = self.state().join(links, view).ok_or(NoPlace)?;
        self.0.joined.notify_one();
        let Joined { group, receiver, mut snapshot } = joined;
        snapshot.push_front(RETRY);
        Ok(stream::unfold(Reader { group, receiver, snapshot, place }, Reader::next))
    }

    /// How many read now.
    pub(crate) fn readers(&self) -> usize {
        self.0.readers.load(Ordering::Relaxed)
    }

    /// Encodes and hands on what changes, until shutdown; then all streams end.
    pub(crate) async fn run(&self, shutdown: CancellationToken) {
        let mut updates = Updates::<u64>::default();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut due: Option<Instant> = None;
        let mut flushed: Option<Instant> = None;
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                () = self.0.joined.notified() => {}
                Some((id, snapshot)) = updates.next() => self.encode(&mut updates, id, snapshot),
                () = moment(due) => {}
                now = tick.tick() => self.state().tend(now),
            }
            let mut state = self.state();
            for (id, receiver) in state.fresh() {
                updates.push(id, receiver);
            }
            let now = Instant::now();
            due = state.is_waiting().then(|| flushed.map_or(now, |last| now.max(last + WINDOW)));
            if due == Some(now) {
                state.flush(now);
                (flushed, due) = (Some(now), None);
            }
        }
        self.state().close();
    }

    /// Takes a change, and what else has changed already, but each printer about once.
    fn encode(&self, updates: &mut Updates<u64>, id: u64, snapshot: Arc<Snapshot>) {
        self.state().take(id, Some(snapshot));
        for _ in 1..updates.len() {
            let Some(Some((id, snapshot))) = updates.next().now_or_never() else { break };
            self.state().take(id, Some(snapshot));
        }
    }

    fn place(&self) -> Option<Place> {
        let readers = &self.0.readers;
        let one_more = |now| (now < self.0.most).then_some(now + 1);
        readers.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Place { relay: self.clone(), _counted: self.0.metrics.event_reader() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    async fn next(mut self) -> Option<(Bytes, Self)> {
        loop {
            if let Some(frame) = self.snapshot.pop_front() {
                return Some((frame, self));
            }
            match self.receiver.recv().await {
                Ok(bytes) => match self.drain(bytes) {
                    Some(bytes) => return Some((bytes, self)),
                    None => self.start_over()?,
                },
                Err(RecvError::Lagged(_)) => self.start_over()?,
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// What waits behind `first`, as one piece; most of the time that is nothing. `None` when some
    /// of it is lost.
    fn drain(&mut self, first: Bytes) -> Option<Bytes> {
        let mut all = BytesMut::new();
        while all.len() < GULP {
            match self.receiver.try_recv() {
                Ok(more) => {
                    if all.is_empty() {
                        all.extend_from_slice(&first);
                    }
                    all.extend_from_slice(&more);
                }
                Err(TryRecvError::Lagged(_)) => return None,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        Some(if all.is_empty() { first } else { all.freeze() })
    }

    /// Everything anew; `None` when there is nothing more to come.
    fn start_over(&mut self) -> Option<()> {
        let joined = self.place.relay.state().rejoin(self.group.clone())?;
        (self.receiver, self.snapshot) = (joined.receiver, joined.snapshot);
        Some(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.relay.0.readers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("readers", &self.readers()).finish()
    }
}

/// An answer that is an event stream.
pub(crate) fn answer(frames: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let frames = futures_util::StreamExt::map(frames, Ok::<_, std::convert::Infallible>);
    let mut response = Response::new(Body::from_stream(frames));
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
        // For nginx: it would keep frames back otherwise.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn moment(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
