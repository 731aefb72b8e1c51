//! `bambu proxy` over a simulated world: who may ask, what is answered, how it ends and comes back.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{
    http::{self, get, request},
    run::{Home, Run},
    serving::Serving,
    until,
    world::World,
};

const BIND: &str = "/v1/iot-service/api/user/bind";

/// A token for the account of this world.
fn token(world: &World) -> String {
    let run = world.run(&["token", "add", "--generate"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    run.stdout.trim().to_owned()
}

fn strict<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["proxy", "strict", "--listen", "127.0.0.1:0"], more].concat()
}

#[test]
fn whoever_shows_a_token_reads_the_account_without_its_secrets() {
    let world = World::start(&[]);
    let custom = token(&world);
    let proxy = Serving::start(&world, &strict(&["-v", "--log-format", "json"]));
    assert_eq!(proxy.faces(), 1);
    let url = proxy.url("proxy_strict", BIND);

    let answer = get(&url, Some(&custom));
    assert_eq!(answer.status, 200, "{answer:?}");
    let devices = answer.json()["devices"].clone();
    assert_eq!(devices.as_array().unwrap().len(), 3);
    assert_eq!(devices[0]["dev_access_code"], "********");
    assert!(answer.header("x-ratelimit-remaining").is_some(), "{answer:?}");
    let id = answer.header("x-request-id").unwrap().to_owned();
    for bad in [None, Some("somebody"), Some(world.text("/account/token").as_str())] {
        let answer = get(&url, bad);
        assert_eq!(answer.status, 401, "{answer:?}");
        assert!(answer.json()["message"].is_string());
    }
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        assert_eq!(request(method, &url, Some(&custom), "{}").status, 405, "{method}");
    }
    let health = get(&proxy.url("proxy_strict", "/health"), None);
    assert_eq!((health.status, &health.json()["mode"]), (200, &Value::from("strict")));
    let metrics = get(&proxy.url("proxy_strict", "/metrics"), None);
    assert!(metrics.body.contains("bambu_requests_total"), "{metrics:?}");

    let (_, _, code) = world.printer();
    for secret in [&custom, &world.text("/account/token"), &code] {
        for text in [&answer.body, &metrics.body, &proxy.log()] {
            assert!(!text.contains(secret.as_str()), "{text}");
        }
    }
    let log = proxy.log();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let access = lines.iter().filter(|line| line["target"] == "bambu_server::access");
    assert!(access.count() >= 9, "{log}");
    assert!(log.contains(&id), "{log}");
}

#[test]
fn the_full_proxy_lets_a_write_through_and_says_what_the_cloud_said() {
    let world = World::start(&[]);
    let custom = token(&world);
    let proxy = Serving::start(&world, &["proxy", "full", "--listen", "127.0.0.1:0"]);
    let (serial, ..) = world.printer();
    let body = format!(r#"{{"dev_id":"{serial}","dev_name":"renamed"}}"#);
    let url = proxy.url("proxy_full", "/v1/iot-service/api/user/device/info");
    let answer = request("PATCH", &url, Some(&custom), &body);
    assert!((200..300).contains(&answer.status), "{answer:?}");
    let devices = get(&proxy.url("proxy_full", BIND), Some(&custom)).json();
    let names: Vec<_> =
        devices["devices"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert!(names.contains(&&Value::from("renamed")), "{names:?}");
    let refused = get(&proxy.url("proxy_full", "/v1/no-such-service/x"), Some(&custom));
    assert_eq!((refused.status, &refused.json()["error"]), (502, &"API request failed".into()));
}

#[test]
fn the_seeds_tokens_in_the_working_folder_are_found_and_a_change_is_taken_while_it_runs() {
    let world = World::start(&[]);
    let real = world.text("/account/token");
    let write = |text: &str| world.home.write("proxy_tokens.json", text);
    write(&format!(r#"{{"one": "{real}"}}"#));
    let proxy = Serving::start(&world, &strict(&["--rate-limit", "off"]));
    let status = |token: &str| get(&proxy.url("proxy_strict", BIND), Some(token)).status;
    assert_eq!((status("one"), status("two")), (200, 401));
    let added = world
        .home
        .feed(&["token", "add", "-", "--token", "-"], format!("{real}\ntwo\n").as_bytes());
    assert_eq!(added.code, 0, "{}", added.stderr);
    until(|| status("two") == 200);
    write("{broken");
    until(|| proxy.log().contains("proxy_tokens.json"));
    assert_eq!((status("one"), status("two")), (200, 200), "what was known stays");
    assert_eq!(proxy.log().matches("proxy_tokens.json").count(), 1, "{}", proxy.log());
    write(&format!(r#"{{"two": "{real}"}}"#));
    until(|| status("one") == 401);
    assert_eq!(status("two"), 200);
}

#[cfg(unix)]
#[test]
fn asked_to_end_it_finishes_what_runs_and_killed_it_is_back_at_once() {
    let world = World::start(&["--state", "printing"]);
    let custom = token(&world);
    let mut proxy = Serving::start(&world, &strict(&[]));
    let (serial, ..) = world.printer();
    let device = "/v1/iot-service/api/user/device/realtime";
    let start = |proxy: &Serving| {
        let url = proxy.url("proxy_strict", &format!("{device}/start"));
        request("POST", &url, Some(&custom), &format!(r#"{{"device_id":"{serial}"}}"#))
    };
    let started = start(&proxy);
    assert_eq!((started.status, &started.json()["status"]), (200, &"started".into()));
    let stream = proxy.url("proxy_strict", &format!("{device}/stream?device_id={serial}"));
    let mut reader = http::ask("GET", &stream, Some(&custom), "");
    reader.until("event: snapshot");

    // The port is free again and known: the same process comes back to the same address.
    let address = proxy.url("proxy_strict", "").replace("http://", "");
    proxy.kill();
    let began = Instant::now();
    let mut proxy = Serving::start(&world, &["proxy", "strict", "--listen", &address]);
    assert_eq!(get(&proxy.url("proxy_strict", "/health"), None).status, 200);
    assert_eq!(get(&proxy.url("proxy_strict", BIND), Some(&custom)).status, 200);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let realtime = proxy.url("proxy_strict", &format!("{device}?device_id={serial}"));
    assert_eq!(get(&realtime, Some(&custom)).status, 404, "a session is not kept");
    assert_eq!(start(&proxy).json()["status"], "started");

    let mut reader = http::ask("GET", &stream, Some(&custom), "");
    reader.until("event: snapshot");
    let began = Instant::now();
    proxy.ask_to_end();
    reader.end();
    assert_eq!(proxy.ended().code(), Some(0), "{}", proxy.log());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn what_keeps_a_server_from_starting_is_said_with_the_next_step() {
    let home = Home::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    home.write("placeholder.json", r#"{"a": "YOUR_REAL_BAMBU_CLOUD_TOKEN_HERE"}"#);
    home.write("broken.json", r#"{"a": "AQAsecret""#);
    home.write("legacy.json", r#"{"cloud_token": "YOUR_BAMBU_CLOUD_TOKEN_HERE", "devices": []}"#);
    for (code, arguments, hint) in [
        (1, &["proxy", "strict", "--listen", &address][..], "free that port"),
        (2, &strict(&["--tokens", "placeholder.json"]), "YOUR_REAL_BAMBU_CLOUD_TOKEN_HERE"),
        (2, &strict(&["--tokens", "broken.json"]), "broken.json"),
        (2, &["compat", "--listen", "127.0.0.1:0", "--config", "legacy.json"], "legacy.json"),
        (2, &["compat", "--listen", "127.0.0.1:0", "--config", "nowhere.json"], "nowhere.json"),
    ] {
        let mut command = home.command(arguments);
        let run = Run::of(command.env("BAMBU_API_URL", "http://127.0.0.1:1"));
        assert_eq!(run.code, code, "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(hint), "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains("next: "), "{arguments:?}: {}", run.stderr);
        assert!(!run.stderr.contains("AQAsecret"));
    }
}
