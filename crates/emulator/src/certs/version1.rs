//! X.509 version 1: a version 3 certificate without its version and extensions, signed anew.

use rcgen::{KeyPair, SigningKey as _};
use rustls_pki_types::CertificateDer;

use super::CertError;

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
/// `[0] version` and `[3] extensions`, the two fields that version 1 lacks.
const LATER: [u8; 2] = [0xa0, 0xa3];

/// The certificate as one of version 1, signed by `issuer`, who has signed it before.
pub(super) fn of(
    certificate: &CertificateDer<'_>,
    issuer: &KeyPair,
) -> Result<CertificateDer<'static>, CertError> {
    let broken = || CertError::Make(rcgen::Error::CouldNotParseCertificate);
    let (_, outer, _) = split(certificate).ok_or_else(broken)?;
    let (_, mut fields, rest) = split(outer).ok_or_else(broken)?;
    let algorithm = whole(rest).ok_or_else(broken)?;
    let mut kept = Vec::with_capacity(fields.len());
    while !fields.is_empty() {
        let (tag, _, rest) = split(fields).ok_or_else(broken)?;
        if !LATER.contains(&tag) {
            kept.extend_from_slice(whole(fields).ok_or_else(broken)?);
        }
        fields = rest;
    }
    let signed = element(SEQUENCE, &kept);
    let mut signature = vec![0];
    signature.extend(issuer.sign(&signed)?);
    let all = [signed.as_slice(), algorithm, &element(BIT_STRING, &signature)].concat();
    Ok(element(SEQUENCE, &all).into())
}

/// Tag and content of the first element, and what follows it.
fn split(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

/// The first element with its head.
fn whole(der: &[u8]) -> Option<&[u8]> {
    let (.., rest) = split(der)?;
    der.get(..der.len() - rest.len())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let skipped = length.iter().take_while(|byte| **byte == 0).count();
    let digits = length.get(skipped..).unwrap_or_default();
    let mut der = vec![tag];
    match (u8::try_from(content.len()), u8::try_from(digits.len())) {
        (Ok(short @ 0..=0x7f), _) => der.push(short),
        (_, count) => {
            der.push(0x80 | count.unwrap_or(0));
            der.extend_from_slice(digits);
        }
    }
    der.extend_from_slice(content);
    der
}
