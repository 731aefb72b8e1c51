//! The state directory's own certificate authority, and the certificates made from it at run time.
//!
//! Files: `ca.pem` (to trust), `ca-key.pem` and `printer-key.pem` (mode 0600). Leaves are never stored.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use bambu_protocol::Serial;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber, date_time_ymd,
};
use rustls::{
    ServerConfig, SupportedProtocolVersion,
    crypto::CryptoProvider,
    sign::{CertifiedKey, SigningKey, SingleCertAndKey},
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

mod files;

/// A certificate authority of our own, and one RSA key for all printers.
///
/// Reading an existing directory takes milliseconds, a fresh one up to some seconds (the RSA key).
pub struct Ca {
    pem: String,
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    printer: Leaf,
    cloud: Arc<ServerConfig>,
    provider: Arc<CryptoProvider>,
}

/// A key pair in the two forms wanted: to be certified, and to shake hands with.
struct Leaf {
    pair: KeyPair,
    signer: Arc<dyn SigningKey>,
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
        let (pem, ca_key) = files::authority(state_dir)?;
        let printer_key = files::printer_key(state_dir)?;
        let ca_file = state_dir.join("ca.pem");
        let der = files::certificate(&ca_file, &pem, &ca_key)?;
        let issuer = Issuer::from_ca_cert_der(&der, ca_key)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let printer = Leaf::new(printer_key, &provider)?;
        let cloud_leaf = Leaf::new(KeyPair::generate()?, &provider)?;
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certified = certify("localhost", names, &cloud_leaf, &issuer, &der)?;
        let cloud = server_config(certified, &provider, &[&TLS13, &TLS12])?;
        Ok(Self { pem, der, issuer, printer, cloud: Arc::new(cloud), provider })
    }

    /// The authority's certificate, to be trusted by clients.
    pub fn ca_pem(&self) -> &str {
        &self.pem
    }

    /// TLS as a printer speaks it: 1.2 only, an RSA leaf with `CN=<serial>` and no other name,
    /// the authority sent after it [L].
    ///
    /// A new leaf each time, cheap enough for a thousand printers: all share one key.
    ///
    /// # Errors
    /// [`CertError`] if the certificate cannot be made.
    pub fn printer_config(&self, serial: &Serial) -> Result<Arc<ServerConfig>, CertError> {
        let certified = self.printer_certificate(serial)?;
        let mut config = server_config(certified, &self.provider, &[&TLS12])?;
        // The session cache costs more than all the rest of a printer's configuration.
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        Ok(Arc::new(config))
    }

    /// The chain that [`Ca::printer_config`] would send, as PEM, for a server that is not ours;
    /// its key is `printer-key.pem`.
    ///
    /// # Errors
    /// [`CertError`] if the certificate cannot be made.
    pub fn printer_chain_pem(&self, serial: &Serial) -> Result<String, CertError> {
        let leaf =
            leaf_params(serial.as_str(), vec![])?.signed_by(&self.printer.pair, &self.issuer)?;
        Ok(format!("{}{}", leaf.pem(), self.pem))
    }

    /// TLS as the cloud speaks it: 1.2 and 1.3, for `localhost` and `127.0.0.1`.
    pub fn cloud_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.cloud)
    }

    fn printer_certificate(&self, serial: &Serial) -> Result<CertifiedKey, CertError> {
        certify(serial.as_str(), vec![], &self.printer, &self.issuer, &self.der)
    }
}

impl std::fmt::Debug for Ca {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ca").finish_non_exhaustive()
    }
}

impl Leaf {
    fn new(pair: KeyPair, provider: &CryptoProvider) -> Result<Self, CertError> {
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pair.serialize_der()));
        let signer = provider.key_provider.load_private_key(der)?;
        Ok(Self { pair, signer })
    }
}

fn certify(
    common_name: &str,
    names: Vec<String>,
    leaf: &Leaf,
    issuer: &Issuer<'_, KeyPair>,
    ca: &CertificateDer<'static>,
) -> Result<CertifiedKey, CertError> {
    let certificate = leaf_params(common_name, names)?.signed_by(&leaf.pair, issuer)?;
    let chain = vec![certificate.into(), ca.clone()];
    Ok(CertifiedKey::new(chain, Arc::clone(&leaf.signer)))
}

fn leaf_params(common_name: &str, names: Vec<String>) -> Result<CertificateParams, CertError> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2044, 1, 1);
    params.serial_number = Some(serial_number());
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// The authority's own certificate, for `key`.
fn authority_pem(key: &KeyPair) -> Result<String, CertError> {
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::OrganizationName, "Simulated printers");
    let name = format!("Simulated CA {:08x}", rand::random::<u32>());
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2049, 1, 1);
    params.serial_number = Some(serial_number());
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params.self_signed(key)?.pem())
}

/// Random: the default is made from the public key, which all printers share.
fn serial_number() -> SerialNumber {
    let mut bytes: [u8; 16] = rand::random();
    if let Some(first) = bytes.first_mut() {
        *first = *first & 0x7f | 0x40;
    }
    SerialNumber::from_slice(&bytes)
}

fn server_config(
    certified: CertifiedKey,
    provider: &Arc<CryptoProvider>,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<ServerConfig, CertError> {
    Ok(ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(versions)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified))))
}

#[cfg(test)]
mod tests;
