//! `bambu control` against simulated printers: what it says has to be what the status shows.

use serde_json::Value;

use crate::{
    run::{Home, Run},
    world::World,
};

const FOUR: [&str; 4] = ["P1S 1", "X1C 1", "A1 mini 1", "H2D 1"];

fn four(state: &str) -> World {
    World::start(&["--models", "P1S,X1C,A1 mini,H2D", "--printers", "4", "--state", state])
}

/// The status of a printer, asked from the printer.
fn status(world: &World, name: &str) -> Value {
    let run = world.run(&["query", "--status", name, "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str::<Value>(&run.stdout).unwrap()[0].take()
}

fn control(world: &World, arguments: &[&str]) -> Run {
    world.run(&[&["control"], arguments].concat())
}

#[test]
fn a_temperature_is_set_on_every_kind_of_printer_and_its_status_shows_it() {
    let world = four("idle");
    for name in FOUR {
        let run = control(&world, &[name, "bed", "45"]);
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        assert!(run.stdout.starts_with(&format!("ok: {name}: bed 45: confirmed")), "{run:?}");
        assert_eq!(status(&world, name)["temperatures"]["bed"]["target"], 45.0, "{name}");
        // The name that earlier tools use does the same.
        let run = control(&world, &[name, "set_nozzle_temp", "180", "--json"]);
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        assert_eq!(run.documents()[0]["outcome"], "confirmed", "{name}");
        let nozzles = &status(&world, name)["temperatures"]["nozzles"];
        assert_eq!(nozzles[0]["target"], 180.0, "{name}: {nozzles}");
    }
}

#[test]
fn one_printer_needs_no_name_and_several_do() {
    let world = World::start(&["--printers", "1"]);
    let run = control(&world, &["light", "off"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(status(&world, "P1S 1")["lights"]["chamber"], "off");
    let world = World::start(&[]);
    let run = control(&world, &["light", "off"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("A1 mini 1") && run.stderr.contains("--all"), "{}", run.stderr);
    let run = control(&world, &["light", "off", "--printer", "X1C", "--printer", "P1S"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("X1C 1") && !run.stdout.contains("A1 mini"), "{}", run.stdout);
}

#[test]
fn a_wrong_value_ends_with_2_and_a_wrong_moment_with_3() {
    let world = four("idle");
    for (arguments, words) in [
        (&["P1S 1", "bed", "300"][..], "0 to 100"),
        (&["A1 mini 1", "bed", "90"], "0 to 80"),
        (&["H2D 1", "chamber", "90"], "out of range"),
        (&["P1S 1", "nozzle", "warm"], "no temperature"),
        (&["P1S 1", "fan", "part", "150"], "100"),
        (&["P1S 1", "paus"], "did you mean pause?"),
        (&["P1S 1", "raw", "{"], "no JSON"),
    ] {
        let run = control(&world, arguments);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(words) && run.stderr.contains("next: "), "{}", run.stderr);
    }
    let run = control(&world, &["P1S 1", "pause"]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains("idle"), "{}", run.stderr);
    // The printer's own refusal is a refusal, too.
    let run = control(&world, &["P1S 1", "raw", r#"{"print":{"command":"dance"}}"#, "--json"]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_eq!(run.documents()[0]["outcome"], "rejected");
}

#[test]
fn a_job_is_paused_resumed_and_stopped() {
    let world = four("printing");
    for (verb, state) in [("pause", "paused"), ("resume", "running"), ("stop", "failed")] {
        let run = control(&world, &["X1C 1", verb]);
        assert_eq!(run.code, 0, "{verb}: {}", run.stderr);
        assert_eq!(status(&world, "X1C 1")["state"], state);
    }
    // G-code would disturb a job.
    let run = control(&world, &["P1S 1", "gcode", "G28"]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains("a job is running"), "{}", run.stderr);
}

#[test]
fn all_printers_are_told_in_a_table_and_the_exit_code_is_the_lowest() {
    let world = four("idle");
    let run = control(&world, &["--all", "light", "off"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(lines[0].starts_with("PRINTER") && lines.len() == 5, "{lines:#?}");
    for name in FOUR {
        let line = lines.iter().find(|line| line.starts_with(name)).unwrap();
        assert!(line.contains("confirmed"), "{line}");
    }
    let run = control(&world, &["--all", "chamber", "45", "--json"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    let documents = run.documents();
    assert_eq!(documents.len(), 4);
    for document in &documents {
        let heated = document["name"] == "H2D 1";
        assert_eq!(document["outcome"] == "confirmed", heated, "{document}");
        assert_eq!(document["code"].is_null(), heated, "{document}");
        assert_eq!(document["reason"].is_null(), heated, "{document}");
        assert_eq!(document["command"], "chamber 45");
    }
    assert!(run.stderr.contains("3 of 4 printers"), "{}", run.stderr);
}

#[test]
fn a_dry_run_prints_the_exact_requests_and_sends_none() {
    let world = four("idle");
    let run = control(&world, &["--all", "bed", "45", "--dry-run", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.documents().len(), 4);
    for document in run.documents() {
        let request = &document["requests"][0]["print"];
        if document["name"] == "H2D 1" {
            assert_eq!(
                (&request["command"], &request["temp"]),
                (&"set_bed_temp".into(), &45.into())
            );
        } else {
            assert_eq!(request["command"], "gcode_line", "{document}");
            assert_eq!(request["param"], "M140 S45\n", "{document}");
        }
    }
    for name in FOUR {
        assert_eq!(status(&world, name)["temperatures"]["bed"]["target"], 0.0, "{name}");
    }
    // Nobody is asked where the form is the same for all: this address is nowhere.
    let home = Home::new();
    let mut command = home.command(&["control", "01P00A000000009", "pause", "--dry-run"]);
    command.args(["--host", "192.0.2.1"]).env("BAMBU_ACCESS_CODE", "12345678");
    let run = Run::of(command);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains(r#"{"print":{"sequence_id":"20000","command":"pause""#), "{run:?}");
}

#[test]
fn gcode_is_read_from_standard_input() {
    let world = World::start(&["--printers", "1"]);
    let env = world.command(&[]);
    let variables: Vec<_> =
        env.get_envs().filter_map(|(name, value)| Some((name, value?))).collect();
    let mut command = world.home.command(&["control", "gcode", "-"]);
    command.envs(variables).stdin(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"M104 S150\nM140 S40\n").unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    let status = status(&world, "P1S 1");
    assert_eq!(status["temperatures"]["nozzles"][0]["target"], 150.0);
    assert_eq!(status["temperatures"]["bed"]["target"], 40.0);
}

#[test]
fn without_developer_mode_it_ends_with_3_and_says_why() {
    let world = four("idle");
    for (index, name) in FOUR.into_iter().enumerate() {
        let serial = world.text(&format!("/printers/{index}/serial"));
        world.put(&format!("/printers/{serial}/developer-mode/off"));
        let run = control(&world, &[name, "bed", "45"]);
        assert_eq!(run.code, 3, "{name}: {}", run.stderr);
        assert!(run.stderr.contains("Developer Mode is off"), "{name}: {}", run.stderr);
        assert!(run.stderr.contains("next: switch"), "{name}: {}", run.stderr);
        assert_eq!(status(&world, name)["temperatures"]["bed"]["target"], 0.0, "{name}");
    }
}

#[test]
fn what_was_acknowledged_and_not_done_is_never_ok() {
    let world = four("idle");
    world.put("/faults/ack-and-ignore");
    let run = control(&world, &["--all", "light", "off", "--wait", "1", "--json"]);
    assert_eq!(run.code, 6, "{}", run.stderr);
    assert_eq!(run.documents().len(), 4);
    for document in run.documents() {
        assert_eq!(document["outcome"], "unconfirmed", "{document}");
        assert!(document["reason"].as_str().unwrap().contains("light"), "{document}");
    }
}

#[test]
fn a_wrong_code_a_swapped_certificate_and_nobody_there_have_codes_of_their_own() {
    let world = World::start(&["--printers", "1"]);
    let (serial, port, code) = world.printer();
    let lan = |code: &str, port: &str| {
        let words =
            ["control", &serial, "light", "off", "--host", "127.0.0.1", "--mqtt-port", port];
        let mut command = world.home.command(&words);
        command.env("BAMBU_ACCESS_CODE", code).args(["--timeout", "20"]);
        Run::of(command)
    };
    let wrong = lan("00000000", &port);
    assert_eq!(wrong.code, 4, "{}", wrong.stderr);
    // Without an authority the printer is remembered at first use …
    let first = lan(&code, &port);
    assert_eq!(first.code, 0, "{}", first.stderr);
    // … and somebody else behind the same name is refused.
    world.put(&format!("/printers/{serial}/faults/swapped-certificate"));
    let swapped = lan(&code, &port);
    assert_eq!((swapped.code, swapped.stdout.as_str()), (5, ""), "{}", swapped.stderr);
    assert!(swapped.stderr.contains("certificate"), "{}", swapped.stderr);
    let nobody = lan(&code, "1");
    assert_eq!(nobody.code, 5, "{}", nobody.stderr);
}

#[test]
fn a_printer_that_is_known_on_both_ways_obeys_over_the_cloud_while_the_lan_is_shut() {
    let world = World::start(&["--printers", "1"]);
    let (serial, port, code) = world.printer();
    world.home.write(
        ".config/bambu/bambu.toml",
        &format!(
            "[[printer]]\nname = \"workshop\"\nserial = \"{serial}\"\nhost = \"127.0.0.1\"\n\
             mqtt_port = {port}\naccess_code = \"{code}\"\ngroup = \"left\"\n"
        ),
    );
    let run = control(&world, &["--group", "left", "light", "off"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    world.put(&format!("/printers/{serial}/faults/refuse-connections"));
    let run = control(&world, &["workshop", "light", "on"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.contains("confirmed"), "{}", run.stdout);
    // Somebody else at its address is not passed over in silence.
    world.put(&format!("/printers/{serial}/faults/swapped-certificate"));
    let fault = format!("/printers/{serial}/faults/refuse-connections?rate=0");
    world.put(&fault);
    let run = control(&world, &["workshop", "light", "off"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("certificate"), "{}", run.stderr);
}

#[test]
fn a_printer_that_is_not_there_does_not_keep_others_from_doing_it() {
    let world = World::start(&["--printers", "1"]);
    let (serial, port, code) = world.printer();
    let away = "00M00A999999999";
    world.home.write(
        ".config/bambu/bambu.toml",
        &format!(
            "[[printer]]\nname = \"here\"\nserial = \"{serial}\"\nhost = \"127.0.0.1\"\n\
             mqtt_port = {port}\naccess_code = \"{code}\"\n\n\
             [[printer]]\nname = \"away\"\nserial = \"{away}\"\naccess_code = \"12345678\"\n"
        ),
    );
    let run = world.home.run(&["control", "--all", "light", "on", "--json"]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    let documents = run.documents();
    assert_eq!(
        (&documents[0]["serial"], &documents[0]["outcome"]),
        (&away.into(), &"not_sent".into())
    );
    assert_eq!(documents[1]["outcome"], "confirmed", "{}", run.stdout);
    assert!(run.stderr.contains("1 of 2 printers did not do it"), "{}", run.stderr);
    let run = world.home.run(&["query", "--status", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains(&serial) && run.stderr.contains("away was not found"));
}
