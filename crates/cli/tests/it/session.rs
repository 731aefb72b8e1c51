//! The files of a login: the saved session as each call sees it, and the proxy's tokens.

use serde_json::Value;

use crate::{http::get, run::Home, serving::Serving, until, world::World};

#[test]
fn a_session_is_warned_of_that_others_can_read_or_that_is_about_to_end() {
    let home = Home::new();
    let soon = jiff::Timestamp::now() + std::time::Duration::from_secs(70 * 3600);
    home.write(".bambu_token", &format!(r#"{{"token":"AQA","expires_at":"{soon}"}}"#));
    let query = ["query", "--json", "--api-url", "http://127.0.0.1:1"];
    let run = home.run(&query);
    assert!(run.stderr.starts_with("warning: your access token ends in 2 days"), "{}", run.stderr);
    assert_eq!(run.stdout, "");
    let region = home.run(&["query", "--region", "china", "--api-url", "http://127.0.0.1:1"]);
    assert_eq!(region.code, 5, "an old file does not tell its region");
    home.write(".bambu_token", r#"{"token":"AQA","region":"global"}"#);
    let run = home.run(&["query", "--region", "china"]);
    assert_eq!(run.code, 4);
    assert!(run.stderr.contains("belongs to the region global"), "{}", run.stderr);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let file = home.path().join(".bambu_token");
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(home.run(&query).stderr.contains("chmod 600"));
    }
}

#[test]
fn proxy_tokens_come_from_a_pipe_or_are_made_up_and_are_listed_by_fingerprint() {
    let home = Home::new();
    home.write(".bambu_token", r#"{"token":"AQArealtoken"}"#);
    let made = home.run(&["token", "add", "--generate"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let custom = made.stdout.trim();
    assert!(custom.starts_with("bambu-") && custom.len() > 40, "{custom}");
    let run = home.feed(&["token", "add", "-", "--token", "-"], b"AQAother\nmy-custom-token\n");
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}", run.stderr);
    let file = home.path().join(".config/bambu/proxy_tokens.json");
    let flat: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(flat, serde_json::json!({custom: "AQArealtoken", "my-custom-token": "AQAother"}));

    let list = home.run(&["token", "list"]);
    let shown = format!("{}{}{}", list.stdout, list.stderr, run.stderr);
    assert_eq!(list.stdout.matches("sha256:").count(), 4, "{}", list.stdout);
    for secret in [custom, "AQA", "my-custom"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let valid = |custom: &str| home.feed(&["token", "validate", "-"], custom.as_bytes()).code;
    assert_eq!((valid("my-custom-token"), valid("my-custom")), (0, 1));
    assert_eq!(home.run(&["token", "validate", "my-custom-token"]).code, 2);
    assert_eq!(home.feed(&["token", "remove", "-"], b"my-custom-token").code, 0);
    let listed = &home.run(&["token", "list", "--json"]).documents()[0];
    let print = listed[0]["custom"].as_str().unwrap();
    assert_eq!(home.run(&["token", "remove", print]).code, 0);
    assert_eq!(home.run(&["token", "remove", print]).code, 1);

    home.write("proxy_tokens.json", r#"{"theirs": "AQAtheirs"}"#);
    let run = home.feed(&["token", "validate", "-", "--tokens", "proxy_tokens.json"], b"theirs");
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn after_a_new_login_the_proxys_tokens_are_renewed_and_those_of_others_stay() {
    let home = Home::new();
    let tokens = ".config/bambu/proxy_tokens.json";
    let renew = |more: &[&str]| home.run(&[&["token", "renew"], more].concat());
    let file = || std::fs::read_to_string(home.path().join(tokens)).unwrap();
    home.write(".bambu_token", r#"{"token":"AQAnew"}"#);
    home.write(tokens, r#"{"a": "AQAold", "b": "AQAold", "c": "AQAnew"}"#);
    let run = renew(&[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.starts_with("2 renewed") && !file().contains("AQAold"), "{}", run.stdout);
    assert!(renew(&[]).stdout.starts_with("0 renewed"));
    // Whose login it was that ended, nobody can see in a token.
    home.write(tokens, r#"{"a": "AQAold", "b": "AQAfriend", "c": "AQAnew"}"#);
    let run = renew(&[]);
    assert!(run.code == 2 && run.stderr.contains("bambu token list"), "{}", run.stderr);
    let listed = home.run(&["token", "list", "--json"]).documents()[0].clone();
    let old = listed[0]["real"].as_str().unwrap();
    assert_eq!(renew(&["sha256:00000000"]).code, 1);
    assert!(renew(&[old]).stdout.starts_with("1 renewed"));
    assert!(file().contains("AQAfriend") && !file().contains("AQAold"));
}

#[test]
fn the_tokens_are_those_that_the_config_file_names_else_this_folders_else_beside_it() {
    let home = Home::new();
    let path = || {
        let run = home.run(&["config", "show", "--json"]);
        let shown: Value = serde_json::from_str(&run.stdout).unwrap();
        let path = shown["proxy_tokens"]["value"].as_str().unwrap().to_owned();
        (path, shown["proxy_tokens"]["source"].as_str().unwrap().to_owned())
    };
    let is = |count| {
        let listed = home.run(&["token", "list", "--json"]);
        assert_eq!(listed.documents()[0].as_array().unwrap().len(), count, "{}", listed.stderr);
    };
    assert_eq!(path().1, "default");
    assert!(path().0.ends_with(".config/bambu/proxy_tokens.json"));
    is(0);
    home.write("proxy_tokens.json", r#"{"theirs": "AQAtheirs"}"#);
    assert_eq!(path(), ("proxy_tokens.json".to_owned(), "working folder".to_owned()));
    is(1);
    home.write(".config/bambu/bambu.toml", "[proxy]\ntokens_file = \"mine.json\"\n");
    home.write(".config/bambu/mine.json", r#"{"a": "AQA", "b": "AQA"}"#);
    assert_eq!(path().1, "config file");
    assert!(path().0.ends_with(".config/bambu/mine.json"), "relative to the file that names it");
    is(2);
}

#[cfg(unix)]
#[test]
fn a_link_to_a_session_is_not_forgotten_since_its_end_would_keep_the_token() {
    let home = Home::new();
    home.write("real", r#"{"token":"AQA"}"#);
    let link = home.path().join(".bambu_token");
    std::os::unix::fs::symlink(home.path().join("real"), &link).unwrap();
    let run = home.run(&["logout", "--api-url", "http://127.0.0.1:1"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.stderr);
    assert!(run.stderr.contains("name the file that it leads to"), "{}", run.stderr);
    assert!(link.is_symlink());
}

#[test]
fn a_login_that_is_renewed_while_the_servers_run_is_taken_by_them() {
    let world = World::start(&[]);
    let save = |token: &str| {
        let new = serde_json::json!({"region": "global", "token": token}).to_string();
        world.home.write(".bambu_token", &new);
    };
    save("AQAdead");
    world.home.write(
        ".config/bambu/bambu.toml",
        "[proxy]\nrate_limit = \"off\"\n[proxy.strict]\nlisten = \"127.0.0.1:0\"\n[compat]\nlisten = \"127.0.0.1:0\"\n\
         [[proxy.token]]\nname = \"alice\"\ntoken = \"hers\"\n",
    );
    // An empty variable counts as not set.
    let servers = Serving::run(world.command(&["serve"]).env("BAMBU_TOKEN", ""), &world);
    let bind = servers.url("proxy_strict", "/v1/iot-service/api/user/bind");
    let dead = get(&bind, Some("hers"));
    assert_eq!((dead.status, &dead.json()["cause"]), (502, &"auth".into()));
    save(&world.text("/account/token"));
    until(|| get(&bind, Some("hers")).status == 200);
    // Whoever is signed in elsewhere may still have tokens of this region in the file.
    let region = ["proxy", "strict", "--region", "china", "--listen", "127.0.0.1:0"];
    let elsewhere = Serving::run(world.command(&region).env("BAMBU_TOKEN", ""), &world);
    until(|| elsewhere.log().contains("the saved login is for the region global"));
    assert_eq!(get(&elsewhere.url("proxy_strict", "/health"), None).status, 200);

    let status = servers.url("compat", "/api/v1/status");
    until(|| {
        let answer = get(&status, None);
        answer.status == 200 && answer.json().to_string().contains("gcode_state")
    });
}
