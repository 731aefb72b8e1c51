//! The files of the state directory: read if they are sound, else made whole or not at all.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use rcgen::{KeyPair, PublicKeyData as _};
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use x509_parser::{prelude::FromDer as _, time::ASN1Time};

use super::{CertError, authority_pem};
use crate::files::write_new;

const RSA_BITS: usize = 2048;

pub(super) fn make_dir(dir: &Path) -> Result<(), CertError> {
    fs::create_dir_all(dir).map_err(|source| file_error("create", dir, source))
}

/// The authority's certificate (PEM) and key. A key alone is completed; a certificate alone is not ours.
pub(super) fn authority(dir: &Path) -> Result<(String, KeyPair), CertError> {
    let (ca_file, key_file) = (dir.join("ca.pem"), dir.join("ca-key.pem"));
    let key = match (read(&key_file)?, ca_file.exists()) {
        (Some(pem), _) => pem,
        (None, true) => return Err(foreign(&ca_file, "without its key ca-key.pem")),
        (None, false) => create(&key_file, &KeyPair::generate()?.serialize_pem(), 0o600)?,
    };
    let key = key_pair(&key_file, &key)?;
    let pem = match read(&ca_file)? {
        Some(pem) => pem,
        None => create(&ca_file, &authority_pem(&key)?, 0o644)?,
    };
    Ok((pem, key))
}

/// The one RSA key of all printers.
pub(super) fn printer_key(dir: &Path) -> Result<KeyPair, CertError> {
    let path = dir.join("printer-key.pem");
    let pem = match read(&path)? {
        Some(pem) => pem,
        None => {
            let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, RSA_BITS)?;
            let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|_| rsa::Error::Internal)?;
            create(&path, &pem, 0o600)?
        }
    };
    let key = key_pair(&path, &pem)?;
    if key.is_compatible(&rcgen::PKCS_RSA_SHA256) {
        Ok(key)
    } else {
        Err(foreign(&path, "no RSA key"))
    }
}

/// The certificate inside `pem`, after a check that it is ours, whole and valid today.
pub(super) fn certificate(
    path: &Path,
    pem: &str,
    key: &KeyPair,
) -> Result<CertificateDer<'static>, CertError> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes())
        .map_err(|_| foreign(path, "no certificate, or half of one"))?;
    let (_, parsed) = x509_parser::certificate::X509Certificate::from_der(&der)
        .map_err(|_| foreign(path, "no certificate, or half of one"))?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_secs()).ok().and_then(|now| ASN1Time::from_timestamp(now).ok());
    if !parsed.is_ca() {
        Err(foreign(path, "no certificate of an authority"))
    } else if parsed.public_key().raw != key.subject_public_key_info() {
        Err(foreign(path, "of another key than ca-key.pem"))
    } else if !now.is_some_and(|now| parsed.validity().is_valid_at(now)) {
        Err(foreign(path, "expired or not yet valid"))
    } else {
        Ok(der)
    }
}

fn key_pair(path: &Path, pem: &str) -> Result<KeyPair, CertError> {
    KeyPair::from_pem(pem).map_err(|_| foreign(path, "no private key, or half of one"))
}

fn read(path: &Path) -> Result<Option<String>, CertError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(foreign(path, "not text")),
        Err(source) => Err(file_error("read", path, source)),
    }
}

/// Writes a file that must not be there yet, whole or not at all; returns what is there then,
/// which is another process's text if that was faster.
fn create(path: &Path, text: &str, mode: u32) -> Result<String, CertError> {
    let failed = |source| file_error("write", path, source);
    let unique = format!("new-{}-{:08x}", std::process::id(), rand::random::<u32>());
    let temporary = path.with_extension(unique);
    let written =
        write_new(&temporary, text.as_bytes(), mode).and_then(|()| fs::hard_link(&temporary, path));
    let removed = fs::remove_file(&temporary);
    match written {
        Ok(()) => removed.map(|()| text.to_owned()).map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::read_to_string(path).map_err(|source| file_error("read", path, source))
        }
        Err(source) => Err(failed(source)),
    }
}

fn file_error(action: &'static str, path: &Path, source: io::Error) -> CertError {
    CertError::File { action, path: path.to_owned(), source }
}

fn foreign(path: &Path, problem: &'static str) -> CertError {
    CertError::Foreign { path: PathBuf::from(path), problem }
}
