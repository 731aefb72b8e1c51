//! Faults of the LAN face, switched while clients are connected.

use std::{io::ErrorKind, net::SocketAddr, time::Duration};

use bambu_emulator::faults::Fault;
use bambu_protocol::mqtt::{Connect, ConnectCode, Packet, QoS};
use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::{
    lan::{REPORT, REQUEST, login, start},
    raw::{Raw, hello, message},
};

const CODE: &str = "12345678";
/// Long enough to see that nothing comes; a slow machine only makes the test more lenient.
const A_WHILE: Duration = Duration::from_millis(200);

async fn enter(address: SocketAddr) -> Raw {
    let (code, client) = login(address, "bblp", CODE).await;
    assert_eq!(code, ConnectCode::Accepted);
    client
}

/// Waits until a connection attempt ends so.
async fn until(address: SocketAddr, wanted: Result<(), ErrorKind>) {
    for _ in 0..500 {
        let attempt = TcpStream::connect(address).await;
        if attempt.map(drop).map_err(|error| error.kind()) == wanted {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("never {wanted:?}");
}

/// Asks something and says what came back first: the acknowledgement of the broker is not meant.
async fn is_heard(client: &mut Raw) -> bool {
    client.send(&message(REQUEST, b"{}", QoS::AtLeastOnce, 7)).await;
    let mut heard = false;
    loop {
        match client.next().await {
            Some(Packet::PubAck(7)) => break,
            Some(Packet::Publish(_)) => heard = true,
            other => panic!("{other:?}"),
        }
    }
    client.send(&Packet::PingReq).await;
    loop {
        match client.next().await {
            Some(Packet::PingResp) => return heard,
            Some(Packet::Publish(_)) => heard = true,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_zombie_reports_and_ignores_until_the_client_connects_anew() {
    let (printer, address, _shutdown) = start(CODE).await;
    let mut client = enter(address).await;
    client.subscribe(REPORT, QoS::AtMostOnce).await;
    client.send(&message(REQUEST, b"{}", QoS::AtMostOnce, 0)).await;
    assert_eq!(client.message().await.1, "answer");
    printer.faults.set(Fault::Zombie, 1.0);
    assert!(!is_heard(&mut client).await);
    printer.faults.clear(Fault::Zombie);
    assert!(!is_heard(&mut client).await, "it stays one");
    printer.reports.send(Bytes::from_static(b"still here")).unwrap();
    assert_eq!(client.message().await.1, "still here");
    let mut second = enter(address).await;
    second.subscribe(REPORT, QoS::AtMostOnce).await;
    second.send(&message(REQUEST, b"{}", QoS::AtMostOnce, 0)).await;
    assert_eq!(second.message().await.1, "answer");
    assert_eq!(printer.asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn the_right_code_is_refused_as_a_wrong_one_and_who_is_in_stays_in() {
    let (printer, address, _shutdown) = start(CODE).await;
    let mut client = enter(address).await;
    printer.faults.set(Fault::WrongCode, 1.0);
    assert_eq!(login(address, "bblp", CODE).await.0, ConnectCode::NotAuthorized);
    client.ping().await;
    printer.faults.clear(Fault::WrongCode);
    enter(address).await.ping().await;
}

#[tokio::test]
async fn connections_are_reset_while_connections_drop() {
    let (printer, address, _shutdown) = start(CODE).await;
    let mut client = enter(address).await;
    client.ping().await;
    printer.faults.set(Fault::DropConnections, 1.0);
    let end = timeout(Duration::from_secs(20), client.io.read_u8()).await.unwrap();
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    printer.faults.clear(Fault::DropConnections);
    enter(address).await.ping().await;
}

#[tokio::test]
async fn a_port_that_refuses_is_closed_and_comes_back() {
    let (printer, address, _shutdown) = start(CODE).await;
    let mut client = enter(address).await;
    for _ in 0..2 {
        printer.faults.set(Fault::RefuseConnections, 1.0);
        until(address, Err(ErrorKind::ConnectionRefused)).await;
        client.ping().await;
        printer.faults.clear(Fault::RefuseConnections);
        until(address, Ok(())).await;
    }
    enter(address).await.ping().await;
}

#[tokio::test]
async fn some_are_reset_where_some_are_to_be_refused() {
    let (printer, address, _shutdown) = start(CODE).await;
    printer.faults.set(Fault::RefuseConnections, 0.5);
    let mut met = [0, 0];
    for _ in 0..40 {
        let mut tcp = TcpStream::connect(address).await.unwrap();
        // Nonsense: who is let in is seen off in good order.
        let sent = tcp.write_all(b"\xc0\x00").await;
        let end = sent.and(tcp.read_u8().await.map(drop)).unwrap_err();
        met[usize::from(end.kind() == ErrorKind::UnexpectedEof)] += 1;
    }
    assert!(met.iter().all(|count| *count > 5), "{met:?}");
}

#[tokio::test]
async fn a_stalled_connection_says_nothing_and_goes_on_later() {
    let (printer, address, _shutdown) = start(CODE).await;
    let mut client = enter(address).await;
    client.subscribe(REPORT, QoS::AtMostOnce).await;
    client.ping().await;
    printer.faults.set(Fault::Stall, 1.0);
    client.send(&Packet::PingReq).await;
    printer.reports.send(Bytes::from_static(b"late")).unwrap();
    let mut newcomer = TcpStream::connect(address).await.unwrap();
    newcomer.write_all(b"\x10").await.unwrap();
    assert!(timeout(A_WHILE, client.io.read_u8()).await.is_err());
    assert!(timeout(A_WHILE, newcomer.read_u8()).await.is_err());
    printer.faults.clear(Fault::Stall);
    let mut both = [client.next().await, client.next().await];
    both.sort_by_key(|packet| matches!(packet, Some(Packet::Publish(_))));
    assert_eq!(both[0], Some(Packet::PingResp));
    assert_eq!(both[1], Some(message(REPORT, b"late", QoS::AtMostOnce, 0)));
}

#[tokio::test]
async fn the_end_of_a_stalled_connection_is_not_seen() {
    let (printer, address, shutdown) = start(CODE).await;
    let mut client = enter(address).await;
    client.ping().await;
    printer.faults.set(Fault::Stall, 1.0);
    shutdown.cancel();
    assert!(timeout(A_WHILE * 5, client.io.read_u8()).await.is_err());
    printer.faults.clear(Fault::Stall);
    assert_eq!(client.next().await, None);
}

#[tokio::test]
async fn a_printer_with_few_places_closes_what_is_too_much_and_serves_the_next_later() {
    let (printer, address, _shutdown) = start(CODE).await;
    printer.faults.set(Fault::FewSessions, 1.0);
    let mut clients = Vec::new();
    for at in 0..4 {
        let mut client = Raw::open(address).await;
        let (username, password) = (Some("bblp".to_owned()), Some(Bytes::from_static(b"12345678")));
        client.enter(Connect { username, password, ..hello(&at.to_string()) }).await;
        clients.push(client);
    }
    let mut fifth = TcpStream::connect(address).await.unwrap();
    assert!(!matches!(fifth.read(&mut [0]).await, Ok(1..)));
    for client in &mut clients {
        client.ping().await;
    }
    clients.remove(0).send(&Packet::Disconnect).await;
    for _ in 0..500 {
        let mut next = TcpStream::connect(address).await.unwrap();
        if timeout(A_WHILE, next.read(&mut [0])).await.is_err() {
            return;
        }
    }
    panic!("the place stays taken");
}

#[tokio::test]
async fn a_storm_of_connections_brings_the_printer_down_for_a_while() {
    let (printer, address, _shutdown) = start(CODE).await;
    let mut patient = enter(address).await;
    patient.ping().await;
    printer.faults.set(Fault::ReconnectStorm, 1.0);
    for _ in 0..6 {
        let _ = TcpStream::connect(address).await;
    }
    let end = timeout(Duration::from_secs(20), patient.io.read_u8()).await.unwrap();
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    until(address, Err(ErrorKind::ConnectionRefused)).await;
    assert!(!printer.power.is_on());
    tokio::time::pause();
    sleep(Duration::from_secs(30)).await;
    tokio::time::resume();
    until(address, Ok(())).await;
}

#[tokio::test]
async fn a_printer_that_is_off_breaks_its_connections_and_refuses_new_ones() {
    let (printer, address, _shutdown) = start(CODE).await;
    let mut client = enter(address).await;
    client.ping().await;
    printer.power.set(false);
    let end = timeout(Duration::from_secs(20), client.io.read_u8()).await.unwrap();
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    until(address, Err(ErrorKind::ConnectionRefused)).await;
    printer.power.set(true);
    until(address, Ok(())).await;
    enter(address).await.ping().await;
}
