//! The check of a printer's certificate: its common name is the serial number, and an authority
//! signed it (`tls/authorities.rs`) or it is the one that was pinned (`tls/known.rs`).
//!
//! Printers carry no host name, some still send X.509 version 1, and their clocks and certificates
//! run out: expiry is a warning here. The handshake signature is always checked.

use std::{path::PathBuf, sync::Arc};

use bambu_protocol::Serial;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use x509_parser::{certificate::X509Certificate, prelude::FromDer, x509::X509Version};

use super::{
    Fingerprint, KnownPrinters,
    authorities::{Authorities, within_validity},
    known::Place,
    version1,
};

/// Why a printer's certificate is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UntrustedPrinter {
    /// Another authority signed it: wrong machine, or the CA file lacks the right one.
    #[error(
        "it is not signed by an authority in BAMBU_CA_FILE; add the right authority, leave the \
         file out to have printers remembered at first use, or find out who answers there"
    )]
    UnknownIssuer,
    /// It claims the authority of the installed slicer, but that one did not sign it.
    #[error("it is not signed by the authority that it names; find out who answers there")]
    Forged,
    /// Another certificate is pinned: repaired printer, new firmware, or an impostor.
    #[error(
        "another one was pinned at first use (SHA-256 {pinned}); {place}, else find out who answers there"
    )]
    Changed {
        /// The pinned one.
        pinned: Fingerprint,
        /// What to do if it is all right.
        place: Place,
    },
    /// The line with its pin cannot be understood: correct or remove it.
    #[error("its pin cannot be understood; correct or remove line {line} of {}", path.display())]
    PinDamaged {
        /// From 1.
        line: usize,
        /// Which file.
        path: PathBuf,
    },
    /// The file of pins is there and cannot be read: nobody knows what is pinned.
    #[error("the pins of printers cannot be read ({why}); see to {}", path.display())]
    PinsUnreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
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
#[derive(Debug, Clone, thiserror::Error)]
#[error("{why}")]
pub(crate) struct Refused {
    pub(crate) why: UntrustedPrinter,
    pub(crate) fingerprint: Option<Fingerprint>,
}

/// Why the certificate of a printer is taken for its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// An authority signed it, or it is a given one.
    Vouched,
    /// The slicer's authority signed it, but another one is pinned: the printer has a new one.
    VouchedAnew,
    /// It is the pinned one.
    Pinned,
    /// Nobody knows it, and none is pinned.
    FirstUse,
    /// Nobody asks.
    Insecure,
}

/// Checks printers against given authorities, else a slicer's, else what is remembered.
#[derive(Debug)]
pub(super) struct PrinterVerifier {
    given: Authorities,
    slicer: Authorities,
    /// `None`: whoever answers is taken.
    known: Option<KnownPrinters>,
    serial: Option<Serial>,
    provider: Arc<CryptoProvider>,
}

impl PrinterVerifier {
    /// Expects `serial`, or where it is `None` the name that the connection asks for.
    pub(super) fn new(
        given: &[CertificateDer<'static>],
        slicer: &[CertificateDer<'static>],
        known: Option<KnownPrinters>,
        serial: Option<Serial>,
    ) -> Self {
        let (given, slicer) = (Authorities::new(given), Authorities::new(slicer));
        Self { given, slicer, known, serial, provider: super::provider() }
    }

    /// Where printers are remembered; `None` when whoever answers is taken.
    pub(super) fn known(&self) -> Option<&KnownPrinters> {
        self.known.as_ref()
    }

    /// Whether this certificate is taken for that of the printer `wanted`, and why.
    pub(super) fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        wanted: &str,
        now: UnixTime,
    ) -> Result<Verdict, UntrustedPrinter> {
        let Some(known) = &self.known else { return Ok(Verdict::Insecure) };
        let (rest, read) = X509Certificate::from_der(leaf)
            .map_err(|_| UntrustedPrinter::Unusable("unreadable".into()))?;
        if !rest.is_empty() {
            return Err(UntrustedPrinter::Unusable("trailing bytes".into()));
        }
        check_name(&read, wanted)?;
        let moment = within_validity(&read, now);
        let vouches = |authorities: &Authorities| {
            authorities.vouch(leaf, &read, intermediates, moment, &self.provider)
        };
        // Who gives authorities wants these and no others: no pin counts then.
        if !self.given.is_empty() {
            return vouches(&self.given).map(|()| Verdict::Vouched);
        }
        let shown = Fingerprint::of(leaf)
            .ok_or_else(|| UntrustedPrinter::Unusable("no fingerprint".into()))?;
        if !self.slicer.is_empty() && vouches(&self.slicer).is_ok() {
            return Ok(match known.has(wanted, shown) {
                Err(UntrustedPrinter::Changed { .. }) => Verdict::VouchedAnew,
                _ => Verdict::Vouched,
            });
        }
        if known.has(wanted, shown)? {
            return Ok(Verdict::Pinned);
        }
        match self.slicer.are_claimed_falsely(&read) {
            true => Err(UntrustedPrinter::Forged),
            false => Ok(Verdict::FirstUse),
        }
    }
}

/// What is odd about a certificate that is taken.
fn tell(verdict: Verdict, leaf: &CertificateDer<'_>, serial: &str, now: UnixTime) {
    let Ok((_, read)) = X509Certificate::from_der(leaf) else { return };
    if verdict == Verdict::Insecure && check_name(&read, serial).is_err() {
        tracing::warn!(
            serial,
            "the certificate of another printer is taken, as nothing is checked"
        );
    }
    if within_validity(&read, now).as_secs() != now.as_secs() {
        tracing::warn!(serial, "the printer's certificate is out of its time");
    }
}

fn check_name(leaf: &X509Certificate<'_>, wanted: &str) -> Result<(), UntrustedPrinter> {
    let mut names = leaf.subject().iter_common_name().map(|name| name.as_str().unwrap_or(""));
    let presented = names.next().unwrap_or_default();
    if names.next().is_none() && presented.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let presented = presented.chars().filter(|c| !c.is_control()).take(60).collect();
    Err(UntrustedPrinter::OtherPrinter { presented, wanted: wanted.into() })
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
        match self.judge(leaf, intermediates, wanted, now) {
            Ok(verdict) => {
                // An address asks for nobody in particular.
                if self.serial.is_some() || matches!(server_name, ServerName::DnsName(_)) {
                    tell(verdict, leaf, wanted, now);
                }
                Ok(ServerCertVerified::assertion())
            }
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
