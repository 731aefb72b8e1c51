//! `query` about what the cloud keeps: projects, history, messages, spools.

use std::io::Write as _;

use serde_json::Value;

use crate::{run::Run, world::World};

fn json(run: &Run) -> Value {
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

/// One call of the REST interface by hand: what is queried has to be there first.
fn call(world: &World, method: &str, path: &str, body: &str) -> String {
    let url = world.text("/api_url");
    let mut stream = std::net::TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    let (token, length) = (world.text("/account/token"), body.len());
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: cloud\r\nconnection: close\r\n\
         authorization: Bearer {token}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let reply = std::io::read_to_string(stream).unwrap();
    assert!(reply.starts_with("HTTP/1.1 2"), "{reply}");
    reply
}

#[test]
fn everything_that_the_account_keeps_is_listed_as_tables_and_as_one_document() {
    let world = World::start(&[]);
    let (serial, ..) = world.printer();
    call(&world, "POST", "/v1/iot-service/api/user/project", r#"{"name":"Cube.3mf"}"#);
    let spool = r##"{"createType":"manual","filamentName":"PLA Basic","filamentType":"PLA",
        "filamentVendor":"Bambu Lab","filamentId":"GFA00","color":"#FF0000","netWeight":750,
        "totalNetWeight":1000,"note":"shelf 2"}"##;
    call(&world, "POST", "/v1/design-user-service/my/filament/v2", spool);

    let all = world.run(&[
        "query",
        "--projects",
        "--tasks",
        "--messages",
        "--filaments",
        "--profile",
        "--json",
    ]);
    let all = json(&all);
    let keys: Vec<&String> = all.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["filaments", "messages", "profile", "projects", "tasks"]);
    assert_eq!(all["projects"][0]["name"], "Cube.3mf");
    assert!(all["projects"][0]["project_id"].is_string());
    assert_eq!(all["filaments"]["spools"][0]["net_weight_grams"], 750.0);
    assert_eq!(all["filaments"]["printers"], Value::Array(vec![]));
    assert!(all["tasks"].is_array() && all["messages"].is_array());

    let tables = world.run(&["query", "--projects", "--filaments", &serial]);
    assert_eq!(tables.code, 0, "{}", tables.stderr);
    for word in ["Cube.3mf", "PLA Basic", "750 of 1000 g", "shelf 2", &serial, "TRAY"] {
        assert!(tables.stdout.contains(word), "{word}: {}", tables.stdout);
    }
    let alone = json(&world.run(&["query", "--projects", "--limit", "1", "--json"]));
    assert_eq!(alone.as_array().map(Vec::len), Some(1), "one part is printed alone");
}

#[test]
fn a_printer_that_is_silent_costs_only_its_own_part_of_the_page() {
    let world = World::start(&["--printers", "2"]);
    let serials = [0, 1].map(|at| world.text(&format!("/printers/{at}/serial")));
    let [silent, well] = &serials;
    world.put(&format!("/printers/{silent}/faults/silence"));
    let asked = ["query", "--filaments", "--profile", silent, well, "--timeout", "4"];
    let run = world.run(&[&asked[..], &["--json"]].concat());
    assert_eq!(run.code, 5, "{}", run.stderr);
    let page: Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(page["profile"].is_object() && page["filaments"]["spools"].is_array(), "{page}");
    let of = |serial: &String| {
        let printers = page["filaments"]["printers"].as_array().unwrap();
        printers.iter().find(|printer| printer["device_id"] == serial.as_str()).unwrap()
    };
    assert!(of(silent)["failure"].as_str().unwrap().contains("did not answer"), "{page}");
    assert!(of(well)["ams_units"].is_array() && of(well).get("failure").is_none(), "{page}");
    let run = world.run(&asked);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stdout.contains("did not answer") && run.stdout.contains(well), "{}", run.stdout);
}

#[cfg(unix)]
#[test]
fn the_seeds_command_prints_what_theirs_did() {
    let world = World::start(&["--printers", "1"]);
    let (serial, _, code) = world.printer();
    call(&world, "POST", "/v1/iot-service/api/user/project", r#"{"name":"Cube.3mf"}"#);
    let link = world.home.path().join("bambu-query");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_bambu"), &link).unwrap();
    let token = world.text("/account/token");
    let query = |arguments: &[&str]| {
        let mut command = std::process::Command::new(&link);
        command.arg(&token).args(arguments).env_clear();
        command.env("HOME", world.home.path()).env("BAMBU_API_URL", world.text("/api_url"));
        let mqtt = format!("mqtts://{}:{}", world.text("/mqtt/host"), world.text("/mqtt/port"));
        command.env("BAMBU_MQTT_URL", mqtt).env("BAMBU_CA_FILE", world.ca());
        let run = Run::of(command);
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
        assert!(!run.stdout.contains(&token) && !run.stdout.contains(&code), "{}", run.stdout);
        run.stdout
    };
    let expect = |page: String, words: &[&str]| {
        for word in words {
            assert!(page.contains(word), "{word}: {page}");
        }
    };
    expect(query(&[]), &["P1S 1", &serial, "P1S", "CoreXY", "0.4 mm", "yes", "********"]);
    let device = ["Serial number", "P1S (C12)", "Structure", "CoreXY", "Online", "Print status"];
    expect(query(&["--device", &serial]), &device);
    expect(query(&["--status"]), &["P1S 1", "Nozzle", "Bed"]);
    expect(query(&["--profile"]), &["UID", "Name", "Account", "Printers"]);
    expect(query(&["--projects"]), &["Cube.3mf", "CREATED", "ID"]);
    expect(query(&["--firmware", "--device", &serial]), &["INSTALLED", "OFFERED", &serial]);
    let devices: Value = serde_json::from_str(&query(&["--json"])).unwrap();
    assert_eq!(devices[0]["serial"], serial.as_str());
    let theirs = ["dev_id", "dev_access_code", "dev_structure", "nozzle_diameter"];
    let theirs = theirs.map(|key| devices[0][key].clone());
    assert_eq!(serde_json::json!(theirs), serde_json::json!([serial, "********", "CoreXY", 0.4]));
}
