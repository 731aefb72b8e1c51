//! Opening a connection, with an own error for every way in which that fails.

use std::{sync::Arc, time::Duration};

use bambu_protocol::mqtt::{Connect, ConnectCode, Packet};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::{
    net::TcpStream,
    sync::{AcquireError, Semaphore, SemaphorePermit},
    time::timeout,
};
use tokio_rustls::client::TlsStream;

use super::{Socket, SocketError};
use crate::{
    dial::{self, TlsFailure},
    endpoint::BrokerAddress,
    link::Unreachable,
    tls::{self, Fingerprint, Pinning, PrinterTls, Refused, SetupError, Verdict},
};

/// Connections that are being opened at a time in the whole process, so that a start of many links
/// starves neither them nor their peers.
static PLACES: Semaphore = Semaphore::const_new(32);
/// How long a host that is not there may keep a place from the others.
const BRIEF: Duration = Duration::from_millis(300);

/// The semaphore is never closed.
type Place<'s> = Result<SemaphorePermit<'s>, AcquireError>;

/// Whom to expect behind TLS.
pub(crate) struct TlsTarget {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    /// Of a printer.
    pinning: Option<Pinning>,
}

impl TlsTarget {
    /// The cloud's broker.
    pub(crate) fn cloud(config: Arc<ClientConfig>, host: &str) -> Result<Self, SetupError> {
        Ok(Self { config, name: tls::server_name(host)?, pinning: None })
    }
}

impl From<PrinterTls> for TlsTarget {
    fn from(PrinterTls { config, name, pinning }: PrinterTls) -> Self {
        Self { config, name, pinning: Some(pinning) }
    }
}

/// Everything that opening needs.
pub(crate) struct Open {
    pub(crate) address: BrokerAddress,
    pub(crate) tls: TlsTarget,
    pub(crate) connect: Connect,
    /// For each step.
    pub(crate) within: Duration,
}

/// Why a connection could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error("{why}")]
    Untrusted { why: String, fingerprint: Option<Fingerprint> },
    #[error("{0}")]
    NotABroker(String),
    #[error("{0:?}")]
    Refused(ConnectCode),
    /// It took the connection and said nothing in time.
    #[error("silent")]
    Silent,
}

impl Open {
    /// Connects, shakes hands, logs in; a printer is remembered then.
    ///
    /// The place comes first: a peer's own time-out starts when it has the connection. Nor do those
    /// that wait need the memory of a handshake.
    pub(crate) async fn open(self) -> Result<Socket, OpenError> {
        let place = PLACES.acquire().await;
        Box::pin(self.open_at(place)).await
    }

    /// Shakes hands and hangs up: what a printer shows, and why it is taken. Nothing is sent that
    /// is secret, and nothing remembered.
    pub(crate) async fn look(self) -> Result<Option<(Fingerprint, Verdict)>, OpenError> {
        let place = PLACES.acquire().await;
        let stream = Box::pin(self.secure(place)).await?;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        match &self.tls.pinning {
            Some(pinning) => Ok(pinning.look(chain)?),
            None => Ok(None),
        }
    }

    async fn open_at(mut self, place: Place<'_>) -> Result<Socket, OpenError> {
        let stream = self.secure(place).await?;
        let pinning = self.tls.pinning.take().map(|pinning| {
            let chain = stream.get_ref().1.peer_certificates().map(<[_]>::to_vec);
            pinning.accepted(chain)
        });
        let mut socket = Socket::new(stream);
        let welcome = timeout(self.within, self.welcome(&mut socket)).await;
        welcome.map_err(|_| OpenError::Silent)??;
        if let Some(pinning) = pinning {
            pinning.await.map_err(OpenError::from)?;
        }
        Ok(socket)
    }

    async fn secure(&self, place: Place<'_>) -> Result<TlsStream<TcpStream>, OpenError> {
        let BrokerAddress { host, port } = &self.address;
        let tcp = dial::tcp(host, *port, self.within);
        tokio::pin!(tcp);
        if let Ok(stream) = timeout(BRIEF, &mut tcp).await {
            return self.handshake(stream?, place).await;
        }
        drop(place);
        let stream = tcp.await?;
        self.handshake(stream, PLACES.acquire().await).await
    }

    async fn handshake(
        &self,
        stream: TcpStream,
        _place: Place<'_>,
    ) -> Result<TlsStream<TcpStream>, OpenError> {
        let TlsTarget { config, name, .. } = &self.tls;
        Ok(dial::tls(stream, config.clone(), name.clone(), self.within).await?)
    }

    async fn welcome(&self, socket: &mut Socket) -> Result<(), OpenError> {
        let odd = |error: SocketError| OpenError::NotABroker(error.to_string());
        socket.queue(&Packet::Connect(self.connect.clone())).map_err(odd)?;
        socket.flush(self.within).await.map_err(odd)?;
        match socket.read().await.map_err(odd)? {
            Packet::ConnAck(ack) if ack.code == ConnectCode::Accepted => Ok(()),
            Packet::ConnAck(ack) => Err(OpenError::Refused(ack.code)),
            _ => Err(OpenError::NotABroker("its first packet is no welcome".into())),
        }
    }
}

impl From<Refused> for OpenError {
    fn from(refused: Refused) -> Self {
        TlsFailure::from(refused).into()
    }
}

impl From<TlsFailure> for OpenError {
    fn from(failure: TlsFailure) -> Self {
        match failure {
            TlsFailure::Untrusted { why, fingerprint } => Self::Untrusted { why, fingerprint },
            TlsFailure::NotTls(why) => Self::NotABroker(why),
            TlsFailure::Silent => Self::Silent,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncReadExt, net::TcpListener};

    use super::*;

    #[tokio::test]
    async fn waiting_for_a_place_takes_nothing_from_the_time_for_the_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (config, name) = tls::unchecked().unwrap();
        let open = Open {
            address: BrokerAddress { host: "127.0.0.1".into(), port },
            tls: TlsTarget { config, name, pinning: None },
            connect: Connect {
                client_id: String::new(),
                clean_session: true,
                keep_alive: 30,
                username: None,
                password: None,
                will: None,
            },
            within: Duration::from_secs(10),
        };
        let taken = PLACES.acquire_many(32).await.unwrap();
        let opening = tokio::spawn(open.open());
        tokio::task::yield_now().await;
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(3600)).await;
        tokio::time::resume();
        assert!(!opening.is_finished());
        drop(taken);
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 16]).await.unwrap() > 0, "the handshake begins");
        drop(stream);
        assert!(matches!(opening.await.unwrap(), Err(OpenError::NotABroker(_))));
    }
}
