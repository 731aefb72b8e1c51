//! What stands behind an emulated printer: an invented one (`simulator`) or a real one, relayed.

use bambu_protocol::{AccessCode, Serial};
use bytes::Bytes;
use tokio::sync::broadcast;

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
}
