//! What all connections of a broker share: the clients, who wants what, the counters.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use bambu_protocol::mqtt::{Packet, QoS};
use bytes::Bytes;

use super::{Hooks, Limits, User, client::Client, frame::Frame, router::Router};

/// What a broker has seen so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Clients let in.
    pub connections: u64,
    /// Clients connected now.
    pub connected: u64,
    /// Connections that ended before a client was let in, whatever the reason.
    pub refused: u64,
    /// Messages that came from clients.
    pub published: u64,
    /// Messages written to clients.
    pub deliveries: u64,
    /// Full queues: each was dropped, and its client was sent the full status of its topics.
    pub overflows: u64,
}

/// The atomics behind [`Counters`].
#[derive(Default)]
pub(super) struct Tally {
    pub(super) connections: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) published: AtomicU64,
    pub(super) deliveries: AtomicU64,
    pub(super) overflows: AtomicU64,
}

/// Adds to one of the counters.
pub(super) fn count(counter: &AtomicU64, more: usize) {
    counter.fetch_add(more as u64, Ordering::Relaxed);
}

/// Connected clients by user and client id.
type Clients = HashMap<(User, Box<str>), Arc<Client>>;

/// The heart of a broker.
pub(super) struct Shared {
    pub(super) hooks: Arc<dyn Hooks>,
    pub(super) limits: Limits,
    pub(super) tally: Tally,
    router: RwLock<Router>,
    clients: Mutex<Clients>,
    last_key: AtomicU64,
}

impl Shared {
    pub(super) fn new(hooks: Arc<dyn Hooks>, limits: Limits) -> Self {
        Self {
            hooks,
            limits,
            tally: Tally::default(),
            router: RwLock::default(),
            clients: Mutex::default(),
            last_key: AtomicU64::new(0),
        }
    }

    fn clients(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a client; an older one of the same user and id is closed.
    pub(super) fn enter(&self, user: User, client_id: &str, hello: &Packet) -> Arc<Client> {
        let key = self.last_key.fetch_add(1, Ordering::Relaxed);
        // No client can send this name: it holds a control character.
        let invented = if client_id.is_empty() { format!("\u{1}{key}") } else { String::new() };
        let id = if client_id.is_empty() { &invented } else { client_id };
        let client = Arc::new(Client::new(key, user, id));
        client.answer(hello);
        let name = (Arc::clone(&client.user), client.id.clone());
        let older = self.clients().insert(name, Arc::clone(&client));
        if let Some(older) = older {
            older.close();
        }
        count(&self.tally.connections, 1);
        client
    }

    /// Forgets a client and its subscriptions.
    pub(super) fn leave(&self, client: &Client, filters: impl IntoIterator<Item = Box<str>>) {
        let name = (Arc::clone(&client.user), client.id.clone());
        let mut clients = self.clients();
        if clients.get(&name).is_some_and(|known| known.key == client.key) {
            clients.remove(&name);
        }
        drop(clients);
        let mut router = self.router_mut();
        for filter in filters {
            router.remove(&filter, client.key);
        }
    }

    pub(super) fn subscribe(&self, client: &Arc<Client>, filter: &str, qos: QoS) {
        self.router_mut().add(filter, client, qos);
    }

    pub(super) fn unsubscribe(&self, client: &Client, filter: &str) {
        self.router_mut().remove(filter, client.key);
    }

    fn router_mut(&self) -> RwLockWriteGuard<'_, Router> {
        self.router.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a message for all who want it; returns how many they are.
    pub(super) fn deliver(&self, topic: &str, payload: &Bytes, qos: QoS) -> usize {
        let (mut plain, mut acknowledged) = (None, None);
        let mut reached = 0;
        self.visit(topic, |client, granted| {
            let wants_ack = qos.min(granted) != QoS::AtMostOnce;
            let slot = if wants_ack { &mut acknowledged } else { &mut plain };
            let frame = slot.get_or_insert_with(|| Frame::new(topic, payload, wants_ack));
            let Some(frame) = frame else { return };
            let pushed = client.outbox().push(frame, &self.limits);
            client.wake_if(pushed.wake);
            count(&self.tally.overflows, usize::from(pushed.overflowed));
            reached += 1;
        });
        reached
    }

    pub(super) fn resync(&self, topic: &str) {
        self.visit(topic, |client, _| {
            let wake = client.outbox().push_resync(topic);
            client.wake_if(wake);
        });
    }

    fn visit(&self, topic: &str, visit: impl FnMut(&Arc<Client>, QoS)) {
        self.router.read().unwrap_or_else(PoisonError::into_inner).visit(topic, visit);
    }

    pub(super) fn revoke(&self, topic: &str) {
        self.router_mut().clear(topic);
    }

    pub(super) fn disconnect(&self, user: &str) {
        for client in self.clients().values().filter(|client| client.user.as_ref() == user) {
            client.close();
        }
    }

    pub(super) fn counters(&self) -> Counters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            connections: read(&self.tally.connections),
            connected: self.clients().len() as u64,
            refused: read(&self.tally.refused),
            published: read(&self.tally.published),
            deliveries: read(&self.tally.deliveries),
            overflows: read(&self.tally.overflows),
        }
    }
}
