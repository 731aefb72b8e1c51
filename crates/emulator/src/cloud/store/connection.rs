//! Connections to the object store: bounded in number, ended when nothing moves, cut on purpose.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep, sleep},
};

/// Most connections at once; further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 256;
/// Longest time in which not a byte moves, either way: a file may take as long as it takes.
const STILL: Duration = Duration::from_secs(30);

/// A listener that never has more than [`MAX_CONNECTIONS`] open.
pub(super) struct Bounded {
    listener: TcpListener,
    places: Arc<Semaphore>,
}

/// One connection.
pub(super) struct Line {
    tcp: TcpStream,
    deadline: Pin<Box<Sleep>>,
    cut: Cut,
    _place: Option<OwnedSemaphorePermit>,
}

/// Breaks a connection off: the peer sees a reset. A clone is for the same connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Cut(Arc<AtomicBool>);

impl Cut {
    pub(super) fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Connected<IncomingStream<'_, Bounded>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Bounded>) -> Self {
        stream.io().cut.clone()
    }
}

impl Bounded {
    pub(super) fn new(listener: TcpListener) -> Self {
        Self { listener, places: Arc::new(Semaphore::new(MAX_CONNECTIONS)) }
    }
}

impl Listener for Bounded {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        // The semaphore is never closed, so there is always a place in the end.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let (tcp, address) = Listener::accept(&mut self.listener).await;
        let deadline = Box::pin(sleep(STILL));
        (Line { tcp, deadline, cut: Cut::default(), _place: place }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Line {
    /// An error once it is to be cut, or has been still for too long.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        if self.cut.0.load(Ordering::Relaxed) {
            // What is not read yet makes the close a reset; this makes sure of it.
            let _ = socket2::SockRef::from(&self.tcp).set_linger(Some(Duration::ZERO));
            return Poll::Ready(io::ErrorKind::ConnectionReset.into());
        }
        ready!(self.deadline.as_mut().poll(context));
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }

    fn moved(&mut self) {
        self.deadline.as_mut().reset(Instant::now() + STILL);
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        if !self.cut.0.load(Ordering::Relaxed)
            && let Poll::Ready(read) = Pin::new(&mut self.tcp).poll_read(context, buf)
        {
            if buf.filled().len() > before {
                self.moved();
            }
            return Poll::Ready(read);
        }
        Poll::Ready(Err(ready!(self.poll_end(context))))
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.cut.0.load(Ordering::Relaxed)
            && let Poll::Ready(written) = Pin::new(&mut self.tcp).poll_write(context, bytes)
        {
            self.moved();
            return Poll::Ready(written);
        }
        Poll::Ready(Err(ready!(self.poll_end(context))))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.cut.0.load(Ordering::Relaxed) {
            // A shutdown would be an end in good order.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}
