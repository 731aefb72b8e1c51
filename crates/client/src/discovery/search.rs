//! The sockets that listen for broadcasts, and the search that is sent every few seconds.

use std::{
    collections::{HashMap, VecDeque},
    future::poll_fn,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    task::{Context, Poll},
    time::Duration,
};

use bambu_protocol::{
    Serial,
    discovery::ssdp::{self, Packet},
};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    io::ReadBuf,
    net::UdpSocket,
    time::{Instant, sleep_until},
};

use super::{Found, SearchOptions, Sighting, Via};

/// Printers that are remembered at a time: more is no network but somebody who makes them up.
const MOST: usize = 10_000;

/// Time between two looks at who has been silent for long.
const SWEEP: Duration = Duration::from_secs(1);

/// Longest packet that is read, in bytes; real ones have some 500.
const LONGEST: usize = 4096;

/// Listens for printers and asks for them, for as long as [`Search::next`] is awaited.
#[derive(Debug)]
pub struct Search {
    /// The first one asks, the others listen.
    sockets: Vec<UdpSocket>,
    deaf: Vec<Deaf>,
    options: SearchOptions,
    ask_at: Instant,
    sweep_at: Instant,
    gone: VecDeque<Claim>,
    seen: HashMap<Claim, (Found, Instant)>,
}

/// Who says to be which printer.
type Claim = (Serial, IpAddr);

/// A port that cannot be listened on, because another program keeps it to itself.
#[derive(Debug, thiserror::Error)]
#[error("UDP port {port} cannot be listened on; close the program that holds it, such as a slicer")]
pub struct Deaf {
    /// The port.
    pub port: u16,
    /// What the system said.
    pub source: io::Error,
}

/// No socket at all can be opened: check that this machine has a network and that this address is
/// its own.
#[derive(Debug, thiserror::Error)]
#[error("printers cannot be searched for; check this machine's network and the interface address")]
pub struct SearchError(#[from] io::Error);

impl Search {
    /// Opens the sockets. Must be called within a runtime.
    ///
    /// # Errors
    /// No socket can be opened. A port that is taken alone is no error: see [`Search::deaf`].
    pub fn new(options: SearchOptions) -> Result<Self, SearchError> {
        let mut sockets = vec![open(options.interface, None)?];
        let mut deaf = Vec::new();
        for port in &options.ports {
            match open(options.interface, Some(*port)) {
                Ok(socket) => sockets.push(socket),
                Err(source) => deaf.push(Deaf { port: *port, source }),
            }
        }
        let now = Instant::now();
        let (gone, seen) = (VecDeque::new(), HashMap::new());
        Ok(Self { sockets, deaf, options, ask_at: now, sweep_at: now, gone, seen })
    }

    /// The ports that cannot be listened on. Answers to our own searches are heard without them.
    pub fn deaf(&self) -> &[Deaf] {
        &self.deaf
    }

    /// The next printer that comes, changes or goes. Nothing is lost when this is cancelled.
    pub async fn next(&mut self) -> Sighting {
        loop {
            if let Some((serial, address)) = self.gone.pop_front() {
                return Sighting::Gone { serial, address };
            }
            let wake = self.ask_at.min(self.sweep_at);
            let heard = tokio::select! {
                (packet, sender) = receive(&self.sockets) => self.heard(&packet, sender),
                () = sleep_until(wake) => None,
            };
            if let Some(sighting) = heard {
                return sighting;
            }
            let now = Instant::now();
            if now >= self.ask_at {
                self.ask_at = now + self.options.ask_every;
                self.ask().await;
            }
            if now >= self.sweep_at {
                self.sweep_at = now + SWEEP;
                let after = self.options.gone_after;
                self.forget(|_, at| now.saturating_duration_since(*at) >= after);
            }
        }
    }

    async fn ask(&mut self) {
        let Some(socket) = self.sockets.first() else { return };
        for to in &self.options.ask {
            // One way may be closed, such as multicast on loopback.
            if let Err(error) = socket.send_to(ssdp::search(3).as_bytes(), to).await {
                tracing::debug!(%to, %error, "a search was not sent");
            }
        }
    }

    fn heard(&mut self, packet: &[u8], sender: IpAddr) -> Option<Sighting> {
        let (about, via) = match ssdp::read(packet)? {
            Packet::Alive(about) => (about, Via::Broadcast),
            Packet::Answer(about) => (about, Via::Search),
            Packet::Gone(serial) => {
                self.forget(|(known, _), _| *known == serial);
                return None;
            }
            Packet::Search { .. } => return None,
        };
        let found = Found::new(about, sender, via);
        let now = Instant::now();
        let is_full = self.seen.len() >= MOST;
        let claim = (found.serial.clone(), found.address);
        match self.seen.get_mut(&claim) {
            Some((known, at)) if known.is_as(&found) => {
                *at = now;
                None
            }
            Some(known) => {
                *known = (found.clone(), now);
                Some(Sighting::Seen(found))
            }
            None if is_full => None,
            None => {
                self.seen.insert(claim, (found.clone(), now));
                Some(Sighting::Seen(found))
            }
        }
    }

    fn forget(&mut self, is_gone: impl Fn(&Claim, &Instant) -> bool) {
        let Self { seen, gone, .. } = self;
        seen.retain(|claim, (_, at)| {
            let is_gone = is_gone(claim, at);
            if is_gone {
                gone.push_back(claim.clone());
            }
            !is_gone
        });
    }
}

/// A socket that others may share the port with; with `None` on a free port, for asking.
fn open(interface: Ipv4Addr, port: Option<u16>) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.set_broadcast(true)?;
    if !interface.is_unspecified() {
        let _ = socket.set_multicast_if_v4(&interface);
    }
    let address = match port {
        Some(port) => {
            socket.set_reuse_address(true)?;
            #[cfg(target_vendor = "apple")]
            socket.set_reuse_port(true)?;
            // A broadcast reaches no socket that is bound to one address.
            SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))
        }
        None => SocketAddr::from((interface, 0)),
    };
    socket.bind(&address.into())?;
    if port.is_some() {
        // Printers broadcast; the group is for imitations, and a network without it is none less.
        let _ = socket.join_multicast_v4(&ssdp::GROUP, &interface);
    }
    UdpSocket::from_std(socket.into())
}

/// The next packet on any of the sockets.
async fn receive(sockets: &[UdpSocket]) -> (Vec<u8>, IpAddr) {
    let mut space = [0; LONGEST];
    poll_fn(|context| poll_receive(sockets, &mut space, context)).await
}

fn poll_receive(
    sockets: &[UdpSocket],
    space: &mut [u8],
    context: &mut Context<'_>,
) -> Poll<(Vec<u8>, IpAddr)> {
    for socket in sockets {
        let mut packet = ReadBuf::new(space);
        loop {
            match socket.poll_recv_from(context, &mut packet) {
                Poll::Ready(Ok(from)) => {
                    return Poll::Ready((packet.filled().to_vec(), from.ip()));
                }
                // What another packet of ours met, such as a port that is closed: read on.
                Poll::Ready(Err(error)) => tracing::debug!(%error, "a packet was not read"),
                Poll::Pending => break,
            }
        }
    }
    Poll::Pending
}
