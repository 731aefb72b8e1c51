//! Data connections: a port for one of them, who may come there, and their TLS.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use rustls::HandshakeKind;
use tokio::{io::AsyncWriteExt as _, net::TcpListener, time::timeout};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::either::Either;

use crate::faults::{Circumstances, wire::Wire};

/// The ports that real printers take [L].
const FIRST: u16 = 50_000;
const COUNT: u16 = 101;
/// How many of them are tried before any free one is taken.
const TRIES: u16 = 4;
/// How long a port waits for its connection once a command wants it.
const ACCEPT_PATIENCE: Duration = Duration::from_secs(30);
/// Longest TLS handshake.
const TLS_PATIENCE: Duration = Duration::from_secs(15);
/// Longest goodbye.
const FAREWELL: Duration = Duration::from_secs(5);

/// The two ends of a control connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    pub(super) here: SocketAddr,
    pub(super) peer: SocketAddr,
}

/// A port that waits for one data connection of one peer.
#[derive(Debug)]
pub(super) struct Passive {
    listener: TcpListener,
    from: IpAddr,
}

/// Why there is no data connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoData {
    /// TLS failed.
    Tls,
    /// It is another TLS session than the control connection's.
    NotResumed,
}

impl Passive {
    /// Opens a port on the address that the client has come to.
    pub(super) async fn open(peer: &Peer) -> io::Result<Self> {
        let (ip, from) = (peer.here.ip(), peer.peer.ip());
        let start = rand::random::<u16>() % COUNT;
        for at in 0..TRIES {
            let port = FIRST + (start + at * 7) % COUNT;
            if let Ok(listener) = TcpListener::bind((ip, port)).await {
                return Ok(Self { listener, from });
            }
        }
        Ok(Self { listener: TcpListener::bind((ip, 0)).await?, from })
    }

    pub(super) fn port(&self) -> io::Result<u16> {
        Ok(self.listener.local_addr()?.port())
    }

    /// The connection of our peer, within a time limit; others are closed.
    pub(super) async fn accept(self, circumstances: &Circumstances) -> Option<Wire> {
        let accepting = async {
            loop {
                let (tcp, address) = self.listener.accept().await.ok()?;
                if address.ip() == self.from {
                    return Some(Wire::new(tcp, Some(circumstances)));
                }
            }
        };
        timeout(ACCEPT_PATIENCE, accepting).await.ok().flatten()
    }
}

/// A data connection: TLS, or in the clear.
pub(super) type Data = Either<Box<TlsStream<Wire>>, Wire>;

/// Starts TLS on a connection whose command has been answered.
pub(super) async fn secure(
    wire: Wire,
    acceptor: &TlsAcceptor,
    demands_reuse: bool,
) -> Result<Data, NoData> {
    let stream = match timeout(TLS_PATIENCE, acceptor.accept(wire)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::debug!(%error, "TLS handshake of a data connection failed");
            return Err(NoData::Tls);
        }
        Err(_) => return Err(NoData::Tls),
    };
    let resumed = stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed);
    let data = Either::Left(Box::new(stream));
    if demands_reuse && !resumed {
        close(data).await;
        return Err(NoData::NotResumed);
    }
    Ok(data)
}

/// Says goodbye and waits for nothing: what was written is on its way, and its end is told.
pub(super) async fn close(mut data: Data) {
    let _ = timeout(FAREWELL, data.shutdown()).await;
}

/// Breaks it.
pub(super) fn reset(data: &Data) {
    match data {
        Either::Left(stream) => stream.get_ref().0.reset_at_end(),
        Either::Right(wire) => wire.reset_at_end(),
    }
}
