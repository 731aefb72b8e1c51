//! The MQTT broker that answers as a printer ([`lan`]) or the cloud does; the rules come by [`Hooks`].
//!
//! QoS 0 and 1 both ways; a publish of QoS 2 is taken, a subscription of QoS 2 is granted as 1.
//! Sessions are never kept and retained messages never stored: neither a printer nor the cloud does.

use std::{future::Future, sync::Arc, time::Duration};

use bambu_protocol::mqtt::{Connect, ConnectCode, QoS};
use bytes::Bytes;
use rustls::ServerConfig;
use tokio::{
    net::TcpListener,
    sync::broadcast::{Receiver, error::RecvError},
};
use tokio_util::sync::CancellationToken;

use crate::faults::Circumstances;

mod accept;
mod client;
mod frame;
pub mod lan;
mod outbox;
mod router;
mod session;
mod shared;

pub use shared::Counters;

/// Who a client is, as [`Hooks::connect`] decided; also the space of its client ids.
pub type User = Arc<str>;

/// The rules of a broker, and who hears what is published. All calls return at once.
pub trait Hooks: Send + Sync + 'static {
    /// Lets a client in, or not.
    ///
    /// # Errors
    /// [`ConnectRefusal`]: the code to answer with; the connection is closed then.
    fn connect(&self, connect: &Connect) -> Result<User, ConnectRefusal>;

    /// Whether `user` may subscribe to `filter`; if not, the answer is 0x80.
    fn may_subscribe(&self, user: &User, filter: &str) -> bool;

    /// Whether `user` may publish to `topic`; if not, the connection is closed.
    fn may_publish(&self, user: &User, topic: &str) -> bool;

    /// A client has published. The payload is a slice of the read buffer: copy it to keep it long.
    fn published(&self, user: &User, topic: &str, payload: &Bytes);

    /// The full status on `topic`, for a client whose queue overflowed; `None` when there is none.
    fn full_report(&self, topic: &str) -> Option<Bytes>;

    /// Whether what clients publish to `topic` goes to other subscribers too.
    fn routes(&self, _topic: &str) -> bool {
        true
    }

    /// What goes wrong with connections on purpose; nothing unless the rules say otherwise.
    fn circumstances(&self) -> Option<&Circumstances> {
        None
    }
}

/// Why a client is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectRefusal {
    /// CONNACK 2: this client id is not allowed.
    ClientId,
    /// CONNACK 3: try again later.
    Unavailable,
    /// CONNACK 4: user name or password is wrong.
    BadCredentials,
    /// CONNACK 5: not authorised; what printers and their cloud say to a wrong code or token [L].
    NotAuthorized,
}

impl ConnectRefusal {
    /// The code on the wire.
    pub fn code(self) -> ConnectCode {
        match self {
            Self::ClientId => ConnectCode::IdentifierRejected,
            Self::Unavailable => ConnectCode::ServerUnavailable,
            Self::BadCredentials => ConnectCode::BadCredentials,
            Self::NotAuthorized => ConnectCode::NotAuthorized,
        }
    }
}

/// What one broker bears. The defaults fit a printer and a cloud of thousands of printers.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest packet from a client in bytes; more closes the connection.
    pub max_packet: usize,
    /// Most connections at once, those still shaking hands included; more are closed at once.
    pub max_connections: usize,
    /// Most subscriptions of one client; more are refused with 0x80.
    pub max_subscriptions: usize,
    /// Most messages waiting for one client; see [`Counters::overflows`] for what happens then.
    pub queue_messages: usize,
    /// Most bytes waiting for one client.
    pub queue_bytes: usize,
    /// Longest time from accept to CONNECT, TLS included.
    pub handshake: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_packet: 1 << 20,
            max_connections: 20_000,
            max_subscriptions: 20_000,
            queue_messages: 1024,
            queue_bytes: 4 << 20,
            handshake: Duration::from_secs(10),
        }
    }
}

/// A handle to one broker; cheap to clone. Connections come in through [`Broker::run`].
#[derive(Clone)]
pub struct Broker {
    shared: Arc<shared::Shared>,
}

impl Broker {
    /// A broker without listeners.
    pub fn new(hooks: Arc<dyn Hooks>, limits: Limits) -> Self {
        Self { shared: Arc::new(shared::Shared::new(hooks, limits)) }
    }

    /// Serves a listener until `shutdown`; ends when its last connection has ended.
    ///
    /// One broker may run several listeners. Dropping the future breaks its connections.
    pub fn run(
        &self,
        listener: TcpListener,
        tls: Option<Arc<ServerConfig>>,
        shutdown: CancellationToken,
    ) -> impl Future<Output = ()> + Send + 'static {
        accept::run(Arc::clone(&self.shared), listener, tls, shutdown)
    }

    /// Sends a message of QoS 0 to all subscribers of `topic`; returns how many they are.
    ///
    /// Never waits: a full queue is dropped and its client gets [`Hooks::full_report`] instead.
    pub fn publish(&self, topic: &str, payload: impl Into<Bytes>) -> usize {
        self.shared.deliver(topic, &payload.into(), QoS::AtMostOnce)
    }

    /// Publishes `reports` to `topic` while `reachable` says so, until `shutdown` or their end.
    ///
    /// Where it lags behind them, subscribers get the full status instead of what was lost.
    pub async fn carry(
        &self,
        topic: &str,
        mut reports: Receiver<Bytes>,
        reachable: impl Fn() -> bool,
        shutdown: CancellationToken,
    ) {
        loop {
            let next = tokio::select! {
                () = shutdown.cancelled() => return,
                next = reports.recv() => next,
            };
            match next {
                Ok(report) if reachable() => {
                    self.publish(topic, report);
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => self.resync(topic),
                // The machine is gone; clients stay connected to a silent printer.
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Messages on `topic` were lost before they came here: its subscribers get the full status.
    pub fn resync(&self, topic: &str) {
        self.shared.resync(topic);
    }

    /// Ends all subscriptions to exactly this topic; the connections stay.
    pub fn revoke(&self, topic: &str) {
        self.shared.revoke(topic);
    }

    /// Closes all connections of `user`, as after a changed password.
    pub fn disconnect(&self, user: &str) {
        self.shared.disconnect(user);
    }

    /// What has happened so far.
    pub fn counters(&self) -> Counters {
        self.shared.counters()
    }
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broker").field("counters", &self.counters()).finish_non_exhaustive()
    }
}
