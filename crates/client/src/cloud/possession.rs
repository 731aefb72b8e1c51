//! Proof that the user holds a key: two headers over the time, for the one call that wants them.
//!
//! The form is that of the reference; no key comes with this library. [L]

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use rsa::{
    Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey,
    pkcs1::DecodeRsaPrivateKey,
    pkcs8::{DecodePrivateKey, DecodePublicKey},
    rand_core::OsRng,
};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use x509_parser::{prelude::X509Certificate, x509::X509Name};

use super::CloudError;

const ID: HeaderName = HeaderName::from_static("x-bbl-app-certification-id");
const SIGN: HeaderName = HeaderName::from_static("x-bbl-device-security-sign");

/// An RSA key of the user's own and the name of its certificate; nothing is sent without one.
///
/// It goes into the call that starts a cloud print and into no other. A secret: `Debug` shows
/// nothing of it.
#[derive(Clone)]
pub struct Possession {
    key: RsaPrivateKey,
    id: HeaderValue,
}

/// Why a key or its certificate cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPossession {
    /// The key: PEM, PKCS#8 or PKCS#1, RSA, not encrypted.
    #[error("the key is no RSA private key; give it as PEM, PKCS#8 or PKCS#1, not encrypted")]
    Key,
    /// The certificate: PEM, or the text `issuer:serial`.
    #[error("the certificate cannot be read; give it as PEM, or as the text issuer:serial")]
    Certificate,
    /// The certificate is for another key.
    #[error("key and certificate do not belong together; give the certificate of this key")]
    OtherKey,
}

impl Possession {
    /// A key (PEM, PKCS#8 or PKCS#1) and its certificate: PEM, or the text `issuer:serial` with the
    /// issuer's name as RFC 4514 has it and the serial number in hexadecimal.
    ///
    /// # Errors
    /// [`InvalidPossession`].
    pub fn new(key: &str, certificate: &str) -> Result<Self, InvalidPossession> {
        let key = RsaPrivateKey::from_pkcs8_pem(key.trim())
            .or_else(|_| RsaPrivateKey::from_pkcs1_pem(key.trim()))
            .map_err(|_| InvalidPossession::Key)?;
        let id = if certificate.contains("-----BEGIN") {
            of_pem(certificate, &key)?
        } else {
            of_text(certificate.trim())?
        };
        let mut id = HeaderValue::try_from(id).map_err(|_| InvalidPossession::Certificate)?;
        id.set_sensitive(true);
        Ok(Self { key, id })
    }

    /// The two headers, over the present time.
    ///
    /// # Errors
    /// [`CloudError::Setup`] when the key is too small to sign with.
    pub(super) fn headers(&self) -> Result<HeaderMap, CloudError> {
        let time = Timestamp::now().as_millisecond().to_string();
        let mut sign = HeaderValue::try_from(BASE64_STANDARD.encode(self.sign(&time)?))
            .map_err(|error| CloudError::Setup(Box::new(error)))?;
        sign.set_sensitive(true);
        Ok(HeaderMap::from_iter([(ID, self.id.clone()), (SIGN, sign)]))
    }

    /// The private-key operation with padding of type 1 over the text itself: no hash.
    fn sign(&self, text: &str) -> Result<Vec<u8>, CloudError> {
        self.key
            .sign_with_rng(&mut OsRng, Pkcs1v15Sign::new_unprefixed(), text.as_bytes())
            .map_err(|error| CloudError::Setup(Box::new(error)))
    }
}

impl fmt::Debug for Possession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Possession(<redacted>)")
    }
}

fn of_text(text: &str) -> Result<String, InvalidPossession> {
    let (issuer, serial) = text.rsplit_once(':').ok_or(InvalidPossession::Certificate)?;
    let is_serial = !serial.is_empty() && serial.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_serial || !issuer.contains('=') {
        return Err(InvalidPossession::Certificate);
    }
    let serial = serial.to_ascii_lowercase();
    let zero = if serial.len() % 2 == 1 { "0" } else { "" };
    Ok(format!("{issuer}:{zero}{serial}"))
}

fn of_pem(pem: &str, key: &RsaPrivateKey) -> Result<String, InvalidPossession> {
    let bad = || InvalidPossession::Certificate;
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| bad())?;
    let (_, certificate) = x509_parser::parse_x509_certificate(&der).map_err(|_| bad())?;
    let public = RsaPublicKey::from_public_key_der(certificate.public_key().raw);
    if public.ok() != Some(key.to_public_key()) {
        return Err(InvalidPossession::OtherKey);
    }
    let issuer = rfc4514(certificate.issuer()).ok_or_else(bad)?;
    Ok(format!("{issuer}:{}", serial(&certificate)))
}

/// The serial number in lower-case hexadecimal, an even count of digits.
fn serial(certificate: &X509Certificate<'_>) -> String {
    let bytes = certificate.raw_serial();
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len().saturating_sub(1));
    bytes.iter().skip(first).map(|byte| format!("{byte:02x}")).collect()
}

/// A name as text, last part first. What has no short name there is not written at all.
fn rfc4514(name: &X509Name<'_>) -> Option<String> {
    let mut parts = Vec::new();
    for part in name.iter_rdn() {
        let mut pairs = Vec::new();
        for pair in part.iter() {
            let key = match pair.attr_type().to_id_string().as_str() {
                "2.5.4.3" => "CN",
                "2.5.4.6" => "C",
                "2.5.4.7" => "L",
                "2.5.4.8" => "ST",
                "2.5.4.9" => "STREET",
                "2.5.4.10" => "O",
                "2.5.4.11" => "OU",
                "0.9.2342.19200300.100.1.1" => "UID",
                "0.9.2342.19200300.100.1.25" => "DC",
                "1.2.840.113549.1.9.1" => "emailAddress",
                _ => return None,
            };
            pairs.push(format!("{key}={}", escaped(pair.as_str().ok()?)));
        }
        parts.push(pairs.join("+"));
    }
    parts.reverse();
    Some(parts.join(","))
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let last = text.chars().count().saturating_sub(1);
    for (index, c) in text.chars().enumerate() {
        let at_edge = (c == ' ' && (index == 0 || index == last)) || (c == '#' && index == 0);
        if at_edge || matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            escaped.push('\\');
            escaped.push(c);
        } else if c.is_ascii_graphic() || c == ' ' {
            escaped.push(c);
        } else {
            let mut buffer = [0; 4];
            let bytes = c.encode_utf8(&mut buffer).bytes();
            escaped.extend(bytes.map(|byte| format!("\\{byte:02X}")));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use rsa::{
        BigUint,
        pkcs1::EncodeRsaPrivateKey,
        pkcs8::{EncodePrivateKey, LineEnding},
        traits::PublicKeyParts,
    };

    use super::*;

    const TEXT: &str = "CN=Some CA,O=Maker\\, Inc.:0a1b2c";

    fn key() -> RsaPrivateKey {
        RsaPrivateKey::new(&mut OsRng, 2048).unwrap()
    }

    fn pkcs8(key: &RsaPrivateKey) -> String {
        key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string()
    }

    fn certificate(key: &RsaPrivateKey) -> String {
        let mut parameters = rcgen::CertificateParams::default();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        let name = &mut parameters.distinguished_name;
        name.push(rcgen::DnType::CountryName, "DE");
        name.push(rcgen::DnType::OrganizationName, "Maker, Inc.");
        name.push(rcgen::DnType::CommonName, "#1 ü; \"x\" ");
        parameters.serial_number = Some(vec![0x0A, 0xFF, 0x01].into());
        let pair = rcgen::KeyPair::from_pem(&pkcs8(key)).unwrap();
        parameters.self_signed(&pair).unwrap().pem()
    }

    #[test]
    fn the_sign_gives_the_time_back_under_the_public_key_without_a_hash() {
        let key = key();
        let possession = Possession::new(&pkcs8(&key), TEXT).unwrap();
        let headers = possession.headers().unwrap();
        assert_eq!(headers[ID], TEXT);
        assert!(headers[ID].is_sensitive() && headers[SIGN].is_sensitive());
        let sign = BASE64_STANDARD.decode(&headers[SIGN]).unwrap();
        // Textbook RSA: what was padded and signed.
        let padded = BigUint::from_bytes_be(&sign).modpow(key.e(), key.n()).to_bytes_be();
        assert_eq!(padded.len(), 255, "the first byte of 256 is zero");
        let (padding, text) = padded.split_at(255 - 13);
        assert_eq!(padding[0], 1);
        assert!(padding[1..padding.len() - 1].iter().all(|byte| *byte == 0xFF));
        assert_eq!(padding.last(), Some(&0));
        let time: i64 = std::str::from_utf8(text).unwrap().parse().unwrap();
        assert!((Timestamp::now().as_millisecond() - time).abs() < 60_000);
    }

    #[test]
    fn keys_and_certificates_are_read_in_each_form_and_nothing_is_shown() {
        let key = key();
        let pkcs1 = key.to_pkcs1_pem(LineEnding::LF).unwrap();
        let possession = Possession::new(&pkcs1, &certificate(&key)).unwrap();
        let id = r#"CN=\#1 \C3\BC\; \"x\"\ ,O=Maker\, Inc.,C=DE:0aff01"#;
        assert_eq!(possession.id.to_str().unwrap(), id);
        assert_eq!(format!("{possession:?}"), "Possession(<redacted>)");
        let odd = Possession::new(&pkcs1, "CN=a:B:ABC").unwrap();
        assert_eq!(odd.id, "CN=a:B:0abc");
    }

    #[test]
    fn what_does_not_fit_is_told_apart() {
        let (one, other) = (key(), key());
        let refused = |key: &str, certificate: &str| Possession::new(key, certificate).unwrap_err();
        assert_eq!(refused("garbage", TEXT), InvalidPossession::Key);
        assert_eq!(refused(&pkcs8(&one), &certificate(&other)), InvalidPossession::OtherKey);
        for bad in ["", "CN=a", "CN=a:", "CN=a:xyz", "a:12", "-----BEGIN CERTIFICATE-----\nA"] {
            assert_eq!(refused(&pkcs8(&one), bad), InvalidPossession::Certificate, "{bad:?}");
        }
    }
}
