//! The check of a printer's certificate: signed by a given authority, common name = serial number.
//!
//! Printers carry no host name, some still send X.509 version 1, and their clocks and certificates
//! run out: expiry is a warning here. The handshake signature is always checked.

use std::sync::Arc;

use bambu_protocol::Serial;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    client::verify_server_cert_signed_by_trust_anchor,
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    server::ParsedCertificate,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use x509_parser::{certificate::X509Certificate, prelude::FromDer, x509::X509Version};

use super::{fingerprint::Fingerprint, version1};

/// Why a printer's certificate is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UntrustedPrinter {
    /// No authority for printers is given: set one.
    #[error(
        "no authority for printers is known; set BAMBU_CA_FILE to a PEM file with the \
         authority that signed it (or the certificate itself, once you know it is your printer's)"
    )]
    NoAuthority,
    /// Another authority signed it: wrong machine, or the CA file lacks the right one.
    #[error(
        "it is not signed by an authority in BAMBU_CA_FILE; add the right authority, or find out \
         who answers there"
    )]
    UnknownIssuer,
    /// It is the certificate of another printer: check address and serial number.
    #[error("it belongs to {presented:?}, not to {wanted}; check address and serial number")]
    OtherPrinter {
        /// Its common name.
        presented: String,
        /// The serial number that was wanted.
        wanted: String,
    },
    /// Whoever answers shows it without owning its key: somebody copied it.
    #[error("whoever answers there does not own its key; find out who that is")]
    NotItsKey,
    /// It cannot be read, or it is used against its purpose.
    #[error("it is damaged or made for another purpose ({0}); find out who answers there")]
    Unusable(String),
}

/// What travels inside the TLS library's error.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub(crate) struct Refused {
    pub(crate) why: UntrustedPrinter,
    pub(crate) fingerprint: Option<Fingerprint>,
}

/// Checks printers against the given authorities.
#[derive(Debug)]
pub(super) struct PrinterVerifier {
    given: Vec<CertificateDer<'static>>,
    anchors: RootCertStore,
    serial: Option<Serial>,
    provider: Arc<CryptoProvider>,
}

impl PrinterVerifier {
    /// Trusts `given`; expects `serial`, or where it is `None` the name that the connection asks for.
    pub(super) fn new(
        given: &[CertificateDer<'static>],
        serial: Option<Serial>,
        provider: Arc<CryptoProvider>,
    ) -> Self {
        let mut anchors = RootCertStore::empty();
        anchors.add_parsable_certificates(given.iter().filter(|der| is_authority(der)).cloned());
        Self { given: given.to_vec(), anchors, serial, provider }
    }

    fn check(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        wanted: &str,
        now: UnixTime,
    ) -> Result<(), UntrustedPrinter> {
        if self.given.is_empty() {
            return Err(UntrustedPrinter::NoAuthority);
        }
        let (rest, read) = X509Certificate::from_der(leaf)
            .map_err(|_| UntrustedPrinter::Unusable("unreadable".into()))?;
        if !rest.is_empty() {
            return Err(UntrustedPrinter::Unusable("trailing bytes".into()));
        }
        if !self.given.iter().any(|given| given.as_ref() == leaf.as_ref()) {
            self.check_issuer(leaf, &read, intermediates, now, wanted)?;
        }
        let mut names = read.subject().iter_common_name().map(|name| name.as_str().unwrap_or(""));
        let presented = names.next().unwrap_or_default();
        if names.next().is_some() || !presented.eq_ignore_ascii_case(wanted) {
            let presented = presented.chars().filter(|c| !c.is_control()).take(60).collect();
            return Err(UntrustedPrinter::OtherPrinter { presented, wanted: wanted.into() });
        }
        Ok(())
    }

    fn check_issuer(
        &self,
        leaf: &CertificateDer<'_>,
        read: &X509Certificate<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
        wanted: &str,
    ) -> Result<(), UntrustedPrinter> {
        let moment = within_validity(read, now);
        if moment.as_secs() != now.as_secs() {
            tracing::warn!(serial = wanted, "the printer's certificate is out of its time");
        }
        if read.version() == X509Version::V1 {
            let signed = self.given.iter().any(|ca| version1::is_signed_by(read, ca));
            return if signed { Ok(()) } else { Err(UntrustedPrinter::UnknownIssuer) };
        }
        let algorithms = self.provider.signature_verification_algorithms.all;
        ParsedCertificate::try_from(leaf)
            .and_then(|leaf| {
                verify_server_cert_signed_by_trust_anchor(
                    &leaf,
                    &self.anchors,
                    intermediates,
                    moment,
                    algorithms,
                )
            })
            .map_err(|error| match error {
                Error::InvalidCertificate(
                    CertificateError::UnknownIssuer | CertificateError::BadSignature,
                ) => UntrustedPrinter::UnknownIssuer,
                other => UntrustedPrinter::Unusable(other.to_string()),
            })
    }
}

/// The moment nearest to `now` at which the certificate is valid.
fn within_validity(leaf: &X509Certificate<'_>, now: UnixTime) -> UnixTime {
    let seconds = |time: i64| u64::try_from(time).unwrap_or(0);
    let first = seconds(leaf.validity().not_before.timestamp());
    let last = seconds(leaf.validity().not_after.timestamp());
    let nearest = now.as_secs().min(last).max(first);
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(nearest))
}

/// Whether this can be read as a certificate at all.
pub(super) fn is_readable(der: &CertificateDer<'_>) -> bool {
    X509Certificate::from_der(der).is_ok_and(|(rest, _)| rest.is_empty())
}

/// Whether a given certificate may sign others; the rest are trusted only as themselves.
fn is_authority(der: &CertificateDer<'_>) -> bool {
    X509Certificate::from_der(der).is_ok_and(|(_, read)| version1::may_sign(&read))
}

fn is_version1(der: &CertificateDer<'_>) -> bool {
    X509Certificate::from_der(der).is_ok_and(|(_, read)| read.version() == X509Version::V1)
}

impl ServerCertVerifier for PrinterVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let asked = server_name.to_str();
        let wanted = self.serial.as_ref().map_or(asked.as_ref(), Serial::as_str);
        match self.check(leaf, intermediates, wanted, now) {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            Err(why) => {
                let refused = Refused { why, fingerprint: Fingerprint::of(leaf) };
                Err(CertificateError::Other(OtherError(Arc::new(refused))).into())
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        if is_version1(leaf) {
            version1::verify_signature(message, leaf, signature, algorithms, false)
        } else {
            verify_tls12_signature(message, leaf, signature, algorithms)
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        if is_version1(leaf) {
            version1::verify_signature(message, leaf, signature, algorithms, true)
        } else {
            verify_tls13_signature(message, leaf, signature, algorithms)
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
