//! A TCP port that is closed while its printer refuses connections or is switched off.

use std::{io, net::SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

use super::{Fault, trouble::Circumstances, wire::Wire};

/// Connections that wait to be accepted, as many as tokio's own listeners have.
const BACKLOG: u32 = 1024;

/// A port of a face.
pub(crate) struct Port {
    address: Option<SocketAddr>,
    listener: Option<TcpListener>,
    /// Bound and not listening: connections are refused, and nobody else gets the port.
    place: Option<TcpSocket>,
    circumstances: Option<Circumstances>,
}

impl Port {
    /// Always open without circumstances.
    pub(crate) fn new(listener: TcpListener, circumstances: Option<Circumstances>) -> Self {
        let address = listener.local_addr().ok();
        Self { address, listener: Some(listener), place: None, circumstances }
    }

    /// The next connection. Nothing is lost when the future is dropped.
    pub(crate) async fn accept(&mut self) -> io::Result<Wire> {
        loop {
            let Some(circumstances) = self.circumstances.clone() else {
                let Some(listener) = &self.listener else { return std::future::pending().await };
                return Ok(Wire::new(listener.accept().await?.0, None));
            };
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
            return Ok(Wire::new(tcp, Some(&circumstances)));
        }
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
