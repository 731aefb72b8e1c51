use std::{fs, path::Path, process::Command};

use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _};
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
    for key in ["ca-key.pem", "device-ca-key.pem", "printer-key.pem"] {
        let permissions = fs::metadata(dir.path().join(key)).unwrap().permissions();
        let mode = std::os::unix::fs::PermissionsExt::mode(&permissions);
        assert_eq!(mode & 0o777, 0o600, "{key}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4, "no temporary file stays");
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
    let certified = ca.authority.own(&serial(), Shape::Version3).unwrap();
    assert_eq!(certified.cert.len(), 2);
    let (_, leaf) =
        x509_parser::certificate::X509Certificate::from_der(&certified.cert[0]).unwrap();
    let name = leaf.subject().iter_common_name().next().unwrap();
    assert_eq!(name.as_str().unwrap(), "01P00A000000001");
    assert!(leaf.subject_alternative_name().unwrap().is_none());
    assert_eq!(leaf.public_key().parsed().unwrap().key_size(), 2048);
    let again = ca.authority.own(&serial(), Shape::Version3).unwrap();
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
    let leaf = Leaf::new(KeyPair::generate().unwrap(), &ca.authority.provider).unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certified = make::certify("localhost", names, &leaf, &ca.authority.root).unwrap();
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

/// What `openssl verify` says, trusting `trusted`; `None` where it is not installed: the programs
/// in `interop/` judge the same over a socket.
fn openssl(dir: &Path, trusted: &str, chain: &str, strict: &[&str]) -> Option<bool> {
    let (ca_file, leaf, more) = (dir.join("t.pem"), dir.join("l.pem"), dir.join("more.pem"));
    fs::write(&ca_file, trusted).unwrap();
    fs::write(&leaf, chain).unwrap();
    fs::write(&more, chain).unwrap();
    let output = Command::new("openssl")
        .arg("verify")
        .args(strict)
        .args(["-purpose", "sslserver", "-CAfile"])
        .args([ca_file.as_path(), Path::new("-untrusted"), &more, &leaf])
        .output();
    output.ok().map(|output| output.status.success())
}

#[test]
fn openssl_accepts_a_chain_of_every_shape_with_the_authorities_it_needs() {
    let dir = fresh();
    let ca = Ca::open_or_create(dir.path()).unwrap();
    let end = "-----END CERTIFICATE-----\n";
    let root = ca.ca_pem().split_inclusive(end).next().unwrap();
    let strict = &["-x509_strict"][..];
    for (shape, trusted, strict, accepted) in [
        (Shape::Version3, root, strict, true),
        (Shape::Version1, root, &[], true),
        (Shape::Lonely, root, strict, false),
        (Shape::Lonely, ca.ca_pem(), strict, true),
        (Shape::Chained, root, strict, true),
    ] {
        let chain = ca.printer_chain_pem(&serial(), shape).unwrap();
        let says = openssl(dir.path(), trusted, &chain, strict);
        assert!(says.is_none_or(|says| says == accepted), "{shape}: {says:?}");
    }
}

#[test]
fn version_1_has_no_extensions_and_a_signature_of_the_authority() {
    let dir = fresh();
    let ca = Ca::open_or_create(dir.path()).unwrap();
    let certified = ca.authority.own(&serial(), Shape::Version1).unwrap();
    let parse = |der| x509_parser::certificate::X509Certificate::from_der(der).unwrap().1;
    let leaf = parse(&certified.cert[0]);
    assert_eq!(leaf.version(), x509_parser::x509::X509Version::V1);
    assert!(leaf.extensions().is_empty());
    let root = parse(&certified.cert[1]);
    leaf.verify_signature(Some(root.public_key())).unwrap();
}

#[test]
fn shapes_are_those_that_were_seen_and_have_names() {
    let models = |shape| Model::ALL.into_iter().filter(move |model| Shape::of(*model) == shape);
    assert_eq!(models(Shape::Version1).count(), 2);
    assert_eq!(models(Shape::Lonely).count(), 3);
    for shape in Shape::all() {
        assert_eq!(shape.name().parse(), Ok(shape));
    }
    assert!("v2".parse::<Shape>().unwrap_err().to_string().contains("version1"));
}

#[test]
fn an_impostor_has_the_name_and_nothing_else() {
    let dir = fresh();
    let ca = Ca::open_or_create(dir.path()).unwrap();
    let (own, renewed, swapped) = (
        ca.authority.own(&serial(), Shape::Lonely).unwrap(),
        ca.authority.renewed(&serial(), Shape::Lonely).unwrap(),
        ca.authority.swapped(&serial()).unwrap(),
    );
    let parse = |der| x509_parser::certificate::X509Certificate::from_der(der).unwrap().1;
    let [own, renewed, swapped] = [&own, &renewed, &swapped].map(|of| parse(&of.cert[0]));
    for other in [&renewed, &swapped] {
        assert_eq!(other.subject(), own.subject());
        assert_ne!(other.public_key().raw, own.public_key().raw);
    }
    assert_eq!(renewed.issuer(), own.issuer());
    assert_ne!(swapped.issuer(), own.issuer());
}

#[test]
fn a_directory_of_an_earlier_version_is_named() {
    let dir = fresh();
    Ca::open_or_create(dir.path()).unwrap();
    fs::remove_file(dir.path().join("device-ca-key.pem")).unwrap();
    let error = Ca::open_or_create(dir.path()).unwrap_err().to_string();
    assert!(error.contains("an earlier version"), "{error}");
}

#[test]
fn a_thousand_printers_cost_little() {
    let dir = fresh();
    let ca = Ca::open_or_create(dir.path()).unwrap();
    let serials = (0..1000).map(|n| Serial::new(&format!("01P00A{n:09}")).unwrap());
    let configs: Vec<_> = serials.map(|serial| ca.printer_config(&serial).unwrap()).collect();
    assert_eq!(configs.len(), 1000);
}
