//! Making certificates: who signs, what is in them, and the key of somebody else.

use std::{fmt::Write as _, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData as _, SerialNumber, date_time_ymd,
};
use rsa::{
    BigUint, RsaPrivateKey,
    pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _},
    traits::PrivateKeyParts as _,
};
use rustls::{
    crypto::CryptoProvider,
    sign::{CertifiedKey, SigningKey},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::CertError;

/// A key pair in the two forms wanted: to be certified, and to shake hands with.
pub(super) struct Leaf {
    pair: KeyPair,
    signer: Arc<dyn SigningKey>,
}

impl Leaf {
    pub(super) fn new(pair: KeyPair, provider: &CryptoProvider) -> Result<Self, CertError> {
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pair.serialize_der()));
        let signer = provider.key_provider.load_private_key(der)?;
        Ok(Self { pair, signer })
    }
}

/// An authority: its certificate and the key that signs.
pub(super) struct Signer {
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Signer {
    pub(super) fn new(der: CertificateDer<'static>, key: KeyPair) -> Result<Self, CertError> {
        let issuer = Issuer::from_ca_cert_der(&der, key)?;
        Ok(Self { der, issuer })
    }

    /// A new root.
    pub(super) fn root(key: KeyPair) -> Result<Self, CertError> {
        let name = format!("Simulated CA {:08x}", rand::random::<u32>());
        let certificate = authority_params(&name, 1).self_signed(&key)?;
        Self::new(certificate.into(), key)
    }

    /// A new Device CA under this root; nothing but printers may be under it.
    pub(super) fn device_ca(&self, key: KeyPair) -> Result<Self, CertError> {
        let name = format!("Simulated Device CA {:08x}", rand::random::<u32>());
        let mut params = authority_params(&name, 0);
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Self::new(certificate.into(), key)
    }

    pub(super) fn key(&self) -> &KeyPair {
        self.issuer.key()
    }

    pub(super) fn pem(&self) -> String {
        pem(&self.der)
    }
}

/// A certificate with this common name, and the signer's own after it.
pub(super) fn certify(
    common_name: &str,
    names: Vec<String>,
    leaf: &Leaf,
    signer: &Signer,
) -> Result<CertifiedKey, CertError> {
    let certificate = leaf_params(common_name, names)?.signed_by(&leaf.pair, &signer.issuer)?;
    let chain = vec![certificate.into(), signer.der.clone()];
    Ok(CertifiedKey::new(chain, Arc::clone(&leaf.signer)))
}

/// Another RSA key at no cost: the same two primes with another exponent.
pub(super) fn other_rsa_key(than: &Leaf) -> Result<KeyPair, CertError> {
    let key = RsaPrivateKey::from_pkcs8_der(&than.pair.serialize_der());
    let key = key.map_err(|_| rsa::Error::Internal)?;
    let primes = key.primes().to_vec();
    // A prime that divides neither prime less one will do; the second is for the odd case.
    let other = [65_539_u32, 65_543]
        .into_iter()
        .find_map(|e| RsaPrivateKey::from_primes(primes.clone(), BigUint::from(e)).ok())
        .ok_or(rsa::Error::Internal)?;
    let der = other.to_pkcs8_der().map_err(|_| rsa::Error::Internal)?;
    let pair = KeyPair::try_from(der.as_bytes())?;
    debug_assert_ne!(pair.subject_public_key_info(), than.pair.subject_public_key_info());
    Ok(pair)
}

/// A certificate as text.
pub(super) fn pem(der: &CertificateDer<'_>) -> String {
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    let coded = STANDARD.encode(der);
    for line in coded.as_bytes().chunks(64) {
        let _ = writeln!(text, "{}", String::from_utf8_lossy(line));
    }
    text + "-----END CERTIFICATE-----\n"
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

/// `below` is how many further authorities may stand under this one.
fn authority_params(name: &str, below: u8) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::OrganizationName, "Simulated printers");
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2049, 1, 1);
    params.serial_number = Some(serial_number());
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(below));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// Random: the default is made from the public key, which all printers share.
fn serial_number() -> SerialNumber {
    let mut bytes: [u8; 16] = rand::random();
    if let Some(first) = bytes.first_mut() {
        *first = *first & 0x7f | 0x40;
    }
    SerialNumber::from_slice(&bytes)
}
