//! What handles and the connection's task share: the printers wanted, and the way to ask.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use bambu_protocol::{
    Model, Serial,
    report::{Ack, State},
    request::Request,
    status::Status,
};
use bytes::Bytes;
use tokio::{
    sync::{Notify, broadcast, mpsc, oneshot, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{Connection, Reason, SendError, Snapshot, Way};

/// Payloads that a slow reader of raw reports may be behind.
const RAW_DEPTH: usize = 1024;
/// Snapshots that a slow reader of all of them may be behind.
const EACH_DEPTH: usize = 64;

/// A request on its way to the task. Boxed there, since a channel keeps room for 32 of them.
pub(super) struct Command {
    pub(super) serial: Serial,
    pub(super) request: Request,
    pub(super) answer: oneshot::Sender<Result<Ack, SendError>>,
}

/// What one printer's readers see. Written by the task alone.
pub(super) struct Feed {
    pub(super) serial: Serial,
    pub(super) name: Option<String>,
    pub(super) model: Option<Model>,
    pub(super) snapshot: watch::Sender<Arc<Snapshot>>,
    /// Whether the printer can be read over the cloud while this way is silent.
    pub(super) has_detour: bool,
    raw: OnceLock<broadcast::Sender<Bytes>>,
    each: OnceLock<broadcast::Sender<Arc<Snapshot>>>,
    /// The merged reports, made when the first comes: a feed that shows another one's has none.
    state: OnceLock<Mutex<State>>,
    /// Whose readers see these raw payloads, too.
    taps: Mutex<Vec<Weak<Self>>>,
    /// Printer's clock of the newest report in milliseconds; 0 when its model does not tell.
    reported_at: AtomicU64,
}

impl Feed {
    pub(super) fn new(serial: Serial, name: Option<String>, model: Option<Model>) -> Self {
        let status = Status {
            serial: Some(serial.clone()),
            name: name.clone(),
            model: model.or_else(|| Model::from_serial(&serial)),
            online: Some(false),
            ..Status::default()
        };
        let snapshot = watch::Sender::new(Arc::new(Snapshot {
            status: Arc::new(status),
            connection: Connection::Connecting,
            reports: 0,
            complete: false,
            heard: None,
        }));
        Self {
            serial,
            name,
            model,
            snapshot,
            has_detour: false,
            state: OnceLock::new(),
            raw: OnceLock::new(),
            each: OnceLock::new(),
            taps: Mutex::default(),
            reported_at: AtomicU64::new(0),
        }
    }

    pub(super) fn with_detour(self) -> Self {
        Self { has_detour: true, ..self }
    }

    /// The merged state; held for one payload or one copy, never across an await.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        let state = self.state.get_or_init(|| {
            let state = State::new().with_serial(self.serial.clone());
            Mutex::new(match self.model {
                Some(model) => state.with_model(model),
                None => state,
            })
        });
        state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The merged report as the printer names its fields; the connection waits for the copy of its
    /// bytes alone.
    pub(super) fn report(&self) -> Option<serde_json::Value> {
        let state = self.state();
        let retained = state.has_full().then(|| state.retained().clone());
        drop(state);
        retained.map(|retained| retained.merged())
    }

    /// The printer's clock of the newest report, in milliseconds.
    pub(super) fn reported_at(&self) -> Option<u64> {
        Some(self.reported_at.load(Ordering::Relaxed)).filter(|millis| *millis > 0)
    }

    pub(super) fn set_reported_at(&self, millis: Option<u64>) {
        self.reported_at.store(millis.unwrap_or(0), Ordering::Relaxed);
    }

    /// From now on `other`'s readers see the raw payloads as well.
    pub(super) fn tap(&self, other: &Arc<Self>) {
        self.taps().push(Arc::downgrade(other));
    }

    pub(super) fn untap(&self, other: &Arc<Self>) {
        self.taps().retain(|tap| !std::ptr::eq(tap.as_ptr(), Arc::as_ptr(other)));
    }

    fn taps(&self) -> MutexGuard<'_, Vec<Weak<Self>>> {
        self.taps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows what is known now.
    pub(super) fn show(&self, snapshot: Arc<Snapshot>) {
        self.snapshot.send_replace(snapshot);
        self.send_each();
    }

    /// Shows another connection with the same status, which is live only while online.
    pub(super) fn set_connection(&self, connection: Connection) {
        let changed = self.snapshot.send_if_modified(|snapshot| {
            if snapshot.connection == connection {
                return false;
            }
            let online = Some(connection == Connection::Online);
            let snapshot = Arc::make_mut(snapshot);
            if snapshot.status.online != online {
                Arc::make_mut(&mut snapshot.status).online = online;
            }
            snapshot.connection = connection;
            true
        });
        if changed {
            self.send_each();
        }
    }

    /// A reader of every snapshot; the channel is made for the first one.
    pub(super) fn each(&self) -> broadcast::Receiver<Arc<Snapshot>> {
        self.each.get_or_init(|| broadcast::Sender::new(EACH_DEPTH)).subscribe()
    }

    fn send_each(&self) {
        if let Some(each) = self.each.get()
            && each.receiver_count() > 0
        {
            let _ = each.send(self.snapshot.borrow().clone());
        }
    }

    /// A reader of raw payloads; the channel is made for the first one.
    pub(super) fn raw(&self) -> broadcast::Receiver<Bytes> {
        self.raw.get_or_init(|| broadcast::Sender::new(RAW_DEPTH)).subscribe()
    }

    /// Hands a payload to those who read raw; the copy frees the socket's read buffer.
    pub(super) fn send_raw(&self, payload: &Bytes) {
        if let Some(raw) = self.raw.get()
            && raw.receiver_count() > 0
        {
            let _ = raw.send(Bytes::copy_from_slice(payload));
        }
        self.taps().iter().filter_map(Weak::upgrade).for_each(|tap| tap.send_raw(payload));
    }
}

/// A printer that somebody watches.
struct Watched {
    feed: Arc<Feed>,
    handle: Weak<Handle>,
}

/// Shared by the task and all handles.
pub(super) struct Hub {
    printers: Mutex<HashMap<Serial, Watched>>,
    /// Told when `printers` changed.
    pub(super) changed: Notify,
    /// Ends the task.
    pub(super) closing: CancellationToken,
}

impl Hub {
    pub(super) fn new() -> Self {
        Self {
            printers: Mutex::default(),
            changed: Notify::new(),
            closing: CancellationToken::new(),
        }
    }

    /// The printers that somebody watches now.
    pub(super) fn feeds(&self) -> Vec<Arc<Feed>> {
        self.lock().values().map(|watched| watched.feed.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Serial, Watched>> {
        self.printers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Held by every handle of a connection; the task ends after the last one.
pub(super) struct Owner {
    pub(super) way: Way,
    hub: Arc<Hub>,
    commands: mpsc::Sender<Box<Command>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Owner {
    pub(super) fn new(
        way: Way,
        hub: Arc<Hub>,
        commands: mpsc::Sender<Box<Command>>,
        task: JoinHandle<()>,
    ) -> Arc<Self> {
        Arc::new(Self { way, hub, commands, task: Mutex::new(Some(task)) })
    }

    /// The handle of a printer: the one that exists, else a new one.
    pub(super) fn printer(
        self: &Arc<Self>,
        serial: Serial,
        name: Option<String>,
        model: Option<Model>,
    ) -> Arc<Handle> {
        self.watch(serial, |serial| Arc::new(Feed::new(serial, name, model)))
    }

    /// The handle of a printer, with the feed made here if there is none yet.
    pub(super) fn watch(
        self: &Arc<Self>,
        serial: Serial,
        feed: impl FnOnce(Serial) -> Arc<Feed>,
    ) -> Arc<Handle> {
        let mut printers = self.hub.lock();
        if let Some(handle) = printers.get(&serial).and_then(|watched| watched.handle.upgrade()) {
            return handle;
        }
        let feed = feed(serial.clone());
        if self.hub.closing.is_cancelled() {
            feed.set_connection(Connection::Offline(Reason::Closed));
        }
        let handle = Arc::new(Handle { feed: feed.clone(), owner: self.clone(), ways: None });
        printers.insert(serial, Watched { feed, handle: Arc::downgrade(&handle) });
        drop(printers);
        self.hub.changed.notify_one();
        handle
    }

    pub(super) fn send(&self, command: Command) -> Result<(), SendError> {
        self.commands.try_send(Box::new(command)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => SendError::Busy,
            mpsc::error::TrySendError::Closed(_) => SendError::Offline(Reason::Closed),
        })
    }

    /// Ends the task and waits for it.
    pub(super) async fn close(&self) {
        self.hub.closing.cancel();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            let _ = task.await;
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.hub.closing.cancel();
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("printers", &self.hub.lock().len()).finish()
    }
}

/// What stands behind all clones of one link.
pub(super) struct Handle {
    pub(super) feed: Arc<Feed>,
    pub(super) owner: Arc<Owner>,
    /// For a printer that is reached over the LAN and the cloud; `feed` shows both then.
    pub(super) ways: Option<Ways>,
}

/// Whom to ask on which way.
pub(super) struct Ways {
    pub(super) lan: Arc<Handle>,
    pub(super) detour: Detour,
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut printers = self.owner.hub.lock();
        // A new handle may have taken the place of this one while it was going.
        if printers.get(&self.feed.serial).is_some_and(|w| Arc::ptr_eq(&w.feed, &self.feed)) {
            printers.remove(&self.feed.serial);
        }
        drop(printers);
        self.owner.hub.changed.notify_one();
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("serial", &self.feed.serial).finish()
    }
}

/// The handle that requests take instead of the LAN's; written by the LAN's task alone.
#[derive(Debug, Clone, Default)]
pub(super) struct Detour(Arc<Mutex<Option<Arc<Handle>>>>);

impl Detour {
    pub(super) fn handle(&self) -> Option<Arc<Handle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set(&self, handle: Option<Arc<Handle>>) {
        // What stood there is dropped after the lock.
        let _old =
            std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), handle);
    }
}
