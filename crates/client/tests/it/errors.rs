//! What goes wrong is told apart.

use std::time::Duration;

use bambulab::{
    CloudSession, Identity, Options, Reason, Roots, SendError, connect_lan,
    link::Unreachable,
    protocol::{Serial, mqtt::ConnectCode, request::Job},
};
use tokio::{io::AsyncWriteExt, net::TcpListener};

use crate::fake::{Broker, Ca, SERIAL, login, options, target};

#[tokio::test]
async fn a_wrong_password_is_told_apart_from_an_unreachable_host_and_a_foreign_certificate() {
    let ca = Ca::new();
    let broker = Broker::new(ca.printer(SERIAL)).await;
    let link = connect_lan(target(broker.port()), options(&ca));
    let (ready, _) = tokio::join!(link.ready(), broker.answer(ConnectCode::NotAuthorized));
    let reason = ready.unwrap_err();
    assert_eq!(reason, Reason::WrongAccessCode(broker.address()));
    assert!(reason.is_fatal() && reason.is_wrong_credentials());
    assert!(!reason.to_string().contains("12345678"));
    let refused = link.send(Job::Stop.into()).await;
    assert_eq!(refused, Err(SendError::Offline(reason)));

    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let reason = connect_lan(target(free), options(&ca)).ready().await.unwrap_err();
    assert!(matches!(reason, Reason::Unreachable { why: Unreachable::Refused, .. }), "{reason:?}");

    let mut nowhere = target(8883);
    nowhere.host = "printer.invalid".into();
    let reason = connect_lan(nowhere, options(&ca)).ready().await.unwrap_err();
    assert!(matches!(reason, Reason::Unreachable { why: Unreachable::UnknownName, .. }));

    let foreign = Options { roots: Ca::new().roots(), ..options(&ca) };
    let reason = refused_by(&broker, foreign).await;
    assert!(reason.to_string().contains("not signed"), "{reason}");
    assert!(matches!(&reason, Reason::UntrustedCertificate { fingerprint: Some(print), .. }
        if print.len() == 64));
}

/// Why a link to a broker that is only let shake hands ends.
async fn refused_by(broker: &Broker, options: Options) -> Reason {
    let link = connect_lan(target(broker.port()), options);
    tokio::select! {
        ready = link.ready() => ready.unwrap_err(),
        () = broker.shake_hands() => unreachable!(),
    }
}

#[tokio::test]
async fn a_swapped_certificate_is_refused_once_a_login_was_accepted() {
    let options = Options { roots: Roots::public(), ..options(&Ca::new()) };
    let genuine = Broker::new(Ca::new().printer(SERIAL)).await;
    let impostor = Broker::new(Ca::new().printer(SERIAL)).await;
    // A login that is refused pins nobody.
    let link = connect_lan(target(impostor.port()), options.clone());
    let _ = tokio::join!(link.ready(), impostor.answer(ConnectCode::NotAuthorized));
    link.close().await;
    let link = connect_lan(target(genuine.port()), options.clone());
    let mut peer = genuine.accept().await;
    assert!(peer.packet().await.is_some(), "the link talks, so the pin is there");
    let reason = refused_by(&impostor, options.clone()).await;
    let Reason::UntrustedCertificate { fingerprint, why, .. } = &reason else { panic!("{reason}") };
    let pinned = why.split(|c: char| !c.is_ascii_hexdigit()).find(|word| word.len() == 64);
    assert!(pinned.is_some() && pinned != fingerprint.as_deref(), "{reason}");
    let insecure = Options { identity: Identity::insecure(), ..options };
    let _link = connect_lan(target(impostor.port()), insecure);
    impostor.accept().await;
    link.close().await;
}

#[tokio::test]
async fn a_host_that_no_name_can_be_is_told_at_once() {
    let token = bambulab::Token::new("AQAtoken");
    let broker = bambulab::BrokerAddress { host: "no name".into(), port: 8883 };
    let login = bambulab::CloudLogin { uid: "123".into(), token, broker };
    let session = CloudSession::connect(login, Options::default());
    let link = session.printer(Serial::new(SERIAL).unwrap(), None, None);
    let reason = link.ready().await.unwrap_err();
    assert!(matches!(reason, Reason::Unreachable { why: Unreachable::UnknownName, .. }));
}

#[tokio::test]
async fn another_printers_certificate_is_refused() {
    let ca = Ca::new();
    let broker = Broker::new(ca.printer("01P00A000000002")).await;
    let link = connect_lan(target(broker.port()), options(&ca));
    let ready = tokio::select! {
        ready = link.ready() => ready,
        () = broker.shake_hands() => unreachable!(),
    };
    let text = ready.unwrap_err().to_string();
    assert!(text.contains("01P00A000000002") && text.contains(SERIAL), "{text}");
}

#[tokio::test]
async fn a_refused_password_is_not_tried_again_soon() {
    let ca = Ca::new();
    let broker = Broker::new(ca.printer(SERIAL)).await;
    let mut options = options(&ca);
    options.timing.retry_max = Duration::from_secs(60);
    let link = connect_lan(target(broker.port()), options);
    let (ready, _) = tokio::join!(link.ready(), broker.answer(ConnectCode::BadCredentials));
    assert!(ready.unwrap_err().is_wrong_credentials());
    assert!(broker.is_quiet_for(Duration::from_millis(500)).await);
}

#[tokio::test]
async fn what_speaks_no_tls_is_no_broker() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let ca = Ca::new();
    let link = connect_lan(target(port), options(&ca));
    let (ready, ()) = tokio::join!(link.ready(), async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    assert!(matches!(ready.unwrap_err(), Reason::NotABroker { .. }));
}

#[tokio::test]
async fn a_cloud_token_that_is_refused_says_so_and_never_shows_itself() {
    let ca = Ca::new();
    let broker = Broker::new(ca.cloud()).await;
    let session = CloudSession::connect(login(&broker), options(&ca));
    let link = session.printer(Serial::new(SERIAL).unwrap(), None, None);
    let (ready, peer) = tokio::join!(link.ready(), broker.answer(ConnectCode::NotAuthorized));
    assert_eq!(peer.connect().username.as_deref(), Some("u_123"));
    let reason = ready.unwrap_err();
    assert_eq!(reason, Reason::WrongToken(broker.address()));
    assert!(!format!("{reason} {reason:?} {:?} {session:?}", login(&broker)).contains("AQAtoken"));
}

#[tokio::test]
async fn an_untrusted_cloud_is_refused() {
    let broker = Broker::new(Ca::new().cloud()).await;
    let session = CloudSession::connect(login(&broker), options(&Ca::new()));
    let link = session.printer(Serial::new(SERIAL).unwrap(), None, None);
    let ready = tokio::select! {
        ready = link.ready() => ready,
        () = broker.shake_hands() => unreachable!(),
    };
    assert!(matches!(ready.unwrap_err(), Reason::UntrustedCertificate { .. }));
}
