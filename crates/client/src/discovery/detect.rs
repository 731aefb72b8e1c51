//! Asking one address whether a printer is there: port 3000 in the clear and 3002 over TLS, both
//! at once, since models differ.

use std::{io, time::Duration};

use bambu_protocol::discovery::detect::{self, LAN_ONLY, Message, Report};
use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, lookup_host},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{Found, Via};
use crate::{link::Unreachable, tls};

/// Bytes that are read before whoever talks counts as no printer.
const MOST: usize = 64 * 1024;

/// Where to ask and how long to wait.
#[derive(Debug, Clone)]
pub struct DetectOptions {
    /// Port in the clear.
    pub port: u16,
    /// Port over TLS.
    pub tls_port: u16,
    /// For all of it.
    pub within: Duration,
}

impl Default for DetectOptions {
    fn default() -> Self {
        let (port, tls_port) = (detect::PORT, detect::TLS_PORT);
        Self { port, tls_port, within: Duration::from_secs(5) }
    }
}

/// Why an address does not tell which printer is there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DetectError {
    /// The printer says no, in LAN mode to who is on another subnet.
    #[error("the printer at {host} does not tell who it is ({why}); {next}", next = advice(*.code))]
    Refused {
        /// Where.
        host: String,
        /// Its word.
        why: String,
        /// Its number for it.
        code: Option<u32>,
    },
    /// Nothing is there.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// Where.
        host: String,
        /// What happened.
        why: Unreachable,
    },
    /// Something is there, but does not answer as a printer does.
    #[error("what is at {0} does not answer as a printer does; check the address")]
    NoPrinter(String),
}

fn advice(code: Option<u32>) -> &'static str {
    match code {
        Some(LAN_ONLY) => "ask from the printer's own subnet",
        _ => "read its serial number from its screen (Settings > Device)",
    }
}

/// How one of the two ways ended; the later, the more it tells.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Miss {
    NoWay,
    Closed,
    UnknownName,
    TimedOut,
    Odd,
    Refused { why: String, code: Option<u32> },
}

/// Asks which printer is at an address. It needs no access code and proves nothing.
///
/// # Errors
/// [`DetectError`].
pub async fn detect(host: &str, options: &DetectOptions) -> Result<Found, DetectError> {
    let mut ways = JoinSet::new();
    let (name, port, within) = (host.to_owned(), options.port, options.within);
    ways.spawn(async move { timeout(within, ask_plain(&name, port)).await });
    let (name, port) = (host.to_owned(), options.tls_port);
    ways.spawn(async move { timeout(within, ask_over_tls(&name, port)).await });
    let mut told = Miss::NoWay;
    while let Some(Ok(end)) = ways.join_next().await {
        match end.unwrap_or(Err(Miss::TimedOut)) {
            Ok(found) => return Ok(found),
            Err(miss) => told = told.max(miss),
        }
    }
    Err(told.at(host))
}

async fn ask_plain(host: &str, port: u16) -> Result<Found, Miss> {
    let stream = connect(host, port).await?;
    let address = stream.peer_addr()?.ip();
    ask(stream, address).await
}

/// Nothing is secret here and nobody is known yet, so the certificate is not asked.
async fn ask_over_tls(host: &str, port: u16) -> Result<Found, Miss> {
    let stream = connect(host, port).await?;
    let address = stream.peer_addr()?.ip();
    let (config, name) = tls::unchecked().map_err(|_| Miss::Odd)?;
    let stream = TlsConnector::from(config).connect(name, stream).await.map_err(|_| Miss::Odd)?;
    ask(stream, address).await
}

async fn connect(host: &str, port: u16) -> Result<TcpStream, Miss> {
    let addresses = lookup_host((host, port)).await.map_err(|_| Miss::UnknownName)?;
    Ok(TcpStream::connect(addresses.collect::<Vec<_>>().as_slice()).await?)
}

async fn ask(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    address: std::net::IpAddr,
) -> Result<Found, Miss> {
    let question = detect::frame(&detect::question()).ok_or(Miss::Odd)?;
    let odd = |_| Miss::Odd;
    stream.write_all(&question).await.map_err(odd)?;
    stream.flush().await.map_err(odd)?;
    let mut inbox = BytesMut::new();
    let mut left = MOST;
    while left > 0 {
        let read = stream.read_buf(&mut inbox).await.map_err(odd)?;
        if read == 0 {
            break;
        }
        left = left.saturating_sub(read);
        while let Some(json) = detect::decode(&mut inbox) {
            match detect::read(&json) {
                Some(Message::Answer(about)) => return Ok(Found::new(about, address, Via::Detect)),
                Some(Message::Report(report)) if report.is_failure() => {
                    return Err(Miss::refused(report));
                }
                _ => {}
            }
        }
    }
    Err(Miss::Odd)
}

impl Miss {
    fn refused(Report { status, message, code }: Report) -> Self {
        Self::Refused { why: message.unwrap_or(status), code }
    }

    fn at(self, host: &str) -> DetectError {
        let host: String = host.chars().filter(|c| !c.is_control()).take(253).collect();
        let why = match self {
            Self::Refused { why, code } => return DetectError::Refused { host, why, code },
            Self::Odd => return DetectError::NoPrinter(host),
            Self::UnknownName => Unreachable::UnknownName,
            Self::Closed => Unreachable::Refused,
            Self::TimedOut => Unreachable::TimedOut,
            Self::NoWay => Unreachable::NoRoute,
        };
        DetectError::Unreachable { host, why }
    }
}

impl From<io::Error> for Miss {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Closed,
            io::ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::NoWay,
        }
    }
}
