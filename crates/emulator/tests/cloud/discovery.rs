//! Printers that are found: the broadcasts and the detect port of a world.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use bambu_emulator::{
    faults::Fault,
    machine::Machine as _,
    world::{Config, World},
};
use bambu_protocol::Model;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// Longest wait for anything; only a failing test waits that long.
const PATIENCE: Duration = Duration::from_secs(20);
/// Long enough to see that nothing comes.
const A_WHILE: Duration = Duration::from_millis(200);

async fn start(state_dir: &Path, more: Config) -> World {
    let config = Config { state_dir: Some(state_dir.to_owned()), ..more };
    World::start(config, CancellationToken::new()).await.unwrap()
}

/// A frame by hand: the codec of the library must not judge itself.
fn frame(json: &str) -> Vec<u8> {
    let length = u16::try_from(json.len() + 6).unwrap().to_le_bytes();
    [&[0xa5, 0xa5], &length[..], json.as_bytes(), &[0xa7, 0xa7]].concat()
}

fn content(frame: &[u8]) -> Value {
    assert_eq!((&frame[..2], &frame[frame.len() - 2..]), (&[0xa5; 2][..], &[0xa7; 2][..]));
    assert_eq!(usize::from(u16::from_le_bytes([frame[2], frame[3]])), frame.len());
    serde_json::from_slice(&frame[4..frame.len() - 2]).unwrap()
}

/// Sends bytes and takes what comes until the end of the connection.
async fn ask(port: u16, bytes: &[u8]) -> Vec<u8> {
    let mut tcp = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    tcp.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, tcp.read_to_end(&mut answer)).await.unwrap().unwrap();
    answer
}

const DETECT: &str = r#"{"login":{"command":"detect","sequence_id":"20000"}}"#;
const LOGIN: &str = r#"{"login":{"command":"login","sequence_id":"20001","apix":"https://x/"}}"#;

#[tokio::test]
async fn who_asks_is_told_which_printer_this_is() {
    let dir = tempfile::tempdir().unwrap();
    let world = start(dir.path(), Config::default()).await;
    let port = world.ready().printers[0].detect_port;
    let answer = content(&ask(port, &frame(DETECT)).await);
    let login = &answer["login"];
    for (key, wanted) in [
        ("command", json!("detect")),
        ("id", json!("01P00A000000001")),
        ("model", json!(Model::P1S.code())),
        ("name", json!("P1S 1")),
        ("bind", json!("occupied")),
        ("connect", json!("cloud")),
        ("dev_cap", json!(1)),
    ] {
        assert_eq!(login[key], wanted, "{key}: {answer}");
    }
    assert!(login["sequence_id"].is_u64() && login["version"].is_string(), "{answer}");
    world.switchboard().set_online(world.printers()[0].serial(), false);
    let answer = content(&ask(port, &frame(DETECT)).await);
    assert_eq!(
        (&answer["login"]["bind"], &answer["login"]["connect"]),
        (&"free".into(), &"lan".into())
    );
    let noise = [b"\xa5\x00noise\xa5".as_slice(), &frame(DETECT)].concat();
    assert_eq!(content(&ask(port, &noise).await)["login"]["command"], "detect");
}

#[tokio::test]
async fn nobody_takes_a_printer_over_by_the_detect_port() {
    let dir = tempfile::tempdir().unwrap();
    for (lan_mode, reason) in [(false, "need logout"), (true, "LAN-ONLY enabled")] {
        let world = start(dir.path(), Config { lan_mode, ..Config::default() }).await;
        let answer = ask(world.ready().printers[0].detect_port, &frame(LOGIN)).await;
        let login = &content(&answer)["login"];
        assert_eq!(
            (&login["command"], &login["status"]),
            (&"login_report".into(), &"FAILURE".into())
        );
        let told: Value = serde_json::from_str(login["reason"].as_str().unwrap()).unwrap();
        assert_eq!(told["devmsg"], reason);
    }
}

#[tokio::test]
async fn what_nobody_asks_is_met_with_silence() {
    let dir = tempfile::tempdir().unwrap();
    let world = start(dir.path(), Config::default()).await;
    let port = world.ready().printers[0].detect_port;
    for bytes in [frame(r#"{"login":{"command":"open"}}"#), frame("[]"), vec![0xa5; 20_000]] {
        let mut tcp = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        tcp.write_all(&bytes).await.unwrap();
        assert!(timeout(A_WHILE, tcp.read_u8()).await.is_err());
    }
    world.printers()[0].faults().set(Fault::Stall, 1.0);
    let mut tcp = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    tcp.write_all(&frame(DETECT)).await.unwrap();
    assert!(timeout(A_WHILE, tcp.read_u8()).await.is_err());
    world.printers()[0].faults().clear_all();
    timeout(PATIENCE, tcp.read_u8()).await.unwrap().unwrap();
}

/// Headers of a packet by their name in small letters, the first line as ``.
fn headers(packet: &[u8]) -> Vec<(String, String)> {
    let text = std::str::from_utf8(packet).unwrap();
    assert!(text.ends_with("\r\n\r\n"), "{text:?}");
    let line = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap_or(("", line));
        (name.to_lowercase(), value.to_owned())
    };
    text.trim_end().split("\r\n").map(line).collect()
}

fn value<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

async fn packet(socket: &UdpSocket) -> (Vec<(String, String)>, SocketAddr) {
    let mut buffer = vec![0; 2048];
    let (length, from) = timeout(PATIENCE, socket.recv_from(&mut buffer)).await.unwrap().unwrap();
    (headers(&buffer[..length]), from)
}

#[tokio::test]
async fn printers_with_their_own_addresses_are_announced_and_answer_searches() {
    let dir = tempfile::tempdir().unwrap();
    // A free port: other tests and real programs listen on the real one.
    let free = UdpSocket::bind("0.0.0.0:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let first = Ipv4Addr::new(127, 94, 7, 1);
    let config = Config { lan_addresses: Some(first), ssdp_port: Some(port), ..Config::default() };
    let world = start(dir.path(), config).await;
    assert_eq!(world.notes(), [""; 0]);

    let asker = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    asker.set_broadcast(true).unwrap();
    let search = "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:2021\r\nMAN: \"ssdp:discover\"\r\n\
                  MX: 3\r\nST: urn:bambulab-com:device:3dprinter:1\r\n\r\n";
    asker.send_to(search.as_bytes(), ("127.255.255.255", port)).await.unwrap();
    let mut found = BTreeSet::new();
    // Three of the account and one of each further one.
    while found.len() < 5 {
        let (headers, from) = packet(&asker).await;
        assert_eq!(value(&headers, ""), "HTTP/1.1 200 OK");
        assert_eq!(value(&headers, "st"), "urn:bambulab-com:device:3dprinter:1");
        assert_eq!(value(&headers, "location"), from.ip().to_string());
        assert_eq!(from.port(), port);
        found.insert((value(&headers, "usn").to_owned(), from.ip()));
    }
    let printers = world.ready().printers.iter();
    for printer in printers {
        assert!(found.contains(&(printer.serial.clone(), printer.host.parse().unwrap())));
    }

    // One alone is asked at its own address; one that is off says nothing.
    let at = |last| (Ipv4Addr::new(127, 94, 7, last), port);
    world.printers()[0].power().set(false);
    asker.send_to(search.as_bytes(), at(1)).await.unwrap();
    asker.send_to(search.as_bytes(), at(2)).await.unwrap();
    let (headers, _) = packet(&asker).await;
    assert_eq!(value(&headers, "devmodel.bambu.com"), Model::X1C.code());
    assert_eq!(value(&headers, "devname.bambu.com"), "X1C 1");
    assert_eq!(value(&headers, "devconnect.bambu.com"), "cloud");
    assert_eq!(value(&headers, "devbind.bambu.com"), "occupied");
}

#[tokio::test]
async fn a_printer_that_nobody_owns_hands_out_a_ticket_and_tells_when_it_is_taken() {
    const BIND: &str = "/v1/iot-service/api/user/bind";
    let dir = tempfile::tempdir().unwrap();
    let world = start(dir.path(), Config::default()).await;
    let (ready, printer) = (world.ready(), &world.ready().printers[0]);
    let api = ready.api_url.rsplit_once(':').unwrap().1.parse().unwrap();
    let bearer = format!("Authorization: Bearer {}", ready.account.token);
    let unbind = json!({"dev_id": printer.serial}).to_string();
    assert_eq!(crate::http::ask(api, "DELETE", BIND, &[&bearer], &unbind).await.status, 200);
    let answer = content(&ask(printer.detect_port, &frame(DETECT)).await);
    assert_eq!(answer["login"]["bind"], "free");

    let mut tcp = TcpStream::connect(("127.0.0.1", printer.detect_port)).await.unwrap();
    tcp.write_all(&frame(LOGIN)).await.unwrap();
    let mut head = [0; 4];
    timeout(PATIENCE, tcp.read_exact(&mut head)).await.unwrap().unwrap();
    let mut rest = vec![0; usize::from(u16::from_le_bytes([head[2], head[3]])) - 4];
    timeout(PATIENCE, tcp.read_exact(&mut rest)).await.unwrap().unwrap();
    let waiting = content(&[&head[..], &rest].concat());
    assert_eq!(waiting["login"]["status"], "wait_auth");
    assert_eq!(waiting["login"]["sequence_id"], -1);
    let ticket = waiting["login"]["ticket"].as_str().unwrap();
    let path = format!("/v1/user-service/my/ticket/{ticket}");
    let body = json!({"ticket": ticket}).to_string();
    assert_eq!(crate::http::ask(api, "POST", &path, &[&bearer], &body).await.status, 200);
    let mut bound = Vec::new();
    timeout(PATIENCE, tcp.read_to_end(&mut bound)).await.unwrap().unwrap();
    assert_eq!(content(&bound)["login"]["status"], "SUCCESS");
    let answer = content(&ask(printer.detect_port, &frame(DETECT)).await);
    assert_eq!(answer["login"]["bind"], "occupied");
}
