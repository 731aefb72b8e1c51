//! Why a world does not start.

use std::{io, path::PathBuf};

use bambu_protocol::Serial;

use crate::{certs::CertError, simulator::ReplayError};

/// Why a world does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// A setting is out of range: change it.
    #[error("{setting} has to be {range}")]
    Setting {
        /// Which one.
        setting: &'static str,
        /// What it may be.
        range: &'static str,
    },
    /// The addresses from [`Config::lan_addresses`](super::Config) on leave 127.0.0.0/8: take a lower first one.
    #[error("the printers' own addresses leave the loopback network")]
    Addresses,
    /// The state directory cannot be made or read: check path and permissions.
    #[error("cannot use the state directory {path}", path = path.display())]
    StateDir {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A capture cannot be replayed: see the cause.
    #[error("cannot replay {path}", path = path.display())]
    Replay {
        /// The capture.
        path: PathBuf,
        /// What is wrong with it.
        source: ReplayError,
    },
    /// Two printers have one serial number: leave one capture out.
    #[error("two printers have the serial number {serial}")]
    Twice {
        /// The serial number.
        serial: Serial,
    },
    /// No certificates: see the cause.
    #[error("cannot make certificates")]
    Certificates(#[from] CertError),
    /// No port to listen on: the address is not of this machine, or files are used up (`ulimit -n`).
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// Start-up was broken off.
    #[error("the start was broken off")]
    Stopped,
}
