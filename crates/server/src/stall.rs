//! How long somebody may keep us waiting before anything moves. Callers are timed in
//! `app/patience.rs`, the cloud's answers in `faces/proxy/forward/body.rs`.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

/// A wait that begins when nothing moves and is over when something does.
#[derive(Debug)]
pub(crate) struct Stall {
    longest: Duration,
    running: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Stall {
    /// Nothing moves for so long at the most.
    pub(crate) fn new(longest: Duration) -> Self {
        Self { longest, running: false, timer: None }
    }

    /// Something did.
    pub(crate) fn moved(&mut self) {
        self.running = false;
    }

    /// Ready when it has lasted too long.
    pub(crate) fn poll_too_long(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let longest = self.longest;
        let timer = match &mut self.timer {
            Some(timer) => {
                if !self.running {
                    timer.as_mut().reset(Instant::now() + longest);
                }
                timer
            }
            none => none.insert(Box::pin(sleep_until(Instant::now() + longest))),
        };
        self.running = true;
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }
}
