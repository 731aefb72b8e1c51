//! The seeds' command names, completions and manual pages.

use crate::run::{Home, bambu};

#[cfg(unix)]
#[test]
fn the_binary_answers_to_the_seeds_names() {
    let home = Home::new();
    let call = |name: &str, arguments: &[&str]| {
        let link = home.path().join(name);
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_bambu"), &link).unwrap();
        let output = std::process::Command::new(&link)
            .args(arguments)
            .env_clear()
            .env("HOME", home.path())
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, stderr) = call("bambu-query", &["TOKEN", "--projects"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("--projects") && stderr.contains("later release"), "{stderr}");
    let (code, stderr) = call("bambu-monitor", &["u_1", "TOKEN", "no-such-name", "--help"]);
    assert_eq!(code, Some(0), "{stderr}");
    let (code, stderr) = call("bambu-login", &[]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("next: "), "{stderr}");
}

#[test]
fn completions_exist_for_the_usual_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let run = bambu(&["completions", shell]);
        assert_eq!(run.code, 0);
        assert!(run.stdout.contains("monitor"), "{shell}");
    }
}

#[test]
fn every_verb_has_a_manual_page() {
    let home = Home::new();
    assert_eq!(home.run(&["man", "pages"]).code, 0);
    for page in ["bambu.1", "bambu-decode.1", "bambu-query.1", "bambu-monitor.1"] {
        let text = std::fs::read_to_string(home.path().join("pages").join(page)).unwrap();
        assert!(text.contains(".TH"), "{page}");
    }
}
