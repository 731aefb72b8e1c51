//! What this process knows of each printer's storage: whose turn it is, and how its data
//! connections are protected. Kept for as many printers as a process ever asks.

use std::{
    collections::HashMap,
    pin::pin,
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use bambu_protocol::{Model, Serial};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

/// Whoever holds a session and does nothing with it is waited for no longer than that; about as
/// long as printers bear an idle session. [L]
const UNUSED: Duration = Duration::from_secs(300);

static PLACES: LazyLock<Mutex<HashMap<Serial, Arc<Place>>>> = LazyLock::new(Mutex::default);

/// How data connections are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protection {
    /// By TLS (`PROT P`).
    Private,
    /// Not at all (`PROT C`): some firmware of the A1 says yes to `PROT P` and does not do it. [L]
    Clear,
}

const UNKNOWN: u8 = 0;
const PRIVATE: u8 = 1;
const CLEAR: u8 = 2;

/// One printer's.
#[derive(Debug)]
pub(super) struct Place {
    turn: Arc<Semaphore>,
    protection: AtomicU8,
    /// When the one whose turn it is asked for something, or moved a byte.
    used: Mutex<Instant>,
}

impl Place {
    pub(super) fn of(serial: &Serial) -> Arc<Self> {
        let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
        places.entry(serial.clone()).or_insert_with(|| Arc::new(Self::new())).clone()
    }

    fn new() -> Self {
        Self {
            turn: Arc::new(Semaphore::new(1)),
            protection: AtomicU8::new(UNKNOWN),
            used: Mutex::new(Instant::now()),
        }
    }

    /// Waits until no other session of this process is with the printer: for one that is at work
    /// as long as it takes, for one that lies idle not for ever. `None` then.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let mut turn = pin!(self.turn.clone().acquire_owned());
        loop {
            let left = UNUSED.saturating_sub(self.last_used().elapsed());
            match timeout(left, &mut turn).await {
                Ok(turn) => {
                    self.touch();
                    // The semaphore is never closed.
                    return turn.ok();
                }
                Err(_) if self.last_used().elapsed() < UNUSED => {}
                Err(_) => return None,
            }
        }
    }

    /// The one whose turn it is does something.
    pub(super) fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn last_used(&self) -> Instant {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is asked for first.
    pub(super) fn protection(&self) -> Protection {
        match self.protection.load(Ordering::Relaxed) {
            CLEAR => Protection::Clear,
            _ => Protection::Private,
        }
    }

    /// A data connection came about so.
    pub(super) fn worked(&self, protection: Protection) {
        let word = match protection {
            Protection::Private => PRIVATE,
            Protection::Clear => CLEAR,
        };
        self.protection.store(word, Ordering::Relaxed);
    }

    /// Whether the data of this printer may go over in the clear once TLS on a data connection has
    /// failed: on an A1 or A1 mini that never had one. A printer that did it once does it again,
    /// and whoever prevents that is not the printer.
    pub(super) fn may_be_clear(&self, model: Option<Model>) -> bool {
        self.protection.load(Ordering::Relaxed) == UNKNOWN
            && matches!(model, Some(Model::A1 | Model::A1Mini))
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_session_that_lies_idle_is_not_waited_for_for_ever() {
        let place = Place::new();
        let mine = place.turn().await;
        assert!(mine.is_some());
        assert!(place.turn().await.is_none(), "the same task holds it");
        drop(mine);
        assert!(place.turn().await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_at_work_is_waited_for() {
        let place = Place::new();
        let work = async {
            let turn = place.turn().await;
            for _ in 0..60 {
                sleep(UNUSED / 5).await;
                place.touch();
            }
            drop(turn);
        };
        let (second, ()) = tokio::join!(
            async {
                sleep(UNUSED / 10).await;
                place.turn().await
            },
            work
        );
        assert!(second.is_some());
    }
}
