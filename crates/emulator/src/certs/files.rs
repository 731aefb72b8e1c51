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

use super::{CertError, make::Signer};
use crate::files::write_new;

const RSA_BITS: usize = 2048;

pub(super) fn make_dir(dir: &Path) -> Result<(), CertError> {
    fs::create_dir_all(dir).map_err(|source| file_error("create", dir, source))
}

/// The authorities: the text of `ca.pem`, the root, and the Device CA under it. Keys alone are
/// completed; certificates alone are not ours.
pub(super) fn authorities(dir: &Path) -> Result<(String, [Signer; 2]), CertError> {
    let ca_file = dir.join("ca.pem");
    let key = |name: &'static str, problem| {
        let file = dir.join(name);
        // In this order: another process writes the key first.
        let known = ca_file.exists();
        let key = match (read(&file)?, known) {
            (Some(pem), _) => pem,
            (None, true) => return Err(foreign(&ca_file, problem)),
            (None, false) => create(&file, &KeyPair::generate()?.serialize_pem(), 0o600)?,
        };
        key_pair(&file, &key)
    };
    let root_key = key("ca-key.pem", "without its key ca-key.pem")?;
    let device_key = key(
        "device-ca-key.pem",
        "without the key device-ca-key.pem, perhaps of an earlier version",
    )?;
    let pem = match read(&ca_file)? {
        Some(pem) => pem,
        None => create(&ca_file, &authorities_pem(&root_key, &device_key)?, 0o644)?,
    };
    let mut certificates = CertificateDer::pem_slice_iter(pem.as_bytes());
    let mut next = |key: &KeyPair, foreign_key| -> Result<_, CertError> {
        let half = || foreign(&ca_file, "no certificate, or half of one");
        let der = certificates.next().and_then(Result::ok).ok_or_else(half)?;
        check(&ca_file, &der, key, foreign_key)?;
        Ok(der)
    };
    let root = next(&root_key, "of another key than ca-key.pem")?;
    let device = next(&device_key, "of another key than device-ca-key.pem")?;
    let signers = [Signer::new(root, root_key)?, Signer::new(device, device_key)?];
    Ok((pem, signers))
}

fn authorities_pem(root_key: &KeyPair, device_key: &KeyPair) -> Result<String, CertError> {
    let again = |key: &KeyPair| KeyPair::try_from(key.serialize_der());
    let root = Signer::root(again(root_key)?)?;
    let device = root.device_ca(again(device_key)?)?;
    Ok(root.pem() + &device.pem())
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

/// Checks that a certificate is ours and valid today.
fn check(
    path: &Path,
    der: &CertificateDer<'_>,
    key: &KeyPair,
    foreign_key: &'static str,
) -> Result<(), CertError> {
    let (_, parsed) = x509_parser::certificate::X509Certificate::from_der(der)
        .map_err(|_| foreign(path, "no certificate, or half of one"))?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_secs()).ok().and_then(|now| ASN1Time::from_timestamp(now).ok());
    if !parsed.is_ca() {
        Err(foreign(path, "no certificate of an authority"))
    } else if parsed.public_key().raw != key.subject_public_key_info() {
        Err(foreign(path, foreign_key))
    } else if !now.is_some_and(|now| parsed.validity().is_valid_at(now)) {
        Err(foreign(path, "expired or not yet valid"))
    } else {
        Ok(())
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
