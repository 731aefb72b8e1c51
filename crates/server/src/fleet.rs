//! All printers of a process by serial number, and what happens to any of them as one stream.
//!
//! The connection behind each printer is the client's `link`; nothing is copied or decoded here.

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc};

use bambu_protocol::Serial;
use bambulab::link::{Link, Snapshot};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::sync::watch;

/// All printers of a process.
#[derive(Debug, Clone, Default)]
pub struct Fleet {
    links: BTreeMap<Serial, Link>,
}

impl Fleet {
    /// A fleet without printers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a printer in; the link that stood under its serial number before is given back.
    pub fn add(&mut self, link: Link) -> Option<Link> {
        self.links.insert(link.serial().clone(), link)
    }

    /// Lets a printer go.
    pub fn remove(&mut self, serial: &str) -> Option<Link> {
        self.links.remove(serial)
    }

    /// The printer with this serial number.
    pub fn link(&self, serial: &str) -> Option<&Link> {
        self.links.get(serial)
    }

    /// All printers, by serial number.
    pub fn links(&self) -> impl ExactSizeIterator<Item = &Link> {
        self.links.values()
    }

    /// How many printers there are.
    pub fn len(&self) -> usize {
        self.links.len()
    }

    /// Whether there is no printer.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// What happens to the printers that are here now: first the present state of each one, then
    /// every change. A reader that is late sees the newest state and none in between.
    pub fn updates(&self) -> Updates {
        Updates::of(self.links().map(|link| (link.serial().clone(), link.updates())))
    }
}

/// A stream of states of many printers, without a task of its own. `K` tells them apart.
#[derive(Debug)]
pub struct Updates<K = Serial> {
    waiting: FuturesUnordered<Change<K>>,
}

type Change<K> = Pin<Box<dyn Future<Output = Option<Changed<K>>> + Send>>;

struct Changed<K> {
    key: K,
    receiver: watch::Receiver<Arc<Snapshot>>,
}

impl<K> Default for Updates<K> {
    fn default() -> Self {
        Self { waiting: FuturesUnordered::new() }
    }
}

impl<K: Clone + Send + 'static> Updates<K> {
    fn of(printers: impl Iterator<Item = (K, watch::Receiver<Arc<Snapshot>>)>) -> Self {
        let updates = Self::default();
        printers.for_each(|(key, receiver)| updates.push(key, receiver));
        updates
    }

    /// One printer more: its present state comes first.
    pub(crate) fn push(&self, key: K, mut receiver: watch::Receiver<Arc<Snapshot>>) {
        receiver.mark_changed();
        self.waiting.push(change(Changed { key, receiver }));
    }

    /// How many printers there are.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The next state of any printer; `None` when every connection is closed for good.
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<(K, Arc<Snapshot>)> {
        loop {
            // A printer whose link has ended is left out from here on.
            let Some(mut changed) = self.waiting.next().await? else { continue };
            let update = (changed.key.clone(), changed.receiver.borrow_and_update().clone());
            self.waiting.push(change(changed));
            return Some(update);
        }
    }
}

fn change<K: Send + 'static>(mut printer: Changed<K>) -> Change<K> {
    Box::pin(async move { printer.receiver.changed().await.is_ok().then_some(printer) })
}
