//! A certificate that signs itself, made once and kept, so that those who trust it go on doing so.

use std::{
    collections::BTreeSet,
    fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
};

use bambulab::private_file;
use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use tracing::info;

use super::CertificateError;

/// Key and certificate, for the owner's eyes alone.
pub(super) const FILE: &str = "server-tls.pem";

/// The certificate alone, to be handed to those who shall trust it.
pub(super) const PUBLIC: &str = "server-certificate.pem";

/// Unix mode of what anybody may read.
const READABLE: u32 = 0o644;

/// Begins the certificate, which stands behind the key.
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";

/// Begins the line, before the key, that tells whom the certificate is for.
const NAMES: &str = "bambu server: ";

/// Whom a made certificate is for: this machine by its names and its own addresses, and those given.
pub(super) fn names(
    given: &[String],
    addresses: &[IpAddr],
) -> Result<BTreeSet<String>, CertificateError> {
    let own = addresses.iter().filter(|address| !address.is_unspecified());
    let mut names: BTreeSet<_> = own.map(ToString::to_string).collect();
    names.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
    for name in given {
        let name = name.trim().to_ascii_lowercase();
        if !is_name(&name) {
            return Err(CertificateError::Name(name.chars().take(60).collect()));
        }
        names.insert(name);
    }
    // Where it is not told, `tls_names` tells it.
    let host = fs::read_to_string("/etc/hostname").unwrap_or_default();
    names.extend(Some(host.trim().to_ascii_lowercase()).filter(|host| is_name(host)));
    Ok(names)
}

fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._*".contains(&byte);
    let right = (1..=253).contains(&text.len()) && text.bytes().all(plain);
    right || text.parse::<IpAddr>().is_ok()
}

/// The file with a certificate for these names: the one that is there, else a new one.
pub(super) fn kept(folder: &Path, names: &BTreeSet<String>) -> Result<PathBuf, CertificateError> {
    let (path, public) = (folder.join(FILE), folder.join(PUBLIC));
    if !is_for(&path, names) {
        let (key, certificate) = make(names).map_err(CertificateError::Made)?;
        let list = names.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        let text = format!("{NAMES}{list}\n{key}{certificate}");
        private_file::folder_of(&path)
            .and_then(|()| private_file::swap(&path, &text, private_file::PRIVATE))
            .map_err(failed(&path))?;
        private_file::swap(&public, &certificate, READABLE).map_err(failed(&public))?;
        info!(file = %public.display(), names = %list, "a certificate was made");
    } else if !public.exists() {
        let kept = fs::read_to_string(&path).map_err(failed(&path))?;
        let certificate = kept.find(BEGIN).and_then(|at| kept.get(at..)).unwrap_or_default();
        private_file::swap(&public, certificate, READABLE).map_err(failed(&public))?;
    }
    Ok(path)
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> CertificateError {
    |source| CertificateError::Write { path: path.to_owned(), source }
}

/// Whether there is one that can be used and is for all of them.
fn is_for(path: &Path, names: &BTreeSet<String>) -> bool {
    let text = fs::read_to_string(path).unwrap_or_default();
    let known = text.lines().next().and_then(|line| line.strip_prefix(NAMES));
    let known: BTreeSet<&str> = known.unwrap_or_default().split(' ').collect();
    names.iter().all(|name| known.contains(name.as_str())) && super::read(path, path).is_ok()
}

/// Key and certificate in PEM.
fn make(names: &BTreeSet<String>) -> Result<(String, String), rcgen::Error> {
    let mut params = CertificateParams::new(names.iter().cloned().collect::<Vec<_>>())?;
    params.distinguished_name.push(DnType::CommonName, "bambu server");
    // Whoever trusts it trusts this very certificate: an end would only lock people out.
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2044, 1, 1);
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok((key.serialize_pem(), certificate.pem()))
}
