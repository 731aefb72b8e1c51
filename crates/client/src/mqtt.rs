//! One socket to a broker: TCP, TLS, the welcome, then packets in and out.
//!
//! The codec is `bambu_protocol::mqtt`; who reconnects, and when, is `link/task.rs`.

mod open;

use std::{io, time::Duration};

use bambu_protocol::mqtt::{DecodeError, EncodeError, Limits, Packet, decode, encode};
use bytes::BytesMut;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{error::Elapsed, timeout},
};
use tokio_rustls::client::TlsStream;

pub(crate) use open::{Open, OpenError, TlsTarget};

/// Largest packet that is read; a full report has 12 kB.
const LIMITS: Limits = Limits { max_packet: 1 << 20 };
/// The buffer for what is sent is given back above this.
const SHRINK_ABOVE: usize = 4 << 10;

/// An open, welcomed connection. Dropping it hangs up without a word.
pub(crate) struct Socket {
    /// Boxed, since futures that move it keep room for each place it was in.
    stream: Box<TlsStream<TcpStream>>,
    inbox: BytesMut,
    outbox: BytesMut,
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SocketError {
    /// The other side closed it.
    #[error("the other side hung up")]
    HungUp,
    /// The network broke it.
    #[error("network: {0}")]
    Io(#[from] io::Error),
    /// What came is no MQTT.
    #[error("unreadable packet: {0}")]
    Decode(#[from] DecodeError),
    /// What was to be sent cannot be said.
    #[error("unsendable packet: {0}")]
    Encode(#[from] EncodeError),
    /// The other side takes nothing any more.
    #[error("nothing could be sent in time")]
    Stuck(#[from] Elapsed),
}

impl Socket {
    fn new(stream: TlsStream<TcpStream>) -> Self {
        Self { stream: Box::new(stream), inbox: BytesMut::new(), outbox: BytesMut::new() }
    }

    /// The next packet. May be dropped and called again without losing bytes.
    pub(crate) async fn read(&mut self) -> Result<Packet, SocketError> {
        loop {
            if let Some(packet) = decode(&mut self.inbox, &LIMITS)? {
                return Ok(packet);
            }
            if self.inbox.is_empty() {
                // A silent connection holds no buffer, and none that a large packet left behind.
                self.inbox = BytesMut::new();
            }
            let read = match self.stream.fill_buf().await {
                Ok([]) => return Err(SocketError::HungUp),
                Ok(bytes) => {
                    self.inbox.extend_from_slice(bytes);
                    bytes.len()
                }
                // Printers hang up without a word of TLS.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(SocketError::HungUp);
                }
                Err(error) => return Err(error.into()),
            };
            self.stream.consume(read);
        }
    }

    /// Puts a packet behind those that wait for [`Socket::flush`].
    pub(crate) fn queue(&mut self, packet: &Packet) -> Result<(), SocketError> {
        Ok(encode(packet, &mut self.outbox)?)
    }

    /// Sends what is queued.
    pub(crate) async fn flush(&mut self, within: Duration) -> Result<(), SocketError> {
        if self.outbox.is_empty() {
            return Ok(());
        }
        timeout(within, async {
            self.stream.write_all_buf(&mut self.outbox).await?;
            self.stream.flush().await
        })
        .await??;
        if self.outbox.capacity() > SHRINK_ABOVE {
            self.outbox = BytesMut::new();
        }
        Ok(())
    }

    /// Says goodbye and hangs up.
    pub(crate) async fn close(mut self, within: Duration) {
        let _ = timeout(within, async {
            if self.queue(&Packet::Disconnect).is_ok() && self.flush(within).await.is_ok() {
                let _ = self.stream.shutdown().await;
            }
        })
        .await;
    }
}
