//! `bambu config`, and how a call without the needed settings ends.

use std::path::Path;

use serde_json::Value;

use crate::run::{Home, Run, bambu};

const CONFIG: &str = r#"
region = "china"
api_url = "https://api.example.com"

[[printer]]
name = "Workshop"
serial = "01P00A000000001"
host = "127.0.0.1"
access_code = "s3cretcd"
"#;

#[test]
fn show_tells_each_value_and_its_source_and_masks_secrets() {
    let home = Home::new();
    home.write(".config/bambu/bambu.toml", CONFIG);
    home.write(".bambu_token", r#"{"region":"global","token":"savedtoken"}"#);
    for arguments in [&["config", "show"][..], &["config", "show", "--json"]] {
        let run = home.run(arguments);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        assert!(run.stdout.contains("********"), "{}", run.stdout);
        assert!(!run.stdout.contains("s3cretcd") && !run.stdout.contains("savedtoken"));
    }
    let shown: Value =
        serde_json::from_str(&home.run(&["config", "show", "--json"]).stdout).unwrap();
    assert_eq!(shown["region"]["value"], "china");
    assert_eq!(shown["region"]["source"], "config file");
    assert_eq!(shown["token"]["source"], "saved session");
    assert_eq!(shown["mqtt_url"]["value"], "mqtts://cn.mqtt.bambulab.com:8883");
    assert_eq!(shown["printers"][0]["name"], "Workshop");
}

#[test]
fn the_environment_and_flags_win_in_this_order() {
    let home = Home::new();
    home.write("elsewhere/bambu.toml", CONFIG);
    let run = |flags: &[&str]| {
        let mut command = home.command(&[&["config", "show", "--json"], flags].concat());
        command.env("BAMBU_CONFIG_DIR", home.path().join("elsewhere"));
        command.env("BAMBU_API_URL", "https://env.example.com");
        let output = command.output().unwrap();
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["api_url"].clone()
    };
    assert_eq!(run(&[])["source"], "BAMBU_API_URL");
    let flagged = run(&["--api-url", "https://flag.example.com"]);
    assert_eq!(flagged["value"], "https://flag.example.com");
    assert_eq!(flagged["source"], "--api-url");
}

#[test]
fn a_secret_may_come_from_standard_input() {
    let run = Home::new().feed(&["config", "show", "--json", "--token", "-"], b"tok\n");
    let shown: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(shown["token"]["source"], "--token");
    let run = Home::new().feed(&["config", "show", "--token", "-"], b"");
    assert_eq!(run.code, 2, "{}", run.stderr);
}

#[test]
fn path_is_told_even_when_the_file_is_broken() {
    let home = Home::new();
    home.write(".config/bambu/bambu.toml", "region = [");
    let path = home.run(&["config", "path"]);
    assert_eq!((path.code, path.stdout.trim_end().ends_with("bambu/bambu.toml")), (0, true));
    let show = home.run(&["config", "show"]);
    assert_eq!(show.code, 2);
    assert!(show.stderr.contains("line 1") && show.stderr.contains("next: "), "{}", show.stderr);
}

#[test]
fn each_way_to_fail_has_its_exit_code_its_cause_and_its_next_step() {
    let unreachable = ["--api-url", "http://127.0.0.1:1", "--token", "x"];
    let nobody =
        ["01P00A000000001", "--host", "127.0.0.1", "--mqtt-port", "1", "--access-code", "x"];
    for (code, arguments) in [
        (2, &["query", "--region", "mars"][..]),
        (2, &["serve"]),
        (2, &["query", "--config", "/nowhere/bambu.toml"]),
        (2, &["query", "--ca-file", "/nowhere/ca.pem", "--token", "x"]),
        (2, &["query", "--api-url", "http://example.com", "--token", "x"]),
        (5, &["monitor", "--host", "127.0.0.1"]),
        (4, &["query"]),
        (4, &["monitor"]),
        (4, &["monitor", "01P00A000000001", "--host", "127.0.0.1"]),
        (5, &[&["query"], &unreachable[..]].concat()),
        (5, &[&["query", "--projects", "--tasks"], &unreachable[..]].concat()),
        (5, &[&["monitor"], &unreachable[..]].concat()),
        (5, &[&["monitor", "--timeout", "20"], &nobody[..]].concat()),
        (5, &[&["query", "--status"], &nobody[..]].concat()),
    ] {
        let run = bambu(arguments);
        assert_eq!(run.code, code, "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains("error: "), "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains("next: "), "{arguments:?}: {}", run.stderr);
    }
    for (wrong, hint) in [
        (&["proxy", "strict", "--listen", "5001"], "such as 127.0.0.1:5001"),
        (&["proxy", "strict", "--rate-limit", "many"], "write off, or a number"),
        (&["proxy", "full", "--cache", "0"], "write off, or a number of seconds"),
    ] {
        let run = bambu(wrong);
        assert_eq!(run.code, 2);
        assert!(run.stderr.contains(hint), "{}", run.stderr);
    }
    assert_eq!(bambu(&["--no-such-flag"]).code, 2);
    assert_eq!(bambu(&["--version"]).code, 0);
}

#[test]
fn the_example_configs_are_understood_and_turn_their_servers_on() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/config");
    let mut faces = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let run = bambu(&["config", "show", "--json", "--config", path.to_str().unwrap()]);
        assert_eq!(run.code, 0, "{}: {}", path.display(), run.stderr);
        let shown: Value = serde_json::from_str(&run.stdout).unwrap();
        let face = |name: &str| shown[name]["value"].is_string();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        faces.push((name, ["proxy_strict", "proxy_full", "compat"].map(face)));
    }
    faces.sort();
    let expected = [
        ("compat", [false, false, true]),
        ("farm", [true, true, true]),
        ("proxy", [true, false, false]),
    ];
    assert_eq!(faces, expected.map(|(name, faces)| (name.to_owned(), faces)));
}

#[test]
fn what_is_wrong_about_a_server_names_its_line_and_never_its_secret() {
    for (config, line) in [
        ("[proxy]\ntokens = \"x\"\n", "line 2"),
        ("[proxy.strict]\nlisten = \"5001\"\n", "line 2"),
        ("[proxy]\nrate_limit = \"many\"\n", "line 2"),
        ("[proxy]\ncache = 0\n", "line 2"),
        ("[[proxy.token]]\nname = \"a\"\ntoken = \"sha256:s3cretcd\"\n", "line 3"),
        ("[[proxy.token]]\ntoken = \"two s3cretcd\"\n", "line 2"),
        ("[compat]\ntoken = 12345678\n", "line 2"),
        ("[server]\ntls = \"some\"\n", "line 2"),
    ] {
        let home = Home::new();
        home.write(".config/bambu/bambu.toml", config);
        for verb in [&["serve"][..], &["proxy", "strict"], &["compat"]] {
            let run = home.run(verb);
            assert_eq!(run.code, 2, "{config}: {}", run.stderr);
            assert!(run.stderr.contains(line), "{config}: {}", run.stderr);
            assert!(!run.stderr.contains("s3cretcd") && !run.stderr.contains("12345678"));
        }
    }
}

#[test]
fn log_lines_are_json_objects_where_that_is_asked_for() {
    let home = Home::new();
    let call = ["query", "--api-url", "http://127.0.0.1:1", "--token", "AQAsecret", "-vv"];
    let mut by_variable = home.command(&call);
    by_variable.env("BAMBU_LOG_FORMAT", "json");
    let by_flag = home.command(&[&call[..], &["--log-format", "json"]].concat());
    for command in [by_variable, by_flag] {
        let run = Run::of(command);
        let (objects, words): (Vec<_>, Vec<_>) =
            run.stderr.lines().partition(|line| line.starts_with('{'));
        for line in &objects {
            let line: Value = serde_json::from_str(line).unwrap();
            assert!(line["timestamp"].is_string() && line["target"].is_string(), "{line}");
        }
        assert!(!objects.is_empty() && !run.stderr.contains("AQAsecret"), "{}", run.stderr);
        assert!(words.iter().all(|line| line.starts_with("error: ") || line.starts_with("next: ")));
    }
    let mut wrong = home.command(&["query"]);
    assert_eq!(Run::of(wrong.env("BAMBU_LOG_FORMAT", "xml")).code, 2);
}
