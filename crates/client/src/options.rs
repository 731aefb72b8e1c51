//! What a connection may be told: whom to trust and how long to wait.

use std::time::Duration;

use crate::tls::{Identity, Roots};

/// How links behave. `Options::default()` trusts the public roots, remembers the certificates of
/// printers in memory, and waits as printers need.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whom to trust.
    pub roots: Roots,
    /// How a printer proves who it is where the roots hold no authority for it.
    pub identity: Identity,
    /// How long to wait.
    pub timing: Timing,
}

/// How long a link waits for what; a day is the most. The defaults follow the vendor's slicer.
#[derive(Debug, Clone)]
pub struct Timing {
    /// For each of: name look-up and TCP, TLS, the broker's welcome.
    pub connect: Duration,
    /// For the answer to a request or a probe.
    pub ack: Duration,
    /// Silence after which the broker connection itself is checked with a ping, and again for its
    /// answer.
    pub keep_alive: Duration,
    /// Silence of a printer after which it is asked to speak again (`pushing.start`).
    pub start_push_after: Duration,
    /// Silence of a printer after which its status is stale and it is probed.
    pub stale_after: Duration,
    /// Silence on the LAN after which a printer that is reached over both ways is read over the
    /// cloud; it is asked to speak after half of it.
    pub lan_silence: Duration,
    /// How often a printer behind the cloud that gave no answer is probed again.
    pub offline_probe: Duration,
    /// Least time between two requests for the whole status of one printer.
    pub pushall_floor: Duration,
    /// How often the whole status is fetched again from models that send only changes.
    pub pushall_every: Duration,
    /// Time between the first requests to two printers of one cloud session.
    pub pace: Duration,
    /// Longest first wait before a connection is tried again; it doubles up to `retry_max`.
    pub retry_first: Duration,
    /// Longest wait before a connection is tried again.
    pub retry_max: Duration,
    /// Time that a connection must have held before the waits start over.
    pub healthy_after: Duration,
    /// For the next picture of a JPEG camera. Printers send one in 2 s at the least. [L]
    pub camera_silence: Duration,
    /// How long a camera stays connected after the last viewer.
    pub camera_linger: Duration,
}

impl Timing {
    /// The same with no wait over a day, so that a moment plus a wait is always a moment.
    pub(crate) fn bounded(mut self) -> Self {
        let waits = [
            &mut self.connect,
            &mut self.ack,
            &mut self.keep_alive,
            &mut self.start_push_after,
            &mut self.stale_after,
            &mut self.lan_silence,
            &mut self.offline_probe,
            &mut self.pushall_floor,
            &mut self.pushall_every,
            &mut self.pace,
            &mut self.retry_first,
            &mut self.retry_max,
            &mut self.healthy_after,
            &mut self.camera_silence,
            &mut self.camera_linger,
        ];
        for wait in waits {
            *wait = (*wait).min(Duration::from_secs(86_400));
        }
        self
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            ack: Duration::from_secs(10),
            keep_alive: Duration::from_secs(30),
            start_push_after: Duration::from_secs(20),
            stale_after: Duration::from_secs(30),
            lan_silence: Duration::from_secs(6),
            offline_probe: Duration::from_secs(300),
            pushall_floor: Duration::from_secs(3),
            pushall_every: Duration::from_secs(300),
            pace: Duration::from_millis(5),
            retry_first: Duration::from_secs(1),
            retry_max: Duration::from_secs(60),
            healthy_after: Duration::from_secs(30),
            camera_silence: Duration::from_secs(10),
            camera_linger: Duration::from_secs(5),
        }
    }
}
