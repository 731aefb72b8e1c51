//! `bambu proxy` over a simulated world: who may ask, what is answered, how it ends and comes back.

use crate::run::{Home, Run};

fn strict<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["proxy", "strict", "--listen", "127.0.0.1:0"], more].concat()
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
