//! Printers are found on loopback: broadcasts, answers to a search, the detect frame.

use std::{net::Ipv4Addr, time::Duration};

use bambulab::{
    discovery::{
        DetectError, DetectOptions, Search, SearchOptions, Sighting, Via, detect, resolve,
    },
    link::Unreachable,
    protocol::{
        Model, Serial,
        discovery::{Announcement, Bind, Mode, detect as frames, ssdp},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UdpSocket},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use crate::fake::{Ca, SERIAL};

const PATIENCE: Duration = Duration::from_secs(20);

fn about() -> Announcement {
    Announcement {
        model_code: Some("C12".into()),
        name: Some("work\nshop".into()),
        address: Some(Ipv4Addr::new(192, 168, 1, 50).into()),
        connect: Some(Mode::Lan),
        bind: Some(Bind::Free),
        signal_dbm: Some(-50),
        ..Announcement::new(Serial::new(SERIAL).unwrap())
    }
}

fn gone() -> Sighting {
    Sighting::Gone { serial: about().serial, address: about().address.unwrap() }
}

/// Loopback, on a port that nobody has.
fn options() -> SearchOptions {
    let free = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    SearchOptions::on(Ipv4Addr::LOCALHOST).with_port(free)
}

async fn printer() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.set_broadcast(true).unwrap();
    socket
}

async fn next(search: &mut Search) -> Sighting {
    timeout(PATIENCE, search.next()).await.unwrap()
}

#[tokio::test]
async fn two_programs_hear_a_broadcast_and_nothing_is_told_twice() {
    let options = options();
    let to = ("127.255.255.255", options.ports[0]);
    let mut searches = [Search::new(options.clone()).unwrap(), Search::new(options).unwrap()];
    assert!(searches.iter().all(|search| search.deaf().is_empty()));
    let printer = printer().await;
    let mut changed = about();
    changed.connect = Some(Mode::Cloud);
    let wavering = Announcement { signal_dbm: Some(-60), ..about() };
    let goodbye = ssdp::goodbye(&about().serial);
    for packet in [
        "\0rubbish",
        &ssdp::notify(&about()),
        &ssdp::notify(&wavering),
        &ssdp::notify(&changed),
        &goodbye,
        &goodbye,
        &ssdp::notify(&about()),
    ] {
        printer.send_to(packet.as_bytes(), to).await.unwrap();
    }
    for search in &mut searches {
        let Sighting::Seen(found) = next(search).await else { panic!() };
        assert_eq!((found.model, found.name.as_deref()), (Some(Model::P1S), Some("workshop")));
        assert_eq!(found.address, Ipv4Addr::new(192, 168, 1, 50));
        assert_eq!(found.seen_via, Via::Broadcast);
        let Sighting::Seen(found) = next(search).await else { panic!() };
        assert_eq!(found.connect, Some(Mode::Cloud));
        assert_eq!(next(search).await, gone());
        assert!(matches!(next(search).await, Sighting::Seen(_)));
    }
}

#[tokio::test]
async fn two_that_claim_one_serial_number_are_both_told_once() {
    let options = options();
    let to = ("127.255.255.255", options.ports[0]);
    let mut search = Search::new(options).unwrap();
    let printer = printer().await;
    let other = Announcement { address: Some(Ipv4Addr::new(192, 168, 1, 66).into()), ..about() };
    let goodbye = ssdp::goodbye(&about().serial);
    for packet in [&about(), &other, &about(), &other].map(ssdp::notify).iter().chain([&goodbye]) {
        printer.send_to(packet.as_bytes(), to).await.unwrap();
    }
    for address in [about().address, other.address] {
        let Sighting::Seen(found) = next(&mut search).await else { panic!() };
        assert_eq!(Some(found.address), address);
    }
    for _ in 0..2 {
        assert!(matches!(next(&mut search).await, Sighting::Gone { .. }));
    }
}

#[tokio::test]
async fn a_search_is_answered_to_who_asks_and_gives_the_address() {
    let mut options = options();
    let printer = printer().await;
    options.ask = vec![match printer.local_addr().unwrap() {
        std::net::SocketAddr::V4(address) => address,
        other => panic!("{other}"),
    }];
    let answering = async {
        let mut space = [0; 1024];
        loop {
            let (length, from) = printer.recv_from(&mut space).await.unwrap();
            let search = ssdp::read(&space[..length]).unwrap();
            assert!(matches!(search, ssdp::Packet::Search { within_seconds: 3 }));
            let nameless = Announcement { address: None, ..about() };
            printer.send_to(ssdp::answer(&nameless).as_bytes(), from).await.unwrap();
        }
    };
    let serial = Serial::new(&SERIAL.to_lowercase()).unwrap();
    let other = Serial::new("01P00A000000002").unwrap();
    let asking = async {
        let address = resolve(&serial, PATIENCE, options.clone()).await;
        assert_eq!(address, Some(Ipv4Addr::LOCALHOST.into()), "the sender's, where none is told");
        assert_eq!(resolve(&other, Duration::from_millis(50), options).await, None);
    };
    tokio::select! {
        () = answering => unreachable!(),
        () = asking => {}
    }
}

#[tokio::test]
async fn a_printer_that_falls_silent_is_gone() {
    let options = SearchOptions { gone_after: Duration::ZERO, ..options() };
    let to = ("127.255.255.255", options.ports[0]);
    let mut search = Search::new(options).unwrap();
    printer().await.send_to(ssdp::notify(&about()).as_bytes(), to).await.unwrap();
    assert!(matches!(next(&mut search).await, Sighting::Seen(_)));
    assert_eq!(next(&mut search).await, gone());
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_and_no_end() {
    let taken = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let search = Search::new(SearchOptions::on(Ipv4Addr::LOCALHOST).with_port(port)).unwrap();
    assert_eq!(search.deaf()[0].port, port);
    let nowhere = SearchOptions::on(Ipv4Addr::new(192, 0, 2, 1));
    assert!(Search::new(nowhere).is_err());
}

/// Answers the first caller with these bytes, after its question.
async fn answering(bytes: Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 256]).await;
        let _ = stream.write_all(&bytes).await;
        let _ = stream.read(&mut [0; 1]).await;
    });
    port
}

fn closed() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

async fn ask(port: u16, tls_port: u16) -> Result<bambulab::discovery::Found, DetectError> {
    detect("127.0.0.1", &DetectOptions { port, tls_port, within: PATIENCE }).await
}

#[tokio::test]
async fn an_address_tells_which_printer_is_there_plain_or_over_tls() {
    let frame = frames::frame(&frames::answer(&about(), 7)).unwrap();
    let found = ask(answering(frame.clone()).await, closed()).await.unwrap();
    assert_eq!((found.serial.as_str(), found.seen_via), (SERIAL, Via::Detect));
    assert_eq!(found.address, Ipv4Addr::LOCALHOST);

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Ca::new().printer(SERIAL));
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        let _ = stream.read(&mut [0; 256]).await;
        stream.write_all(&[&b"\xa5\xa5\x01\x00"[..], &frame].concat()).await.unwrap();
        stream.flush().await.unwrap();
        let _ = stream.read(&mut [0; 1]).await;
    });
    assert_eq!(ask(closed(), port).await.unwrap().model, Some(Model::P1S));
}

#[tokio::test]
async fn what_does_not_tell_is_told_apart() {
    let refusal = frames::refusal("LAN-ONLY enabled", frames::LAN_ONLY, 1000);
    let port = answering(frames::frame(&refusal).unwrap()).await;
    let error = ask(port, closed()).await.unwrap_err();
    assert!(error.to_string().ends_with("; ask from the printer's own subnet"), "{error}");

    let error = ask(answering(vec![b'x'; 200_000]).await, closed()).await.unwrap_err();
    assert_eq!(error, DetectError::NoPrinter("127.0.0.1".into()));

    let error = ask(closed(), closed()).await.unwrap_err();
    assert!(matches!(error, DetectError::Unreachable { why: Unreachable::Refused, .. }));

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let listener = TcpListener::bind(("127.0.0.1", silent)).await.unwrap();
    let options =
        DetectOptions { port: silent, tls_port: closed(), within: Duration::from_millis(200) };
    let error = detect("127.0.0.1", &options).await.unwrap_err();
    assert!(matches!(error, DetectError::Unreachable { why: Unreachable::TimedOut, .. }));
    drop(listener);
    let error = detect("printer.invalid", &DetectOptions::default()).await.unwrap_err();
    assert!(matches!(error, DetectError::Unreachable { why: Unreachable::UnknownName, .. }));
}
