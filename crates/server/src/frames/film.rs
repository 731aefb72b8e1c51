//! H.264 as segments of fragmented MP4: each picture is put into one once, by whoever gets it first,
//! and the same bytes go to all who watch.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use bambu_protocol::fmp4::{self, Picture, Timeline, Track, Unfit};
use bambulab::camera::{Frame, Video};
use bytes::Bytes;

use super::lock;

/// Segments that are kept, for viewers who join or lag: 10 s at 30 a second.
const MOST: usize = 300;
/// Bytes of them that are kept; the newest always is.
const MOST_BYTES: usize = 8 << 20;

/// The newest segments of a camera.
#[derive(Default)]
pub(super) struct Film {
    timeline: Timeline<Arc<Frame>>,
    newest: u64,
    opening: Option<Arc<Opening>>,
    cuts: VecDeque<Cut>,
    bytes: usize,
}

/// What comes before the pictures.
struct Opening {
    video: Arc<Video>,
    segment: Bytes,
}

/// One picture.
#[derive(Clone)]
struct Cut {
    number: u64,
    is_key: bool,
    opening: Arc<Opening>,
    segment: Bytes,
}

/// A part of what a viewer is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    /// What follows is like this: before the first picture, and when it has changed.
    Opening(Arc<Video>, Bytes),
    /// One picture.
    Picture(Bytes),
}

/// One viewer's place in the film. It gives each picture when the next one is there, which says how
/// long it lasts.
pub(crate) struct Reader {
    film: Arc<Mutex<Film>>,
    pending: Option<u64>,
    /// What this viewer was told of; nothing is sent before a key picture.
    told: Option<Arc<Opening>>,
    skipped: u64,
}

impl Film {
    pub(super) fn video(&self) -> Option<&Arc<Video>> {
        self.opening.as_ref().map(|opening| &opening.video)
    }

    fn take(&mut self, frame: &Arc<Frame>) -> Result<(), Unfit> {
        if frame.number <= self.newest {
            return Ok(());
        }
        self.newest = frame.number;
        match self.timeline.push(frame.clone(), frame.elapsed) {
            Some(timed) => {
                let (time, duration) = (timed.time, timed.duration);
                self.cut(&timed.picture, time, duration)
            }
            None => Ok(()),
        }
    }

    fn cut(&mut self, frame: &Frame, time: u64, duration: u32) -> Result<(), Unfit> {
        // JPEG has no film.
        let Some(video) = &frame.video else { return Ok(()) };
        let opening = match &self.opening {
            Some(opening) if same(&opening.video, video) => opening.clone(),
            _ => {
                let Video { sps, pps, width, height, .. } = &**video;
                let track = Track { sps, pps, width: *width, height: *height };
                let segment = fmp4::first_segment(&track)?.into();
                let opening = Arc::new(Opening { video: video.clone(), segment });
                self.opening.insert(opening).clone()
            }
        };
        // The number in the segment is only there to show gaps: it may begin anew.
        let number = u32::try_from(frame.number & u64::from(u32::MAX)).unwrap_or_default();
        let (is_key, data) = (frame.is_key, &*frame.data);
        let picture = Picture { number, time, duration, is_key, data };
        let segment = Bytes::from(fmp4::fragment(&picture)?);
        self.bytes += segment.len();
        self.cuts.push_back(Cut { number: frame.number, is_key, opening, segment });
        while self.cuts.len() > MOST || (self.bytes > MOST_BYTES && self.cuts.len() > 1) {
            self.bytes -= self.cuts.pop_front().map_or(0, |cut| cut.segment.len());
        }
        Ok(())
    }

    fn number(&self, number: u64) -> Option<&Cut> {
        let place = self.cuts.binary_search_by_key(&number, |cut| cut.number).ok()?;
        self.cuts.get(place)
    }
}

fn same(one: &Arc<Video>, other: &Arc<Video>) -> bool {
    Arc::ptr_eq(one, other) || one == other
}

impl Reader {
    pub(super) fn new(film: Arc<Mutex<Film>>) -> Self {
        Self { film, pending: None, told: None, skipped: 0 }
    }

    /// Takes the next frame of this viewer's own view and gives what is to be sent now.
    ///
    /// # Errors
    /// [`Unfit`]: the camera sends what no browser could play.
    pub(crate) fn take(&mut self, frame: &Arc<Frame>) -> Result<Vec<Segment>, Unfit> {
        let mut film = lock(&self.film);
        film.take(frame)?;
        let Some(number) = self.pending.replace(frame.number) else { return Ok(Vec::new()) };
        let cut = film.number(number).cloned();
        drop(film);
        let Some(Cut { is_key, opening, segment, .. }) = cut else {
            // Too slow even for what is kept: on with the next key picture.
            self.told = None;
            self.skipped += 1;
            return Ok(Vec::new());
        };
        if self.told.as_ref().is_some_and(|told| Arc::ptr_eq(told, &opening)) {
            return Ok(vec![Segment::Picture(segment)]);
        }
        if !is_key {
            self.skipped += 1;
            return Ok(Vec::new());
        }
        let first = Segment::Opening(opening.video.clone(), opening.segment.clone());
        self.told = Some(opening);
        Ok(vec![first, Segment::Picture(segment)])
    }

    /// Pictures that this viewer was given and that were not to be sent.
    pub(crate) fn skipped(&self) -> u64 {
        self.skipped
    }
}
