//! When pictures are shown: by their arrival, so that a viewer is never ahead of the camera and
//! never drifts away from it.

use std::time::Duration;

use super::TIMESCALE;

/// The least that a picture is shown, 1 ms: pictures that arrive in a burst still follow one another.
const LEAST: u64 = TIMESCALE as u64 / 1000;

/// What the last picture is shown for when nothing follows it, and the first one after a new start.
const USUAL: u64 = TIMESCALE as u64 / 30;

/// A timeline that always moves on. One picture is held back: it is shown until the next one, so
/// that there is no gap, after which a browser would wait for a key picture.
#[derive(Debug)]
pub struct Timeline<T> {
    held: Option<Held<T>>,
    /// This arrival is at this time; all others are counted from here, so that nothing adds up.
    origin: (Duration, u64),
}

#[derive(Debug)]
struct Held<T> {
    picture: T,
    arrived: Duration,
    time: u64,
}

/// A picture with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timed<T> {
    /// The picture as it was given.
    pub picture: T,
    /// When it is shown, in ticks of [`TIMESCALE`]; always more than for the one before.
    pub time: u64,
    /// How long it is shown, in ticks, at least 1 ms.
    pub duration: u32,
}

impl<T> Default for Timeline<T> {
    fn default() -> Self {
        Self { held: None, origin: (Duration::ZERO, 0) }
    }
}

impl<T> Timeline<T> {
    /// Takes a picture that arrived at this time of its stream, and gives the one before it.
    ///
    /// A time before the last one means that the stream began anew; the timeline goes on.
    pub fn push(&mut self, picture: T, arrived: Duration) -> Option<Timed<T>> {
        let Some(held) = self.held.take() else {
            self.origin = (arrived, 0);
            self.held = Some(Held { picture, arrived, time: 0 });
            return None;
        };
        if arrived < held.arrived {
            self.origin = (arrived, held.time.saturating_add(USUAL));
        }
        let since = ticks(arrived.saturating_sub(self.origin.0));
        let wanted = self.origin.1.saturating_add(since).saturating_sub(held.time);
        let duration = u32::try_from(wanted.max(LEAST)).unwrap_or(u32::MAX);
        let time = held.time.saturating_add(u64::from(duration));
        self.held = Some(Held { picture, arrived, time });
        Some(Timed { picture: held.picture, time: held.time, duration })
    }

    /// Gives the picture that is held back, when no other follows.
    pub fn finish(self) -> Option<Timed<T>> {
        let duration = u32::try_from(USUAL).unwrap_or(u32::MAX);
        self.held.map(|Held { picture, time, .. }| Timed { picture, time, duration })
    }
}

fn ticks(time: Duration) -> u64 {
    u64::try_from(time.as_nanos() * u128::from(TIMESCALE) / 1_000_000_000).unwrap_or(u64::MAX)
}
