//! What never answers, and calls that cannot be meant: how long they take and how they end.

use std::net::TcpListener;

use crate::run::{Home, Run};

const SERIAL: &str = "01P00A000000001";

/// A port where connections are taken and nothing ever comes back.
fn silent() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[test]
fn the_time_limit_holds_for_a_cloud_that_never_answers() {
    let (_listener, port) = silent();
    for arguments in [
        &["query"][..],
        &["query", "--profile", "--json"],
        &["query", "--status"],
        &["monitor", "--json"],
    ] {
        let home = Home::new();
        let mut command = home.command(&[arguments, &["--timeout", "1"]].concat());
        command.env("BAMBU_API_URL", format!("http://127.0.0.1:{port}"));
        let run = Run::of(command.env("BAMBU_TOKEN", "AQAtoken"));
        assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains("within 1 s") && run.stderr.contains("next: "));
    }
}

#[test]
fn the_time_limit_holds_for_a_printer_that_never_answers() {
    let (_listener, port) = silent();
    let port = port.to_string();
    for verb in [&["query", "--status", "--json"][..], &["monitor", "--json"]] {
        let target = [SERIAL, "--host", "127.0.0.1", "--mqtt-port", &port, "--timeout", "1"];
        let home = Home::new();
        let mut command = home.command(&[verb, &target].concat());
        let run = Run::of(command.env("BAMBU_ACCESS_CODE", "s3cretcd"));
        assert_eq!(run.code, 5, "{}", run.stderr);
        assert!(run.stderr.contains("within 1 s") && run.stderr.contains("next: "));
        assert!(!run.stderr.contains("s3cretcd"));
        assert!(!run.stdout.contains("\"online\":true"));
    }
}

#[test]
fn an_address_that_can_be_none_is_a_mistake_in_the_call() {
    for host in ["", "192.0.2.1:8883", "mqtts://192.0.2.1", "a b"] {
        let home = Home::new();
        let mut command = home.command(&["monitor", SERIAL, "--host", host, "--timeout", "20"]);
        let run = Run::of(command.env("BAMBU_ACCESS_CODE", "s3cretcd"));
        assert_eq!(run.code, 2, "{host:?}: {}", run.stderr);
        assert!(run.stderr.contains("--mqtt-port"), "{}", run.stderr);
    }
    let home = Home::new();
    let mut command = home.command(&["monitor", SERIAL, "--timeout", "20"]);
    command.env("BAMBU_MQTT_URL", "mqtts://no%20name").env("BAMBU_UID", "1");
    let run = Run::of(command.env("BAMBU_TOKEN", "AQAtoken"));
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("name is not known"), "{}", run.stderr);
}

#[test]
fn two_printers_of_one_name_are_not_taken_for_one() {
    let home = Home::new();
    let printer = |serial: &str| {
        format!("[[printer]]\nname = \"Twin\"\nserial = \"{serial}\"\nhost = \"127.0.0.1\"\n")
    };
    home.write("bambu.toml", &[printer(SERIAL), printer("01P00A000000002")].concat());
    let run = home.run(&["query", "--status", "twin", "--config", "bambu.toml"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains(SERIAL) && run.stderr.contains("01P00A000000002"));
}
