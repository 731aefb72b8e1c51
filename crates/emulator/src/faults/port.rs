//! A TCP port that is closed while its printer refuses connections or is switched off.

use std::{collections::VecDeque, io, net::SocketAddr, time::Duration};

use tokio::{
    net::{TcpListener, TcpSocket},
    time::{Instant, sleep_until},
};

use super::{Fault, trouble::Circumstances, wire::Wire};

/// Connections that wait to be accepted, as many as tokio's own listeners have.
const BACKLOG: u32 = 1024;

/// So many connections within so long are a storm, and bring the printer down for so long.
const STORM: usize = 6;
const STORM_TIME: Duration = Duration::from_secs(10);
const OUTAGE: Duration = Duration::from_secs(20);

/// A port of a face.
pub(crate) struct Port {
    address: Option<SocketAddr>,
    listener: Option<TcpListener>,
    /// Bound and not listening: connections are refused, and nobody else gets the port.
    place: Option<TcpSocket>,
    circumstances: Option<Circumstances>,
    /// When the latest connections came.
    latest: VecDeque<Instant>,
    /// When a printer that a storm brought down is up again.
    up_again: Option<Instant>,
}

impl Port {
    /// Always open without circumstances.
    pub(crate) fn new(listener: TcpListener, circumstances: Option<Circumstances>) -> Self {
        let address = listener.local_addr().ok();
        let (listener, place, latest, up_again) = (Some(listener), None, VecDeque::new(), None);
        Self { address, listener, place, circumstances, latest, up_again }
    }

    /// The next connection. Nothing is lost when the future is dropped.
    pub(crate) async fn accept(&mut self) -> io::Result<Wire> {
        loop {
            let Some(circumstances) = self.circumstances.clone() else {
                let Some(listener) = &self.listener else { return std::future::pending().await };
                return Ok(Wire::new(listener.accept().await?.0, None));
            };
            if let Some(up_again) = self.up_again {
                self.follow(true)?;
                sleep_until(up_again).await;
                self.up_again = None;
                circumstances.power.set(true);
            }
            let change = circumstances.change();
            self.follow(circumstances.closed())?;
            let Some(listener) = &self.listener else {
                change.await;
                continue;
            };
            let (tcp, _) = tokio::select! {
                () = change => continue,
                accepted = listener.accept() => accepted?,
            };
            if circumstances.faults.strikes(Fault::RefuseConnections) {
                let _ = tcp.set_zero_linger();
                continue;
            }
            if self.is_storm(&circumstances) {
                self.up_again = Some(Instant::now() + OUTAGE);
                circumstances.power.set(false);
                continue;
            }
            return Ok(Wire::new(tcp, Some(&circumstances)));
        }
    }

    /// Counts one more connection; whether it is one too many in a short time.
    fn is_storm(&mut self, circumstances: &Circumstances) -> bool {
        if !circumstances.faults.is_on(Fault::ReconnectStorm) {
            self.latest.clear();
            return false;
        }
        let now = Instant::now();
        self.latest.retain(|at| now.saturating_duration_since(*at) < STORM_TIME);
        self.latest.push_back(now);
        let is_storm = self.latest.len() >= STORM;
        if is_storm {
            self.latest.clear();
        }
        is_storm && circumstances.faults.strikes(Fault::ReconnectStorm)
    }

    /// Closes the port or opens it again.
    fn follow(&mut self, closed: bool) -> io::Result<()> {
        if closed && self.listener.take().is_some() {
            self.place = self.reserve().ok();
        }
        if !closed && self.listener.is_none() {
            let place = match self.place.take() {
                Some(place) => place,
                None => self.reserve()?,
            };
            self.listener = Some(place.listen(BACKLOG)?);
        }
        Ok(())
    }

    fn reserve(&self) -> io::Result<TcpSocket> {
        let address = self.address.ok_or(io::ErrorKind::AddrNotAvailable)?;
        let place = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        place.set_reuseaddr(true)?;
        place.bind(address)?;
        Ok(place)
    }
}
