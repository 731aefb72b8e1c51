//! `discover` on loopback: what is heard, what is asked, and what is said when nobody is there.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, UdpSocket},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bambu_protocol::{
    Serial,
    discovery::{Announcement, Bind, Mode, detect, ssdp},
};
use serde_json::Value;

use crate::{
    run::{Home, Run},
    world::{Running, World},
};

const SERIAL: &str = "01P00A000000001";

fn about() -> Announcement {
    Announcement {
        model_code: Some("C12".into()),
        name: Some("Workshop\x1b[2J".into()),
        connect: Some(Mode::Lan),
        bind: Some(Bind::Free),
        address: Some(Ipv4Addr::new(192, 168, 1, 50).into()),
        ..Announcement::new(Serial::new(SERIAL).unwrap())
    }
}

/// Says the same to a port on loopback, again and again, until it is dropped.
struct Broadcaster(Arc<AtomicBool>);

impl Broadcaster {
    fn start(packet: String, port: u16) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_broadcast(true).unwrap();
        std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let _ = socket.send_to(packet.as_bytes(), ("127.255.255.255", port));
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        Self(stop)
    }
}

impl Drop for Broadcaster {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn free_port() -> u16 {
    UdpSocket::bind("0.0.0.0:0").unwrap().local_addr().unwrap().port()
}

fn discover(home: &Home, port: u16, flags: &[&str]) -> Command {
    let mut command = home.command(&[&["discover"], flags].concat());
    command.env("BAMBU_DISCOVERY_INTERFACE", "127.0.0.1");
    command.env("BAMBU_DISCOVERY_PORT", port.to_string());
    command
}

/// A printer's detect port that answers each caller with this text.
fn answering(text: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut asked = [0; 256];
            if stream.read(&mut asked).is_ok_and(|length| asked[..length].starts_with(&[0xa5])) {
                let _ = stream.write_all(&detect::frame(&text).unwrap());
            }
        }
    });
    port
}

#[test]
fn a_printer_that_broadcasts_is_listed() {
    let (home, port) = (Home::new(), free_port());
    let _printer = Broadcaster::start(ssdp::notify(&about()), port);
    let run = Run::of(discover(&home, port, &["--timeout", "1"]));
    assert_eq!(run.code, 0, "{}", run.stderr);
    for word in ["NAME", "Workshop", SERIAL, "P1S", "192.168.1.50", "lan", "free"] {
        assert!(run.stdout.contains(word), "{word}: {}", run.stdout);
    }
    assert!(!run.stdout.contains('\x1b'), "{:?}", run.stdout);
    let run = Run::of(discover(&home, port, &["--timeout", "1", "--json"]));
    let list: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
    assert_eq!((&list[0]["serial"], &list[0]["model"]), (&SERIAL.into(), &"P1S".into()));
    assert_eq!((&list[0]["connect"], &list[0]["signal_dbm"]), (&"lan".into(), &Value::Null));
}

#[test]
fn watch_tells_who_comes_and_who_goes() {
    let (home, port) = (Home::new(), free_port());
    let running = Running::start(discover(&home, port, &["--watch", "--json"]));
    let printer = Broadcaster::start(ssdp::notify(&about()), port);
    let seen: Value = serde_json::from_str(&running.wait_for("seen")).unwrap();
    assert_eq!(seen["printer"]["serial"], SERIAL);
    drop(printer);
    let _goodbye = Broadcaster::start(ssdp::goodbye(&about().serial), port);
    let gone: Value = serde_json::from_str(&running.wait_for("gone")).unwrap();
    assert_eq!(gone["serial"], SERIAL);
    #[cfg(unix)]
    assert_eq!(running.terminate(), Some(0));
}

#[test]
fn nothing_found_is_told_with_a_next_step() {
    let (home, port) = (Home::new(), free_port());
    let run = Run::of(discover(&home, port, &["--timeout", "0.2", "--json"]));
    assert_eq!((run.code, run.stdout.trim()), (5, "[]"));
    assert!(run.stderr.contains("next:") && run.stderr.contains("firewall"), "{}", run.stderr);
    let _taken = UdpSocket::bind(("0.0.0.0", port)).unwrap();
    let run = Run::of(discover(&home, port, &["--timeout", "0.2"]));
    assert_eq!(run.code, 5);
    assert!(run.stderr.contains(&format!("UDP port {port} is taken")), "{}", run.stderr);
    let mut command = discover(&home, port, &[]);
    command.env("BAMBU_DISCOVERY_INTERFACE", "here");
    assert_eq!(Run::of(command).code, 2);
}

/// On their real ports, so that everybody's tools find them; other worlds may be up beside it.
#[cfg(target_os = "linux")]
#[test]
fn simulated_printers_are_found_by_what_they_say_themselves() {
    let world = World::start(&["--printers", "2", "--lan-addresses", "127.0.77.1"]);
    let run = world.run(&["discover", "--interface", "127.0.0.1", "--timeout", "3", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let list: Value = serde_json::from_str(&run.stdout).unwrap();
    for (place, address) in [(0, "127.0.77.1"), (1, "127.0.77.2")] {
        let serial = world.text(&format!("/printers/{place}/serial"));
        let is_it = |found: &&Value| found["serial"] == serial && found["address"] == address;
        assert!(list.as_array().unwrap().iter().any(|found| is_it(&found)), "{list}");
        let asked = world.run(&["discover", "--host", address, "--json"]);
        let asked: Value = serde_json::from_str(&asked.stdout).unwrap();
        assert_eq!(asked[0]["serial"], serial.as_str());
    }
}

#[test]
fn a_printer_without_an_address_is_found_and_connected() {
    let world = World::start(&["--printers", "1"]);
    let (serial, mqtt_port, code) = world.printer();
    let here = Announcement {
        model_code: Some("C12".into()),
        address: Some(Ipv4Addr::LOCALHOST.into()),
        ..Announcement::new(Serial::new(&serial).unwrap())
    };
    let port = free_port();
    let ask = || {
        let call = ["query", "--status", &serial, "--mqtt-port", &mqtt_port, "--json"];
        let mut command = world.home.command(&call);
        command.env("BAMBU_DISCOVERY_INTERFACE", "127.0.0.1");
        command.env("BAMBU_DISCOVERY_PORT", port.to_string());
        command.env("BAMBU_ACCESS_CODE", &code);
        Run::of(command)
    };
    let printer = Broadcaster::start(ssdp::notify(&here), port);
    let run = ask();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains(&serial), "{}", run.stdout);
    drop(printer);
    let pins = world.home.path().join(".config/bambu/known_printers");
    assert!(std::fs::read_to_string(&pins).unwrap().contains(&serial));
    let run = ask();
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("bambu discover"), "{}", run.stderr);
}

#[test]
fn an_address_is_asked_directly() {
    let home = Home::new();
    let good = format!("127.0.0.1:{}", answering(detect::answer(&about(), 7)));
    let run = home.run(&["discover", "--host", &good, "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let list: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&list[0]["serial"], &list[0]["address"]), (&SERIAL.into(), &"127.0.0.1".into()));

    let refusal = detect::refusal("LAN-ONLY enabled", detect::LAN_ONLY, 1000);
    let refusing = format!("127.0.0.1:{}", answering(refusal));
    let run = home.run(&["discover", "--host", &refusing]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains("LAN-ONLY enabled") && run.stderr.contains("subnet"));

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let run = home.run(&["discover", "--host", &good, "--host", &closed]);
    assert_eq!(run.code, 5);
    assert!(run.stdout.contains(SERIAL) && run.stderr.contains("127.0.0.1"), "{}", run.stderr);
    assert_eq!(home.run(&["discover", "--host", "10.0.0.0/8"]).code, 2);
}
