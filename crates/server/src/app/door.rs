//! One face's port: connections are taken, each has a task of its own, and all of them end in order.
//! What one request goes through is in `trace.rs` and in the face's router.

#[cfg(test)]
mod tests;

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo, http::header::CONTENT_TYPE, response::Response};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{
    patience::{self, Taking},
    places::Places,
    session::Session,
};
use crate::{
    metrics::Metrics,
    trace::{self, Seen},
};

/// A request's head, and the bytes that wait to be sent, take no more than this.
const LARGEST_HEAD: usize = 64 << 10;

/// Answers that have no end of their own.
const ENDLESS: [&[u8]; 2] = [b"text/event-stream", b"multipart/x-mixed-replace"];

/// How long a peer is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// For TLS to be agreed on.
    pub(super) handshake: Duration,
    /// For a whole request head: from the opening of the connection, or from the last answer on.
    pub(super) head: Duration,
    /// For the next bytes of a body, and for it to take some of what we send.
    pub(super) stall: Duration,
    /// For requests under way to finish at shutdown. With what comes after, below
    /// the 10 s after which a process is commonly killed.
    pub(super) grace: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(30),
            stall: Duration::from_secs(60),
            grace: Duration::from_secs(8),
        }
    }
}

/// A face with its port and all it takes to serve it.
pub(super) struct Door {
    pub(super) listener: TcpListener,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) places: Places,
    pub(super) times: Times,
    pub(super) inside: Arc<Inside>,
}

/// What every connection of a face shares.
pub(super) struct Inside {
    pub(super) router: Router,
    pub(super) seen: Seen,
    pub(super) metrics: Metrics,
    pub(super) shutdown: CancellationToken,
}

impl Door {
    /// Takes connections until shutdown, then waits for those that are at work.
    pub(super) async fn serve(self) {
        let shutdown = self.inside.shutdown.clone();
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => self.admit(stream, peer, &mut connections),
                    Err(error) => wait_after(&error).await,
                },
            }
        }
        drop(self.listener);
        let all = async { while connections.join_next().await.is_some() {} };
        if timeout(self.times.grace, all).await.is_err() {
            let left = connections.len();
            warn!(face = self.inside.seen.face, left, "requests were cut short at shutdown");
            connections.shutdown().await;
        }
    }

    /// A connection for which there is no place is closed at once, so that its peer knows.
    fn admit(&self, stream: TcpStream, peer: SocketAddr, connections: &mut JoinSet<()>) {
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let Some(place) = self.places.take(peer.ip()) else {
            self.inside.metrics.refused_connection();
            debug!(%peer, "too many connections; closed");
            return;
        };
        let counted = self.inside.metrics.connection();
        // Answers are whole when they are written: waiting for more would only delay them.
        let _ = stream.set_nodelay(true);
        let (inside, times, tls) = (Arc::clone(&self.inside), self.times, self.tls.clone());
        connections.spawn(async move {
            let _held = (place, counted);
            let Some(tls) = tls else {
                return inside.connection(stream, peer, times).await;
            };
            let handshake = timeout(times.handshake, tls.accept(stream));
            let agreed = inside.shutdown.run_until_cancelled(handshake).await;
            let Some(agreed) = agreed else { return };
            match agreed {
                Ok(Ok(stream)) => inside.connection(stream, peer, times).await,
                Ok(Err(error)) => debug!(%peer, %error, "no TLS came about"),
                Err(_) => debug!(%peer, "TLS took too long; closed"),
            }
        });
    }
}

impl Inside {
    async fn connection<S>(self: Arc<Self>, stream: S, peer: SocketAddr, times: Times)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let session = Session::new(self.shutdown.clone());
        // Boxed, so that an idle connection does not keep the room that a request takes.
        let service = service_fn(|mut request: Request<Incoming>| {
            request.extensions_mut().insert(session.clone());
            Box::pin(Arc::clone(&self).answer(request, peer, times.stall))
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(times.head)
            .max_buf_size(LARGEST_HEAD)
            .serve_connection(TokioIo::new(Taking::new(stream, times.stall)), service)
            .with_upgrades();
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        match (ended, session.take()) {
            (Err(error), _) => debug!(%peer, %error, "a connection ended early"),
            (Ok(()), Some(rest)) => rest.await,
            (Ok(()), None) => {}
        }
    }

    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: SocketAddr,
        stall: Duration,
    ) -> Result<Response, Infallible> {
        let mut request = request.map(|body| patience::sent(body, stall));
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = trace::traced(&self.seen, self.router.clone(), request).await;
        let kind = response.headers().get(CONTENT_TYPE).map_or(&[][..], |kind| kind.as_bytes());
        if ENDLESS.iter().any(|endless| kind.starts_with(endless)) {
            return Ok(response.map(|body| patience::until(self.shutdown.clone(), body)));
        }
        Ok(response)
    }
}

/// A peer that left before it was let in is no reason to wait. Without file handles, the next try
/// would fail at once, too.
async fn wait_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        warn!(%error, "no connection can be taken; trying again");
        sleep(Duration::from_millis(500)).await;
    }
}
