//! The newest frames, for viewers of every pace: one ring, no copy per viewer.
//!
//! A viewer that is within the ring misses nothing. One that fell out of it goes on at the newest
//! key frame; one that joins begins there.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    task::Waker,
};

use super::{CameraKind, Frame};

/// Frames of H.264 that are kept, as long as they fit into [`MAX_BYTES`]: 10 s at 30 a second.
const MAX_FRAMES: usize = 300;
/// Bytes of H.264 that are kept; the newest frame always is.
const MAX_BYTES: usize = 8 << 20;

/// The ring, and who waits for its next frame.
#[derive(Debug)]
pub(super) struct Shelf {
    max_frames: usize,
    frames: VecDeque<Arc<Frame>>,
    bytes: usize,
    waiting: HashMap<u64, Waker>,
    /// Frames up to this number are of upstreams that have ended: nobody begins there.
    past: u64,
    /// Views up to this number get nothing any more.
    pub(super) ended: u64,
}

impl Shelf {
    pub(super) fn new(kind: CameraKind) -> Self {
        let max_frames = match kind {
            CameraKind::Jpeg => 1,
            CameraKind::H264 => MAX_FRAMES,
        };
        let (frames, waiting) = (VecDeque::new(), HashMap::new());
        Self { max_frames, frames, bytes: 0, waiting, past: 0, ended: 0 }
    }

    pub(super) fn put(&mut self, frame: Arc<Frame>) {
        self.bytes += frame.data.len();
        self.frames.push_back(frame);
        while self.frames.len() > self.max_frames
            || (self.bytes > MAX_BYTES && self.frames.len() > 1)
        {
            let gone = self.frames.pop_front();
            self.bytes -= gone.map_or(0, |frame| frame.data.len());
        }
    }

    /// An upstream has ended: what it showed is no picture of now, but a viewer that is a little
    /// behind still gets it.
    pub(super) fn retire(&mut self) {
        self.past = self.frames.back().map_or(self.past, |frame| frame.number);
    }

    /// Nobody looks any more.
    pub(super) fn clear(&mut self) {
        self.frames.clear();
        self.bytes = 0;
    }

    /// What a viewer gets that has seen everything up to `last`; 0: nothing yet.
    pub(super) fn after(&self, last: u64) -> Option<&Arc<Frame>> {
        let first = self.frames.front()?.number;
        if last > 0 && last + 1 >= first {
            return self.frames.get(usize::try_from(last + 1 - first).ok()?);
        }
        let begins = |frame: &&Arc<Frame>| frame.is_key && frame.number > last.max(self.past);
        self.frames.iter().rev().find(begins)
    }

    /// Wakes `view` with the next frame, or when it ends.
    pub(super) fn wait(&mut self, view: u64, waker: &Waker) {
        match self.waiting.get_mut(&view) {
            Some(known) => known.clone_from(waker),
            None => drop(self.waiting.insert(view, waker.clone())),
        }
    }

    pub(super) fn forget(&mut self, view: u64) {
        self.waiting.remove(&view);
    }

    /// Everybody who waits, to be woken once the shelf is free again.
    pub(super) fn waiting(&mut self) -> Vec<Waker> {
        self.waiting.drain().map(|(_, waker)| waker).collect()
    }
}

#[cfg(test)]
mod tests;
