//! New connections: TCP, TLS and CONNECT, within one time limit. What follows is in `session`.

use std::{sync::Arc, time::Duration};

use bambu_protocol::mqtt::{
    self, ConnAck, Connect, ConnectCode, DecodeError, Limits as PacketLimits, Packet,
};
use bytes::BytesMut;
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinSet,
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::sync::CancellationToken;

use crate::faults::{Fault, port::Port, wire::Wire};

use super::{
    User,
    session::{self, Arrival, FAREWELL, read_some},
    shared::{Shared, count},
};

/// Largest CONNECT: a stranger gets no megabyte.
const MAX_CONNECT: usize = 16 << 10;

/// Rest after a failed accept, as when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves a listener until `shutdown`, then waits for its connections.
pub(super) async fn run(
    shared: Arc<Shared>,
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    shutdown: CancellationToken,
) {
    let tls = tls.map(TlsAcceptor::from);
    let mut port = Port::new(listener, shared.hooks.circumstances().cloned());
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            accepted = port.accept() => accepted,
        };
        match accepted {
            Ok(wire) if has_place(&shared, &mut connections) => {
                let (shared, tls) = (Arc::clone(&shared), tls.clone());
                connections.spawn(connection(shared, wire, tls, shutdown.clone()));
            }
            Ok(_) => count(&shared.tally.refused, 1),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(port);
    while connections.join_next().await.is_some() {}
}

/// Places with [`Fault::FewSessions`].
const FEW: usize = 4;

fn has_place(shared: &Shared, connections: &mut JoinSet<()>) -> bool {
    while connections.try_join_next().is_some() {}
    let few = shared.hooks.circumstances().is_some_and(|of| of.faults.is_on(Fault::FewSessions));
    connections.len() < if few { FEW } else { shared.limits.max_connections }
}

/// Arrival and session are one task; what only the arrival needs is freed before the session.
async fn connection(
    shared: Arc<Shared>,
    wire: Wire,
    tls: Option<TlsAcceptor>,
    shutdown: CancellationToken,
) {
    let deadline = Instant::now() + shared.limits.handshake;
    match tls {
        None => {
            let arrival = Box::pin(greet(&shared, wire, deadline, &shutdown)).await;
            serve(&shared, arrival, &shutdown).await;
        }
        Some(tls) => {
            let arrival = Box::pin(shake_hands(&shared, wire, tls, deadline, &shutdown)).await;
            serve(&shared, arrival, &shutdown).await;
        }
    }
}

async fn serve<S>(shared: &Shared, arrival: Option<Arrival<S>>, shutdown: &CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    match arrival {
        Some(arrival) => session::run(shared, arrival, shutdown).await,
        None => count(&shared.tally.refused, 1),
    }
}

async fn shake_hands(
    shared: &Shared,
    wire: Wire,
    tls: TlsAcceptor,
    deadline: Instant,
    shutdown: &CancellationToken,
) -> Option<Arrival<TlsStream<Wire>>> {
    let handshake = timeout_at(deadline, tls.accept(wire));
    let stream = tokio::select! {
        () = shutdown.cancelled() => return None,
        stream = handshake => stream.ok()?,
    };
    match stream {
        Ok(stream) => greet(shared, stream, deadline, shutdown).await,
        Err(error) => {
            tracing::debug!(%error, "TLS handshake failed");
            None
        }
    }
}

/// Waits for CONNECT, and refuses it where the rules do.
async fn greet<S>(
    shared: &Shared,
    mut io: S,
    deadline: Instant,
    shutdown: &CancellationToken,
) -> Option<Arrival<S>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut buf = BytesMut::new();
    let first = tokio::select! {
        () = shutdown.cancelled() => return None,
        first = timeout_at(deadline, first_packet(&mut io, &mut buf)) => first,
    };
    let refused = match first {
        Ok(Some(Ok(Packet::Connect(connect)))) => match admit(shared, &connect) {
            Ok(user) => {
                let (reader, writer) = tokio::io::split(io);
                let Connect { client_id, keep_alive, will, .. } = connect;
                let client = shared.enter(user, &client_id, &conn_ack(ConnectCode::Accepted));
                return Some(Arrival { reader, writer, buf, client, keep_alive, will });
            }
            Err(code) => Some(code),
        },
        Ok(Some(Err(DecodeError::ProtocolLevel(_)))) => Some(ConnectCode::UnacceptableProtocol),
        _ => None,
    };
    let farewell = async {
        if let Some(code) = refused {
            tracing::debug!(?code, "client refused");
            let mut out = BytesMut::new();
            if mqtt::encode(&conn_ack(code), &mut out).is_ok() {
                io.write_all(&out).await?;
            }
        }
        io.shutdown().await
    };
    let _ = timeout(FAREWELL, farewell).await;
    None
}

/// CONNACK for a new session.
fn conn_ack(code: ConnectCode) -> Packet {
    Packet::ConnAck(ConnAck { session_present: false, code })
}

fn admit(shared: &Shared, connect: &Connect) -> Result<User, ConnectCode> {
    if connect.client_id.is_empty() && !connect.clean_session {
        return Err(ConnectCode::IdentifierRejected);
    }
    shared.hooks.connect(connect).map_err(super::ConnectRefusal::code)
}

/// `None` when the connection broke.
async fn first_packet<S: AsyncRead + Unpin>(
    io: &mut S,
    buf: &mut BytesMut,
) -> Option<Result<Packet, DecodeError>> {
    loop {
        match mqtt::decode(buf, &PacketLimits { max_packet: MAX_CONNECT }) {
            Ok(Some(packet)) => return Some(Ok(packet)),
            Err(error) => return Some(Err(error)),
            Ok(None) => {}
        }
        match read_some(io, buf).await {
            Ok(0) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}
