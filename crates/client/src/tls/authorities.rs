//! A set of authorities, and whether one of them vouches for a certificate.

use std::time::Duration;

use rustls::{
    CertificateError, Error, RootCertStore, client::verify_server_cert_signed_by_trust_anchor,
    crypto::CryptoProvider, server::ParsedCertificate,
};
use rustls_pki_types::{CertificateDer, UnixTime};
use x509_parser::{certificate::X509Certificate, prelude::FromDer, x509::X509Version};

use super::{UntrustedPrinter, version1};

/// Certificates that are trusted: authorities for those they signed, others only as themselves.
#[derive(Debug)]
pub(super) struct Authorities {
    all: Vec<CertificateDer<'static>>,
    anchors: RootCertStore,
}

impl Authorities {
    pub(super) fn new(all: &[CertificateDer<'static>]) -> Self {
        let mut anchors = RootCertStore::empty();
        anchors.add_parsable_certificates(all.iter().filter(|der| is_authority(der)).cloned());
        Self { all: all.to_vec(), anchors }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether a certificate names one of them as its issuer, and none of that name signed it.
    pub(super) fn are_claimed_falsely(&self, leaf: &X509Certificate<'_>) -> bool {
        let mut named = self.all.iter().filter_map(|der| {
            let (_, ca) = X509Certificate::from_der(der).ok()?;
            let is_named = ca.subject().as_raw() == leaf.issuer().as_raw();
            is_named.then(|| leaf.verify_signature(Some(ca.public_key())).is_ok())
        });
        // All of them, since an authority may have had two keys.
        named.next().is_some_and(|signed| !signed && !named.any(|signed| signed))
    }

    /// Takes a certificate that is one of them or that one of them signed, through others if need be.
    pub(super) fn vouch(
        &self,
        leaf: &CertificateDer<'_>,
        read: &X509Certificate<'_>,
        intermediates: &[CertificateDer<'_>],
        moment: UnixTime,
        provider: &CryptoProvider,
    ) -> Result<(), UntrustedPrinter> {
        if self.all.iter().any(|one| one.as_ref() == leaf.as_ref()) {
            return Ok(());
        }
        if read.version() == X509Version::V1 {
            let is_signed = self.all.iter().any(|ca| version1::is_signed_by(read, ca));
            return if is_signed { Ok(()) } else { Err(UntrustedPrinter::UnknownIssuer) };
        }
        let algorithms = provider.signature_verification_algorithms.all;
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
pub(super) fn within_validity(leaf: &X509Certificate<'_>, now: UnixTime) -> UnixTime {
    let seconds = |time: i64| u64::try_from(time).unwrap_or(0);
    let first = seconds(leaf.validity().not_before.timestamp());
    let last = seconds(leaf.validity().not_after.timestamp());
    UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs().min(last).max(first)))
}

/// Whether this can be read as a certificate at all.
pub(super) fn is_readable(der: &CertificateDer<'_>) -> bool {
    X509Certificate::from_der(der).is_ok_and(|(rest, _)| rest.is_empty())
}

/// Whether a certificate may sign others; the rest are trusted only as themselves.
pub(super) fn is_authority(der: &CertificateDer<'_>) -> bool {
    X509Certificate::from_der(der).is_ok_and(|(_, read)| version1::may_sign(&read))
}
