//! The whole way through the cloud as the README tells it: log in, ask, upload, print, watch it
//! print, and find it in the history. How each login can fail is in `login.rs`.

use std::{
    io::{Cursor, Write as _},
    process::{Command, Stdio},
};

use serde_json::Value;
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    run::Run,
    world::{Running, World},
};

/// A 3MF with one sliced plate, as a slicer exports it.
fn sliced() -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [
        ("[Content_Types].xml", "<Types/>".to_owned()),
        ("3D/3dmodel.model", "<model/>".to_owned()),
        ("Metadata/plate_1.gcode", "G28\nG1 X10 Y10 E1\n".repeat(20_000)),
    ] {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A world, and somebody in it who has only what the README says.
struct Maker(World);

impl Maker {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.0.command(arguments);
        command.env_remove("BAMBU_TOKEN");
        command
    }

    /// A call that has to succeed.
    fn run(&self, arguments: &[&str]) -> Run {
        let run = Run::of(self.command(arguments));
        assert_eq!(run.code, 0, "{arguments:?}: {}{}", run.stdout, run.stderr);
        run
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(&[arguments, &["--json"]].concat()).stdout).unwrap()
    }

    /// Logs in to an account, typing its code where it has one, and shows that the cloud knows who
    /// that is.
    fn logs_in(&self, account: &str, arguments: &[&str], code: Option<&str>) {
        let of = |key: &str| self.0.text(&format!("{account}/{key}"));
        let mut command = self.command(&[&["login", "--force"], arguments].concat());
        if arguments.contains(&"--username") {
            command.env("BAMBU_PASSWORD", of("password"));
        }
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut keyboard = child.stdin.take().unwrap();
        // A login that wants no code may have ended already.
        let _ = writeln!(keyboard, "{}", code.map(of).unwrap_or_default());
        drop(keyboard);
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {told}");
        let profile = self.json(&["query", "--profile"]);
        assert_eq!(profile["uid"], of("uid").as_str(), "{arguments:?}");
    }
}

#[test]
fn a_file_goes_from_disk_through_the_cloud_onto_the_printer_and_into_the_history() {
    let world = World::start(&["--printers", "2", "--models", "P1S", "--speed", "600"]);
    let maker = Maker(world);
    let text = |place: &str| maker.0.text(place);

    maker.logs_in("/accounts/0", &["--username", &text("/accounts/0/email")], None);
    let authenticator = ["--username", &text("/accounts/1/email")];
    maker.logs_in("/accounts/1", &authenticator, Some("totp_code"));
    let china = ["--region", "china", "--phone", &text("/accounts/2/phone")];
    maker.logs_in("/accounts/2", &china, Some("email_code"));
    let email = text("/account/email");
    let with_password = ["--region", "global", "--username", &email];
    maker.logs_in("/account", &with_password, Some("email_code"));
    maker.logs_in("/account", &["--email", &email], Some("email_code"));
    maker.run(&["login", "--verify"]);

    let printers = maker.json(&["query"]);
    assert_eq!(printers.as_array().unwrap().len(), 2);
    let before = maker.json(&["query", "--tasks"]).as_array().unwrap().len();

    std::fs::write(maker.0.home.path().join("cube.gcode.3mf"), sliced()).unwrap();
    let uploaded = maker.run(&["upload", "cube.gcode.3mf", "--json"]);
    assert!(!uploaded.stdout.contains("Signature"), "{}", uploaded.stdout);
    let size = sliced().len() as u64;
    assert_eq!(serde_json::from_str::<Value>(&uploaded.stdout).unwrap()["size_bytes"], size);

    let watching = Running::start(maker.command(&["monitor", "P1S 2", "--json"]));
    watching.wait_for("\"idle\"");
    maker.run(&["print", "cube.gcode.3mf", "P1S 2", "--cloud"]);
    for state in ["running", "finished"] {
        let line = watching.wait_for(&format!("\"state\":\"{state}\""));
        assert!(line.contains("cube"), "{line}");
    }

    let tasks = maker.json(&["query", "--tasks"]);
    assert_eq!(tasks.as_array().unwrap().len(), before + 1, "one wish is one task");
    let serial = maker.0.text("/printers/1/serial");
    assert!(tasks[0].to_string().contains(&serial), "{}", tasks[0]);
    assert!(maker.run(&["query", "--tasks"]).stdout.contains("cube"));
    maker.run(&["logout"]);
    assert_eq!(Run::of(maker.command(&["query"])).code, 4);
}
