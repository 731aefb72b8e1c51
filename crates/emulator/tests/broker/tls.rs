//! The same over TLS, with the certificates of a state directory.

use std::sync::Arc;

use bambu_emulator::{certs::Ca, mqtt::Limits};
use bambu_protocol::{Serial, mqtt::QoS};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, Error, RootCertStore,
    SupportedProtocolVersion,
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
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
    let provider = Arc::new(rustls::crypto::ring::default_provider());
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
