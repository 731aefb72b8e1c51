//! What is in `deploy/`: the example configs are judged by `settings.rs`, the unit by systemd.

use std::{path::Path, process::Command};

use crate::run::Home;

/// What `systemd-analyze` says, where there is one; the unit's program is replaced by one that is
/// here.
fn analyzed(home: &Home, arguments: &[&str]) -> Option<(bool, String)> {
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/systemd/bambu@.service");
    let unit = std::fs::read_to_string(unit).unwrap();
    assert!(unit.contains("ExecStart=/usr/local/bin/bambu "));
    home.write(
        "bambu@proxy.service",
        &unit.replace("/usr/local/bin/bambu", env!("CARGO_BIN_EXE_bambu")),
    );
    let mut command = Command::new("systemd-analyze");
    command.args(arguments).arg("./bambu@proxy.service").current_dir(home.path());
    let output = command.output().ok()?;
    let text = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
}

#[test]
fn systemd_understands_the_unit_and_finds_little_that_it_exposes() {
    let home = Home::new();
    let Some((good, text)) = analyzed(&home, &["verify"]) else {
        println!("skipped: there is no systemd-analyze here");
        return;
    };
    // It judges all units that it loads; those of others are no matter of ours.
    let ours: Vec<_> = text.lines().filter(|line| line.contains("bambu")).collect();
    assert!(good && ours.is_empty(), "{text}");
    // From 0 to 100; what systemd calls OK ends at 50.
    let judged = analyzed(&home, &["security", "--offline=true", "--threshold=20"]).unwrap();
    // Older ones cannot judge a file.
    if !judged.1.contains("unrecognized option") {
        assert!(judged.0, "{}", judged.1);
    }
}
