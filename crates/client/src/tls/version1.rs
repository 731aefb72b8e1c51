//! X.509 version 1, which the usual library refuses and some printers send.
//!
//! A version 1 leaf is trusted only when a *given* authority signed it: such a certificate cannot
//! say that it is no authority itself, so no chain goes through one.

use rustls::{
    CertificateError, DigitallySignedStruct, Error, PeerMisbehaved, SignatureScheme,
    client::danger::HandshakeSignatureValid, crypto::WebPkiSupportedAlgorithms,
};
use rustls_pki_types::CertificateDer;
use x509_parser::{
    certificate::X509Certificate,
    oid_registry::{
        OID_KEY_TYPE_EC_PUBLIC_KEY, OID_PKCS1_RSAENCRYPTION, OID_PKCS1_SHA256WITHRSA,
        OID_PKCS1_SHA384WITHRSA, OID_PKCS1_SHA512WITHRSA, OID_SIG_ECDSA_WITH_SHA256,
        OID_SIG_ECDSA_WITH_SHA384,
    },
    prelude::FromDer,
    x509::X509Version,
};

/// Whether `ca` signed `leaf`: same name, allowed to sign, and a signature that holds.
pub(super) fn is_signed_by(leaf: &X509Certificate<'_>, ca: &CertificateDer<'_>) -> bool {
    let Ok((_, ca)) = X509Certificate::from_der(ca) else {
        return false;
    };
    let algorithm = &leaf.signature_algorithm;
    let strong = [
        OID_PKCS1_SHA256WITHRSA,
        OID_PKCS1_SHA384WITHRSA,
        OID_PKCS1_SHA512WITHRSA,
        OID_SIG_ECDSA_WITH_SHA256,
        OID_SIG_ECDSA_WITH_SHA384,
    ];
    strong.contains(&algorithm.algorithm)
        && *algorithm == leaf.tbs_certificate.signature
        && may_sign(&ca)
        && leaf.issuer().as_raw() == ca.subject().as_raw()
        && leaf.verify_signature(Some(ca.public_key())).is_ok()
}

/// Whether a given certificate may sign others: it says so, or it is an old self-signed one.
pub(super) fn may_sign(ca: &X509Certificate<'_>) -> bool {
    match ca.basic_constraints() {
        Ok(Some(constraints)) => constraints.value.ca,
        Ok(None) => {
            ca.version() == X509Version::V1 && ca.subject().as_raw() == ca.issuer().as_raw()
        }
        Err(_) => false,
    }
}

/// Checks the handshake signature with the key of a version 1 leaf.
///
/// # Errors
/// `BadSignature`, or a scheme that does not fit the key or the TLS version.
pub(super) fn verify_signature(
    message: &[u8],
    leaf: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
    is_tls13: bool,
) -> Result<HandshakeSignatureValid, Error> {
    let (_, leaf) =
        X509Certificate::from_der(leaf).map_err(|_| Error::from(CertificateError::BadEncoding))?;
    let key = leaf.public_key();
    let fits = match family(signature.scheme) {
        Some(Family::RsaPkcs1) => !is_tls13 && key.algorithm.algorithm == OID_PKCS1_RSAENCRYPTION,
        Some(Family::RsaPss) => key.algorithm.algorithm == OID_PKCS1_RSAENCRYPTION,
        Some(Family::Ecdsa) => key.algorithm.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY,
        None => false,
    };
    if !fits {
        return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
    }
    let candidates = algorithms
        .mapping
        .iter()
        .find(|(scheme, _)| *scheme == signature.scheme)
        .map_or(&[][..], |(_, candidates)| candidates);
    // In TLS 1.3 a scheme names its curve, so only the first algorithm counts.
    let usable = if is_tls13 { 1 } else { candidates.len() };
    let holds = candidates.iter().take(usable).any(|algorithm| {
        let bits = &key.subject_public_key.data;
        algorithm.verify_signature(bits, message, signature.signature()).is_ok()
    });
    if holds {
        Ok(HandshakeSignatureValid::assertion())
    } else {
        Err(CertificateError::BadSignature.into())
    }
}

enum Family {
    RsaPkcs1,
    RsaPss,
    Ecdsa,
}

fn family(scheme: SignatureScheme) -> Option<Family> {
    match scheme {
        SignatureScheme::RSA_PKCS1_SHA256
        | SignatureScheme::RSA_PKCS1_SHA384
        | SignatureScheme::RSA_PKCS1_SHA512 => Some(Family::RsaPkcs1),
        SignatureScheme::RSA_PSS_SHA256
        | SignatureScheme::RSA_PSS_SHA384
        | SignatureScheme::RSA_PSS_SHA512 => Some(Family::RsaPss),
        SignatureScheme::ECDSA_NISTP256_SHA256 | SignatureScheme::ECDSA_NISTP384_SHA384 => {
            Some(Family::Ecdsa)
        }
        _ => None,
    }
}
