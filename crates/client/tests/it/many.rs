//! Many links at once, and peers that cannot keep up.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bambulab::{
    Connection, Reason, Timing, connect_lan,
    link::Unreachable,
    protocol::mqtt::{ConnAck, ConnectCode, Packet},
};
use tokio::{
    net::TcpListener,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::fake::{Broker, Ca, PATIENCE, Peer, SERIAL, options, target, until};

/// Places for connections that are being opened, in one process.
const PLACES: usize = 32;
const LINKS: usize = 120;

#[tokio::test]
async fn a_start_of_many_links_opens_only_so_many_at_a_time_and_all_of_them_get_in() {
    let ca = Ca::new();
    let tls = ca.printer(SERIAL);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = options(&ca);
    let port = listener.local_addr().unwrap().port();
    let links: Vec<_> = (0..LINKS).map(|_| connect_lan(target(port), options.clone())).collect();
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut peers = JoinSet::new();
    for _ in 0..LINKS {
        let (stream, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
        let (tls, now, most) = (tls.clone(), now.clone(), most.clone());
        peers.spawn(async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            sleep(Duration::from_millis(20)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            let mut peer = Peer::shake_hands(stream, tls).await;
            assert!(matches!(peer.packet().await, Some(Packet::Connect(_))));
            let code = ConnectCode::Accepted;
            peer.send(&Packet::ConnAck(ConnAck { session_present: false, code })).await;
            peer.bring_online().await;
            peer
        });
    }
    for link in &links {
        timeout(PATIENCE, link.ready()).await.unwrap().unwrap();
    }
    let most = most.load(Ordering::SeqCst);
    assert!((2..=PLACES).contains(&most), "{most} at a time");
}

#[tokio::test]
async fn a_peer_that_is_too_slow_with_tls_is_no_stranger_and_is_tried_again() {
    let ca = Ca::new();
    let broker = Broker::new(ca.printer(SERIAL)).await;
    let options = options(&ca);
    let timing = Timing { connect: Duration::from_secs(1), ..options.timing.clone() };
    let link = connect_lan(target(broker.port()), bambulab::Options { timing, ..options });
    let mute = broker.take().await;
    let offline = until(&link, |now| matches!(now.connection, Connection::Offline(_))).await;
    let reason = offline.connection.reason().unwrap();
    let silent = Unreachable::Silent;
    assert_eq!(*reason, Reason::Unreachable { address: broker.address(), why: silent });
    assert!(!reason.is_fatal(), "{reason}");
    assert!(reason.to_string().contains("says nothing; wait"), "{reason}");
    drop(mute);
    let ready = link.ready();
    let (ready, _peer) = tokio::join!(ready, async {
        let mut peer = broker.accept().await;
        peer.bring_online().await;
        peer
    });
    assert_eq!(ready.unwrap().connection, Connection::Online);
}
