//! `bambu selftest`: its checks, its file, its exit codes, and that it changes and tells nothing.

use serde_json::{Value, json};

use crate::{
    run::{Run, bambu},
    world::World,
};

fn outcomes(run: &Run) -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let text = |check: &Value, key: &str| check[key].as_str().unwrap().to_owned();
    let checks = document["checks"].as_array().unwrap();
    checks.iter().map(|check| (text(check, "name"), text(check, "outcome"))).collect()
}

#[test]
fn a_healthy_account_passes_every_check_and_no_secret_is_told() {
    let world = World::start(&["--state", "printing"]);
    let run = world.run(&["selftest", "--json", "--listen", "1", "--junit", "selftest.xml"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let outcomes = outcomes(&run);
    let failed = outcomes.iter().filter(|(_, outcome)| outcome == "failed").count();
    let passed = outcomes.iter().filter(|(_, outcome)| outcome == "passed").count();
    assert!(failed == 0 && passed >= 24, "{}", run.stdout);
    for on_lan in ["video_stream", "local_ftp"] {
        let skipped = (on_lan.into(), "skipped".into());
        assert!(outcomes.contains(&skipped), "{on_lan}: no printer is in a config file");
    }
    assert!(outcomes.iter().all(|(name, _)| name != "file_upload"), "nobody allowed it");

    let junit = std::fs::read_to_string(world.home.path().join("selftest.xml")).unwrap();
    assert_eq!(junit.matches("<testcase ").count(), outcomes.len());
    assert!(junit.contains("failures=\"0\""), "{junit}");
    for secret in [world.text("/account/token"), world.printer().2] {
        assert!(!run.stdout.contains(&secret) && !junit.contains(&secret));
    }
}

#[test]
fn the_file_names_token_parts_and_what_is_uploaded() {
    let world = World::start(&[]);
    let config = json!({
        "cloud_token": world.text("/account/token"),
        "test_modes": {"cloud_api": false, "mqtt": false, "file_upload": true,
                       "video_stream": false, "local_ftp": false},
        "test_file": {"create_dummy": true, "path": "ignored.3mf", "size_mb": 0.01},
    });
    world.home.write("test_config.json", &config.to_string());
    let run = |arguments: &[&str]| {
        let mut command = world.command(&[&["selftest", "--json"], arguments].concat());
        Run::of(command.env_remove("BAMBU_TOKEN"))
    };
    let upload = |outcome: &str| vec![("file_upload".to_owned(), outcome.to_owned())];
    let careful = run(&[]);
    assert_eq!((careful.code, outcomes(&careful)), (0, upload("skipped")), "{}", careful.stderr);
    let allowed = run(&["--allow-upload"]);
    assert_eq!((allowed.code, outcomes(&allowed)), (0, upload("passed")), "{}", allowed.stdout);
    assert!(allowed.stdout.contains("10485 bytes"), "{}", allowed.stdout);
    // What is asked for wins over the file.
    let one = run(&["--only", "devices"]);
    assert_eq!(outcomes(&one), [("devices".to_owned(), "passed".to_owned())]);
}

#[test]
fn printers_of_the_config_file_list_their_storage_and_show_a_picture() {
    let world =
        World::start(&["--models", "A1 mini,X1C", "--printers", "2", "--state", "printing"]);
    world.home.write(".config/bambu/bambu.toml", &world.on_lan());
    let look = || world.run(&["selftest", "--json", "--only", "video", "--only", "ftp"]);
    let run = look();
    let both = ["local_ftp", "video_stream"].map(|name| (name.to_owned(), "passed".to_owned()));
    assert_eq!((run.code, outcomes(&run)), (0, both.to_vec()), "{run:?}");
    assert!(run.stdout.contains("2 pictures, "), "{}", run.stdout);
    let serial = world.text("/printers/0/serial");
    world.put(&format!("/printers/{serial}/faults/camera-off"));
    let run = look();
    assert!(run.code == 0 && run.stdout.contains("1 picture, "), "{run:?}");
    assert!(run.stdout.contains("A1 mini 1 is switched off"), "{run:?}");
    world.put(&format!("/printers/{serial}/faults/wrong-code"));
    let run = look();
    assert!(run.code == 1 && run.stdout.contains("access code"), "{run:?}");
}

#[test]
fn each_way_to_fail_has_its_exit_code() {
    let world = World::start(&[]);
    let mut dead = world.command(&["selftest", "--listen", "1"]);
    let dead = Run::of(dead.env("BAMBU_TOKEN", "AQAwrong"));
    assert_eq!(dead.code, 4, "{}", dead.stdout);
    assert!(dead.stdout.contains("FAIL") && !dead.stdout.contains("AQAwrong"), "{}", dead.stdout);
    let nobody = world.run(&["selftest", "--api-url", "http://127.0.0.1:1"]);
    assert_eq!(nobody.code, 5, "{}", nobody.stdout);
    // One route that is closed is one failure, and no reason to give up.
    world.put("/faults/stray-401");
    let stray = world.run(&["selftest", "--json", "--only", "cloud"]);
    let failed = outcomes(&stray).iter().filter(|(_, outcome)| outcome == "failed").count();
    assert!(stray.code == 1 && failed > 1, "{}", stray.stdout);

    assert_eq!(world.run(&["selftest", "--only", "nonsense"]).code, 2);
    assert_eq!(world.run(&["selftest", "--test-config", "nowhere.json"]).code, 2);
    assert_eq!(bambu(&["selftest"]).code, 4, "there is no token");
    let list = bambu(&["selftest", "--list"]);
    assert!(list.code == 0 && list.stdout.contains("mqtt_reports"), "{}", list.stdout);
}
