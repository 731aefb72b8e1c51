//! One look at a printer or a broker, without a link.

use bambulab::{
    CloudLogin, Identity, KnownPrinters, Options, Reason, Roots, Token, Unreachable,
    link::{inspect, try_login},
    protocol::{Serial, mqtt::ConnectCode},
    tls::Verdict,
};

use crate::fake::{Broker, Ca, Peer, SERIAL};

fn serial() -> Serial {
    Serial::new(SERIAL).unwrap()
}

/// What a printer with this certificate is to somebody with these options; it must hear nothing.
async fn look(ca: &Ca, name: &str, options: &Options) -> Result<Verdict, Reason> {
    let broker = Broker::new(ca.printer(name)).await;
    let tls = ca.printer(name);
    let address = broker.address();
    let peer = tokio::spawn(async move {
        let stream = broker.take().await;
        // A client that refuses the certificate ends the handshake.
        let _ = tokio::spawn(async move { Peer::shake_hands(stream, tls).await.packet().await })
            .await
            .map(|heard| assert!(heard.is_none(), "no login was sent: {heard:?}"));
    });
    let shown = inspect(&serial(), address, options).await;
    peer.await.unwrap();
    shown.map(|shown| {
        assert_eq!(shown.sha256.len(), 64);
        shown.verdict
    })
}

#[tokio::test]
async fn a_look_tells_why_a_certificate_is_taken_and_remembers_nothing() {
    let ca = Ca::new();
    let given = Options { roots: ca.roots(), ..Options::default() };
    assert_eq!(look(&ca, SERIAL, &given).await.unwrap(), Verdict::Vouched);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("known");
    let identity = Identity::new(KnownPrinters::open(&file));
    let alone = Options { identity, ..Options::default() };
    for _ in 0..2 {
        assert_eq!(look(&ca, SERIAL, &alone).await.unwrap(), Verdict::FirstUse);
    }
    assert!(!file.exists());
    let anybody = Options { identity: Identity::insecure(), ..Options::default() };
    assert_eq!(look(&ca, "somebody", &anybody).await.unwrap(), Verdict::Insecure);
}

#[tokio::test]
async fn a_look_tells_what_is_wrong() {
    let ca = Ca::new();
    let options = Options { roots: ca.roots(), ..Options::default() };
    for (authority, name) in [(&ca, "01P00A000000002"), (&Ca::new(), SERIAL)] {
        let reason = look(authority, name, &options).await.unwrap_err();
        assert!(matches!(reason, Reason::UntrustedCertificate { .. }), "{reason}");
    }
    let free = Broker::new(ca.printer(SERIAL)).await.address();
    let reason = inspect(&serial(), free, &options).await.unwrap_err();
    assert!(matches!(reason, Reason::Unreachable { why: Unreachable::Refused, .. }), "{reason}");
}

#[tokio::test]
async fn a_login_at_the_broker_is_tried_once_and_ended() {
    let ca = Ca::new();
    let options = Options { roots: ca.roots(), ..Options::default() };
    for code in [ConnectCode::Accepted, ConnectCode::BadCredentials] {
        let broker = Broker::new(ca.cloud()).await;
        let (uid, token) = ("77".to_owned(), Token::new("AQAsecret"));
        let login = CloudLogin { uid, token, broker: broker.address() };
        let peer = tokio::spawn(async move {
            let mut peer = broker.answer(code).await;
            (peer.connect().clone(), peer.packet().await)
        });
        let tried = try_login(login, &options).await;
        let (connect, _goodbye) = peer.await.unwrap();
        assert_eq!(connect.username.as_deref(), Some("u_77"));
        match code {
            ConnectCode::Accepted => tried.unwrap(),
            _ => assert!(matches!(tried, Err(Reason::WrongToken(_))), "{tried:?}"),
        }
    }
    let nobody = Options { roots: Roots::public(), ..Options::default() };
    let broker = Broker::new(ca.cloud()).await;
    let (uid, token) = ("77".to_owned(), Token::new("AQAsecret"));
    let login = CloudLogin { uid, token, broker: broker.address() };
    let (tried, _) = tokio::join!(try_login(login, &nobody), async {
        let tls = ca.cloud();
        let stream = broker.take().await;
        let _ = tokio_rustls::TlsAcceptor::from(tls).accept(stream).await;
    });
    assert!(matches!(tried, Err(Reason::UntrustedCertificate { .. })), "{tried:?}");
}
