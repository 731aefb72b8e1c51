//! The LAN face of one printer.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use bambu_emulator::{
    faults::Faults,
    machine::{Machine, Power},
    mqtt::lan,
};
use bambu_protocol::{
    AccessCode, Serial,
    mqtt::{ConnAck, ConnectCode, Packet, QoS},
};
use bytes::Bytes;
use tokio::{net::TcpListener, sync::broadcast};
use tokio_util::sync::CancellationToken;

use crate::raw::{Raw, hello, message};

pub(crate) const REPORT: &str = "device/01P00A000000001/report";
pub(crate) const REQUEST: &str = "device/01P00A000000001/request";

pub(crate) struct Printer {
    serial: Serial,
    code: Mutex<AccessCode>,
    pub(crate) asked: Mutex<Vec<Vec<u8>>>,
    pub(crate) reports: broadcast::Sender<Bytes>,
    pub(crate) faults: Faults,
    pub(crate) power: Power,
}

impl Machine for Printer {
    fn serial(&self) -> &Serial {
        &self.serial
    }

    fn access_code(&self) -> AccessCode {
        self.code.lock().unwrap().clone()
    }

    fn request(&self, payload: &[u8]) {
        self.asked.lock().unwrap().push(payload.to_vec());
        let _ = self.reports.send(Bytes::from_static(b"answer"));
    }

    fn reports(&self) -> broadcast::Receiver<Bytes> {
        self.reports.subscribe()
    }

    fn full_report(&self) -> Option<Bytes> {
        Some(Bytes::from_static(b"full"))
    }

    fn faults(&self) -> Faults {
        self.faults.clone()
    }

    fn power(&self) -> Power {
        self.power.clone()
    }
}

pub(crate) async fn start(code: &str) -> (Arc<Printer>, SocketAddr, CancellationToken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let printer = Arc::new(Printer {
        serial: Serial::new("01P00A000000001").unwrap(),
        code: Mutex::new(AccessCode::new(code)),
        asked: Mutex::default(),
        reports: broadcast::channel(4).0,
        faults: Faults::new(1),
        power: Power::default(),
    });
    let shutdown = CancellationToken::new();
    let machine = Arc::clone(&printer) as Arc<dyn Machine>;
    tokio::spawn(lan::run(listener, None, machine, shutdown.clone()));
    (printer, address, shutdown)
}

pub(crate) async fn login(address: SocketAddr, user: &str, code: &str) -> (ConnectCode, Raw) {
    let mut client = Raw::open(address).await;
    let mut connect = hello("c");
    connect.username = Some(user.to_owned());
    connect.password = Some(Bytes::copy_from_slice(code.as_bytes()));
    client.send(&Packet::Connect(connect)).await;
    match client.next().await {
        Some(Packet::ConnAck(ConnAck { code, .. })) => (code, client),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn only_bblp_with_the_access_code_of_the_moment_comes_in() {
    let (printer, address, _shutdown) = start("12345678").await;
    for (user, code) in [("bblp", "12345679"), ("bblp", "1234567"), ("bblp", ""), ("x", "12345678")]
    {
        assert_eq!(login(address, user, code).await.0, ConnectCode::NotAuthorized, "{user} {code}");
    }
    assert_eq!(login(address, "bblp", "12345678").await.0, ConnectCode::Accepted);
    *printer.code.lock().unwrap() = AccessCode::new("87654321");
    assert_eq!(login(address, "bblp", "12345678").await.0, ConnectCode::NotAuthorized);
    assert_eq!(login(address, "bblp", "87654321").await.0, ConnectCode::Accepted);
}

#[tokio::test]
async fn a_printer_without_a_code_lets_nobody_in() {
    let (_printer, address, _shutdown) = start("").await;
    assert_eq!(login(address, "bblp", "").await.0, ConnectCode::NotAuthorized);
}

#[tokio::test]
async fn requests_reach_the_machine_and_its_reports_every_subscriber() {
    let (printer, address, shutdown) = start("12345678").await;
    let (_, mut all) = login(address, "bblp", "12345678").await;
    assert_eq!(all.subscribe("#", QoS::AtMostOnce).await, Some(QoS::AtMostOnce));
    all.ping().await;
    let elsewhere = "device/01P00A000000002/request";
    all.send(&message(elsewhere, b"ignored", QoS::AtMostOnce, 0)).await;
    all.send(&message(REPORT, b"ignored", QoS::AtMostOnce, 0)).await;
    all.ping().await;
    all.send(&message(REQUEST, b"{}", QoS::AtLeastOnce, 1)).await;
    let mut seen = [all.next().await, all.next().await];
    seen.sort_by_key(|packet| matches!(packet, Some(Packet::Publish(_))));
    assert_eq!(seen[0], Some(Packet::PubAck(1)));
    assert_eq!(seen[1], Some(message(REPORT, b"answer", QoS::AtMostOnce, 0)));
    assert_eq!(*printer.asked.lock().unwrap(), [b"{}"]);
    shutdown.cancel();
    assert_eq!(all.next().await, None);
}

#[tokio::test]
async fn reports_that_came_too_fast_are_made_good_by_the_full_status() {
    let (printer, address, _shutdown) = start("12345678").await;
    let (_, mut client) = login(address, "bblp", "12345678").await;
    client.subscribe(REPORT, QoS::AtMostOnce).await;
    // One thread: the face cannot run in between, and its channel holds four.
    for _ in 0..10 {
        printer.reports.send(Bytes::from_static(b"delta")).unwrap();
    }
    assert_eq!(client.message().await.1, "full");
}
