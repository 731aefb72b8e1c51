//! `bambu compat` and `bambu serve` over a simulated world: the old interface, the new one, and all
//! servers of a config file.

use std::process::Command;

use serde_json::{Value, json};

use crate::{
    http::{self, get},
    run::Run,
    serving::Serving,
    until,
    world::World,
};

/// The seeds' file for the account of this world and its first two printers.
fn legacy(world: &World) -> String {
    let device = |n: usize| {
        json!({"device_id": world.text(&format!("/printers/{n}/serial")),
               "name": format!("legacy {n}"), "local_ip": "", "access_code": "", "room": "cellar"})
    };
    let uid = format!("u_{}", world.text("/account/uid"));
    json!({
        "cloud_token": world.text("/account/token"), "user_uid": uid,
        "devices": [device(0), device(1)],
        "server": {"host": "127.0.0.1", "port": 8080, "enable_mqtt_bridge": true},
    })
    .to_string()
}

#[test]
fn a_legacy_file_is_read_as_it_is_and_answers_come_from_the_live_printers() {
    let world = World::start(&["--state", "printing"]);
    world.home.write("compatibility_config.json", &legacy(&world));
    // Nobody is signed in, and the file is found where the seeds look for it.
    let mut command = world.command(&["compat", "--listen", "127.0.0.1:0"]);
    let compat = Serving::run(command.env("BAMBU_TOKEN", ""), &world);
    let (serial, _, code) = world.printer();
    let url = compat.url("compat", &format!("/api/v1/status?device_id={serial}"));
    until(|| {
        let answer = get(&url, None);
        answer.status == 200 && answer.json()["source"] == "mqtt"
    });
    let status = get(&url, None).json();
    assert_eq!(status["print"]["gcode_state"], "RUNNING", "{status}");
    assert_eq!((&status["source"], &status["stale"]), (&"mqtt".into(), &false.into()));
    assert!(status["age_seconds"].as_f64().unwrap() < 30.0, "{status}");
    let unknown = get(&compat.url("compat", "/api/v1/status?device_id=NOBODY"), None);
    assert_eq!((unknown.status, &unknown.json()["error"]), (404, &"Device not found".into()));
    let devices = get(&compat.url("compat", "/api/v1/devices"), None);
    assert_eq!(devices.status, 200);
    assert!(devices.body.contains("legacy 0") && !devices.body.contains(&code), "{devices:?}");
    for path in ["/", "/api/version", "/api/v1/print", "/health", "/metrics"] {
        assert_eq!(get(&compat.url("compat", path), None).status, 200, "{path}");
    }
    let mut events = http::ask("GET", &compat.url("compat", "/api/v2/events"), None, "");
    assert!(events.until("event: snapshot\n").contains("id:"));
}

#[test]
fn without_any_file_the_printers_are_the_accounts() {
    let world = World::start(&["--state", "printing"]);
    world.home.write(
        ".config/bambu/bambu.toml",
        "[compat]\nlisten = \"127.0.0.1:0\"\ntoken = \"shown\"\ncors_origins = [\"http://ha\"]\n",
    );
    let compat = Serving::start(&world, &["compat"]);
    let url = compat.url("compat", "/api/v2/printers");
    assert_eq!(get(&url, None).status, 401);
    let known = |answer: &http::Answer| answer.json()["printers"].as_array().unwrap().len();
    until(|| known(&get(&url, Some("shown"))) == 3);
    until(|| {
        let answer = get(&url, Some("shown")).json();
        let printers = answer["printers"].as_array().unwrap();
        printers.iter().all(|printer| printer["stale"] == false)
    });
    let (serial, ..) = world.printer();
    let one = get(&compat.url("compat", &format!("/api/v2/printers/{serial}")), Some("shown"));
    assert_eq!((one.status, &one.json()["state"]), (200, &"running".into()));
}

/// What curl says to a URL, if it is there; it knows TLS.
fn curl(world: &World, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("curl");
    let output = command.args(["-s", "--max-time", "20"]).args(arguments);
    let output = output.current_dir(world.home.path()).output().ok()?;
    Some(String::from_utf8(output.stdout).unwrap())
}

#[cfg(unix)]
#[test]
fn serve_runs_what_the_config_file_turns_on_with_a_certificate_that_is_kept() {
    let world = World::start(&[]);
    world.home.write(
        ".config/bambu/bambu.toml",
        "state_dir = \"state\"\n\n[server]\ntls = \"made\"\n\n[proxy.strict]\nlisten = \"127.0.0.1:0\"\n\n\
         [proxy.full]\nlisten = \"[::1]:0\"\n\n[compat]\nlisten = \"127.0.0.1:0\"\n\n\
         [[proxy.token]]\nname = \"reader\"\ntoken = \"only-reads\"\nread_only = true\n",
    );
    let certificate = || {
        let path = world.home.path().join(".config/bambu/state/server-certificate.pem");
        std::fs::read_to_string(path).unwrap()
    };
    let mut servers = Serving::start(&world, &["serve"]);
    assert_eq!(servers.faces(), 3);
    let made = certificate();
    let trust = ["--cacert", ".config/bambu/state/server-certificate.pem"];
    for face in ["proxy_strict", "proxy_full", "compat"] {
        let url = servers.url(face, "/health");
        assert!(url.starts_with("https://"), "{url}");
        let Some(health) = curl(&world, &[&trust[..], &[&url]].concat()) else { return };
        assert!(health.contains("healthy"), "{face}: {health}");
    }
    // A token of the config file stands for the account that is signed in.
    let bind = servers.url("proxy_strict", "/v1/iot-service/api/user/bind");
    let bearer = ["-H", "Authorization: Bearer only-reads"];
    let devices = curl(&world, &[&trust[..], &bearer, &[&bind]].concat()).unwrap();
    let devices: Value = serde_json::from_str(&devices).unwrap();
    assert_eq!(devices["devices"].as_array().unwrap().len(), 3);
    servers.ask_to_end();
    assert_eq!(servers.ended().code(), Some(0), "{}", servers.log());
    let _again = Serving::start(&world, &["serve"]);
    assert_eq!(certificate(), made);
}

#[test]
fn what_is_open_to_the_network_is_warned_of() {
    let world = World::start(&[]);
    let compat = Serving::start(&world, &["compat", "--listen", "0.0.0.0:0"]);
    let log = compat.log();
    let warned: Vec<_> = log.lines().filter(|line| line.starts_with("warning: ")).collect();
    assert!(warned.iter().any(|line| line.contains("without TLS")), "{log}");
    assert!(warned.iter().any(|line| line.contains("without a token")), "{log}");
    assert!(compat.url("compat", "").starts_with("http://127.0.0.1:"));
    let nothing = Run::of(world.command(&["serve"]));
    assert_eq!(nothing.code, 2);
    assert!(nothing.stderr.contains("[proxy.strict]"), "{}", nothing.stderr);
}
