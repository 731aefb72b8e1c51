//! The state directory's own certificate authority, and the certificates made from it at run time.
//!
//! Files: `ca.pem` (to trust: the root and the Device CA under it), `ca-key.pem`,
//! `device-ca-key.pem` and `printer-key.pem` (mode 0600). Leaves are never stored; `make.rs` makes
//! them, `shape.rs` says of what kind.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use bambu_protocol::{Model, Serial};
use rcgen::KeyPair;
use rustls::{
    ServerConfig, SupportedProtocolVersion,
    crypto::CryptoProvider,
    server::ResolvesServerCert,
    sign::{CertifiedKey, SingleCertAndKey},
    version::{TLS12, TLS13},
};

use crate::faults::Faults;

mod files;
mod make;
mod shape;
mod shown;
mod version1;

pub use shape::{Shape, UnknownShape};

use self::{
    make::{Leaf, Signer},
    shown::Shown,
};

/// A certificate authority of our own, and one RSA key for all printers. Cheap to clone.
///
/// Reading an existing directory takes milliseconds, a fresh one up to some seconds (the RSA key).
#[derive(Clone)]
pub struct Ca {
    authority: Arc<Authority>,
    cloud: Arc<ServerConfig>,
}

/// All that signs and is signed.
struct Authority {
    pem: String,
    root: Signer,
    /// Stands between the root and the certificates of some models.
    device: Signer,
    printer: Leaf,
    /// The key and the root of somebody else, made when a fault wants them.
    other_key: OnceLock<Leaf>,
    other_root: OnceLock<Signer>,
    provider: Arc<CryptoProvider>,
}

/// Why a state directory gives no certificates.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertError {
    /// A file cannot be read or written: check the directory and its permissions.
    #[error("cannot {action} {path}", path = path.display())]
    File {
        /// `read`, `write` or `create`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not what we write there, or half of it: remove it or choose another directory.
    #[error("{path} is {problem}; remove it, or use another state directory", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Making a certificate failed: a bug of ours.
    #[error("cannot make a certificate")]
    Make(#[from] rcgen::Error),
    /// Making the RSA key failed: the system has no randomness.
    #[error("cannot make an RSA key")]
    Rsa(#[from] rsa::Error),
    /// TLS does not take what was made: a bug of ours.
    #[error("cannot use a certificate for TLS")]
    Tls(#[from] rustls::Error),
}

impl Ca {
    /// Reads the authority in `state_dir`; makes what is missing, the directory included.
    ///
    /// Blocking. Two processes may do it at once: both end with the same files.
    ///
    /// # Errors
    /// [`CertError`]; a file that is half-written, expired or not ours is never overwritten.
    pub fn open_or_create(state_dir: &Path) -> Result<Self, CertError> {
        files::make_dir(state_dir)?;
        let (pem, [root, device]) = files::authorities(state_dir)?;
        let printer_key = files::printer_key(state_dir)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let printer = Leaf::new(printer_key, &provider)?;
        let cloud_leaf = Leaf::new(KeyPair::generate()?, &provider)?;
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certified = make::certify("localhost", names, &cloud_leaf, &root)?;
        let resolver = Arc::new(SingleCertAndKey::from(certified));
        let cloud = Arc::new(server_config(resolver, &provider, &[&TLS13, &TLS12])?);
        let (other_key, other_root) = (OnceLock::new(), OnceLock::new());
        let authority = Authority { pem, root, device, printer, other_key, other_root, provider };
        Ok(Self { authority: Arc::new(authority), cloud })
    }

    /// The certificates to be trusted by clients: the authority's, then that of the Device CA
    /// under it.
    pub fn ca_pem(&self) -> &str {
        &self.authority.pem
    }

    /// TLS as most printers speak it: 1.2 only, an RSA leaf with `CN=<serial>` and no other name,
    /// the authority sent after it [L].
    ///
    /// A new leaf each time, cheap enough for a thousand printers: all share one key.
    ///
    /// # Errors
    /// [`CertError`] if the certificate cannot be made.
    pub fn printer_config(&self, serial: &Serial) -> Result<Arc<ServerConfig>, CertError> {
        self.model_config(serial, Model::P1S, Shape::Version3, Faults::default())
    }

    /// TLS as a printer of this model speaks it, with a certificate of this shape; another
    /// certificate while a fault says so.
    ///
    /// # Errors
    /// [`CertError`] if the certificate cannot be made.
    pub fn model_config(
        &self,
        serial: &Serial,
        model: Model,
        shape: Shape,
        faults: Faults,
    ) -> Result<Arc<ServerConfig>, CertError> {
        let authority = Arc::clone(&self.authority);
        let shown = Shown {
            own: Arc::new(authority.own(serial, shape)?),
            serial: serial.clone(),
            shape,
            faults,
            authority,
            renewed: OnceLock::new(),
            swapped: OnceLock::new(),
        };
        let provider = &self.authority.provider;
        let mut config = server_config(Arc::new(shown), provider, shape::versions(model))?;
        // The session cache costs more than all the rest of a printer's configuration.
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        Ok(Arc::new(config))
    }

    /// The chain that a printer with a certificate of this shape would send, as PEM, for a server
    /// that is not ours; its key is `printer-key.pem`.
    ///
    /// # Errors
    /// [`CertError`] if the certificate cannot be made.
    pub fn printer_chain_pem(&self, serial: &Serial, shape: Shape) -> Result<String, CertError> {
        let certified = self.authority.own(serial, shape)?;
        Ok(certified.cert.iter().map(|der| make::pem(der)).collect())
    }

    /// TLS as the cloud speaks it: 1.2 and 1.3, for `localhost` and `127.0.0.1`.
    pub fn cloud_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.cloud)
    }
}

impl std::fmt::Debug for Ca {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ca").finish_non_exhaustive()
    }
}

impl Authority {
    fn own(&self, serial: &Serial, shape: Shape) -> Result<CertifiedKey, CertError> {
        self.shaped(serial, shape, &self.printer)
    }

    /// Another key, certified as the printer's own.
    fn renewed(&self, serial: &Serial, shape: Shape) -> Result<CertifiedKey, CertError> {
        self.shaped(serial, shape, self.other_key()?)
    }

    /// Another key and another authority: what an impostor has.
    fn swapped(&self, serial: &Serial) -> Result<CertifiedKey, CertError> {
        let root = match self.other_root.get() {
            Some(root) => root,
            None => {
                let made = Signer::root(KeyPair::generate()?)?;
                self.other_root.get_or_init(|| made)
            }
        };
        make::certify(serial.as_str(), vec![], self.other_key()?, root)
    }

    fn shaped(
        &self,
        serial: &Serial,
        shape: Shape,
        leaf: &Leaf,
    ) -> Result<CertifiedKey, CertError> {
        let signer = if shape.has_device_ca() { &self.device } else { &self.root };
        let mut certified = make::certify(serial.as_str(), vec![], leaf, signer)?;
        match (shape, certified.cert.first_mut()) {
            (Shape::Version1, Some(first)) => *first = version1::of(first, signer.key())?,
            (Shape::Lonely, _) => certified.cert.truncate(1),
            _ => {}
        }
        Ok(certified)
    }

    fn other_key(&self) -> Result<&Leaf, CertError> {
        if let Some(leaf) = self.other_key.get() {
            return Ok(leaf);
        }
        let made = Leaf::new(make::other_rsa_key(&self.printer)?, &self.provider)?;
        Ok(self.other_key.get_or_init(|| made))
    }
}

fn server_config(
    certificates: Arc<dyn ResolvesServerCert>,
    provider: &Arc<CryptoProvider>,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<ServerConfig, CertError> {
    Ok(ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(versions)?
        .with_no_client_auth()
        .with_cert_resolver(certificates))
}

#[cfg(test)]
mod tests;
