//! What waits for one client: answers, messages, and topics to be sent in full after an overflow.

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    ops::Bound,
};

use bambu_protocol::mqtt::{self, Packet};
use bytes::BytesMut;

use super::{Limits, frame::Frame};

/// Most acknowledged messages on their way to a client at once.
const WINDOW: usize = 512;

/// Most bytes of answers that wait for a client that does not read.
const MAX_ANSWERS: usize = 64 << 10;

/// Bytes handed to the socket at once: a few TLS records.
const BATCH: usize = 64 << 10;

/// Messages beside one full status: the printers that wait for theirs must not wait for ever
/// behind those that had it.
const BESIDE_FULL: usize = 4;

/// Longest queue whose memory is kept for later.
const KEPT_CAPACITY: usize = 32;

/// The bounded queue of one client.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    answers: BytesMut,
    frames: VecDeque<Frame>,
    bytes: usize,
    /// Topics whose next message is the full status, fetched when its turn comes.
    resync: BTreeSet<Box<str>>,
    /// The topic whose turn it was last; the next one after it follows.
    resynced: Box<str>,
    unacknowledged: HashSet<u16>,
    last_id: u16,
    /// Whether the writer sleeps and wants to be woken.
    idle: bool,
    closed: bool,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pushed {
    /// The writer must be woken.
    pub(super) wake: bool,
    /// The queue was full and is dropped.
    pub(super) overflowed: bool,
}

/// A share of the outbox, taken out to be written.
#[derive(Debug, Default)]
pub(super) struct Batch {
    answers: BytesMut,
    /// A topic whose full status is due, before the frames.
    pub(super) resync: Option<Box<str>>,
    frames: Vec<(Frame, u16)>,
    bytes: usize,
}

impl Batch {
    /// Messages in it, the full status not counted.
    pub(super) fn messages(&self) -> usize {
        self.frames.len()
    }

    /// The bytes to write, with the full status where one was due.
    pub(super) fn into_bytes(self, full: Option<&Frame>) -> BytesMut {
        let mut out = self.answers;
        out.reserve(self.bytes + full.map_or(0, Frame::len));
        if let Some(full) = full {
            full.write(0, &mut out);
        }
        for (frame, id) in &self.frames {
            frame.write(*id, &mut out);
        }
        out
    }
}

impl Outbox {
    /// Queues a message. When the queue is full it is dropped, and the full status of every topic
    /// in it is due instead: reports are differences, and a lost one would stay lost.
    pub(super) fn push(&mut self, frame: &Frame, limits: &Limits) -> Pushed {
        let nothing = Pushed { wake: false, overflowed: false };
        if self.closed || self.resync.contains(frame.topic()) {
            return nothing;
        }
        let full = self.frames.len() >= limits.queue_messages
            || self.bytes.saturating_add(frame.len()) > limits.queue_bytes;
        if full {
            let lost = self.frames.iter().chain([frame]).map(|frame| frame.topic().into());
            self.resync.extend(lost);
            self.frames = VecDeque::new();
            self.bytes = 0;
        } else {
            self.bytes += frame.len();
            self.frames.push_back(frame.clone());
        }
        Pushed { wake: std::mem::take(&mut self.idle), overflowed: full }
    }

    /// Makes the full status of `topic` due; true when the writer must be woken.
    pub(super) fn push_resync(&mut self, topic: &str) -> bool {
        if self.closed {
            return false;
        }
        self.frames.retain(|frame| frame.topic() != topic);
        self.bytes = self.frames.iter().map(Frame::len).sum();
        self.resync.insert(topic.into());
        std::mem::take(&mut self.idle)
    }

    /// Queues an answer; `None` when the client lets too many of them pile up. True: wake the writer.
    pub(super) fn answer(&mut self, packet: &Packet) -> Option<bool> {
        mqtt::encode(packet, &mut self.answers).ok()?;
        (self.answers.len() <= MAX_ANSWERS).then(|| std::mem::take(&mut self.idle))
    }

    /// The client has acknowledged a message; true when the writer must be woken.
    pub(super) fn acknowledge(&mut self, id: u16) -> bool {
        let was_full = self.unacknowledged.len() >= WINDOW;
        self.unacknowledged.remove(&id);
        if self.unacknowledged.is_empty() {
            self.unacknowledged = HashSet::new();
        }
        was_full && std::mem::take(&mut self.idle)
    }

    /// Drops what waits and takes no more messages.
    pub(super) fn close(&mut self) {
        *self = Self { closed: true, ..Self::default() };
    }

    /// Takes the next share out; `None` puts the writer to sleep.
    pub(super) fn next(&mut self) -> Option<Batch> {
        let mut batch = Batch {
            answers: std::mem::take(&mut self.answers),
            resync: self.next_resync(),
            ..Batch::default()
        };
        let most = if batch.resync.is_some() { BESIDE_FULL } else { usize::MAX };
        while batch.bytes < BATCH
            && batch.frames.len() < most
            && let Some(frame) = self.frames.front()
        {
            let id = if !frame.acknowledged() {
                0
            } else if self.unacknowledged.len() < WINDOW {
                self.fresh_id()
            } else {
                break;
            };
            if let Some(frame) = self.frames.pop_front() {
                self.bytes = self.bytes.saturating_sub(frame.len());
                batch.bytes += frame.len();
                batch.frames.push((frame, id));
            }
        }
        if self.frames.is_empty() && self.frames.capacity() > KEPT_CAPACITY {
            self.frames = VecDeque::new();
        }
        let empty = batch.answers.is_empty() && batch.resync.is_none() && batch.frames.is_empty();
        self.idle = empty;
        (!empty).then_some(batch)
    }

    /// All topics in turn, whatever was added meanwhile.
    fn next_resync(&mut self) -> Option<Box<str>> {
        let after = (Bound::Excluded(self.resynced.as_ref()), Bound::Unbounded);
        let next = self.resync.range::<str, _>(after).next().or(self.resync.first())?.clone();
        self.resync.remove(&next);
        self.resynced.clone_from(&next);
        Some(next)
    }

    /// The window is smaller than the numbers there are, so this ends.
    fn fresh_id(&mut self) -> u16 {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            if self.unacknowledged.insert(self.last_id) {
                return self.last_id;
            }
        }
    }
}

#[cfg(test)]
mod tests;
