//! The certificate that the faces show: a given one, read again when its files change, or one that is
//! made and kept (`tls/made.rs`).

mod made;
#[cfg(test)]
mod tests;

use std::{
    fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};

use crate::config::{Server, Tls};

/// Why there is no certificate to show.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("cannot read {}; check that it is there and who may read it", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("{} holds no {wanted} in PEM; name the right file under [server] tls", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// The certificate and the key do not go together, or nobody can use them.
    #[error("{} cannot be shown with its key; name the key that belongs to it under [server] tls", path.display())]
    Unusable {
        /// Which certificate.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up; leave [server] tls out")]
    Setup(#[source] rustls::Error),
    /// This is no name of a machine.
    #[error("{0:?} is no name of a machine; write names and addresses under [server] tls_names")]
    Name(String),
    /// No certificate can be made for these names.
    #[error("no certificate can be made; check the names under [server] tls_names")]
    Made(#[source] rcgen::Error),
    /// What was made cannot be kept.
    #[error("cannot write {}; check who may write to its folder", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The certificate of a process, in use.
pub(super) struct Certificate {
    certificate: PathBuf,
    key: PathBuf,
    shown: Arc<Shown>,
    acceptor: TlsAcceptor,
    read_at: Mutex<Stamp>,
}

/// When the two files were written last.
type Stamp = [Option<SystemTime>; 2];

#[derive(Debug)]
struct Shown(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Certificate {
    /// The one that the configuration asks for; `None` when it asks for none.
    pub(super) fn of(
        server: &Server,
        addresses: &[IpAddr],
        state_dir: &Path,
    ) -> Result<Option<Self>, CertificateError> {
        let (certificate, key) = match &server.tls {
            None => return Ok(None),
            Some(Tls::Files { certificate, key }) => (certificate.clone(), key.clone()),
            Some(Tls::Made) => {
                let file = made::kept(state_dir, &made::names(&server.tls_names, addresses)?)?;
                (file.clone(), file)
            }
        };
        let read_at = Mutex::new(stamp(&certificate, &key));
        let shown = Arc::new(Shown(ArcSwap::from_pointee(read(&certificate, &key)?)));
        let acceptor = acceptor(Arc::clone(&shown) as _)?;
        Ok(Some(Self { certificate, key, shown, acceptor, read_at }))
    }

    /// What answers a connection's first bytes.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }

    /// Reads the files again when they were renewed. While they cannot be used, the old certificate
    /// stays, and that is told once per change.
    pub(super) fn reload_if_changed(&self) {
        let now = stamp(&self.certificate, &self.key);
        let mut read_at = self.read_at.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut *read_at, now) == now {
            return;
        }
        match read(&self.certificate, &self.key) {
            Ok(key) => {
                self.shown.0.store(Arc::new(key));
                info!(file = %self.certificate.display(), "the certificate was read again");
            }
            Err(error) => warn!(%error, "the changed certificate is not used; the old one stays"),
        }
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn acceptor(shown: Arc<dyn ResolvesServerCert>) -> Result<TlsAcceptor, CertificateError> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(CertificateError::Setup)?
        .with_no_client_auth()
        .with_cert_resolver(shown);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config).into())
}

fn stamp(certificate: &Path, key: &Path) -> Stamp {
    [certificate, key].map(|path| fs::metadata(path).and_then(|file| file.modified()).ok())
}

fn read(certificate: &Path, key: &Path) -> Result<CertifiedKey, CertificateError> {
    let bytes = |path: &Path| {
        let failed = |source| CertificateError::Read { path: path.to_owned(), source };
        fs::read(path).map_err(failed)
    };
    let foreign = |path: &Path, wanted| CertificateError::Foreign { path: path.to_owned(), wanted };
    let chain = CertificateDer::pem_slice_iter(&bytes(certificate)?)
        .collect::<Result<Vec<_>, _>>()
        .ok()
        .filter(|chain| !chain.is_empty())
        .ok_or_else(|| foreign(certificate, "certificate"))?;
    let secret = PrivateKeyDer::from_pem_slice(&bytes(key)?);
    let secret = secret.map_err(|_| foreign(key, "private key"))?;
    CertifiedKey::from_der(chain, secret, &provider())
        .map_err(|source| CertificateError::Unusable { path: certificate.to_owned(), source })
}
