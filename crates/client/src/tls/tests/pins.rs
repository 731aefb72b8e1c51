//! What happens where the user gives no authority: the slicer's, else the first use.

use std::path::{Path, PathBuf};

use super::*;

/// A printer whose authority nobody here has.
fn stranger() -> Leaf {
    leaf(&ca(), &params(SERIAL))
}

fn remembering(file: &Path) -> Identity {
    Identity::new(KnownPrinters::open(file))
}

fn slicer(folder: &Path, content: &[u8]) -> PathBuf {
    let file = folder.join("printer.cer");
    std::fs::write(&file, content).unwrap();
    file
}

/// A handshake and a login.
async fn visit(identity: &Identity, shown: &Leaf) -> Result<(), UntrustedPrinter> {
    visit_with(identity, &Roots::public(), &[&shown.der], &shown.key).await
}

async fn visit_with(
    identity: &Identity,
    roots: &Roots,
    chain: &[&CertificateDer<'static>],
    key: &KeyPair,
) -> Result<(), UntrustedPrinter> {
    match meet(identity, roots, SERIAL, chain, key) {
        Ok((pinning, chain)) => pinning.accepted(Some(chain)).await.map_err(|refused| refused.why),
        end => Err(refused(end)),
    }
}

#[tokio::test]
async fn a_printer_is_pinned_at_first_use_and_another_certificate_is_refused_then() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("deep/known_printers");
    let (genuine, swapped) = (stranger(), stranger());
    for identity in [Identity::default(), remembering(&file)] {
        visit(&identity, &genuine).await.unwrap();
        visit(&identity, &genuine).await.unwrap();
        let why = visit(&identity, &swapped).await.unwrap_err();
        let UntrustedPrinter::Changed { pinned, .. } = &why else { panic!("{why}") };
        assert_eq!(Some(*pinned), Fingerprint::of(&genuine.der));
        assert!(why.to_string().contains(&pinned.to_string()), "{why}");
    }
    // Another process, the same file.
    let identity = remembering(&file);
    visit(&identity, &genuine).await.unwrap();
    let why = visit(&identity, &swapped).await.unwrap_err().to_string();
    assert!(why.contains(&format!("remove line 3 of {}", file.display())), "{why}");
    // The line is removed: pinned anew, by the same process.
    std::fs::write(&file, "# nobody\n").unwrap();
    visit(&identity, &swapped).await.unwrap();
    visit(&identity, &genuine).await.unwrap_err();
}

#[tokio::test]
async fn nothing_is_pinned_before_the_printer_lets_us_in() {
    let identity = Identity::default();
    let (impostor, genuine) = (stranger(), stranger());
    let left = meet(&identity, &Roots::public(), SERIAL, &[&impostor.der], &impostor.key);
    drop(left.unwrap());
    visit(&identity, &genuine).await.unwrap();
    // Two first visits at once: the first login wins, the other one is refused.
    let identity = Identity::default();
    let roots = Roots::public();
    let (first, one) = meet(&identity, &roots, SERIAL, &[&genuine.der], &genuine.key).unwrap();
    let (second, two) = meet(&identity, &roots, SERIAL, &[&impostor.der], &impostor.key).unwrap();
    first.accepted(Some(one)).await.unwrap();
    let why = second.accepted(Some(two)).await.unwrap_err().why;
    assert!(matches!(why, UntrustedPrinter::Changed { .. }), "{why}");
}

#[tokio::test]
async fn a_pin_is_worth_nothing_without_the_key_and_the_name() {
    let identity = Identity::default();
    let ca = ca();
    for shown in [leaf(&ca, &params(SERIAL)), version1(&ca, leaf(&ca, &params(SERIAL)))] {
        let identity = Identity::default();
        visit(&identity, &shown).await.unwrap();
        let thief = KeyPair::generate().unwrap();
        let end = meet(&identity, &Roots::public(), SERIAL, &[&shown.der], &thief);
        let bad = Error::InvalidCertificate(CertificateError::BadSignature);
        assert_eq!(end.err(), Some(bad));
    }
    let other = leaf(&ca, &params("01P00A000000002"));
    let why = visit(&identity, &other).await.unwrap_err();
    assert!(matches!(why, UntrustedPrinter::OtherPrinter { .. }), "{why}");
}

#[tokio::test]
async fn with_a_ca_file_no_pin_counts() {
    let ca = ca();
    let (vouched, stranger) = (leaf(&ca, &params(SERIAL)), stranger());
    let identity = Identity::default();
    visit(&identity, &stranger).await.unwrap();
    let why = visit_with(&identity, &ca.roots, &[&stranger.der], &stranger.key).await.unwrap_err();
    assert_eq!(why, UntrustedPrinter::UnknownIssuer);
    visit_with(&identity, &ca.roots, &[&vouched.der], &vouched.key).await.unwrap();
    // And nothing was pinned anew.
    visit(&identity, &stranger).await.unwrap();
}

#[tokio::test]
async fn a_slicer_vouches_and_a_new_certificate_of_its_authority_renews_the_pin() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("known_printers");
    let ca = ca();
    let (old, new) = (stranger(), leaf(&ca, &params(SERIAL)));
    std::fs::write(&file, "# mine\nOTHER sha256:00 today\n").unwrap();
    visit(&remembering(&file), &old).await.unwrap();
    let cer = slicer(dir.path(), ca.pem.as_bytes());
    let identity = remembering(&file).with_slicer_files(&[dir.path().join("none"), cer.clone()]);
    assert_eq!(identity.slicer_file(), Some(cer.as_path()));
    visit(&identity, &new).await.unwrap();
    // The slicer is gone, its word remains.
    visit(&remembering(&file), &new).await.unwrap();
    visit(&remembering(&file), &old).await.unwrap_err();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("# mine\nOTHER sha256:00 today\n"), "{text}");
    assert_eq!(text.lines().count(), 3, "{text}");
    // What the slicer vouches for is not pinned when it was not.
    std::fs::remove_file(&file).unwrap();
    visit(&identity, &new).await.unwrap();
    assert!(!file.exists());
}

#[tokio::test]
async fn a_slicers_authority_cannot_be_claimed_but_need_not_be_had() {
    let dir = tempfile::tempdir().unwrap();
    let (genuine, impostor) = (ca(), ca());
    let cer = slicer(dir.path(), genuine.pem.as_bytes());
    let identity = Identity::default().with_slicer_files(&[cer]);
    let forged = leaf(&impostor, &params(SERIAL));
    assert_eq!(visit(&identity, &forged).await.unwrap_err(), UntrustedPrinter::Forged);
    let forged = version1(&impostor, forged);
    assert_eq!(visit(&identity, &forged).await.unwrap_err(), UntrustedPrinter::Forged);
    // A new model's authority, which the slicer's file lacks: pinned.
    let newer = Ca { issuer: Issuer::new(params("New CA"), KeyPair::generate().unwrap()), ..ca() };
    let shown = leaf(&newer, &params(SERIAL));
    visit(&identity, &shown).await.unwrap();
    visit(&identity, &leaf(&newer, &params(SERIAL))).await.unwrap_err();
    // Really signed by the slicer's authority, but not as the usual library wants it: pinned.
    let identity = Identity::default().with_slicer_files(&[dir.path().join("printer.cer")]);
    let mut odd = params(SERIAL);
    odd.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    visit(&identity, &leaf(&genuine, &odd)).await.unwrap();
    visit(&identity, &leaf(&genuine, &odd)).await.unwrap_err();
    visit(&identity, &leaf(&genuine, &params(SERIAL))).await.unwrap();
}

#[test]
fn an_authority_between_is_taken_from_the_printer_or_from_the_file() {
    let root = ca();
    let key = KeyPair::generate().unwrap();
    let mut device = params("Device CA");
    device.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let between = device.signed_by(&key, &root.issuer).unwrap();
    let roots = Roots::public().with_pem(between.pem().as_bytes(), "test").unwrap();
    let pem = format!("{}{}", root.pem, between.pem());
    let both = Roots::public().with_pem(pem.as_bytes(), "test").unwrap();
    let device = Ca { issuer: Issuer::new(device, key), pem: String::new(), roots };
    let shown = leaf(&device, &params(SERIAL));
    let identity = Identity::default();
    let meet = |roots, chain: &[_]| meet(&identity, roots, SERIAL, chain, &shown.key).map(|_| ());
    meet(&root.roots, &[&shown.der, between.der()]).unwrap();
    meet(&both, &[&shown.der]).unwrap();
    meet(&device.roots, &[&shown.der]).unwrap();
    let end = meet(&root.roots, &[&shown.der]);
    assert_eq!(refused(end), UntrustedPrinter::UnknownIssuer);
    // Version 1 goes through no authority that only the printer shows.
    let first = version1(&device, leaf(&device, &params(SERIAL)));
    let chain = [&first.der, between.der()];
    let end = super::meet(&identity, &root.roots, SERIAL, &chain, &first.key).map(|_| ());
    assert_eq!(refused(end), UntrustedPrinter::UnknownIssuer);
    super::meet(&identity, &both, SERIAL, &chain, &first.key).unwrap();
}

#[tokio::test]
async fn insecure_takes_anybody_with_a_key_and_pins_nothing() {
    let identity = Identity::insecure();
    let other = leaf(&ca(), &params("01P00A000000002"));
    visit(&identity, &other).await.unwrap();
    visit(&identity, &stranger()).await.unwrap();
    let thief = KeyPair::generate().unwrap();
    let end = meet(&identity, &Roots::public(), SERIAL, &[&other.der], &thief);
    assert_eq!(end.err(), Some(Error::InvalidCertificate(CertificateError::BadSignature)));
    assert!(!identity.known().has(SERIAL, Fingerprint::of(&other.der).unwrap()).unwrap());
}

#[test]
fn thousands_of_printers_share_one_configuration() {
    let (identity, roots) = (Identity::default(), Roots::public());
    let config =
        |serial| identity.printer_tls(&roots, &Serial::new(serial).unwrap()).unwrap().config;
    assert!(Arc::ptr_eq(&config(SERIAL), &config("01P00A000000002")));
    let changed = ca().roots;
    let other = identity.printer_tls(&changed, &Serial::new(SERIAL).unwrap()).unwrap().config;
    assert!(!Arc::ptr_eq(&config(SERIAL), &other));
}
