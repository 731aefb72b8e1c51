use std::{fs, path::Path, process::Command};

use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
};
use rustls_pki_types::{ServerName, UnixTime, pem::PemObject as _};
use x509_parser::prelude::FromDer as _;

use super::*;

fn fresh() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn serial() -> Serial {
    Serial::new("01P00A000000001").unwrap()
}

#[test]
fn a_directory_is_reused_and_its_keys_are_private() {
    let dir = fresh();
    let first = Ca::open_or_create(dir.path()).unwrap().ca_pem().to_owned();
    assert_eq!(Ca::open_or_create(dir.path()).unwrap().ca_pem(), first);
    assert_eq!(fs::read_to_string(dir.path().join("ca.pem")).unwrap(), first);
    #[cfg(unix)]
    for key in ["ca-key.pem", "printer-key.pem"] {
        let permissions = fs::metadata(dir.path().join(key)).unwrap().permissions();
        let mode = std::os::unix::fs::PermissionsExt::mode(&permissions);
        assert_eq!(mode & 0o777, 0o600, "{key}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "no temporary file stays");
}

#[test]
fn a_key_without_its_certificate_is_completed() {
    let dir = fresh();
    Ca::open_or_create(dir.path()).unwrap();
    fs::remove_file(dir.path().join("ca.pem")).unwrap();
    Ca::open_or_create(dir.path()).unwrap();
    assert!(dir.path().join("ca.pem").exists());
}

#[test]
fn a_foreign_or_half_written_file_is_named_and_left_alone() {
    let other = fresh();
    let other_ca = Ca::open_or_create(other.path()).unwrap().ca_pem().to_owned();
    let damage = |file: &str, text: &str| {
        let dir = fresh();
        let ca = Ca::open_or_create(dir.path()).unwrap();
        fs::write(dir.path().join(file), text.replace("HALF", &ca.ca_pem()[..200])).unwrap();
        match Ca::open_or_create(dir.path()).unwrap_err() {
            CertError::Foreign { path, .. } => assert!(path.ends_with(file), "{path:?}"),
            error => panic!("{file}: {error:?}"),
        }
    };
    damage("ca.pem", "");
    damage("ca.pem", "hello");
    damage("ca.pem", "HALF");
    damage("ca.pem", &other_ca);
    damage("ca-key.pem", "-----BEGIN PRIVATE KEY-----\nMIGH");
    damage("printer-key.pem", "");
    damage("printer-key.pem", &KeyPair::generate().unwrap().serialize_pem());
}

#[test]
fn a_certificate_without_its_key_is_not_replaced() {
    let dir = fresh();
    Ca::open_or_create(dir.path()).unwrap();
    fs::remove_file(dir.path().join("ca-key.pem")).unwrap();
    assert!(matches!(Ca::open_or_create(dir.path()), Err(CertError::Foreign { .. })));
}

#[test]
fn many_processes_may_start_in_one_directory() {
    let dir = fresh();
    let open = || Ca::open_or_create(dir.path()).unwrap().ca_pem().to_owned();
    let pems = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(pems.iter().all(|pem| *pem == pems[0]));
}

#[test]
fn a_printer_shows_its_serial_and_no_other_name_with_an_rsa_key() {
    let dir = fresh();
    let ca = Ca::open_or_create(dir.path()).unwrap();
    let certified = ca.printer_certificate(&serial()).unwrap();
    assert_eq!(certified.cert.len(), 2);
    let (_, leaf) =
        x509_parser::certificate::X509Certificate::from_der(&certified.cert[0]).unwrap();
    let name = leaf.subject().iter_common_name().next().unwrap();
    assert_eq!(name.as_str().unwrap(), "01P00A000000001");
    assert!(leaf.subject_alternative_name().unwrap().is_none());
    assert_eq!(leaf.public_key().parsed().unwrap().key_size(), 2048);
    let again = ca.printer_certificate(&serial()).unwrap();
    let (_, again) = x509_parser::certificate::X509Certificate::from_der(&again.cert[0]).unwrap();
    assert_ne!(leaf.raw_serial(), again.raw_serial());
}

#[test]
fn webpki_accepts_the_clouds_certificate_for_its_two_names_only() {
    let dir = fresh();
    let ca = Ca::open_or_create(dir.path()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.ca_pem().as_bytes()).unwrap()).unwrap();
    let verifier = WebPkiServerVerifier::builder_with_provider(
        Arc::new(roots),
        Arc::new(rustls::crypto::ring::default_provider()),
    )
    .build()
    .unwrap();
    let leaf = Leaf::new(KeyPair::generate().unwrap(), &ca.provider).unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certified = certify("localhost", names, &leaf, &ca.issuer, &ca.der).unwrap();
    for (name, accepted) in [("localhost", true), ("127.0.0.1", true), ("example.com", false)] {
        let name = ServerName::try_from(name).unwrap();
        let result = verifier.verify_server_cert(
            &certified.cert[0],
            &certified.cert[1..],
            &name,
            &[],
            UnixTime::now(),
        );
        assert_eq!(result.is_ok(), accepted, "{name:?} {result:?}");
    }
}

#[test]
fn openssl_accepts_a_printers_chain() {
    let dir = fresh();
    let ca = Ca::open_or_create(dir.path()).unwrap();
    let leaf = dir.path().join("leaf.pem");
    fs::write(&leaf, ca.printer_chain_pem(&serial()).unwrap()).unwrap();
    let verify = |leaf: &Path| {
        let ca_file = dir.path().join("ca.pem");
        Command::new("openssl")
            .args(["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile"])
            .args([ca_file.as_path(), leaf])
            .output()
    };
    // Not installed: the programs in `interop/` judge the same over a socket.
    let Ok(output) = verify(&leaf) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_thousand_printers_cost_little() {
    let dir = fresh();
    let ca = Ca::open_or_create(dir.path()).unwrap();
    let serials = (0..1000).map(|n| Serial::new(&format!("01P00A{n:09}")).unwrap());
    let configs: Vec<_> = serials.map(|serial| ca.printer_config(&serial).unwrap()).collect();
    assert_eq!(configs.len(), 1000);
}
