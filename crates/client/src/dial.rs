//! Opening a connection: TCP, then TLS, with an own error for every way in which that fails.
//!
//! Whom to believe is in `tls.rs`; what is said then, in `mqtt/open.rs` and `ftps/open.rs`.

use std::{fmt, io, sync::Arc, time::Duration};

use rustls::{CertificateError, ClientConfig};
use rustls_pki_types::ServerName;
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    link::Unreachable,
    tls::{Fingerprint, Refused, UntrustedPrinter},
};

/// Why TLS did not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsFailure {
    /// The certificate is not taken.
    #[error("{why}")]
    Untrusted { why: String, fingerprint: Option<Fingerprint> },
    /// What answers there speaks no TLS that we speak.
    #[error("{0}")]
    NotTls(String),
    /// It took the connection and said nothing in time.
    #[error("it says nothing")]
    Silent,
}

/// Looks up the host and connects, each way that it has in turn.
pub(crate) async fn tcp(host: &str, port: u16, within: Duration) -> Result<TcpStream, Unreachable> {
    let connect = async {
        let addresses: Vec<_> =
            lookup_host((host, port)).await.map_err(|_| Unreachable::UnknownName)?.collect();
        let stream =
            TcpStream::connect(addresses.as_slice()).await.map_err(|error| unreachable(&error))?;
        let _ = stream.set_nodelay(true);
        Ok(stream)
    };
    timeout(within, connect).await.map_err(|_| Unreachable::TimedOut)?
}

/// Shakes hands.
pub(crate) async fn tls(
    stream: TcpStream,
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    within: Duration,
) -> Result<TlsStream<TcpStream>, TlsFailure> {
    match timeout(within, TlsConnector::from(config).connect(name, stream)).await {
        Err(_) => Err(TlsFailure::Silent),
        Ok(Err(error)) => Err(tls_failure(&error)),
        Ok(Ok(stream)) => Ok(stream),
    }
}

impl From<Refused> for TlsFailure {
    fn from(Refused { why, fingerprint }: Refused) -> Self {
        Self::Untrusted { why: why.to_string(), fingerprint }
    }
}

fn unreachable(error: &io::Error) -> Unreachable {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Unreachable::Refused,
        io::ErrorKind::TimedOut => Unreachable::TimedOut,
        _ => Unreachable::NoRoute,
    }
}

fn tls_failure(error: &io::Error) -> TlsFailure {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidCertificate(CertificateError::Other(other))) => {
            match other.0.downcast_ref::<Refused>() {
                Some(refused) => refused.clone().into(),
                None => untrusted(other),
            }
        }
        // A printer whose certificate names the right serial but which cannot sign with its key.
        Some(rustls::Error::InvalidCertificate(CertificateError::BadSignature)) => {
            let why = UntrustedPrinter::NotItsKey.to_string();
            TlsFailure::Untrusted { why, fingerprint: None }
        }
        Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            untrusted(&"it is signed by an authority that is not trusted here")
        }
        Some(rustls::Error::InvalidCertificate(error)) => untrusted(error),
        Some(error) => TlsFailure::NotTls(error.to_string()),
        None => TlsFailure::NotTls("it hung up during the TLS handshake".into()),
    }
}

fn untrusted(error: &impl fmt::Display) -> TlsFailure {
    let why = format!("{error}; check the address, and BAMBU_CA_FILE if it is your own broker");
    TlsFailure::Untrusted { why, fingerprint: None }
}
