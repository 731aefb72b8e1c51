//! What this process knows of each printer's storage: whose turn it is, and how its data
//! connections are protected. Kept for as many printers as a process ever asks.

use std::{
    collections::HashMap,
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
};

use bambu_protocol::{Model, Serial};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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
}

impl Place {
    pub(super) fn of(serial: &Serial) -> Arc<Self> {
        let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let (turn, protection) = (Arc::new(Semaphore::new(1)), AtomicU8::new(UNKNOWN));
            Arc::new(Self { turn, protection })
        };
        places.entry(serial.clone()).or_insert_with(new).clone()
    }

    /// Waits until no other session of this process is with the printer. `None` never happens: the
    /// semaphore is not closed.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        self.turn.clone().acquire_owned().await.ok()
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
