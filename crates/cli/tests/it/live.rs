//! `query`, `monitor` and `demo` against a simulated world in a process of its own.

use serde_json::Value;

use crate::{
    run::Home,
    world::{Running, World},
};

#[test]
fn the_account_is_queried_in_tables_and_json() {
    let world = World::start(&[]);
    let (serial, _, code) = world.printer();
    let table = world.run(&["query"]);
    assert_eq!(table.code, 0, "{}", table.stderr);
    assert!(table.stdout.contains(&serial) && table.stdout.contains("P1S 1"));
    assert!(!table.stdout.contains(&code) && !table.stdout.contains('\x1b'));

    let devices: Value = serde_json::from_str(&world.run(&["query", "--json"]).stdout).unwrap();
    assert_eq!(devices.as_array().unwrap().len(), 3);
    assert_eq!(devices[0]["access_code"], "********");
    let open = world.run(&["query", "--json", "--show-secrets", "--device", &serial]);
    let devices: Value = serde_json::from_str(&open.stdout).unwrap();
    assert_eq!(devices[0]["access_code"], code.as_str());

    let parts = world.run(&["query", "--profile", "--firmware", "--json"]);
    let parts: Value = serde_json::from_str(&parts.stdout).unwrap();
    assert_eq!(parts["profile"]["uid"], world.text("/account/uid"));
    assert_eq!(parts["firmware"].as_array().unwrap().len(), 3);

    let mut wrong = world.command(&["query"]);
    wrong.env("BAMBU_TOKEN", "AQAwrong");
    let wrong = crate::run::Run::of(wrong);
    assert_eq!(wrong.code, 4, "{}", wrong.stderr);
    assert!(!wrong.stderr.contains("AQAwrong"));
}

#[test]
fn one_status_is_asked_from_the_printer_itself() {
    let world = World::start(&["--state", "printing"]);
    let page = world.run(&["query", "--status", "P1S 1"]);
    assert_eq!(page.code, 0, "{}", page.stderr);
    for word in ["P1S 1", "running", "Nozzle", "layer", "Bed"] {
        assert!(page.stdout.contains(word), "{word}: {}", page.stdout);
    }
    let all: Value =
        serde_json::from_str(&world.run(&["query", "--status", "--json"]).stdout).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 3);
    for status in all.as_array().unwrap() {
        assert_eq!((&status["online"], &status["connection"]), (&true.into(), &"online".into()));
        assert!(status["job"]["total_layers"].as_u64().unwrap() > 0);
        assert!(status["firmware"].is_string());
    }
}

#[test]
fn many_printers_are_followed_over_the_cloud_and_one_over_the_lan() {
    let world = World::start(&["--state", "printing", "--speed", "20"]);
    let cloud = world.run(&["monitor", "--json", "--count", "9", "--timeout", "60"]);
    assert_eq!(cloud.code, 0, "{}", cloud.stderr);
    let documents = cloud.documents();
    assert_eq!(documents.len(), 9);
    let mut serials: Vec<_> = documents.iter().map(|d| d["serial"].as_str().unwrap()).collect();
    serials.sort_unstable();
    serials.dedup();
    assert_eq!(serials.len(), 3);
    assert!(documents.iter().all(|document| document["state"] != "unknown"));

    let (serial, port, code) = world.printer();
    let lan = |code: &str, arguments: &[&str]| {
        let mut command = world.home.command(
            &[
                &["monitor", serial.as_str(), "--host", "127.0.0.1", "--mqtt-port", &port],
                arguments,
            ]
            .concat(),
        );
        command.env("BAMBU_ACCESS_CODE", code).env("BAMBU_CA_FILE", world.ca());
        crate::run::Run::of(command)
    };
    let lines = lan(&code, &["--count", "2", "--timeout", "60"]);
    assert_eq!(lines.code, 0, "{}", lines.stderr);
    assert!(lines.stdout.contains("nozzle"), "{}", lines.stdout);
    assert_eq!(lan(&code, &["--json", "--count", "2", "--timeout", "60"]).documents().len(), 2);

    // Had it waited for its time to be up, the code would be 5.
    let wrong = lan("00000000", &["--timeout", "60"]);
    assert_eq!(wrong.code, 4, "{}", wrong.stderr);
    assert!(wrong.stderr.contains("access code") && !wrong.stderr.contains("00000000"));
}

#[test]
fn the_config_file_names_printers_and_the_way_to_them() {
    let world = World::start(&[]);
    let (serial, port, code) = world.printer();
    let second = world.text("/printers/1/serial");
    world.home.write(
        ".config/bambu/bambu.toml",
        &format!(
            "ca_file = {:?}\n[[printer]]\nname = \"Workshop\"\nserial = \"{serial}\"\n\
             host = \"127.0.0.1\"\nmqtt_port = {port}\naccess_code = \"{code}\"\ngroup = \"left\"\n\
             [[printer]]\nname = \"Cellar\"\nserial = \"{second}\"\n",
            world.ca()
        ),
    );
    let status = |arguments: &[&str]| {
        let run = world.home.run(&[&["query", "--status", "--json"], arguments].concat());
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
        serde_json::from_str::<Value>(&run.stdout).unwrap()
    };
    // Without a token and without a file: by hand, and an address alone asks for the status.
    let empty = Home::new();
    let mut by_hand = empty.command(&["query", &serial, "--host", "127.0.0.1", "--json"]);
    by_hand.args(["--mqtt-port", &port]).env("BAMBU_ACCESS_CODE", &code);
    let by_hand = crate::run::Run::of(by_hand.env("BAMBU_CA_FILE", world.ca()));
    assert!(by_hand.stdout.contains("\"temperatures\""), "{}", by_hand.stderr);
    // Without a token: everything over the local network.
    for arguments in
        [&["workshop"][..], &["Work"], &["01p"], &[serial.as_str()], &["--group", "left"]]
    {
        let all = status(arguments);
        assert_eq!(all.as_array().unwrap().len(), 1);
        assert_eq!((&all[0]["name"], &all[0]["online"]), (&"Workshop".into(), &true.into()));
    }
    assert_eq!(world.home.run(&["monitor", "Cellar"]).code, 4, "that one needs the cloud");
    assert_eq!(world.home.run(&["monitor", "nobody"]).code, 2);
    // With a token: one over the local network, the others over the cloud.
    let mixed = world.run(&["query", "--status", "--json", "--timeout", "60"]);
    assert_eq!(mixed.code, 0, "{}", mixed.stderr);
    let mixed: Value = serde_json::from_str(&mixed.stdout).unwrap();
    let online = |name: &str| {
        mixed.as_array().unwrap().iter().any(|d| d["name"] == name && d["online"] == true)
    };
    assert!(online("Workshop") && online("Cellar"), "{mixed}");
}

#[cfg(unix)]
#[test]
fn the_seeds_monitor_takes_uid_token_and_serials() {
    let world = World::start(&[]);
    let link = world.home.path().join("bambu-monitor");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_bambu"), &link).unwrap();
    let ours = world.command(&[]);
    let mut command = std::process::Command::new(&link);
    command.env_clear().envs(ours.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env_remove("BAMBU_TOKEN");
    let uid = format!("u_{}", world.text("/account/uid"));
    command.args([&uid, &world.text("/account/token"), &world.printer().0]);
    let run = crate::run::Run::of(command.args(["--count", "1", "--timeout", "60"]));
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("idle"), "{}", run.stdout);
}

#[test]
fn what_can_never_answer_ends_at_once_with_its_reason() {
    let world = World::start(&[]);
    let (serial, port, code) = world.printer();
    let untrusted = [&serial, "--host", "127.0.0.1", "--mqtt-port", &port, "--timeout", "60"];
    // Somebody with a certificate of another authority than the one that is trusted.
    world.put(&format!("/printers/{serial}/faults/swapped-certificate"));
    for verb in [&["monitor"][..], &["query", "--status"]] {
        let mut command = world.home.command(&[verb, &untrusted].concat());
        command.env("BAMBU_ACCESS_CODE", &code).env("BAMBU_CA_FILE", world.ca());
        let run = crate::run::Run::of(command);
        assert_eq!(run.code, 5, "{}", run.stderr);
        assert!(run.stderr.contains("certificate"), "{}", run.stderr);
        assert!(run.stderr.contains("next: "), "{}", run.stderr);
    }
    let foreign = world.run(&["monitor", "01P00A999999999", "--timeout", "60"]);
    assert_eq!(foreign.code, 3, "{}", foreign.stderr);
    let mut wrong = world.command(&["monitor", &serial, "--timeout", "60"]);
    wrong.env("BAMBU_TOKEN", "AQAwrong").env("BAMBU_UID", "1");
    assert_eq!(crate::run::Run::of(wrong).code, 4);
}

#[cfg(unix)]
#[test]
fn the_demo_shows_three_printers_in_a_pipe_and_ends_when_told() {
    let home = Home::new();
    let demo = Running::start(home.command(&["demo"]));
    demo.wait_for("mosquitto_sub");
    // They come in any order, and one that stands idle is silent afterwards.
    let mut awaited = vec!["P1S 1 ", "X1C 1 ", "A1 mini 1 "];
    while !awaited.is_empty() {
        let line = demo.wait_for(" 1 ");
        assert!(!line.contains('\x1b'), "{line:?}");
        awaited.retain(|name| !line.contains(name));
    }
    demo.wait_for("nozzle");
    assert_eq!(demo.terminate(), Some(0));
}

#[cfg(unix)]
#[test]
fn what_the_demo_says_to_type_works_in_another_terminal() {
    let home = Home::new();
    let demo = Running::start(home.command(&["demo"]));
    let settings = demo.wait_for("  . ");
    let query = demo.wait_for("bambu query --status");
    let mut shell = std::process::Command::new("sh");
    shell.arg("-c").arg(format!("set -eu\n{settings}\nbambu query\n{query}"));
    shell.env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin").current_dir("/");
    let run = crate::run::Run::of(shell);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for word in ["PRINTER", "A1 mini 1", "Nozzle"] {
        assert!(run.stdout.contains(word), "{word}: {}", run.stdout);
    }
}

#[cfg(unix)]
#[test]
fn the_demos_servers_answer_the_lines_that_it_prints_and_two_demos_live_side_by_side() {
    let home = Home::new();
    let call = ["demo", "--ready-file", "ready.json", "--state-dir", "state"];
    let demo = Running::start(home.command(&call));
    let mut urls = Vec::new();
    for (path, inside) in
        [("/user/bind", "01P00A000000001"), ("/my/tasks", "\"hits\""), ("/api/v1/status", "")]
    {
        let line = demo.wait_for(path);
        let token = line.contains("Bearer demo-token").then_some("demo-token");
        let url = line.split_whitespace().last().unwrap().to_owned();
        assert_eq!(token.is_none(), path == "/api/v1/status", "{line}");
        crate::until(|| crate::http::get(&url, token).status == 200);
        let body = crate::http::get(&url, token).body;
        assert!(body.contains(inside), "{body}");
        urls.push(url);
    }
    let ready: Value =
        serde_json::from_slice(&std::fs::read(home.path().join("ready.json")).unwrap()).unwrap();
    let servers = &ready["servers"];
    assert_eq!(servers["proxy_token"], "demo-token");
    for (url, face) in urls.iter().zip(["proxy_strict", "proxy_full", "compat"]) {
        assert!(url.starts_with(servers[face].as_str().unwrap()), "{url}: {servers}");
    }

    let other = Home::new();
    let second = Running::start(other.command(&call));
    let line = second.wait_for("/user/bind");
    assert_ne!(line.split_whitespace().last().unwrap(), urls[0]);
    assert_eq!((demo.terminate(), second.terminate()), (Some(0), Some(0)));
}

#[test]
fn a_demo_without_printers_says_how_to_ask_for_some() {
    let run = Home::new().run(&["demo", "--printers", "0"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("next: ") && run.stderr.contains("--printers"), "{}", run.stderr);
}

#[test]
fn the_demo_ends_by_itself_after_so_many_updates() {
    let run = Home::new().run(&["demo", "--json", "--count", "5", "--timeout", "60"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.documents().len(), 5);
}
