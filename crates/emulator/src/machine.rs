//! What stands behind an emulated printer: an invented one (`simulator`) or a real one, relayed.

use std::sync::Arc;

use bambu_protocol::{AccessCode, Serial, discovery::Announcement};
use bytes::Bytes;
use tokio::sync::{broadcast, watch};

use crate::{faults::Faults, picture::Scene};

/// A printer, as the faces see it.
pub trait Machine: Send + Sync + 'static {
    /// Its serial number.
    fn serial(&self) -> &Serial;

    /// The access code that the faces ask for now; it may change.
    fn access_code(&self) -> AccessCode;

    /// Takes one payload from `device/<serial>/request`, whatever it holds.
    ///
    /// Returns at once; answers, if any, come as [`Machine::reports`].
    fn request(&self, payload: &[u8]);

    /// The payloads for `device/<serial>/report` from now on.
    fn reports(&self) -> broadcast::Receiver<Bytes>;

    /// The full status now, for a client that has lost reports; `None` when none is known yet.
    fn full_report(&self) -> Option<Bytes>;

    /// What goes wrong with its connections on purpose; a clone of the machine's own switch.
    fn faults(&self) -> Faults {
        Faults::default()
    }

    /// Whether it is switched on; a clone of the machine's own switch.
    fn power(&self) -> Power {
        Power::default()
    }

    /// What its camera sees now; `None` shows the serial number and no more.
    fn scene(&self) -> Option<Scene> {
        None
    }
}

/// What a printer tells about itself before anybody logs in, by SSDP and the detect port; `None`
/// while it tells nothing.
pub type About = Arc<dyn Fn() -> Option<Announcement> + Send + Sync>;

/// Whether a machine is switched on. While it is off, as during a restart, its connections are
/// broken and its ports closed. A clone is the same switch.
#[derive(Debug, Clone)]
pub struct Power(Arc<watch::Sender<bool>>);

impl Default for Power {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(true)))
    }
}

impl Power {
    /// Switches it.
    pub fn set(&self, on: bool) {
        self.0.send_replace(on);
    }

    /// Whether it is on.
    pub fn is_on(&self) -> bool {
        *self.0.borrow()
    }

    /// Its state from now on.
    pub fn changes(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }
}
