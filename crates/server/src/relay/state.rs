//! Who reads which printers: readers of the same ones share a channel, so that a batch of frames is
//! put together once and handed to all of them.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Weak},
    time::Duration,
};

use bambu_protocol::Serial;
use bambulab::{Link, Snapshot};
use bytes::{Bytes, BytesMut};
use tokio::{
    sync::{broadcast, watch},
    time::Instant,
};

use super::{View, encode::Encoder};

/// Batches that a slow reader may be behind; then it gets a new snapshot.
const DEPTH: usize = 64;
/// Silence after which readers, and what stands between, are told that the stream lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const COMMENT: Bytes = Bytes::from_static(b": keep-alive\n\n");
/// A batch goes out early when it gets so long, in bytes.
const BATCH: usize = 256 * 1024;

/// What readers of one set of printers hold: the links, which end with the last reader.
pub(super) struct Group {
    id: u64,
    _links: Vec<Link>,
}

/// What one who joined gets.
pub(super) struct Joined {
    pub(super) group: Arc<Group>,
    pub(super) receiver: broadcast::Receiver<Bytes>,
    pub(super) snapshot: VecDeque<Bytes>,
}

#[derive(Default)]
pub(super) struct State {
    printers: BTreeMap<u64, Printer>,
    by_serial: HashMap<Serial, Vec<u64>>,
    groups: BTreeMap<u64, Seats>,
    by_printers: HashMap<(View, Vec<u64>), u64>,
    /// Printers whose changes nobody waits for yet.
    fresh: Vec<(u64, watch::Receiver<Arc<Snapshot>>)>,
    ids: u64,
    frames: u64,
    closed: bool,
}

struct Printer {
    serial: Serial,
    updates: watch::Receiver<Arc<Snapshot>>,
    encoder: Encoder,
    groups: Vec<u64>,
}

struct Seats {
    group: Weak<Group>,
    seen: (View, Vec<u64>),
    sender: broadcast::Sender<Bytes>,
    batch: BytesMut,
    sent: Instant,
}

impl State {
    /// A reader of these printers; `None` after the end.
    pub(super) fn join(&mut self, links: Vec<Link>, view: View) -> Option<Joined> {
        if self.closed {
            return None;
        }
        let mut printers: Vec<_> = links.iter().map(|link| self.printer(link)).collect();
        printers.sort_unstable();
        printers.dedup();
        let seen = (view, printers);
        let standing = self.by_printers.get(&seen).and_then(|id| self.groups.get(id));
        let group = standing.and_then(|seats| seats.group.upgrade());
        let group = group.unwrap_or_else(|| self.seat(links, seen));
        self.rejoin(group)
    }

    /// A snapshot, and the place behind it, for one who joined before.
    pub(super) fn rejoin(&mut self, group: Arc<Group>) -> Option<Joined> {
        let (view, printers) = self.groups.get(&group.id)?.seen.clone();
        for id in &printers {
            // What the others have not heard of yet is a change to them.
            self.take(*id, None);
        }
        let now = Instant::now();
        let seats = self.groups.get_mut(&group.id)?;
        seats.flush(now);
        let receiver = seats.sender.subscribe();
        let mut snapshot = VecDeque::with_capacity(printers.len() + 1);
        for id in &printers {
            if let Some(printer) = self.printers.get_mut(id) {
                snapshot.push_back(printer.encoder.snapshot(view, self.frames, now));
            }
        }
        if snapshot.is_empty() {
            snapshot.push_back(COMMENT);
        }
        Some(Joined { group, receiver, snapshot })
    }

    /// Takes what is known of a printer, by default what its link shows now.
    pub(super) fn take(&mut self, id: u64, snapshot: Option<Arc<Snapshot>>) {
        let Some(printer) = self.printers.get_mut(&id) else { return };
        if printer.groups.is_empty() {
            printer.encoder.forget();
            return;
        }
        let snapshot = snapshot.unwrap_or_else(|| printer.updates.borrow().clone());
        let Some(mut change) = printer.encoder.take(snapshot, self.frames + 1) else { return };
        self.frames += 1;
        for id in &printer.groups {
            if let Some(seats) = self.groups.get_mut(id) {
                seats.batch.extend_from_slice(&change.frame(seats.seen.0));
                if seats.batch.len() > BATCH {
                    seats.flush(Instant::now());
                }
            }
        }
    }

    /// Printers that were added since this was asked last.
    pub(super) fn fresh(&mut self) -> Vec<(u64, watch::Receiver<Arc<Snapshot>>)> {
        std::mem::take(&mut self.fresh)
    }

    /// Whether there is something to send.
    pub(super) fn is_waiting(&self) -> bool {
        self.groups.values().any(|seats| !seats.batch.is_empty())
    }

    /// Sends what waits, each batch as one piece.
    pub(super) fn flush(&mut self, now: Instant) {
        self.groups.values_mut().for_each(|seats| seats.flush(now));
    }

    /// Tells silent readers that the stream lives, and forgets who left.
    pub(super) fn tend(&mut self, now: Instant) {
        let Self { groups, printers, by_printers, by_serial, .. } = self;
        groups.retain(|id, seats| {
            let stays = seats.group.strong_count() > 0;
            if !stays && by_printers.get(&seats.seen) == Some(id) {
                by_printers.remove(&seats.seen);
            }
            stays
        });
        printers.retain(|id, printer| {
            printer.groups.retain(|group| groups.contains_key(group));
            if printer.groups.is_empty() {
                printer.encoder.forget();
            }
            let stays = !printer.groups.is_empty() || printer.updates.has_changed().is_ok();
            if !stays && let Some(ids) = by_serial.get_mut(&printer.serial) {
                ids.retain(|other| other != id);
                if ids.is_empty() {
                    by_serial.remove(&printer.serial);
                }
            }
            stays
        });
        for seats in groups.values_mut() {
            if now.duration_since(seats.sent) >= KEEP_ALIVE {
                seats.send(COMMENT, now);
            }
        }
    }

    /// Ends all streams: their channels close.
    pub(super) fn close(&mut self) {
        self.flush(Instant::now());
        *self = Self { closed: true, ..Self::default() };
    }

    /// Whether nothing is kept for anybody.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        let Self { printers, by_serial, groups, by_printers, .. } = self;
        printers.is_empty() && by_serial.is_empty() && groups.is_empty() && by_printers.is_empty()
    }

    fn seat(&mut self, links: Vec<Link>, seen: (View, Vec<u64>)) -> Arc<Group> {
        let id = self.id();
        for printer in &seen.1 {
            if let Some(printer) = self.printers.get_mut(printer) {
                printer.groups.push(id);
            }
        }
        let group = Arc::new(Group { id, _links: links });
        self.by_printers.insert(seen.clone(), id);
        self.groups.insert(
            id,
            Seats {
                group: Arc::downgrade(&group),
                seen,
                sender: broadcast::Sender::new(DEPTH),
                batch: BytesMut::new(),
                sent: Instant::now(),
            },
        );
        group
    }

    fn printer(&mut self, link: &Link) -> u64 {
        let updates = link.updates();
        let same = |id: &&u64| {
            self.printers.get(id).is_some_and(|printer| printer.updates.same_channel(&updates))
        };
        let known = self.by_serial.get(link.serial()).and_then(|ids| ids.iter().find(same));
        if let Some(id) = known {
            return *id;
        }
        let id = self.id();
        let serial = link.serial().clone();
        self.by_serial.entry(serial.clone()).or_default().push(id);
        self.fresh.push((id, updates.clone()));
        let encoder = Encoder::new(serial.clone());
        self.printers.insert(id, Printer { serial, updates, encoder, groups: Vec::new() });
        id
    }

    fn id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }
}

impl Seats {
    fn flush(&mut self, now: Instant) {
        if !self.batch.is_empty() {
            let batch = self.batch.split().freeze();
            self.send(batch, now);
        }
    }

    fn send(&mut self, bytes: Bytes, now: Instant) {
        self.sent = now;
        // Without a reader there is nobody to tell.
        let _ = self.sender.send(bytes);
    }
}
