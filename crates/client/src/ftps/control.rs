//! The control connection: one command, one answer, each within its time.

use std::{net::IpAddr, sync::Arc, time::Duration};

use bambu_protocol::ftp::{self, Reply};
use bytes::BytesMut;
use futures_util::FutureExt as _;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_rustls::client::TlsStream;

use super::{FtpsError, place::Protection};

/// Silence after which a session is asked whether it is still there: printers drop idle ones
/// without a word after about five minutes, routers earlier. [L]
const IDLE: Duration = Duration::from_secs(20);

/// A session that has logged in. Whoever uses it owns it, so that an exchange that is given up in
/// the middle takes it along.
pub(super) struct Control {
    pub(super) stream: TlsStream<TcpStream>,
    pub(super) buffer: BytesMut,
    /// Where data connections go to: never elsewhere.
    pub(super) peer: IpAddr,
    /// Settings whose memory holds the TLS session of this connection.
    pub(super) tls: (Arc<ClientConfig>, ServerName<'static>),
    pub(super) protection: Protection,
    /// For each answer.
    pub(super) within: Duration,
    pub(super) used: Instant,
}

impl Control {
    /// Sends a command and waits for its answer. What is sent was checked for line ends before.
    pub(super) async fn ask(&mut self, command: &str) -> Result<Reply, FtpsError> {
        self.ask_in_time(command).await?.ok_or_else(silent)
    }

    /// The same; `None` when no answer came.
    pub(super) async fn ask_in_time(&mut self, command: &str) -> Result<Option<Reply>, FtpsError> {
        let line = format!("{command}\r\n");
        let exchange = async {
            self.stream.write_all(line.as_bytes()).await.map_err(|error| lost(&error))?;
            self.stream.flush().await.map_err(|error| lost(&error))?;
            reply(&mut self.stream, &mut self.buffer).await
        };
        let answer = timeout(self.within, exchange).await;
        self.used = Instant::now();
        let Ok(answer) = answer else { return Ok(None) };
        let (answer, verb) = (answer?, command.split(' ').next().unwrap_or_default());
        tracing::trace!(verb, code = answer.code, "the storage answered");
        Ok(Some(answer))
    }

    /// The next answer, however long it takes.
    pub(super) async fn reply(&mut self) -> Result<Reply, FtpsError> {
        let answer = reply(&mut self.stream, &mut self.buffer).await;
        self.used = Instant::now();
        answer
    }

    /// Whether the printer hung up, or said something that nobody asked for: its 421 before it
    /// does, or the answer to what was given up.
    pub(super) fn is_spent(&mut self) -> bool {
        !self.buffer.is_empty() || self.stream.read_buf(&mut self.buffer).now_or_never().is_some()
    }

    /// Whether it still answers; asked only after some silence.
    pub(super) async fn is_alive(&mut self) -> bool {
        !self.is_spent() && (self.used.elapsed() < IDLE || self.ask("NOOP").await.is_ok())
    }

    /// Where the printer waits for a data connection. `EPSV` as the vendor does, else `PASV`.
    pub(super) async fn passive(&mut self, plain: &mut bool) -> Result<u16, FtpsError> {
        let odd =
            |reply: &Reply| FtpsError::NoData { why: format!("{} {}", reply.code, reply.text()) };
        if !*plain {
            let reply = self.ask("EPSV").await?;
            match (reply.code, ftp::extended_passive_port(&reply.text())) {
                (229, Some(port)) => return Ok(port),
                _ if reply.is_refusal() => *plain = true,
                _ => return Err(odd(&reply)),
            }
        }
        let reply = self.ask("PASV").await?;
        match (reply.code, ftp::passive_port(&reply.text())) {
            (227, Some(port)) => Ok(port),
            _ => Err(odd(&reply)),
        }
    }

    /// Says good-bye, and waits no longer than a moment.
    pub(super) async fn quit(mut self) {
        let _ = timeout(Duration::from_secs(1), self.ask("QUIT")).await;
        let _ = timeout(Duration::from_millis(200), self.stream.shutdown()).await;
    }
}

/// Reads one answer; of no use after an error.
pub(super) async fn reply(
    stream: &mut TlsStream<TcpStream>,
    buffer: &mut BytesMut,
) -> Result<Reply, FtpsError> {
    loop {
        match Reply::decode(buffer) {
            Ok(Some(reply)) => return Ok(reply),
            Ok(None) => {}
            Err(why) => return Err(FtpsError::Malformed { why: why.to_string() }),
        }
        if stream.read_buf(buffer).await.map_err(|error| lost(&error))? == 0 {
            return Err(FtpsError::Lost { why: "the printer hung up".into() });
        }
    }
}

fn lost(error: &std::io::Error) -> FtpsError {
    FtpsError::Lost { why: error.to_string() }
}

pub(super) fn silent() -> FtpsError {
    FtpsError::Lost { why: "it does not answer".into() }
}
