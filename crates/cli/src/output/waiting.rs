//! What is being waited for, on one line of a terminal that goes away when it is over.
//!
//! It stands on standard error; where nobody looks at that, nothing is written.

use std::{
    future::Future,
    io::{self, IsTerminal as _, Write as _},
    pin::pin,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, interval_at};

use super::human;

/// Nobody wants to read about what takes no longer.
const SOON: Duration = Duration::from_millis(800);
/// How often the seconds go on.
const STEP: Duration = Duration::from_millis(500);

/// Whether the line stands there now.
static DRAWN: AtomicBool = AtomicBool::new(false);

/// The line; it says nothing until it is told what.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    what: Mutex<String>,
}

impl Waiting {
    /// Says from now on that this is waited for; nothing, when it is empty.
    pub(crate) fn say(&self, what: impl Into<String>) {
        *self.what.lock().unwrap_or_else(PoisonError::into_inner) = what.into();
        clear();
    }

    /// Does the work, and tells a person what it waits for once that takes long.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        if !io::stderr().is_terminal() || super::dumb() {
            return work.await;
        }
        let _gone = Gone;
        let mut work = pin!(work);
        let start = Instant::now();
        let mut tick = interval_at(start + SOON, STEP);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                _ = tick.tick() => self.draw(start.elapsed()),
            }
        }
    }

    fn draw(&self, since: Duration) {
        let what = self.what.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if what.is_empty() {
            return;
        }
        let columns = crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns));
        let seconds = format!(" {} s", since.as_secs());
        let what = human::cut(&human::printable(&what), columns.saturating_sub(seconds.len() + 1));
        clear();
        DRAWN.store(true, Ordering::Relaxed);
        let _no_reader = write!(io::stderr(), "{what}{seconds}");
    }
}

/// Takes the line away, if it is there, so that something else can stand in its place.
pub(crate) fn clear() {
    if DRAWN.swap(false, Ordering::Relaxed) {
        let _no_reader = write!(io::stderr(), "\r\x1b[K");
    }
}

/// Takes the line away in the end, also when the work is left.
struct Gone;

impl Drop for Gone {
    fn drop(&mut self) {
        clear();
    }
}
