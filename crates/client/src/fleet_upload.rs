//! One file to the storage of many printers: a bound on parallel transfers, and nobody who waits for
//! a printer that is slow or away. One printer alone is [`Ftps::upload_file`].

use std::{
    collections::VecDeque,
    future::Future,
    path::PathBuf,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bambu_protocol::Serial;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::{
    sync::{Notify, Semaphore},
    time::interval,
};
use tokio_util::sync::CancellationToken;

use crate::{
    ftps::{Existing, Ftps, FtpsError, Stored, Transfer},
    link::LanTarget,
    options::Options,
};

/// Transfers at a time, by default.
const AT_A_TIME: usize = 8;
/// How often a transfer is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// A transfer that moves less in that time does not count any more: it leaves room for others.
const SLOW: u64 = 512 * 1024;

/// A bound on parallel transfers, shared by all who hold a clone.
///
/// It is there to spare this machine and its network. A printer that takes less than 256 KiB per
/// second uses little of either, so its place goes to the next one; a printer that is still being
/// connected, or away, has none.
#[derive(Debug, Clone)]
pub struct Places(Arc<Semaphore>);

impl Places {
    /// So many transfers at a time, at least one.
    pub fn new(at_a_time: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_a_time.clamp(1, Semaphore::MAX_PERMITS))))
    }

    /// Does the work once there is a place, and gives it back as soon as `moved` grows too slowly.
    /// Once cancelled, it waits for no place: the work itself has to end then.
    pub(crate) async fn during<T>(
        &self,
        moved: &AtomicU64,
        cancel: &CancellationToken,
        work: impl Future<Output = T>,
    ) -> T {
        let mut place = tokio::select! {
            // It is never closed.
            place = self.0.acquire() => place.ok(),
            () = cancel.cancelled() => None,
        };
        let mut work = pin!(work);
        let mut look = interval(LOOK);
        look.tick().await;
        let mut before = moved.load(Ordering::Relaxed);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                _ = look.tick(), if place.is_some() => {
                    let now = moved.load(Ordering::Relaxed);
                    if now.saturating_sub(before) < SLOW {
                        place = None;
                    }
                    before = now;
                }
            }
        }
    }
}

impl Default for Places {
    fn default() -> Self {
        Self::new(AT_A_TIME)
    }
}

/// One file for many printers. It is data until it [runs](Self::run).
#[derive(Debug, Clone)]
pub struct FleetUpload {
    file: PathBuf,
    path: String,
    places: Places,
    existing: Existing,
    cancel: CancellationToken,
}

/// What happens at one printer.
#[derive(Debug)]
pub struct FleetEvent {
    /// Which of the targets, by its place in the list.
    pub index: usize,
    /// The printer.
    pub serial: Serial,
    /// What happened.
    pub what: FleetProgress,
}

/// What happens to the file at one printer.
#[derive(Debug)]
pub enum FleetProgress {
    /// It let us in; the transfer begins, or waits for its place.
    Connected,
    /// So much is over.
    Sent {
        /// Bytes.
        bytes: u64,
        /// Bytes in all.
        of: u64,
    },
    /// The last event of each printer.
    Done(Result<Stored, FtpsError>),
}

/// A running upload: the events of all printers. Dropping it ends all transfers.
pub struct FleetUploads {
    running: FuturesUnordered<Pin<Box<dyn Future<Output = FleetEvent> + Send>>>,
    told: Arc<Told>,
}

impl FleetUpload {
    /// This file, to the root of each printer's storage under its own name.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        let file = file.into();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let path = format!("/{name}");
        Self {
            file,
            path,
            places: Places::default(),
            existing: Existing::Replace,
            cancel: CancellationToken::new(),
        }
    }

    /// The path on the printers.
    #[must_use]
    pub fn to(self, path: impl Into<String>) -> Self {
        Self { path: path.into(), ..self }
    }

    /// The bound on parallel transfers; 8 by default.
    #[must_use]
    pub fn places(self, places: Places) -> Self {
        Self { places, ..self }
    }

    /// What happens where a printer has a file of that name; by default it is replaced.
    #[must_use]
    pub fn existing(self, existing: Existing) -> Self {
        Self { existing, ..self }
    }

    /// Ends all transfers in order: what was left of the file is removed.
    #[must_use]
    pub fn cancel(self, cancel: CancellationToken) -> Self {
        Self { cancel, ..self }
    }

    /// Begins with all printers at once. Nothing moves unless [`FleetUploads::next`] is awaited.
    pub fn run(
        &self,
        targets: impl IntoIterator<Item = LanTarget>,
        options: &Options,
    ) -> FleetUploads {
        let told = Arc::new(Told::default());
        let running = FuturesUnordered::new();
        for (index, target) in targets.into_iter().enumerate() {
            let (upload, options, told) = (self.clone(), options.clone(), told.clone());
            let one = async move {
                let result = upload.one(index, &target, &options, &told).await;
                FleetEvent { index, serial: target.serial, what: FleetProgress::Done(result) }
            };
            running.push(Box::pin(one) as Pin<Box<dyn Future<Output = FleetEvent> + Send>>);
        }
        FleetUploads { running, told }
    }

    async fn one(
        &self,
        index: usize,
        target: &LanTarget,
        options: &Options,
        told: &Arc<Told>,
    ) -> Result<Stored, FtpsError> {
        let connected = tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(FtpsError::Cancelled),
            session = Ftps::connect(target, options) => session,
        };
        let mut session = connected?;
        let event = |what| FleetEvent { index, serial: target.serial.clone(), what };
        told.tell(event(FleetProgress::Connected));
        let moved = Arc::new(AtomicU64::new(0));
        let (teller, serial, count) = (told.clone(), target.serial.clone(), moved.clone());
        let how = Transfer {
            progress: Some(Arc::new(move |bytes, of| {
                count.store(bytes, Ordering::Relaxed);
                let what = FleetProgress::Sent { bytes, of };
                teller.tell(FleetEvent { index, serial: serial.clone(), what });
            })),
            cancel: self.cancel.clone(),
            existing: self.existing,
            ..Transfer::default()
        };
        let transfer = session.upload_file(&self.file, &self.path, &how);
        let stored = self.places.during(&moved, &self.cancel, transfer).await;
        session.close().await;
        stored
    }
}

impl FleetUploads {
    /// The next event of any printer; `None` once all are done. Of a printer's progress only the
    /// newest is kept while nobody asks.
    pub async fn next(&mut self) -> Option<FleetEvent> {
        loop {
            if let Some(event) = self.told.take() {
                return Some(event);
            }
            tokio::select! {
                biased;
                () = self.told.news.notified() => {}
                event = self.running.next() => match event {
                    Some(event) => {
                        self.told.forget(event.index);
                        return Some(event);
                    }
                    None => return None,
                },
            }
        }
    }
}

/// Progress that nobody has asked for yet: the newest of each printer.
#[derive(Default)]
struct Told {
    events: Mutex<VecDeque<FleetEvent>>,
    news: Notify,
}

impl Told {
    fn tell(&self, event: FleetEvent) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        match events.iter_mut().find(|it| it.index == event.index) {
            Some(older) => *older = event,
            None => events.push_back(event),
        }
        drop(events);
        self.news.notify_one();
    }

    fn take(&self) -> Option<FleetEvent> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// What came before the end is of no interest after it.
    fn forget(&self, index: usize) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.retain(|event| event.index != index);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_slow_transfer_gives_its_place_away_and_a_fast_one_keeps_it() {
        let places = Places::new(1);
        let began = Instant::now();
        let stuck = AtomicU64::new(0);
        let go = CancellationToken::new();
        let slow = places.during(&stuck, &go, sleep(Duration::from_secs(600)));
        let fast = async {
            let moved = AtomicU64::new(0);
            let work = async {
                for _ in 0..20 {
                    sleep(Duration::from_secs(1)).await;
                    moved.fetch_add(SLOW, Ordering::Relaxed);
                }
            };
            places.during(&moved, &go, work).await;
            began.elapsed()
        };
        let third = async {
            let moved = AtomicU64::new(0);
            places.during(&moved, &go, std::future::ready(())).await;
            began.elapsed()
        };
        let (_, fast, third) = tokio::join!(slow, fast, third);
        assert!(fast < Duration::from_secs(30), "{fast:?}");
        assert!(third >= fast, "the fast one had the place");
    }
}
