//! A TCP connection that stalls or is reset when its printer's faults say so.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::trouble::{Circumstances, Flow, Trouble};

/// A connection of a face. What runs over it, TLS included, meets the faults as a network's.
pub(crate) struct Wire {
    /// `None` only while it is dropped.
    tcp: Option<TcpStream>,
    trouble: Option<Box<Trouble>>,
}

impl Wire {
    /// Nothing ever goes wrong without circumstances.
    pub(crate) fn new(tcp: TcpStream, circumstances: Option<&Circumstances>) -> Self {
        let _ = tcp.set_nodelay(true);
        let trouble = circumstances.map(|of| Box::new(Trouble::new(of.clone())));
        Self { tcp: Some(tcp), trouble }
    }

    /// Its addresses: ours and the other side's.
    pub(crate) fn addresses(&self) -> io::Result<(SocketAddr, SocketAddr)> {
        let tcp = self.tcp.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        Ok((tcp.local_addr()?, tcp.peer_addr()?))
    }

    /// Lets its end be a reset, and not a goodbye.
    pub(crate) fn reset_at_end(&self) {
        if let Some(tcp) = &self.tcp {
            let _ = tcp.set_zero_linger();
        }
    }

    /// The stream, once bytes may flow.
    fn poll_flow(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Pin<&mut TcpStream>>> {
        match self.trouble.as_mut().map_or(Flow::Fine, |trouble| trouble.poll(context)) {
            Flow::Fine => {}
            Flow::Stalled => return Poll::Pending,
            Flow::Reset => return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
        }
        Poll::Ready(self.tcp.as_mut().map(Pin::new).ok_or(io::ErrorKind::NotConnected.into()))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if let (Some(tcp), Some(trouble)) = (self.tcp.take(), &mut self.trouble) {
            trouble.part(tcp);
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_flow(context))?.poll_read(context, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_flow(context))?.poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_flow(context))?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_flow(context))?.poll_shutdown(context)
    }
}
