//! Worlds from start to end.

use std::{collections::BTreeSet, net::Ipv4Addr, path::Path, time::Duration};

use bambu_emulator::world::{Config, State, World, WorldError};
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::http;

async fn start(config: Config) -> (World, CancellationToken) {
    let stop = CancellationToken::new();
    (World::start(config, stop.clone()).await.unwrap(), stop)
}

/// A state directory that is filled already: making an RSA key takes its time.
fn config(state_dir: &Path) -> Config {
    Config { state_dir: Some(state_dir.to_owned()), ..Config::default() }
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn the_ready_file_has_its_shape_and_every_port_is_open() {
    let dir = tempfile::tempdir().unwrap();
    let (world, stop) = start(config(dir.path())).await;
    let file = dir.path().join("ready.json");
    world.ready().write(&file).unwrap();
    let ready = read(&file);
    let wanted =
        ["account", "accounts", "api_url", "ca_file", "control_url", "mqtt", "printers", "store"];
    assert_eq!(keys(&ready), wanted);
    for field in ["email", "password", "uid", "token", "email_code", "totp_code"] {
        assert!(!ready["account"][field].as_str().unwrap().is_empty(), "{field}");
    }
    let ways = ready["accounts"].as_array().unwrap().iter();
    let ways: Vec<&str> = ways.map(|account| account["sign_in"].as_str().unwrap()).collect();
    assert_eq!(ways, ["password", "authenticator", "sms_code"]);
    let names = ready["printers"].as_array().unwrap().iter();
    let names: Vec<&str> = names.map(|printer| printer["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["P1S 1", "X1C 1", "A1 mini 1"]);
    let wanted = [
        "access_code",
        "camera_port",
        "detect_port",
        "detect_tls_port",
        "ftps_port",
        "host",
        "model",
        "mqtt_port",
        "name",
        "pin",
        "rtsps_port",
        "serial",
    ];
    assert_eq!(keys(&ready["printers"][0]), wanted);

    let number = |value: &Value| u16::try_from(value.as_u64().unwrap()).unwrap();
    let mut ports = vec![number(&ready["mqtt"]["port"])];
    ports.extend(ready["printers"].as_array().unwrap().iter().map(|p| number(&p["mqtt_port"])));
    for port in ports {
        TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    }
    let api = ready["api_url"].as_str().unwrap().strip_prefix("http://127.0.0.1:").unwrap();
    let bearer = format!("Authorization: Bearer {}", ready["account"]["token"].as_str().unwrap());
    let bind = "/v1/iot-service/api/user/bind";
    let bind = http::ask(api.parse().unwrap(), "GET", bind, &[&bearer], "").await.json();
    assert_eq!(bind["devices"].as_array().unwrap().len(), 3);
    for (at, end) in ["", "", "\n"].into_iter().enumerate() {
        let code = ready["printers"][at]["access_code"].as_str().unwrap();
        assert_eq!(bind["devices"][at]["dev_access_code"], format!("{code}{end}"), "{at}");
    }
    stop.cancel();
    world.stopped().await;
}

#[tokio::test]
async fn a_kept_state_directory_keeps_its_authority() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("kept").join("here");
    let mut seen = BTreeSet::new();
    for _ in 0..2 {
        let (world, stop) = start(config(&state)).await;
        seen.insert(std::fs::read_to_string(&world.ready().ca_file).unwrap());
        stop.cancel();
        world.stopped().await;
    }
    assert_eq!(seen.len(), 1);
}

#[tokio::test]
async fn a_temporary_state_directory_goes_with_the_world() {
    let (world, stop) = start(Config::default()).await;
    let ca_file = world.ready().ca_file.clone();
    assert!(ca_file.exists());
    stop.cancel();
    world.stopped().await;
    assert!(!ca_file.parent().unwrap().exists());
}

#[tokio::test]
async fn a_world_ends_soon_even_with_clients_that_say_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (world, stop) = start(config(dir.path())).await;
    let api = world.ready().api_url.strip_prefix("http://").unwrap().to_owned();
    let broker = ("127.0.0.1", world.ready().mqtt.port);
    let _quiet =
        (TcpStream::connect(api).await.unwrap(), TcpStream::connect(broker).await.unwrap());
    stop.cancel();
    timeout(Duration::from_secs(10), world.stopped()).await.unwrap();
    assert!(TcpStream::connect(broker).await.is_err());
}

#[tokio::test]
async fn printers_with_their_own_addresses_have_their_real_port_or_say_why_not() {
    let dir = tempfile::tempdir().unwrap();
    let first = Ipv4Addr::new(127, 93, 7, 1);
    let _taken = TcpListener::bind((Ipv4Addr::new(127, 93, 7, 2), 8883)).await.unwrap();
    let lan_addresses = Some(first);
    let asked = Config { lan_addresses, ssdp_port: Some(20_210), ..config(dir.path()) };
    let (world, stop) = start(asked).await;
    let printers = &world.ready().printers;
    assert_eq!((printers[0].host.as_str(), printers[0].mqtt_port), ("127.93.7.1", 8883));
    assert_eq!(printers[1].host, "127.93.7.2");
    assert_ne!(printers[1].mqtt_port, 8883);
    assert!(world.notes()[0].starts_with("X1C 1: 127.93.7.2:8883"), "{:?}", world.notes());
    stop.cancel();
    world.stopped().await;
}

#[tokio::test]
async fn hundreds_of_printers_start_together() {
    let dir = tempfile::tempdir().unwrap();
    let (world, stop) = start(Config { printers: 400, ..config(dir.path()) }).await;
    let printers = &world.ready().printers;
    assert_eq!((printers.len(), world.notes().len()), (400, 0));
    for printer in [&printers[0], &printers[399]] {
        for port in [printer.mqtt_port, printer.detect_port] {
            TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        }
    }
    stop.cancel();
    world.stopped().await;
}

#[tokio::test]
async fn printers_start_idle_unless_they_are_asked_to_print() {
    let dir = tempfile::tempdir().unwrap();
    for (state, wanted) in [
        (State::Idle, [false, false, false]),
        (State::Printing, [true, true, true]),
        (State::Mixed, [true, true, false]),
    ] {
        let (world, stop) = start(Config { state, ..config(dir.path()) }).await;
        let busy: Vec<bool> = world.printers().iter().map(|p| p.summary().job.is_some()).collect();
        assert_eq!(busy[..3], wanted, "{state:?}");
        stop.cancel();
        world.stopped().await;
    }
}

#[tokio::test]
async fn a_capture_becomes_a_printer_and_a_bad_one_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let capture = dir.path().join("p1s.json");
    std::fs::write(&capture, r#"{"print":{"command":"push_status","msg":0,"gcode_state":"IDLE"}}"#)
        .unwrap();
    let asked = |files: Vec<_>| Config { printers: 1, replay: files, ..config(dir.path()) };
    let (world, stop) = start(asked(vec![capture.clone()])).await;
    let names: Vec<&str> = world.ready().printers.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["P1S 1", "P1S replay"]);
    stop.cancel();
    world.stopped().await;

    let missing =
        World::start(asked(vec![dir.path().join("none")]), CancellationToken::new()).await;
    assert!(matches!(missing, Err(WorldError::Replay { .. })));
}
