//! `bambu doctor`: what it finds in a world where something is wrong, and how it ends.

use std::{process::Command, time::Instant};

use serde_json::Value;

use crate::{
    run::{Home, Run},
    world::{PATIENCE, World},
};

/// A printer by hand, without an account and without a CA file: it is remembered at first use.
fn by_hand(world: &World, index: usize) -> Command {
    let of = |key: &str| world.text(&format!("/printers/{index}/{key}"));
    let (serial, port) = (of("serial"), of("mqtt_port"));
    let call = ["doctor", &serial, "--host", "127.0.0.1", "--mqtt-port", &port, "--timeout", "20"];
    let mut command = world.command(&call);
    command.env_remove("BAMBU_CA_FILE").env_remove("BAMBU_TOKEN");
    command.env("BAMBU_ACCESS_CODE", of("access_code"));
    command
}

/// The same with account and CA file.
fn with_all(world: &World) -> Command {
    let mut command = by_hand(world, 0);
    command.env("BAMBU_CA_FILE", world.ca()).env("BAMBU_TOKEN", world.text("/account/token"));
    command
}

/// The call in JSON: its exit code, and what the checks with these names found.
fn found<const N: usize>(mut command: Command, names: [&str; N]) -> (i32, [String; N]) {
    let run = Run::of(command.arg("--json"));
    let document: Value = serde_json::from_str(&run.stdout).expect(&run.stderr);
    let checks = document["checks"].as_array().unwrap();
    let outcome = |name| {
        let check = checks.iter().find(|check| check["name"] == name).unwrap();
        for key in ["outcome", "seen", "next", "printer", "serial"] {
            assert!(check.get(key).is_some(), "{key} is always there");
        }
        if check["outcome"] == "fail" || check["outcome"] == "warn" {
            assert!(check["next"].is_string(), "{check}");
        }
        check["outcome"].as_str().unwrap().to_owned()
    };
    (run.code, names.map(outcome))
}

#[test]
fn a_healthy_world_is_found_healthy_and_nothing_secret_is_told() {
    let world = World::start(&["--printers", "1"]);
    let (serial, _, code) = world.printer();
    for more in [&[][..], &["--json"]] {
        let run = Run::of(with_all(&world).args(more));
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        for secret in [world.text("/account/token"), code.clone(), world.text("/account/password")]
        {
            assert!(!run.stdout.contains(&secret) && !run.stderr.contains(&secret));
        }
        assert!(run.stdout.contains(&serial), "{}", run.stdout);
    }
    let names = ["token", "region", "cloud", "clock", "session", "broker", "mqtt_port"];
    let (_, outcomes) = found(with_all(&world), names);
    assert!(outcomes.iter().all(|outcome| outcome == "ok"), "{outcomes:?}");
    let names = ["certificate", "access_code", "status", "developer_mode"];
    let (_, outcomes) = found(with_all(&world), names);
    assert!(outcomes.iter().all(|outcome| outcome == "ok"), "{outcomes:?}");
}

#[test]
fn the_ports_of_the_config_file_are_those_that_are_looked_at() {
    let world = World::start(&["--models", "P1S,X1C", "--printers", "2"]);
    world.home.write(".config/bambu/bambu.toml", &world.on_lan());
    for printer in ["P1S 1", "X1C 1"] {
        let doctor = || world.command(&["doctor", printer, "--timeout", "20"]);
        let (_, outcomes) = found(doctor(), ["mqtt_port", "files_port", "camera_port"]);
        assert_eq!(outcomes, ["ok", "ok", "ok"].map(str::to_owned), "{printer}");
        let mut closed = doctor();
        closed.args(["--camera-port", "1"]);
        let (code, outcomes) = found(closed, ["camera_port"]);
        assert_eq!((code, outcomes), (0, ["warn".to_owned()]), "{printer}");
    }
}

#[test]
fn without_an_account_a_printer_is_looked_at_and_remembered() {
    let world = World::start(&["--printers", "1"]);
    for how in ["seen for the first time", "remembered at first use"] {
        let run = Run::of(by_hand(&world, 0));
        assert!(run.code == 0 && run.stdout.contains(how), "{}", run.stdout);
        assert!(run.stdout.contains("warn     token"), "{}", run.stdout);
    }
}

#[test]
fn a_wrong_code_and_developer_mode_are_told_apart() {
    let world = World::start(&["--printers", "2"]);
    let serial = world.text("/printers/1/serial");
    let names = ["certificate", "access_code", "status", "developer_mode"];
    world.put(&format!("/printers/{serial}/developer-mode/off"));
    let began = Instant::now();
    // It shows in the next report.
    while found(by_hand(&world, 1), ["developer_mode"]).1 == ["ok"] && began.elapsed() < PATIENCE {}
    let (code, outcomes) = found(by_hand(&world, 1), names);
    assert_eq!((code, outcomes), (0, ["ok", "ok", "ok", "warn"].map(ToOwned::to_owned)));
    world.put(&format!("/printers/{serial}/faults/wrong-code"));
    let (code, outcomes) = found(by_hand(&world, 1), names);
    assert_eq!((code, outcomes), (4, ["ok", "fail", "skipped", "skipped"].map(ToOwned::to_owned)));
}

#[test]
fn a_stranger_is_named_and_gets_no_access_code() {
    let world = World::start(&["--printers", "1"]);
    let (serial, ..) = world.printer();
    assert_eq!(Run::of(by_hand(&world, 0)).code, 0);
    world.put(&format!("/printers/{serial}/faults/swapped-certificate"));
    let (code, outcomes) = found(by_hand(&world, 0), ["mqtt_port", "certificate", "access_code"]);
    assert_eq!((code, outcomes), (5, ["ok", "fail", "skipped"].map(ToOwned::to_owned)));
    let told = Run::of(by_hand(&world, 0)).stdout;
    let line = told.lines().find(|line| line.contains("certificate")).unwrap();
    assert!(line.starts_with("fail") && line.contains("remove line"), "{told}");
    world.put(&format!("/printers/{serial}/faults/refuse-connections"));
    let (code, outcomes) = found(by_hand(&world, 0), ["mqtt_port", "certificate", "status"]);
    assert_eq!((code, outcomes), (5, ["fail", "skipped", "skipped"].map(ToOwned::to_owned)));
}

#[test]
fn what_is_wrong_with_the_account_is_told_apart() {
    let world = World::start(&["--printers", "1"]);
    let names = ["token", "cloud", "session", "broker"];
    let words = |words: [&str; 4]| words.map(ToOwned::to_owned);
    let with = |variable: &str, value: &str| {
        let mut command = world.command(&["doctor", "--timeout", "1"]);
        command.env(variable, value);
        command
    };
    let (code, outcomes) = found(with("BAMBU_TOKEN", "AQAdead"), names);
    assert_eq!((code, outcomes), (4, words(["ok", "ok", "fail", "skipped"])));
    let (code, outcomes) = found(with("BAMBU_API_URL", "http://127.0.0.1:1"), names);
    assert_eq!((code, outcomes), (5, words(["ok", "fail", "skipped", "skipped"])));
    let (code, outcomes) = found(with("BAMBU_MQTT_URL", "mqtts://127.0.0.1:1"), names);
    assert_eq!((code, outcomes), (5, words(["ok", "ok", "ok", "fail"])));
    world.put("/faults/challenge");
    let (code, outcomes) = found(with("X", ""), names);
    assert_eq!((code, outcomes), (3, words(["ok", "fail", "skipped", "skipped"])));
}

#[test]
fn printers_without_an_address_are_looked_at_over_the_cloud() {
    // Models that no other test lets say where they are: they would be found on this machine's network.
    let world = World::start(&["--printers", "2", "--models", "P1P,X1"]);
    let run = world.run(&["doctor", "--timeout", "2"]);
    assert_eq!(run.code, 0, "{}", run.stdout);
    assert_eq!(run.stdout.matches("the cloud is the only way").count(), 2, "{}", run.stdout);
    assert_eq!(run.stdout.matches("it tells its whole status").count(), 2, "{}", run.stdout);
}

#[test]
fn a_saved_session_that_is_over_and_a_home_without_anything() {
    let home = Home::new();
    let nobody = |home: &Home| {
        let mut command = home.command(&["doctor"]);
        command
            .env("BAMBU_API_URL", "http://127.0.0.1:1")
            .env("BAMBU_MQTT_URL", "mqtts://127.0.0.1:1");
        command
    };
    let (code, outcomes) = found(nobody(&home), ["token", "session", "printers"]);
    assert_eq!((code, outcomes), (5, ["fail", "skipped", "fail"].map(ToOwned::to_owned)));
    let over = r#"{"region":"china","token":"AQAold","expires_at":"2020-01-01T00:00:00Z"}"#;
    home.write(".bambu_token", over);
    let run = Run::of(nobody(&home));
    assert!(run.stdout.contains("the saved session is over"), "{}", run.stdout);
    assert!(!run.stdout.contains("AQAold") && run.stdout.contains("china"), "{}", run.stdout);
    let (_, outcomes) = found(
        {
            let mut command = nobody(&home);
            command.env("BAMBU_REGION", "global");
            command
        },
        ["region"],
    );
    assert_eq!(outcomes, ["warn"]);
}

#[test]
fn the_servers_of_the_config_file_are_looked_at_where_there_are_any() {
    let world = World::start(&["--printers", "1"]);
    let doctor = || world.command(&["doctor", "--timeout", "20"]);
    let (serial, port, code) = world.printer();
    let printer = format!(
        "[[printer]]\nserial = \"{serial}\"\nhost = \"127.0.0.1\"\nmqtt_port = {port}\naccess_code = \"{code}\"\n"
    );
    world.home.write(".config/bambu/bambu.toml", &printer);
    let run = Run::of(doctor());
    assert!(!run.stdout.contains("proxy"), "{}", run.stdout);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let config = printer
        + &format!("[proxy.strict]\nlisten = \"{address}\"\n[compat]\nlisten = \"127.0.0.1:1\"\n");
    world.home.write(".config/bambu/bambu.toml", &config);
    let names = ["proxy_tokens", "proxy_strict", "compat"];
    assert_eq!(found(doctor(), names), (0, ["warn", "ok", "warn"].map(str::to_owned)));
    assert_eq!(world.run(&["token", "add", "--generate"]).code, 0);
    assert_eq!(found(doctor(), ["proxy_tokens"]).1, ["ok".to_owned()]);
    world.home.write(".config/bambu/proxy_tokens.json", r#"{"a": "AQAold"}"#);
    assert_eq!(found(doctor(), ["proxy_tokens"]).1, ["warn".to_owned()]);
}
