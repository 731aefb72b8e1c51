//! Opening a connection, with an own error for every way in which that fails.

use std::{io, sync::Arc, time::Duration};

use bambu_protocol::mqtt::{Connect, ConnectCode, Packet};
use rustls::{CertificateError, ClientConfig};
use rustls_pki_types::ServerName;
use tokio::{
    net::{TcpStream, lookup_host},
    sync::Semaphore,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{Socket, SocketError};
use crate::{
    endpoint::BrokerAddress,
    link::Unreachable,
    tls::{Fingerprint, Refused, UntrustedPrinter},
};

/// TLS handshakes at a time in the whole process, so that a restart of many links does not starve
/// each of them.
static HANDSHAKES: Semaphore = Semaphore::const_new(32);

/// Whom to expect behind TLS.
pub(crate) struct TlsTarget {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) name: ServerName<'static>,
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
}

impl Open {
    /// Connects, shakes hands, logs in.
    pub(crate) async fn open(self) -> Result<Socket, OpenError> {
        let stream = self.tcp().await?;
        let stream = self.handshake(stream).await?;
        let mut socket = Socket::new(stream);
        let silent = |_| OpenError::NotABroker("it sent no welcome in time".into());
        timeout(self.within, self.welcome(&mut socket)).await.map_err(silent)??;
        Ok(socket)
    }

    async fn tcp(&self) -> Result<TcpStream, OpenError> {
        let BrokerAddress { host, port } = &self.address;
        let connect = async {
            let addresses: Vec<_> = lookup_host((host.as_str(), *port))
                .await
                .map_err(|_| Unreachable::UnknownName)?
                .collect();
            let stream = TcpStream::connect(addresses.as_slice())
                .await
                .map_err(|error| unreachable(&error))?;
            let _ = stream.set_nodelay(true);
            Ok(stream)
        };
        timeout(self.within, connect).await.map_err(|_| Unreachable::TimedOut)?
    }

    async fn handshake(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>, OpenError> {
        let _permit = HANDSHAKES.acquire().await;
        let connector = TlsConnector::from(self.tls.config.clone());
        match timeout(self.within, connector.connect(self.tls.name.clone(), stream)).await {
            Err(_) => {
                Err(OpenError::NotABroker("it did not finish the TLS handshake in time".into()))
            }
            Ok(Err(error)) => Err(tls_error(&error)),
            Ok(Ok(stream)) => Ok(stream),
        }
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

fn unreachable(error: &io::Error) -> Unreachable {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Unreachable::Refused,
        io::ErrorKind::TimedOut => Unreachable::TimedOut,
        _ => Unreachable::NoRoute,
    }
}

fn tls_error(error: &io::Error) -> OpenError {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidCertificate(CertificateError::Other(other))) => {
            match other.0.downcast_ref::<Refused>() {
                Some(refused) => OpenError::Untrusted {
                    why: refused.why.to_string(),
                    fingerprint: refused.fingerprint,
                },
                None => untrusted(other),
            }
        }
        // A printer whose certificate names the right serial but which cannot sign with its key.
        Some(rustls::Error::InvalidCertificate(CertificateError::BadSignature)) => {
            let why = UntrustedPrinter::NotItsKey.to_string();
            OpenError::Untrusted { why, fingerprint: None }
        }
        Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            untrusted(&"it is signed by an authority that is not trusted here")
        }
        Some(rustls::Error::InvalidCertificate(error)) => untrusted(error),
        Some(error) => OpenError::NotABroker(error.to_string()),
        None => OpenError::NotABroker("it hung up during the TLS handshake".into()),
    }
}

fn untrusted(error: &impl std::fmt::Display) -> OpenError {
    let why = format!("{error}; check the address, and BAMBU_CA_FILE if it is your own broker");
    OpenError::Untrusted { why, fingerprint: None }
}
