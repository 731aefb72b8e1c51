//! `simulate`: what it prints, what it writes, how it ends.

use serde_json::Value;

use crate::{
    run::{Home, Run, bambu},
    world::Running,
};

const STATE: &[&str] = &["simulate", "--state-dir", "state"];

fn arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [STATE, more].concat()
}

#[test]
fn the_summary_says_where_who_and_how_to_look() {
    let home = Home::new();
    let world = Running::start(home.command(&arguments(&["--printers", "12"])));
    world.wait_for("REST API  http://127.0.0.1:");
    world.wait_for("MQTT      mqtts://127.0.0.1:");
    world.wait_for("Store     http://127.0.0.1:");
    world.wait_for("01P00A000000001");
    world.wait_for("... and 2 more");
    world.wait_for("curl ");
    world.wait_for("mosquitto_sub ");
    world.wait_for("bambu login -f -u maker@example.com -p ");
    world.wait_for("bambu query");
    world.wait_for("/faults/");
}

#[cfg(unix)]
#[test]
fn the_lines_to_paste_work_and_leave_the_users_own_session_and_settings_alone() {
    let home = Home::new();
    let mut own = vec![(".bambu_token", r#"{"region": "china", "token": "AQAmine"}"#.to_owned())];
    own.push((".config/bambu/bambu.toml", "region = \"china\"\n".to_owned()));
    for (name, text) in &own {
        home.write(name, text);
    }
    let world = Running::start(home.command(&arguments(&["--speed", "60"])));
    let (mut logins, mut script) = (String::new(), String::new());
    loop {
        let line = world.wait_for("  ") + "\n";
        match line.trim_start() {
            // The dashboard needs a terminal's hand to end it; it is the last.
            text if text.starts_with("bambu monitor") => break,
            text if text.contains("bambu login") => logins += text,
            text if text.starts_with(". ") => script = format!("set -e\n{text}{logins}"),
            text if text.starts_with("bambu ") => script += text,
            _ => {}
        }
    }
    script += "bambu logout\n";
    let mut command = home.command(&[]);
    let path = std::env::var_os("PATH").unwrap();
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &script]).current_dir(home.path()).env_clear();
    for (key, value) in command.env("PATH", path).get_envs() {
        shell.env(key, value.unwrap());
    }
    // As a user of the real cloud may have them.
    let run = Run::of(shell.env("BAMBU_TOKEN", "AQAmine").env("BAMBU_REGION", "china"));
    assert_eq!(run.code, 0, "{script}{}{}", run.stdout, run.stderr);
    assert_eq!(run.stdout.matches("Login successful!").count(), 5, "{}", run.stdout);
    assert!(run.stdout.contains("In the cloud: ended"), "{}", run.stdout);
    for (name, text) in &own {
        assert_eq!(&std::fs::read_to_string(home.path().join(name)).unwrap(), text, "{name}");
    }
}

#[test]
fn json_prints_the_ready_document_that_the_file_holds() {
    let home = Home::new();
    let ready = home.path().join("ready.json");
    let call =
        arguments(&["--json", "--ready-file", "ready.json", "--models", "H2D", "--seed", "9"]);
    let world = Running::start(home.command(&call));
    let printed: Value = serde_json::from_str(&world.wait_for("{")).unwrap();
    let written: Value = serde_json::from_slice(&std::fs::read(&ready).unwrap()).unwrap();
    assert_eq!(printed, written);
    assert_eq!(printed["printers"][2]["name"], "H2D 3");
    assert_eq!(printed["store"]["bucket"], "or-cloud-upload-prod");
    assert!(std::fs::read_dir(home.path()).unwrap().all(|entry| {
        let name = entry.unwrap().file_name();
        name == "ready.json" || name == "state"
    }));
}

#[cfg(unix)]
#[test]
fn sigterm_ends_it_without_complaint() {
    let home = Home::new();
    let world = Running::start(home.command(&arguments(&[])));
    world.wait_for("bambu monitor");
    assert_eq!(world.terminate(), Some(0));
}

#[test]
fn the_same_seed_gives_the_same_secrets() {
    let secrets = |seed| {
        let home = Home::new();
        let world = Running::start(home.command(&arguments(&["--json", "--seed", seed])));
        let ready: Value = serde_json::from_str(&world.wait_for("{")).unwrap();
        (ready["account"].clone(), ready["printers"][0]["access_code"].clone())
    };
    let first = secrets("4");
    assert_eq!(first, secrets("4"));
    assert_ne!(first, secrets("5"));
}

#[test]
fn what_cannot_be_is_a_usage_error_with_its_cause() {
    for (flag, value, cause) in [
        ("--speed", "0", "the speed has to be above 0"),
        ("--lan-addresses", "10.0.0.1", "leave the loopback network"),
        ("--replay", "missing.json", "cannot read the capture missing.json"),
        ("--models", "toaster", "unknown printer model"),
        ("--fault", "zombi", "there is no fault named `zombi`"),
        ("--fault", "zombie=2", "0 to 1"),
        ("--fault", "challenges", "challenge, stray-401"),
        ("--certificates", "v2", "version1"),
        ("--dialect", "swiss", "documented"),
    ] {
        let run = bambu(&["simulate", flag, value]);
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains(cause), "{}", run.stderr);
    }
}
