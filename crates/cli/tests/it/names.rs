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
            .env("BAMBU_API_URL", "http://127.0.0.1:1")
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, stderr) = call("bambu-query", &["TOKEN", "--projects"]);
    assert_eq!(code, Some(5), "{stderr}");
    assert!(stderr.contains("127.0.0.1:1 cannot be reached"), "{stderr}");
    let (code, stderr) = call("bambu-monitor", &["u_1", "TOKEN", "no-such-name", "--help"]);
    assert_eq!(code, Some(0), "{stderr}");
    let (code, stderr) = call("bambu-login", &["-v"]);
    assert_eq!(code, Some(4));
    assert!(stderr.contains("next: bambu login"), "{stderr}");
    let (code, stderr) = call("bambu-camera", &[]);
    assert_eq!(code, Some(4), "{stderr}");
    assert!(stderr.contains("next: "), "{stderr}");
}

#[test]
fn completions_exist_for_the_usual_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let run = bambu(&["completions", shell]);
        assert_eq!(run.code, 0);
        assert!(run.stdout.contains("monitor"), "{shell}");
        assert!(run.stdout.contains("clear-error"), "{shell}: the commands of control");
    }
}

#[test]
fn help_shows_only_what_is_of_use() {
    for (verb, connects) in [("query", true), ("monitor", true), ("demo", false), ("decode", false)]
    {
        let help = bambu(&[verb, "--help"]).stdout;
        assert_eq!(help.contains("--api-url"), connects, "{verb}: {help}");
        assert!(help.contains("--verbose"), "{verb}");
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

#[cfg(unix)]
#[test]
fn the_installer_puts_everything_in_place_again_and_away() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/install");
    let home = Home::new();
    home.write(".config/bambu/bambu.toml", "region = \"china\"\n");
    home.write(".bambu_token", "{}");
    home.write("prefix/share/man/man1/bambu-studio.1", "somebody else's");
    let install = |arguments: &[&str]| {
        let mut command = std::process::Command::new("sh");
        command.arg(script).args(["--prefix", "prefix"]).args(arguments);
        command.current_dir(home.path()).env("HOME", home.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let there = |name: &str| home.path().join("prefix").join(name).exists();
    let placed = [
        "bin/bambu",
        "bin/bambu-query",
        "bin/bambu-monitor",
        "bin/bambu-login",
        "share/man/man1/bambu-demo.1",
        "share/bash-completion/completions/bambu",
        "share/zsh/site-functions/_bambu",
        "share/fish/vendor_completions.d/bambu.fish",
    ];
    for _upgrade in 0..2 {
        install(&["--binary", env!("CARGO_BIN_EXE_bambu")]);
        assert!(placed.iter().all(|name| there(name)));
    }
    install(&["--uninstall"]);
    assert!(placed.iter().all(|name| !there(name)));
    assert!(there("share/man/man1/bambu-studio.1"));
    assert!(there("../.config/bambu/bambu.toml") && there("../.bambu_token"));
}
