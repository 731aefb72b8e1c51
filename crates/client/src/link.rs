//! The one connection to a printer, over the LAN or the cloud, and the handle to it.
//!
//! One task per *connection* owns the socket (`link/task.rs`); a [`Link`] is a handle to one
//! printer on it. What travels is in `bambu_protocol::{report, request}`.

pub(crate) mod backoff;
mod both;
mod budget;
mod cloud;
mod heard;
mod hub;
mod inspect;
mod live;
mod login;
mod pending;
mod reason;
mod session;
mod task;
mod tracked;
mod vigil;

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use bambu_protocol::{
    AccessCode, Model, Serial, ftp, report::Ack, request::Request, status::Status,
};
use bytes::Bytes;
use tokio::sync::{broadcast, oneshot, watch};

use crate::{
    endpoint::{BrokerAddress, MQTT_PORT},
    options::Options,
};

pub use cloud::{CloudLogin, CloudSession};
pub use heard::Heard;
pub use inspect::{Shown, inspect, try_login};
pub use reason::{Reason, Unreachable};

use both::Both;
use hub::{Command, Detour, Feed, Handle, Owner, Ways};
use login::Login;

/// Requests that may wait for the connection's task; more are refused with [`SendError::Busy`].
pub(crate) const QUEUE: usize = 32;

/// A handle to one printer; cheap to clone.
///
/// The connection ends, with an MQTT DISCONNECT, when its last handle is dropped.
#[derive(Debug, Clone)]
pub struct Link(Arc<Handle>);

/// A link that somebody else may end by dropping the last [`Link`].
#[derive(Debug, Clone)]
pub struct WeakLink(Weak<Handle>);

/// What is known about a printer at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The status; `online` is true only while [`Connection::Online`].
    pub status: Arc<Status>,
    /// How the connection is.
    pub connection: Connection,
    /// Reports merged since the link was made.
    pub reports: u64,
    /// Whether the status rests on a whole report, so that what is `null` is not known at all.
    pub complete: bool,
    /// When the newest of these reports came; `None` before the first.
    pub heard: Option<Heard>,
}

/// How the connection to a printer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// Being made, or waiting for the first whole report.
    Connecting,
    /// The printer reports.
    Online,
    /// The printer was silent for a while and is being asked whether it is there.
    Stale,
    /// Not connected; the link tries again by itself unless it is [`Reason::Closed`].
    Offline(Reason),
}

/// A way to a printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// Its own broker on the local network.
    Lan,
    /// The cloud's broker.
    Cloud,
}

/// Why a request was not answered. It is never sent again by itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// Too many requests are waiting: try again later. This one was not sent.
    #[error("too many requests are waiting for this printer; try again")]
    Busy,
    /// There is no connection yet: wait for [`Connection::Online`]. The request was not sent.
    #[error("the printer is not connected yet; the request was not sent")]
    Connecting,
    /// There is no connection: see the reason. The request was not sent.
    #[error("the request was not sent: {0}")]
    Offline(Reason),
    /// The connection broke before the answer: look at the printer before sending it again.
    #[error("the connection broke before the printer answered; it may have acted all the same")]
    Lost,
    /// No answer in time: look at the printer before sending it again.
    #[error("the printer did not answer in time; it may have acted all the same")]
    NoAnswer,
}

/// A printer on the local network.
#[derive(Debug, Clone)]
pub struct LanTarget {
    /// Serial number; the printer's certificate must name it.
    pub serial: Serial,
    /// Host name or address.
    pub host: String,
    /// MQTT port, 8883 on real printers.
    pub port: u16,
    /// The code on the printer's screen.
    pub access_code: AccessCode,
    /// Its name, if known; the reports do not carry it.
    pub name: Option<String>,
    /// Its model, if known.
    pub model: Option<Model>,
    /// Port of its storage, 990 on real printers.
    pub ftps_port: u16,
    /// Port of its camera; `None`: as its model has it, 6000 or 322.
    pub camera_port: Option<u16>,
}

impl LanTarget {
    /// A printer at the usual ports, without name and model.
    pub fn new(serial: Serial, host: impl Into<String>, access_code: AccessCode) -> Self {
        Self {
            serial,
            host: host.into(),
            port: MQTT_PORT,
            access_code,
            name: None,
            model: None,
            ftps_port: ftp::PORT,
            camera_port: None,
        }
    }
}

/// Connects to a printer on the local network. Returns at once; the state is in the snapshot.
///
/// Must be called inside a tokio runtime.
pub fn connect_lan(target: LanTarget, options: Options) -> Link {
    let LanTarget { serial, host, port, access_code, name, model, .. } = target;
    let login = Login::lan(BrokerAddress { host, port }, serial.clone(), &access_code);
    let owner = task::spawn(login, options, None);
    Link(owner.printer(serial, name, model))
}

/// Connects to a printer that is known on the local network and in the cloud. Returns at once.
///
/// It is read over the LAN while it answers there and over the cloud while it does not; readers
/// see one state. A request takes the way that is in use when it is sent, and that one alone. A
/// reader of [`Link::raw`] may see a payload twice while the way changes.
///
/// Must be called inside a tokio runtime.
pub fn connect_both(target: LanTarget, session: &CloudSession, options: Options) -> Link {
    let LanTarget { serial, host, port, access_code, name, model, .. } = target;
    let login = Login::lan(BrokerAddress { host, port }, serial.clone(), &access_code);
    let shown = Arc::new(Feed::new(serial.clone(), name.clone(), model));
    let feed = Arc::new(Feed::new(serial.clone(), name, model).with_detour());
    let detour = Detour::default();
    let cloud = session.owner();
    let both = Both::new(shown.clone(), feed.clone(), cloud, detour.clone(), &options.timing);
    let owner = task::spawn(login, options, Some(Box::new(both)));
    let lan = owner.watch(serial, |_| feed);
    Link(Arc::new(Handle { feed: shown, owner, ways: Some(Ways { lan, detour }) }))
}

impl Link {
    /// The printer's serial number.
    pub fn serial(&self) -> &Serial {
        &self.0.feed.serial
    }

    /// What is known right now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.0.feed.snapshot.borrow().clone()
    }

    /// What is known, and every change of it; a slow reader sees the newest only.
    pub fn updates(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.0.feed.snapshot.subscribe()
    }

    /// Every snapshot from now on, 64 deep, for one who must not miss what comes and goes.
    pub(crate) fn each(&self) -> broadcast::Receiver<Arc<Snapshot>> {
        self.0.feed.each()
    }

    /// The merged report of the way in use, with every key that the printer sent, known to us or
    /// not: `{"print": {…}, "info": {…}}`; `None` before the first whole one. It is made when it is
    /// asked for, in about the time that a report takes to read.
    pub fn report(&self) -> Option<serde_json::Value> {
        self.handle().feed.report()
    }

    /// A handle that does not keep the connection.
    pub fn downgrade(&self) -> WeakLink {
        WeakLink(Arc::downgrade(&self.0))
    }

    /// Whether both are handles to one printer on one connection.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Every payload as the printer sent it, 1024 deep; a reader that lags has missed some.
    pub fn raw(&self) -> broadcast::Receiver<Bytes> {
        self.0.feed.raw()
    }

    /// Waits for the first whole status.
    ///
    /// # Errors
    /// The [`Reason`] as soon as one is fatal.
    pub async fn ready(&self) -> Result<Arc<Snapshot>, Reason> {
        let mut updates = self.updates();
        let settled = |snapshot: &Arc<Snapshot>| match &snapshot.connection {
            Connection::Online => snapshot.complete,
            Connection::Offline(reason) => reason.is_fatal(),
            Connection::Connecting | Connection::Stale => false,
        };
        let snapshot = match updates.wait_for(settled).await {
            Ok(snapshot) => snapshot.clone(),
            Err(_) => return Err(Reason::Closed),
        };
        match &snapshot.connection {
            Connection::Offline(reason) => Err(reason.clone()),
            _ => Ok(snapshot),
        }
    }

    /// Sends a request and waits for its answer.
    ///
    /// A request that has no acknowledgement of its own is answered by the report that it asks for
    /// (`pushall`), or as soon as it is sent (`pushing.start`).
    ///
    /// # Errors
    /// [`SendError`]; nothing is queued for a later connection and nothing is sent twice.
    pub async fn send(&self, request: Request) -> Result<Ack, SendError> {
        let hung_up = hangs_up(&request).then(|| Ack {
            section: request.section().into(),
            command: Some(request.command().into()),
            ..Ack::default()
        });
        match self.ask(request).await {
            Err(SendError::Lost) => hung_up.ok_or(SendError::Lost),
            answer => answer,
        }
    }

    /// The same, where a lost connection is no answer to anything.
    pub(crate) async fn ask(&self, request: Request) -> Result<Ack, SendError> {
        let way = self.handle();
        way.feed.snapshot.borrow().connection.check()?;
        let (answer, waiting) = oneshot::channel();
        let serial = self.serial().clone();
        way.owner.send(Command { serial, request, answer })?;
        waiting.await.unwrap_or(Err(SendError::Lost))
    }

    /// The way in use now; it changes only with [`connect_both`].
    pub fn way(&self) -> Way {
        self.handle().owner.way
    }

    fn handle(&self) -> Arc<Handle> {
        match &self.0.ways {
            None => self.0.clone(),
            Some(ways) => ways.detour.handle().unwrap_or_else(|| ways.lan.clone()),
        }
    }

    /// Ends the connection that this link runs on, with all printers on it, and waits until the
    /// other end was told. With [`connect_both`] that is the LAN's; the cloud session stays.
    pub async fn close(&self) {
        self.0.owner.close().await;
    }
}

impl WeakLink {
    /// The link, while there is one.
    pub fn upgrade(&self) -> Option<Link> {
        self.0.upgrade().map(Link)
    }
}

impl Snapshot {
    /// How old the newest report is, by a clock that nobody sets; `None` before the first.
    pub fn age(&self) -> Option<Duration> {
        self.heard.map(|heard| heard.age())
    }
}

/// Whether hanging up is how a printer takes this one. [L]
pub(crate) fn hangs_up(request: &Request) -> bool {
    (request.section(), request.command()) == ("system", "reboot")
}

impl Connection {
    /// Whether a request can be sent now.
    pub(crate) fn check(&self) -> Result<(), SendError> {
        match self {
            Self::Online | Self::Stale => Ok(()),
            Self::Connecting => Err(SendError::Connecting),
            Self::Offline(reason) => Err(SendError::Offline(reason.clone())),
        }
    }

    /// Why it is offline; `None` in the other states.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Offline(reason) => Some(reason),
            Self::Connecting | Self::Online | Self::Stale => None,
        }
    }

    /// One word: `connecting`, `online`, `stale`, `offline`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Online => "online",
            Self::Stale => "stale",
            Self::Offline(_) => "offline",
        }
    }
}
