//! The control endpoint of a world.

use std::path::Path;

use bambu_emulator::{
    faults::{Fault, Setting},
    machine::Machine as _,
    world::{Config, World},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::http::ask;

const P1S: &str = "/printers/01P00A000000001";

async fn start(state_dir: &Path, faults: Vec<Setting>) -> World {
    let state_dir = Some(state_dir.to_owned());
    let config = Config { state_dir, faults, ..Config::default() };
    World::start(config, CancellationToken::new()).await.unwrap()
}

async fn call(world: &World, method: &str, path: &str) -> (u16, Value) {
    let port = world.ready().control_url.rsplit_once(':').unwrap().1.parse().unwrap();
    let answer = ask(port, method, path, &[], "").await;
    (answer.status, answer.json())
}

fn on(world: &World, at: usize) -> Vec<(Fault, f64)> {
    let on = world.printers()[at].faults().on();
    on.into_iter().map(|setting| (setting.fault, setting.rate)).collect()
}

#[tokio::test]
async fn a_fault_is_switched_for_one_printer_or_for_all() {
    let dir = tempfile::tempdir().unwrap();
    let world = start(dir.path(), vec![]).await;
    let (status, printer) = call(&world, "PUT", &format!("{P1S}/faults/zombie?rate=0.5")).await;
    assert_eq!((status, &printer["faults"]), (200, &json!({"zombie": 0.5})));
    assert_eq!((on(&world, 0), on(&world, 1)), (vec![(Fault::Zombie, 0.5)], vec![]));
    assert_eq!(
        call(&world, "PUT", "/faults/no-ack").await,
        (200, json!({"printers": 5, "cloud": false}))
    );
    assert_eq!(on(&world, 1), [(Fault::NoAck, 1.0)]);
    let (_, faults) = call(&world, "GET", "/faults").await;
    let zombie = faults["faults"].as_array().unwrap().iter().find(|of| of["name"] == "zombie");
    assert_eq!(zombie.unwrap()["on"], json!({"01P00A000000001": 0.5}));
    call(&world, "DELETE", &format!("{P1S}/faults/no-ack")).await;
    assert_eq!(on(&world, 0), [(Fault::Zombie, 0.5)]);
    call(&world, "DELETE", &format!("{P1S}/faults")).await;
    assert_eq!((on(&world, 0), on(&world, 1).len()), (vec![], 1));
    call(&world, "DELETE", "/faults").await;
    assert!((0..5).all(|at| on(&world, at).is_empty()));
}

#[tokio::test]
async fn developer_mode_cloud_and_power_are_switches_of_a_printer() {
    let dir = tempfile::tempdir().unwrap();
    let off = Setting { fault: Fault::DeveloperModeOff, rate: 1.0 };
    let world = start(dir.path(), vec![off]).await;
    let (_, all) = call(&world, "GET", "/printers").await;
    assert_eq!(all["printers"][0]["developer_mode"], false);
    assert_eq!(all["printers"].as_array().unwrap().len(), 5);
    for switch in ["developer-mode", "cloud", "power"] {
        for (position, is_on) in [("off", false), ("on", true)] {
            let (status, printer) =
                call(&world, "PUT", &format!("{P1S}/{switch}/{position}")).await;
            assert_eq!(status, 200, "{printer}");
            assert_eq!(printer[switch.replace('-', "_")], is_on, "{printer}");
        }
    }
    assert_eq!((on(&world, 0).len(), on(&world, 1).len()), (0, 1));
}

#[tokio::test]
async fn what_cannot_be_done_is_said_with_what_can() {
    let dir = tempfile::tempdir().unwrap();
    let world = start(dir.path(), vec![]).await;
    for (method, path, status, word) in [
        ("PUT", "/faults/zombi", 404, "zombie"),
        ("PUT", "/faults/zombie?rate=2", 400, "0 to 1"),
        ("PUT", "/printers/none/faults/zombie", 404, "GET /printers"),
        ("PUT", "/printers/01P00A000000001/power/maybe", 400, "on or off"),
        ("PUT", "/printers/01P00A000000001/lamp/on", 400, "developer-mode"),
        ("POST", "/faults", 405, "GET /"),
        ("GET", "/nothing", 404, "GET /"),
    ] {
        let (got, body) = call(&world, method, path).await;
        assert_eq!(got, status, "{method} {path}: {body}");
        assert!(body["error"].as_str().unwrap().contains(word), "{path}: {body}");
    }
    assert!(call(&world, "GET", "/").await.1.as_array().unwrap().len() > 5);
    assert!((0..5).all(|at| on(&world, at).is_empty()));
}
