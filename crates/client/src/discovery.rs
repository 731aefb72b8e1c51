//! Finding printers: who broadcasts on this network ([`Search`]), and who is at an address
//! ([`detect`]).
//!
//! What is said on the wire is in [`crate::protocol::discovery`]. Nothing that is found is proved:
//! who a printer is, its certificate tells when it is connected.

mod detect;
mod search;

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, SocketAddrV4},
    time::Duration,
};

use bambu_protocol::{
    Model, Serial,
    discovery::{Announcement, Bind, Mode, ssdp},
};
use serde::Serialize;
use tokio::time::timeout;

pub use detect::{DetectError, DetectOptions, detect};
pub use search::{Deaf, Search, SearchError};

/// A printer that was found. Texts are short and without control characters, whatever was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Serial number.
    pub serial: Serial,
    /// Model, by its code or the serial number.
    pub model: Option<Model>,
    /// Model code as sent, such as `C12`.
    pub model_code: Option<String>,
    /// The name its owner gave it.
    pub name: Option<String>,
    /// Where it is.
    pub address: IpAddr,
    /// Firmware; on old firmware the version of the announcement's schema. [L]
    pub firmware: Option<String>,
    /// How it may be used, not whether it can be reached.
    pub connect: Option<Mode>,
    /// Whether an account owns it.
    pub bind: Option<Bind>,
    /// Strength of its WLAN in dBm.
    pub signal_dbm: Option<i16>,
    /// How it was found.
    pub seen_via: Via,
}

/// How a printer was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// It broadcast.
    Broadcast,
    /// It answered a search.
    Search,
    /// It was asked at its address.
    Detect,
}

/// What a search sees. Who claims a serial number that another address claims, too, is told as a
/// printer of its own: only a certificate tells who is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    /// A printer is there, or tells something new about itself.
    Seen(Found),
    /// A printer said goodbye, or was silent for long.
    Gone {
        /// Serial number.
        serial: Serial,
        /// Where it was.
        address: IpAddr,
    },
}

/// Where and how to search. The default is the network of printers as they are.
#[derive(Debug, Clone)]
pub struct SearchOptions {
    /// Own address on the network to search; unspecified for what the system prefers.
    pub interface: Ipv4Addr,
    /// UDP ports to listen on. [L]
    pub ports: Vec<u16>,
    /// Where searches are sent; empty for listening only.
    pub ask: Vec<SocketAddrV4>,
    /// Time between two searches.
    pub ask_every: Duration,
    /// Silence after which a printer counts as gone. Printers broadcast every 5 s, some imitations
    /// every 30 s.
    pub gone_after: Duration,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self::on(Ipv4Addr::UNSPECIFIED)
    }
}

impl SearchOptions {
    /// The network that this machine has that address on; loopback stays on loopback.
    pub fn on(interface: Ipv4Addr) -> Self {
        Self {
            interface,
            ports: vec![ssdp::PORT, ssdp::OTHER_PORT],
            ask: ask(interface, ssdp::PORT),
            ask_every: Duration::from_secs(3),
            gone_after: Duration::from_secs(75),
        }
    }

    /// The same on another port, which real printers do not use: for tests and simulated ones.
    #[must_use]
    pub fn with_port(self, port: u16) -> Self {
        Self { ports: vec![port], ask: ask(self.interface, port), ..self }
    }
}

fn ask(interface: Ipv4Addr, port: u16) -> Vec<SocketAddrV4> {
    if interface.is_loopback() {
        return vec![SocketAddrV4::new(ssdp::LOOPBACK_BROADCAST, port)];
    }
    [ssdp::GROUP, Ipv4Addr::BROADCAST].map(|to| SocketAddrV4::new(to, port)).into()
}

/// The address of a printer, as soon as it is seen; `None` when it is not seen in time.
pub async fn resolve(serial: &Serial, within: Duration, options: SearchOptions) -> Option<IpAddr> {
    resolve_all(std::slice::from_ref(serial), within, options).await.remove(serial)
}

/// The addresses of those of these printers that are seen in time, as soon as all are.
pub async fn resolve_all(
    serials: &[Serial],
    within: Duration,
    options: SearchOptions,
) -> HashMap<Serial, IpAddr> {
    let mut found = HashMap::new();
    let mut search = match Search::new(options) {
        Ok(search) => search,
        Err(error) => {
            tracing::warn!(%error, "printers cannot be searched for");
            return found;
        }
    };
    let look = async {
        while !serials.iter().all(|serial| found.contains_key(serial)) {
            if let Sighting::Seen(seen) = search.next().await
                && let Some(wanted) = serials.iter().find(|serial| is_same(serial, &seen.serial))
            {
                found.insert(wanted.clone(), seen.address);
            }
        }
    };
    let _ = timeout(within, look).await;
    found
}

/// Serial numbers are compared without case.
fn is_same(one: &Serial, other: &Serial) -> bool {
    one.as_str().eq_ignore_ascii_case(other.as_str())
}

impl Found {
    /// `sender` is where it came from: the address of a printer that does not tell a usable one.
    fn new(about: Announcement, sender: IpAddr, seen_via: Via) -> Self {
        let usable = |address: &IpAddr| match address {
            IpAddr::V4(v4) => !v4.is_unspecified() && !v4.is_multicast() && !v4.is_broadcast(),
            IpAddr::V6(v6) => !v6.is_unspecified() && !v6.is_multicast(),
        };
        Self {
            model: about.model(),
            address: about.address.filter(usable).unwrap_or(sender),
            serial: about.serial,
            model_code: about.model_code,
            name: about.name,
            firmware: about.firmware,
            connect: about.connect,
            bind: about.bind,
            signal_dbm: about.signal_dbm,
            seen_via,
        }
    }

    /// Whether it says nothing new: the signal always wavers, and each way tells the same.
    fn is_as(&self, other: &Self) -> bool {
        let Self { signal_dbm, seen_via, .. } = *self;
        *self == Self { signal_dbm, seen_via, ..other.clone() }
    }
}
