//! The same over TLS, with the certificates of a state directory.

use std::sync::{Arc, Mutex};

use bambu_emulator::{
    certs::{Ca, Shape},
    faults::{Fault, Faults},
    mqtt::Limits,
};
use bambu_protocol::{Model, Serial, mqtt::QoS};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme, SupportedProtocolVersion,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{WebPkiSupportedAlgorithms, ring},
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    raw::{Raw, hello},
    world::World,
};

async fn dial(
    world: &World,
    ca: &Ca,
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.ca_pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tcp = TcpStream::connect(world.address).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, tcp).await
}

#[tokio::test]
async fn the_cloud_is_believed_by_webpki_and_speaks_both_versions() {
    let dir = tempfile::tempdir().unwrap();
    let ca = Ca::open_or_create(dir.path()).unwrap();
    let world = World::with(Limits::default(), Some(ca.cloud_config())).await;
    for version in [&TLS12, &TLS13] {
        let mut client = Raw::new(dial(&world, &ca, version).await.unwrap());
        client.enter(hello("c")).await;
        client.subscribe("a", QoS::AtMostOnce).await;
        let payload = vec![7; 200_000];
        world.broker.publish("a", payload.clone());
        assert_eq!(client.message().await.1, payload);
        world.broker.disconnect("maker");
        assert_eq!(client.next().await, None);
    }
}

#[tokio::test]
async fn a_printer_speaks_tls_1_2_only_and_has_no_name_that_a_browser_knows() {
    let dir = tempfile::tempdir().unwrap();
    let ca = Ca::open_or_create(dir.path()).unwrap();
    let serial = Serial::new("01P00A000000001").unwrap();
    let world = World::with(Limits::default(), Some(ca.printer_config(&serial).unwrap())).await;
    let newer = dial(&world, &ca, &TLS13).await.unwrap_err();
    let nameless = dial(&world, &ca, &TLS12).await.unwrap_err();
    let kind = |error: &std::io::Error| error.get_ref()?.downcast_ref::<Error>().cloned();
    assert!(matches!(kind(&newer), Some(Error::AlertReceived(AlertDescription::ProtocolVersion))));
    assert!(matches!(
        kind(&nameless),
        Some(Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. }))
    ));
    world.until(|counters| counters.refused == 2).await;
}

fn algorithms() -> WebPkiSupportedAlgorithms {
    ring::default_provider().signature_verification_algorithms
}

/// Believes everybody whose signature fits the certificate, and keeps that.
#[derive(Debug, Default)]
struct Seen(Mutex<Vec<u8>>);

impl ServerCertVerifier for Seen {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.0.lock().unwrap() = leaf.to_vec();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, leaf, signed, &algorithms())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, leaf, signed, &algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        algorithms().supported_schemes()
    }
}

/// The certificate that a server shows, and proves to have the key of.
async fn shown(world: &World, version: &'static SupportedProtocolVersion) -> Vec<u8> {
    let seen = Arc::new(Seen::default());
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&seen) as _)
        .with_no_client_auth();
    let tcp = TcpStream::connect(world.address).await.unwrap();
    let name = ServerName::try_from("printer").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap();
    let leaf = seen.0.lock().unwrap();
    leaf.clone()
}

#[tokio::test]
async fn a_certificate_is_swapped_and_comes_back_while_the_port_is_open() {
    let dir = tempfile::tempdir().unwrap();
    let ca = Ca::open_or_create(dir.path()).unwrap();
    let serial = Serial::new("22E00A000000001").unwrap();
    let faults = Faults::new(1);
    let tls = ca.model_config(&serial, Model::P2S, Shape::Lonely, faults.clone()).unwrap();
    let world = World::with(Limits::default(), Some(tls)).await;
    let own = shown(&world, &TLS12).await;
    assert_eq!(shown(&world, &TLS13).await, own, "a P2S offers both");
    let mut others = Vec::new();
    for fault in [Fault::SwappedCertificate, Fault::RenewedCertificate] {
        faults.set(fault, 1.0);
        let other = shown(&world, &TLS12).await;
        assert_ne!(other, own, "{fault}");
        assert_eq!(shown(&world, &TLS13).await, other, "{fault} is the same each time");
        faults.clear(fault);
        others.push(other);
    }
    assert_ne!(others[0], others[1]);
    assert_eq!(shown(&world, &TLS12).await, own);
}
