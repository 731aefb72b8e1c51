//! Whom we trust: public authorities for the cloud, given ones for printers.
//!
//! `tls/identity.rs` settles how a printer proves who it is, `tls/printer.rs` is the check, with
//! `tls/version1.rs` for certificates that the usual library cannot read; `tls/known.rs` remembers.

mod authorities;
mod fingerprint;
mod identity;
mod known;
mod printer;
mod slicer;
mod version1;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use rustls::{ClientConfig, RootCertStore, crypto::CryptoProvider};
use rustls_pki_types::{CertificateDer, InvalidDnsNameError, ServerName, pem::PemObject};

pub(crate) use fingerprint::Fingerprint;
pub use identity::Identity;
pub(crate) use identity::{Pinning, PrinterTls, unchecked};
pub use known::KnownPrinters;
pub use printer::Verdict;
pub(crate) use printer::{Refused, UntrustedPrinter};

/// The authorities that are trusted. Cheap to clone; TLS settings are made once per set.
///
/// The cloud is judged by the public authorities and the given ones, a printer by the given ones
/// alone: no public authority has a say about a printer. Where none is given, its [`Identity`]
/// decides.
#[derive(Clone, Default)]
pub struct Roots(Arc<Inner>);

#[derive(Default)]
struct Inner {
    extra: Vec<CertificateDer<'static>>,
    cloud: OnceLock<Arc<ClientConfig>>,
}

/// Why a file of authorities (`BAMBU_CA_FILE`) cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// The file cannot be read: check its path.
    #[error("the CA file {} cannot be read; check BAMBU_CA_FILE", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds no certificate: it takes PEM, `-----BEGIN CERTIFICATE-----`.
    #[error("{origin} holds no readable PEM certificate; check BAMBU_CA_FILE")]
    NoCertificate {
        /// File name, or where else the text came from.
        origin: String,
    },
}

/// Why TLS cannot be set up: check the host name.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    /// The built-in provider refuses; not seen so far.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    /// The host is neither a name nor an address.
    #[error("the host is neither a name nor an address")]
    Host(#[from] InvalidDnsNameError),
}

impl Roots {
    /// The public authorities alone.
    pub fn public() -> Self {
        Self::default()
    }

    /// These and the authorities in a PEM file.
    ///
    /// # Errors
    /// [`RootsError`] when the file cannot be read or holds no certificate.
    pub fn with_pem_file(self, path: impl AsRef<Path>) -> Result<Self, RootsError> {
        let path = path.as_ref();
        let pem = std::fs::read(path)
            .map_err(|source| RootsError::Read { path: path.to_owned(), source })?;
        self.with_pem(&pem, &path.display().to_string())
    }

    /// These and the authorities in a PEM text; `origin` is named when it cannot be read.
    ///
    /// # Errors
    /// [`RootsError::NoCertificate`].
    pub fn with_pem(self, pem: &[u8], origin: &str) -> Result<Self, RootsError> {
        let bad = || RootsError::NoCertificate { origin: origin.to_owned() };
        let more: Vec<_> =
            CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| bad())?;
        if more.is_empty() || !more.iter().all(|der| authorities::is_readable(der)) {
            return Err(bad());
        }
        let mut extra = self.0.extra.clone();
        extra.extend(more);
        Ok(Self(Arc::new(Inner { extra, ..Inner::default() })))
    }

    /// TLS settings for connections to the cloud that somebody else makes.
    ///
    /// # Errors
    /// The built-in provider refuses; not seen so far.
    pub fn tls(&self) -> Result<Arc<ClientConfig>, rustls::Error> {
        self.cloud_config().map_err(|error| rustls::Error::General(error.to_string()))
    }

    /// TLS settings for the cloud: REST and broker.
    ///
    /// # Errors
    /// [`SetupError`].
    pub(crate) fn cloud_config(&self) -> Result<Arc<ClientConfig>, SetupError> {
        if let Some(config) = self.0.cloud.get() {
            return Ok(config.clone());
        }
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        roots.add_parsable_certificates(self.0.extra.iter().cloned());
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(self.0.cloud.get_or_init(|| Arc::new(config)).clone())
    }

    /// The given authorities.
    pub(crate) fn extra(&self) -> &[CertificateDer<'static>] {
        &self.0.extra
    }

    /// Whether this is a clone of `other`.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roots").field("extra", &self.0.extra.len()).finish()
    }
}

/// The name to expect in the certificate of a host.
pub(crate) fn server_name(host: &str) -> Result<ServerName<'static>, SetupError> {
    Ok(ServerName::try_from(host.to_owned())?)
}

/// The one TLS provider of this crate, never the process default.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(rustls::crypto::ring::default_provider())).clone()
}

#[cfg(test)]
mod tests;
