//! Connections to the REST half, bounded in number and in the time a request may take to arrive.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::serve::Listener;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep, sleep},
};

/// Most connections at once; further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 1024;
/// Longest time from accept, or from the last answer, to the end of the next request.
const REQUEST_TIME: Duration = Duration::from_secs(30);

/// A listener that never has more than [`MAX_CONNECTIONS`] open.
pub(super) struct Bounded {
    listener: TcpListener,
    places: Arc<Semaphore>,
}

/// A connection that fails once its peer lets it wait for too long.
pub(super) struct Timed {
    tcp: TcpStream,
    deadline: Pin<Box<Sleep>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Bounded {
    pub(super) fn new(listener: TcpListener) -> Self {
        Self { listener, places: Arc::new(Semaphore::new(MAX_CONNECTIONS)) }
    }
}

impl Listener for Bounded {
    type Io = Timed;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Timed, SocketAddr) {
        // The semaphore is never closed, so there is always a place in the end.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let (tcp, address) = Listener::accept(&mut self.listener).await;
        (Timed { tcp, deadline: Box::pin(sleep(REQUEST_TIME)), _place: place }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl AsyncRead for Timed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(read) = Pin::new(&mut self.tcp).poll_read(context, buf) {
            return Poll::Ready(read);
        }
        ready!(self.deadline.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Timed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.tcp).poll_write(context, bytes));
        self.deadline.as_mut().reset(Instant::now() + REQUEST_TIME);
        Poll::Ready(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn pair() -> (Timed, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut bounded = Bounded::new(listener);
        let (accepted, peer) = tokio::join!(bounded.accept(), TcpStream::connect(address));
        (accepted.0, peer.unwrap())
    }

    #[tokio::test]
    async fn a_peer_that_says_nothing_is_not_waited_for() {
        let (mut server, _peer) = pair().await;
        tokio::time::pause();
        let failed = server.read_u8().await.unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn an_answer_gives_the_next_request_its_time() {
        let (mut server, mut peer) = pair().await;
        tokio::time::pause();
        tokio::time::advance(REQUEST_TIME - Duration::from_secs(1)).await;
        server.write_all(b"x").await.unwrap();
        let began = Instant::now();
        assert!(server.read_u8().await.is_err());
        assert!(began.elapsed() >= REQUEST_TIME - Duration::from_secs(1));
        assert_eq!(peer.read_u8().await.unwrap(), b'x');
    }
}
