//! The way to a cloud that speaks TLS.

use bambulab::Endpoint;
use rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::faces::proxy::failure::Cause;

/// A cloud on TLS that answers every request alike, and the certificate to trust.
async fn cloud() -> (Endpoint, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await;
        }
    });
    let endpoint = Region::Global.endpoint();
    (endpoint.with_api_url(&format!("https://localhost:{port}/base")).unwrap(), made.cert.pem())
}

#[tokio::test]
async fn a_cloud_is_believed_by_its_certificate_alone() {
    let (endpoint, pem) = cloud().await;
    let trusting = Roots::public().with_pem(pem.as_bytes(), "made").unwrap();
    for (roots, believed) in [(trusting, true), (Roots::public(), false)] {
        let upstream = Upstream::new(&endpoint, &roots, Patience::default()).unwrap();
        assert_eq!(upstream.base(), endpoint.api_url.trim_end_matches("/base"));
        let target = "/v1/x".parse().unwrap();
        let headers = axum::http::HeaderMap::new;
        let answer = upstream.call(&axum::http::Method::GET, &target, headers, None).await;
        match answer {
            Ok(answer) => assert!(believed && answer.status() == 200),
            Err(failure) => {
                assert!(!believed, "{failure:?}");
                assert_eq!(failure.cause, Cause::Unreachable);
                assert!(failure.message.contains("certificate"), "{failure:?}");
            }
        }
    }
}
