//! One session with the cloud's broker for all printers.

use std::{collections::HashSet, time::Duration};

use bambulab::{
    CloudSession, Connection, Link, Reason,
    protocol::{
        Serial,
        mqtt::{Packet, SubAck},
        request::Job,
    },
};

use crate::fake::{Broker, Ca, FULL, Peer, login, options, until};

fn serial(number: usize) -> String {
    format!("01P00A{number:09}")
}

fn links(session: &CloudSession, numbers: std::ops::Range<usize>) -> Vec<Link> {
    numbers.map(|n| session.printer(Serial::new(&serial(n)).unwrap(), None, None)).collect()
}

/// Answers every first request until so many printers have had theirs.
async fn greet(peer: &mut Peer, count: usize) {
    let mut greeted = HashSet::new();
    while greeted.len() < count {
        let (serial, json) = peer.request().await.unwrap();
        if json["pushing"]["command"] == "pushall" {
            peer.report(&serial, FULL).await;
            assert!(greeted.insert(serial), "asked twice");
        }
    }
}

#[tokio::test]
async fn one_session_carries_all_printers_and_they_come_and_go() {
    let ca = Ca::new();
    let broker = Broker::new(ca.cloud()).await;
    let session = CloudSession::connect(login(&broker), options(&ca));
    let mut links = links(&session, 0..100);
    let mut peer = broker.accept().await;
    greet(&mut peer, 100).await;
    for link in &links {
        link.ready().await.unwrap();
    }
    assert_eq!(peer.filters.iter().collect::<HashSet<_>>().len(), 100);

    let same = session.printer(Serial::new(&serial(7)).unwrap(), None, None);
    assert_eq!(same.snapshot().reports, 1, "asked for twice, watched once");
    let late = session.printer(Serial::new(&serial(100)).unwrap(), None, None);
    greet(&mut peer, 1).await;
    late.ready().await.unwrap();

    drop((links.remove(0), late));
    let mut left = HashSet::new();
    while left.len() < 2 {
        if let Some(Packet::Unsubscribe(unsubscribe)) = peer.packet().await {
            left.extend(unsubscribe.filters);
        }
    }
    assert!(left.contains(&format!("device/{}/report", serial(0))));
    assert!(broker.is_quiet_for(Duration::from_millis(100)).await, "no second connection");
    session.close().await;
    assert_eq!(links[0].snapshot().connection, Connection::Offline(Reason::Closed));
}

#[tokio::test]
async fn a_printer_that_the_cloud_says_is_gone_is_offline_until_it_is_back() {
    let ca = Ca::new();
    let broker = Broker::new(ca.cloud()).await;
    let mut options = options(&ca);
    options.timing.pushall_floor = Duration::from_millis(10);
    let session = CloudSession::connect(login(&broker), options);
    let links = links(&session, 0..3);
    let mut peer = broker.accept().await;
    greet(&mut peer, 3).await;
    for link in &links {
        link.ready().await.unwrap();
    }
    let gone = r#"{"event":{"event":"client.disconnected","disconnected_at":"1"}}"#;
    peer.report(&serial(1), gone).await;
    let snapshot =
        until(&links[1], |s| s.connection == Connection::Offline(Reason::PrinterOffline)).await;
    assert_eq!(snapshot.status.online, Some(false));
    assert!(links[1].send(Job::Stop.into()).await.is_err());
    assert_eq!(links[0].snapshot().connection, Connection::Online);
    peer.report(&serial(1), r#"{"event":{"event":"client.connected","connected_at":"2"}}"#).await;
    greet(&mut peer, 1).await;
    until(&links[1], |s| s.connection == Connection::Online).await;
}

#[tokio::test]
async fn a_printer_that_never_speaks_is_offline_and_the_others_keep_their_connection() {
    let ca = Ca::new();
    let broker = Broker::new(ca.cloud()).await;
    let mut options = options(&ca);
    options.timing.ack = Duration::from_millis(100);
    let session = CloudSession::connect(login(&broker), options);
    let links = links(&session, 0..2);
    let mut peer = broker.accept().await;
    let (_, ()) = tokio::join!(
        until(&links[1], |s| s.connection == Connection::Offline(Reason::PrinterOffline)),
        async {
            let mut probes = 0;
            while probes < 3 {
                let (asked, json) = peer.request().await.unwrap();
                if asked == serial(0) && json["pushing"]["command"] == "pushall" {
                    peer.report(&asked, FULL).await;
                }
                probes += usize::from(asked == serial(1) && json.get("info").is_some());
            }
        }
    );
    assert!(links[0].snapshot().complete);
    assert!(broker.is_quiet_for(Duration::from_millis(100)).await);
}

#[tokio::test]
async fn a_printer_of_somebody_else_is_not_allowed_and_the_rest_is() {
    let ca = Ca::new();
    let broker = Broker::new(ca.cloud()).await;
    let session = CloudSession::connect(login(&broker), options(&ca));
    let links = links(&session, 0..2);
    let mut peer = broker.accept().await;
    while let Some(packet) = peer.packet().await {
        let Packet::Subscribe(subscribe) = packet else { continue };
        let foreign = |filter: &str| filter.contains(&serial(1));
        let filters = subscribe.filters.iter();
        let granted = filters.map(|(f, qos)| (!foreign(f)).then_some(*qos)).collect();
        peer.send(&Packet::SubAck(SubAck { packet_id: subscribe.packet_id, granted })).await;
        break;
    }
    greet(&mut peer, 1).await;
    assert!(links[0].ready().await.is_ok());
    assert_eq!(links[1].ready().await.unwrap_err(), Reason::NotAllowed);
}

#[tokio::test]
async fn a_session_comes_back_with_all_its_printers() {
    let ca = Ca::new();
    let broker = Broker::new(ca.cloud()).await;
    let mut options = options(&ca);
    options.timing.pushall_floor = Duration::from_millis(10);
    let session = CloudSession::connect(login(&broker), options);
    let links = links(&session, 0..3);
    for _ in 0..2 {
        let mut peer = broker.accept().await;
        greet(&mut peer, 3).await;
        for link in &links {
            link.ready().await.unwrap();
        }
        assert_eq!(peer.filters.len(), 3);
        drop(peer);
        until(&links[0], |s| s.connection != Connection::Online).await;
    }
}

#[tokio::test]
async fn a_session_without_printers_holds_no_connection() {
    let ca = Ca::new();
    let broker = Broker::new(ca.cloud()).await;
    let session = CloudSession::connect(login(&broker), options(&ca));
    assert!(broker.is_quiet_for(Duration::from_millis(150)).await);
    session.close().await;
}
