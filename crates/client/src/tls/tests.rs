use std::time::SystemTime;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SigningKey};
use rustls::{
    CertificateError, ClientConnection, Error, ServerConfig, ServerConnection,
    SupportedProtocolVersion,
    pki_types::PrivateKeyDer,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use bambu_protocol::Serial;

use super::*;

mod pins;

const SERIAL: &str = "01P00A000000001";

struct Ca {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    roots: Roots,
}

fn ca() -> Ca {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "BBL CA");
    let pem = params.self_signed(&key).unwrap().pem();
    let roots = Roots::public().with_pem(pem.as_bytes(), "test").unwrap();
    Ca { issuer: Issuer::new(params, key), pem, roots }
}

fn params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

struct Leaf {
    der: CertificateDer<'static>,
    key: KeyPair,
}

fn leaf(ca: &Ca, params: &CertificateParams) -> Leaf {
    let key = KeyPair::generate().unwrap();
    Leaf { der: params.signed_by(&key, &ca.issuer).unwrap().der().clone(), key }
}

/// The same certificate as version 1: no version, no extensions, signed anew.
fn version1(ca: &Ca, leaf: Leaf) -> Leaf {
    let (_, body, _) = take(&leaf.der);
    let (tbs, _, rest) = take(body);
    let (algorithm, _, _) = take(rest);
    let mut fields = Vec::new();
    let (_, mut left, _) = take(tbs);
    while !left.is_empty() {
        let (field, _, rest) = take(left);
        if !matches!(field[0], 0xa0 | 0xa3) {
            fields.extend_from_slice(field);
        }
        left = rest;
    }
    let tbs = wrap(0x30, &fields);
    let mut signature = vec![0];
    signature.extend(ca.issuer.key().sign(&tbs).unwrap());
    let body = [tbs, algorithm.to_vec(), wrap(0x03, &signature)].concat();
    Leaf { der: wrap(0x30, &body).into(), key: leaf.key }
}

/// One DER element, its content, and what follows.
fn take(der: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let (header, length) = match der[1] {
        short @ ..=0x7f => (2, usize::from(short)),
        0x81 => (3, usize::from(der[2])),
        _ => (4, usize::from(der[2]) << 8 | usize::from(der[3])),
    };
    let (element, rest) = der.split_at(header + length);
    (element, &element[header..], rest)
}

fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82, length[0], length[1]], content].concat()
}

/// Shows a certificate and signs with a key, whether they belong together or not.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

fn server(
    chain: &[&CertificateDer<'static>],
    key: &KeyPair,
    version: &'static SupportedProtocolVersion,
) -> ServerConnection {
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let key = provider().key_provider.load_private_key(key).unwrap();
    let shown = Shown(Arc::new(CertifiedKey::new(chain.iter().copied().cloned().collect(), key)));
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(shown));
    ServerConnection::new(Arc::new(config)).unwrap()
}

/// A whole handshake in memory, with TLS 1.2 and 1.3; both must end alike. The authorities alone
/// decide.
fn handshake(roots: &Roots, serial: &str, shown: &Leaf, key: &KeyPair) -> Result<(), Error> {
    meet(&Identity::default(), roots, serial, &[&shown.der], key).map(|_| ())
}

/// The same with a chain and an identity; what is left to do once the printer lets us in.
fn meet(
    identity: &Identity,
    roots: &Roots,
    serial: &str,
    chain: &[&CertificateDer<'static>],
    key: &KeyPair,
) -> Result<(Pinning, Vec<CertificateDer<'static>>), Error> {
    let [twelve, thirteen] = [&rustls::version::TLS12, &rustls::version::TLS13].map(|version| {
        let tls = identity.printer_tls(roots, &Serial::new(serial).unwrap()).unwrap();
        let mut client = ClientConnection::new(tls.config, tls.name).unwrap();
        let mut server = server(chain, key, version);
        for _ in 0..8 {
            let mut wire = Vec::new();
            client.write_tls(&mut wire).unwrap();
            server.read_tls(&mut wire.as_slice()).unwrap();
            server.process_new_packets().unwrap();
            let mut wire = Vec::new();
            server.write_tls(&mut wire).unwrap();
            client.read_tls(&mut wire.as_slice()).unwrap();
            client.process_new_packets()?;
        }
        assert!(!client.is_handshaking() && !server.is_handshaking());
        Ok((tls.pinning, client.peer_certificates().unwrap().to_vec()))
    });
    assert_eq!(twelve.is_ok(), thirteen.is_ok(), "{twelve:?} {thirteen:?}");
    twelve
}

fn refused<T: fmt::Debug>(end: Result<T, Error>) -> UntrustedPrinter {
    match end.unwrap_err() {
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            let refused = other.0.downcast_ref::<Refused>().unwrap();
            assert!(refused.fingerprint.is_some());
            refused.why.clone()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_genuine_printer_of_either_certificate_version_is_taken() {
    let ca = ca();
    let third = leaf(&ca, &params(SERIAL));
    handshake(&ca.roots, SERIAL, &third, &third.key).unwrap();
    handshake(&ca.roots, &SERIAL.to_lowercase(), &third, &third.key).unwrap();
    let first = version1(&ca, leaf(&ca, &params(SERIAL)));
    let (_, read) = x509_parser::parse_x509_certificate(&first.der).unwrap();
    assert_eq!(read.version().0, 0);
    handshake(&ca.roots, SERIAL, &first, &first.key).unwrap();
}

#[test]
fn another_authority_of_the_same_name_is_refused() {
    let (genuine, impostor) = (ca(), ca());
    let shown = leaf(&impostor, &params(SERIAL));
    let end = handshake(&genuine.roots, SERIAL, &shown, &shown.key);
    assert_eq!(refused(end), UntrustedPrinter::UnknownIssuer);
    let shown = version1(&impostor, shown);
    let end = handshake(&genuine.roots, SERIAL, &shown, &shown.key);
    assert_eq!(refused(end), UntrustedPrinter::UnknownIssuer);
}

#[test]
fn the_certificate_of_another_printer_is_refused() {
    let ca = ca();
    let shown = leaf(&ca, &params("01P00A000000002"));
    for shown in [&leaf(&ca, &params("01P00A000000002")), &version1(&ca, shown)] {
        let end = handshake(&ca.roots, SERIAL, shown, &shown.key);
        assert!(matches!(refused(end), UntrustedPrinter::OtherPrinter { .. }));
    }
    let mut two_names = params("01P00A000000002");
    two_names.distinguished_name.push(DnType::OrganizationName, SERIAL);
    let shown = leaf(&ca, &two_names);
    let end = handshake(&ca.roots, SERIAL, &shown, &shown.key);
    assert!(matches!(refused(end), UntrustedPrinter::OtherPrinter { .. }));
}

#[test]
fn a_copied_certificate_without_its_key_is_refused() {
    let ca = ca();
    let thief = KeyPair::generate().unwrap();
    let third = leaf(&ca, &params(SERIAL));
    let first = version1(&ca, leaf(&ca, &params(SERIAL)));
    for shown in [third, first] {
        let end = handshake(&ca.roots, SERIAL, &shown, &thief);
        let bad = Error::InvalidCertificate(CertificateError::BadSignature);
        assert_eq!(end.unwrap_err(), bad);
    }
}

#[test]
fn a_printer_cannot_vouch_for_another_one() {
    let ca = ca();
    let own = leaf(&ca, &params("01P00A000000009"));
    let issuer = Issuer::new(params("01P00A000000009"), own.key);
    let as_authority = Ca { issuer, pem: String::new(), roots: Roots::public() };
    let mut shown = leaf(&as_authority, &params(SERIAL));
    assert_eq!(
        refused(handshake(&ca.roots, SERIAL, &shown, &shown.key)),
        UntrustedPrinter::UnknownIssuer
    );
    // Not even when that printer's certificate is given as one to trust.
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        base64::Engine::encode(&base64::prelude::BASE64_STANDARD, &own.der)
    );
    let roots = Roots::public().with_pem(pem.as_bytes(), "test").unwrap();
    for _ in 0..2 {
        let end = handshake(&roots, SERIAL, &shown, &shown.key);
        assert_eq!(refused(end), UntrustedPrinter::UnknownIssuer);
        shown = version1(&as_authority, shown);
    }
}

#[test]
fn a_certificate_that_is_given_itself_is_taken_as_itself() {
    let lone = params(SERIAL);
    let key = KeyPair::generate().unwrap();
    let made = lone.self_signed(&key).unwrap();
    let roots = Roots::public().with_pem(made.pem().as_bytes(), "test").unwrap();
    let shown = Leaf { der: made.der().clone(), key };
    handshake(&roots, SERIAL, &shown, &shown.key).unwrap();
    let end = handshake(&roots, "01P00A000000002", &shown, &shown.key);
    assert!(matches!(refused(end), UntrustedPrinter::OtherPrinter { .. }));
}

#[test]
fn a_certificate_out_of_its_time_is_a_warning_only() {
    let ca = ca();
    let day = std::time::Duration::from_secs(86_400);
    let now = SystemTime::now();
    for (first, last) in [(now - 9 * day, now - day), (now + day, now + 9 * day)] {
        let mut params = params(SERIAL);
        params.not_before = first.into();
        params.not_after = last.into();
        let shown = leaf(&ca, &params);
        handshake(&ca.roots, SERIAL, &shown, &shown.key).unwrap();
    }
}

#[test]
fn a_serial_number_of_digits_only_is_checked_all_the_same() {
    let ca = ca();
    let shown = leaf(&ca, &params("239000000000001"));
    handshake(&ca.roots, "239000000000001", &shown, &shown.key).unwrap();
    let end = handshake(&ca.roots, "239000000000002", &shown, &shown.key);
    assert!(matches!(refused(end), UntrustedPrinter::OtherPrinter { .. }));
}

#[test]
fn a_file_without_a_certificate_is_named() {
    let error = Roots::public().with_pem(b"hello", "my-ca.pem").unwrap_err();
    assert!(error.to_string().contains("my-ca.pem"), "{error}");
    assert!(matches!(Roots::public().with_pem_file("/no/such"), Err(RootsError::Read { .. })));
}
