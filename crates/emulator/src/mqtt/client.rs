//! One connected client as the rest of its broker sees it: a queue, and a way to end it.
//!
//! Its two halves on the socket are in `session.rs`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bambu_protocol::mqtt::Packet;
use tokio::sync::Notify;

use super::{
    User,
    outbox::{Batch, Outbox},
};

/// One connected client, as others see it.
pub(super) struct Client {
    pub(super) key: u64,
    pub(super) user: User,
    pub(super) id: Box<str>,
    outbox: Mutex<Outbox>,
    wake: Notify,
    gone: Notify,
}

impl Client {
    pub(super) fn new(key: u64, user: impl Into<User>, id: &str) -> Self {
        let (user, id) = (user.into(), id.into());
        let outbox = Mutex::new(Outbox::default());
        Self { key, user, id, outbox, wake: Notify::new(), gone: Notify::new() }
    }

    pub(super) fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The writer's turn: waits until there is something to write.
    pub(super) async fn next(&self) -> Batch {
        loop {
            let next = self.outbox().next();
            match next {
                Some(batch) => return batch,
                None => self.wake.notified().await,
            }
        }
    }

    /// Waits until this client is to be closed.
    pub(super) async fn closed(&self) {
        self.gone.notified().await;
    }

    /// Queues an answer; false when the connection is to be closed.
    pub(super) fn answer(&self, packet: &Packet) -> bool {
        let answered = self.outbox().answer(packet);
        self.wake_if(answered == Some(true));
        answered.is_some()
    }

    /// The client has acknowledged a message.
    pub(super) fn acknowledge(&self, id: u16) {
        let wake = self.outbox().acknowledge(id);
        self.wake_if(wake);
    }

    pub(super) fn close(&self) {
        self.outbox().close();
        self.gone.notify_one();
    }

    pub(super) fn wake_if(&self, wake: bool) {
        if wake {
            self.wake.notify_one();
        }
    }
}
