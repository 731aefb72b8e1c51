//! The SSDP face of printers: each broadcasts from its own address that it is there, and answers
//! who searches.
//!
//! The packets are in `protocol/discovery/ssdp.rs`; who asks at a port is answered in `detect.rs`.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    sync::Arc,
    time::Duration,
};

use bambu_protocol::discovery::ssdp::{self, Packet};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    net::UdpSocket,
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::machine::About;

/// Shortest time between two packets of one process, so that many printers are no flood.
const GAP: Duration = Duration::from_millis(5);
/// Longest packet that is read; a search has some 150 bytes.
const LONGEST: usize = 1024;

/// Printers on one network, ready to speak.
pub struct Beacon {
    speakers: Arc<Vec<Speaker>>,
    /// Where searches for all of them arrive.
    ears: Vec<UdpSocket>,
    to: SocketAddrV4,
}

/// One printer: what it tells, and a socket on its own address.
struct Speaker {
    about: About,
    socket: UdpSocket,
}

impl Beacon {
    /// Opens the sockets: one for each printer on its address, and those where searches arrive.
    /// `port` is [`ssdp::PORT`] but in tests. Must be called within a runtime.
    ///
    /// All printers stand on the loopback network, or none does.
    ///
    /// # Errors
    /// What the system says when a printer's address cannot be had. A group or port that is not
    /// to be had for searches alone is no error.
    pub fn open(printers: Vec<(Ipv4Addr, About)>, port: u16) -> io::Result<Self> {
        let first = printers.first().map_or(Ipv4Addr::LOCALHOST, |(ip, _)| *ip);
        let broadcast =
            if first.is_loopback() { ssdp::LOOPBACK_BROADCAST } else { Ipv4Addr::BROADCAST };
        let mut speakers = Vec::with_capacity(printers.len());
        for (ip, about) in printers {
            let socket = open(SocketAddrV4::new(ip, port))?;
            speakers.push(Speaker { about, socket });
        }
        // Bound to the very addresses that searches go to: what is meant for one program alone, such
        // as the answer to another one's search, must not come here.
        let other = if port == ssdp::PORT { ssdp::OTHER_PORT } else { port };
        let mut places: Vec<_> = [broadcast, ssdp::GROUP]
            .into_iter()
            .flat_map(|ip| [SocketAddrV4::new(ip, port), SocketAddrV4::new(ip, other)])
            .collect();
        places.dedup();
        let ear = |place: SocketAddrV4| match listen(place, first) {
            Ok(socket) => Some(socket),
            Err(error) => {
                tracing::debug!(%place, %error, "searches are not heard here");
                None
            }
        };
        let ears = places.into_iter().filter_map(ear).collect();
        let to = SocketAddrV4::new(broadcast, port);
        Ok(Self { speakers: Arc::new(speakers), ears, to })
    }

    /// Announces each printer at once and then every 5 s, and answers searches, until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut tasks = JoinSet::new();
        for ear in self.ears {
            let speakers = Arc::clone(&self.speakers);
            tasks.spawn(async move { answer_for_all(&ear, &speakers).await });
        }
        for at in 0..self.speakers.len() {
            let speakers = Arc::clone(&self.speakers);
            tasks.spawn(async move {
                if let Some(speaker) = speakers.get(at) {
                    speaker.answer_for_itself().await;
                }
            });
        }
        let announcing = announce(&self.speakers, self.to);
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = announcing => {}
        }
    }
}

impl Speaker {
    async fn send(
        &self,
        write: impl Fn(&bambu_protocol::discovery::Announcement) -> String,
        to: SocketAddr,
    ) {
        let Some(about) = (self.about)() else { return };
        if let Err(error) = self.socket.send_to(write(&about).as_bytes(), to).await {
            tracing::debug!(serial = %about.serial, %to, %error, "not announced");
        }
    }

    /// Answers searches that were sent to its own address.
    async fn answer_for_itself(&self) {
        loop {
            if let Some(from) = searched(&self.socket).await {
                self.send(ssdp::answer, from).await;
            }
        }
    }
}

async fn announce(speakers: &[Speaker], to: SocketAddrV4) {
    let period = Duration::from_secs(ssdp::INTERVAL_SECONDS);
    loop {
        let next = Instant::now() + period;
        for speaker in speakers {
            speaker.send(ssdp::notify, to.into()).await;
            sleep(GAP).await;
        }
        sleep_until(next).await;
    }
}

/// Answers searches that were sent to everybody. One at a time: more of them are no flood either.
async fn answer_for_all(ear: &UdpSocket, speakers: &[Speaker]) {
    loop {
        if let Some(from) = searched(ear).await {
            for speaker in speakers {
                speaker.send(ssdp::answer, from).await;
                sleep(GAP).await;
            }
        }
    }
}

/// Who searches for printers in the next packet, if it is a search.
async fn searched(socket: &UdpSocket) -> Option<SocketAddr> {
    let mut packet = vec![0; LONGEST];
    match socket.recv_from(&mut packet).await {
        Ok((length, from)) => {
            let packet = ssdp::read(packet.get(..length)?)?;
            matches!(packet, Packet::Search { .. }).then_some(from)
        }
        // What an earlier packet of ours met, such as a port that is closed.
        Err(error) => {
            tracing::debug!(%error, "a packet was not read");
            sleep(GAP).await;
            None
        }
    }
}

/// A socket for broadcasts; other programs may have the same port.
fn open(address: SocketAddrV4) -> io::Result<UdpSocket> {
    UdpSocket::from_std(shared(address)?.into())
}

/// A socket that hears what is sent to a broadcast address or a group.
fn listen(address: SocketAddrV4, interface: Ipv4Addr) -> io::Result<UdpSocket> {
    let socket = shared(address)?;
    if address.ip().is_multicast() {
        socket.join_multicast_v4(address.ip(), &interface)?;
    }
    UdpSocket::from_std(socket.into())
}

fn shared(address: SocketAddrV4) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.set_broadcast(true)?;
    socket.set_reuse_address(true)?;
    #[cfg(target_vendor = "apple")]
    socket.set_reuse_port(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use bambu_protocol::{Serial, discovery::Announcement};

    use super::*;

    fn about() -> About {
        let serial = Serial::new("01P00A000000001").unwrap();
        let about = Announcement { model_code: Some("C12".into()), ..Announcement::new(serial) };
        Arc::new(move || Some(about.clone()))
    }

    #[tokio::test]
    async fn every_listener_on_any_address_hears_the_announcement() {
        let free = shared(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let port = free.local_addr().unwrap().as_socket_ipv4().unwrap().port();
        let ears = [0, 1].map(|_| open(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port)).unwrap());
        let ip = Ipv4Addr::new(127, 95, 7, 1);
        let beacon = Beacon::open(vec![(ip, about())], port).unwrap();
        let stop = CancellationToken::new();
        let running = tokio::spawn(beacon.run(stop.clone()));
        for ear in &ears {
            let mut packet = vec![0; LONGEST];
            let heard = ear.recv_from(&mut packet);
            let (length, from) =
                tokio::time::timeout(Duration::from_secs(20), heard).await.unwrap().unwrap();
            assert_eq!(from, SocketAddr::from((ip, port)));
            assert!(matches!(ssdp::read(&packet[..length]), Some(Packet::Alive(_))));
        }
        stop.cancel();
        running.await.unwrap();
    }
}
