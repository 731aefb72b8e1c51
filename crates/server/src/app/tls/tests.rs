//! Certificates that are made, kept, given and renewed.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn made(names: &[&str]) -> Server {
    let tls_names = names.iter().map(ToString::to_string).collect();
    Server { tls: Some(Tls::Made), tls_names, ..Server::default() }
}

fn given(certificate: &Path, key: &Path) -> Server {
    let tls = Tls::Files { certificate: certificate.to_owned(), key: key.to_owned() };
    Server { tls: Some(tls), ..Server::default() }
}

fn shown(certificate: &Certificate) -> Vec<u8> {
    certificate.shown.0.load().cert.first().unwrap().to_vec()
}

#[test]
fn a_made_certificate_survives_a_restart_and_its_key_is_for_the_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("state");
    let first = Certificate::of(&made(&[]), &[], &folder).unwrap().unwrap();
    let again = Certificate::of(&made(&[]), &[], &folder).unwrap().unwrap();
    assert_eq!(shown(&first), shown(&again));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.join(made::FILE)), 0o600);
    assert_eq!(mode(&folder), 0o700);
    let public = fs::read_to_string(folder.join(made::PUBLIC)).unwrap();
    assert!(!public.contains("PRIVATE"));
    assert_eq!(CertificateDer::from_pem_slice(public.as_bytes()).unwrap().to_vec(), shown(&first));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    // What clients trust comes back when it is gone.
    fs::remove_file(folder.join(made::PUBLIC)).unwrap();
    Certificate::of(&made(&[]), &[], &folder).unwrap().unwrap();
    assert_eq!(fs::read_to_string(folder.join(made::PUBLIC)).unwrap(), public);
}

#[test]
fn another_name_or_a_broken_file_makes_a_new_certificate_and_fewer_names_do_not() {
    let dir = tempfile::tempdir().unwrap();
    let make =
        |names: &[&str]| shown(&Certificate::of(&made(names), &[], dir.path()).unwrap().unwrap());
    let plain = make(&[]);
    let named = make(&["Farm.local", "10.1.2.3"]);
    assert_ne!(plain, named);
    assert_eq!(make(&["farm.local"]), named);
    fs::write(dir.path().join(made::FILE), "bambu server: localhost\n").unwrap();
    assert_ne!(make(&[]), named);
    for odd in [
        "no name",
        "",
        "a
b",
        "https://farm",
    ] {
        let error = Certificate::of(&made(&[odd]), &[], dir.path()).err().unwrap();
        assert!(matches!(error, CertificateError::Name(_)), "{odd}: {error}");
    }
}

#[test]
fn a_given_certificate_is_read_again_when_it_is_renewed_and_kept_while_it_is_broken() {
    let dir = tempfile::tempdir().unwrap();
    let one = made::kept(&dir.path().join("one"), &made::names(&[], &[]).unwrap()).unwrap();
    let two = made::kept(&dir.path().join("two"), &made::names(&[], &[]).unwrap()).unwrap();
    let file = dir.path().join("given.pem");
    let put = |text: &[u8], seconds: u64| {
        fs::write(&file, text).unwrap();
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
    };
    put(&fs::read(&one).unwrap(), 1);
    let certificate = Certificate::of(&given(&file, &file), &[], dir.path()).unwrap().unwrap();
    let before = shown(&certificate);
    put(b"half a cert", 2);
    certificate.reload_if_changed();
    assert_eq!(shown(&certificate), before);
    put(&fs::read(&two).unwrap(), 3);
    certificate.reload_if_changed();
    assert_ne!(shown(&certificate), before);
}

#[test]
fn files_that_are_missing_or_foreign_or_do_not_fit_are_told_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let one = made::kept(&dir.path().join("one"), &made::names(&[], &[]).unwrap()).unwrap();
    let two = made::kept(&dir.path().join("two"), &made::names(&[], &[]).unwrap()).unwrap();
    let none = dir.path().join("none.pem");
    let error = |certificate: &Path, key: &Path| {
        Certificate::of(&given(certificate, key), &[], dir.path()).err().unwrap()
    };
    assert!(matches!(error(&none, &one), CertificateError::Read { path, .. } if path == none));
    let public = dir.path().join("one").join(made::PUBLIC);
    assert!(
        matches!(error(&one, &public), CertificateError::Foreign { path, .. } if path == public)
    );
    assert!(matches!(error(&one, &two), CertificateError::Unusable { .. }));
}
