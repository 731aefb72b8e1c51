//! `camera` against the cameras of a simulated world, the seeds' calls, and what keeps pictures away.

use std::process::{Command, Stdio};

use bambulab::{
    LanTarget, Options, Roots,
    camera::CameraKind,
    protocol::{AccessCode, Model, Serial},
};
use serde_json::Value;

use crate::{
    run::Run,
    until,
    world::{Running, World},
};

#[path = "../../../client/examples/camera.rs"]
#[expect(dead_code, reason = "its main is a program's")]
mod example;

/// A world of P1S and X1C, in turn, that are in the config file.
fn world(printers: &str) -> World {
    let world = World::start(&["--models", "P1S,X1C", "--printers", printers]);
    world.home.write(".config/bambu/bambu.toml", &world.on_lan());
    world
}

fn camera(world: &World, arguments: &[&str]) -> Command {
    world.command(&[&["camera"], arguments].concat())
}

fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xd8") && bytes.ends_with(b"\xff\xd9")
}

/// The files of a folder in the home, sorted by name.
fn saved(world: &World, folder: &str) -> Vec<(String, Vec<u8>)> {
    let Ok(files) = std::fs::read_dir(world.home.path().join(folder)) else { return Vec::new() };
    let named = |path: std::path::PathBuf| {
        (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap())
    };
    let mut files: Vec<_> = files.map(|file| named(file.unwrap().path())).collect();
    files.sort();
    files
}

#[tokio::test]
async fn the_snippets_of_the_python_library_have_twins_that_show_a_picture() {
    let world = world("2");
    let roots = Roots::public().with_pem_file(world.ca()).unwrap();
    let options = Options { roots, ..Options::default() };
    for (index, model, port, kind) in
        [(0, "P1S", "camera_port", CameraKind::Jpeg), (1, "X1C", "rtsps_port", CameraKind::H264)]
    {
        let of = |key: &str| world.text(&format!("/printers/{index}/{key}"));
        let code = AccessCode::new(&of("access_code"));
        let target = LanTarget {
            model: Model::from_name(model),
            camera_port: of(port).parse().ok(),
            ..LanTarget::new(Serial::new(&of("serial")).unwrap(), "127.0.0.1", code.clone())
        };
        let file = world.home.path().join("twin.jpg");
        let name = file.to_str().unwrap();
        let known = Some((target.clone(), options.clone()));
        let told = example::seeds("127.0.0.1", code, model, name, known).await.unwrap();
        match kind {
            CameraKind::Jpeg => assert!(is_jpeg(&std::fs::read(&file).unwrap()), "{told}"),
            CameraKind::H264 => {
                assert!(told.starts_with("rtsps://") && !told.contains(&of("access_code")));
            }
        }
        let _ = std::fs::remove_file(&file);
        assert_eq!(example::pictures(target, kind, options.clone(), name).await.unwrap(), 3);
        assert!(is_jpeg(&std::fs::read(&file).unwrap()), "{model}");
    }
}

#[cfg(unix)]
#[test]
fn the_seeds_camera_tool_is_there_in_both_forms() {
    let world = world("2");
    let tool = world.home.path().join("bambu-camera");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_bambu"), &tool).unwrap();
    let (token, ca) = (world.text("/account/token"), world.ca());
    let call = |arguments: &[&str]| {
        let mut command = Command::new(&tool);
        command.args(arguments).env_clear().current_dir(world.home.path());
        command.env("HOME", world.home.path()).env("BAMBU_API_URL", world.text("/api_url"));
        command.env("BAMBU_CA_FILE", &ca);
        Run::of(command)
    };
    // By its address and an index: of the ports only those are given that are not the usual ones.
    let of = |index: usize, key: &str| world.text(&format!("/printers/{index}/{key}"));
    let ports = |index| {
        let camera = ["camera_port", "rtsps_port"].map(|key| of(index, key));
        let camera = camera.into_iter().find(|port| port != "null").unwrap();
        ["--mqtt-port".to_owned(), of(index, "mqtt_port"), "--camera-port".to_owned(), camera]
    };
    let ports = [ports(0), ports(1)];
    let ports = ports.each_ref().map(|ports| ports.each_ref().map(String::as_str));
    let rest = ["--device", "0", "--save", "first", "--max-frames", "2", "--no-display"];
    let run = call(&[&[&token, "--ip", "127.0.0.1"], &rest[..], &ports[0]].concat());
    let pictures = saved(&world, "first");
    assert!(run.code == 0 && pictures.len() == 2, "{run:?}");
    assert!(pictures.iter().all(|(_, bytes)| is_jpeg(bytes)), "{run:?}");
    // By the account alone; where it stands tells the config file.
    let rest = ["--device", "0", "--code", &of(0, "access_code"), "--model", "P1S"];
    let rest = [&rest[..], &["--save", "second", "--max-frames", "1"]].concat();
    let run = call(&[&["--token", &token], &rest[..]].concat());
    assert!(run.code == 0 && saved(&world, "second").len() == 1, "{run:?}");
    // Without --save it tells the address of a stream.
    let run = call(&[&["--token", &token, "--device", "1"], &ports[1][..]].concat());
    assert!(run.code == 0 && run.stdout.contains("rtsps://"), "{run:?}");
    assert!(!format!("{run:?}").contains(&of(1, "access_code")), "{run:?}");
    let run = call(&["--token", &token, "--device", "7"]);
    assert!(run.code == 2 && run.stderr.contains("next: "), "{run:?}");
}

#[test]
fn each_way_to_see_nothing_has_its_exit_code_and_a_next_step() {
    let world = world("4");
    let fault = |index: usize, fault: &str| {
        world.put(&format!(
            "/printers/{}/faults/{fault}",
            world.text(&format!("/printers/{index}/serial"))
        ));
    };
    fault(0, "camera-off");
    fault(1, "liveview-off");
    fault(2, "wrong-code");
    let told = |printer: &str, code: i32, text: &str| {
        let run = Run::of(camera(&world, &[printer, "snapshot", "no.jpg", "--timeout", "12"]));
        assert!(run.code == code && run.stderr.contains(text), "{printer}: {run:?}");
        assert!(run.stderr.contains("next: "), "{printer}: {run:?}");
    };
    told("P1S 1", 3, "reports no camera");
    told("X1C 1", 3, "LAN Mode Liveview");
    told("P1S 2", 4, "access code");
    // Somebody else looks.
    let mut command = camera(&world, &["X1C 2", "save", "film"]);
    command.stderr(Stdio::null());
    let viewer = Running::start(command);
    until(|| saved(&world, "film").len() > 1);
    told("X1C 2", 3, "one viewer at a time");
    #[cfg(unix)]
    assert_eq!(viewer.terminate(), Some(0));
    let files = saved(&world, "film");
    let (film, pictures) = files.split_first().unwrap();
    assert!(film.0 == "camera.h264" && film.1.starts_with(&[0, 0, 0, 1]), "{}", film.0);
    assert!(pictures.iter().all(|(_, bytes)| is_jpeg(bytes)), "whole files alone");
    assert!(!world.home.path().join("no.jpg").exists());
}

#[test]
fn a_picture_goes_where_it_is_wanted_and_an_address_hides_its_code() {
    let world = world("2");
    let output = camera(&world, &["P1S 1", "snapshot", "-"]).output().unwrap();
    assert!(is_jpeg(&output.stdout), "{}", String::from_utf8_lossy(&output.stderr));
    let missing = Run::of(camera(&world, &["P1S 1", "snapshot", "no/such/now.jpg"]));
    assert!(missing.code == 1 && missing.stderr.contains("no/such"), "{missing:?}");
    let code = world.text("/printers/1/access_code");
    let url = |more: &[&str]| Run::of(camera(&world, &[&["X1C 1", "url"], more].concat()));
    let hidden = url(&[]);
    assert!(hidden.code == 0 && !format!("{hidden:?}").contains(&code), "{hidden:?}");
    let shown = url(&["--show-code"]);
    assert!(shown.stdout.starts_with("rtsps://bblp:") && shown.stdout.contains(&code), "{shown:?}");
    let told: Value = serde_json::from_str(&url(&["--json"]).stdout).unwrap();
    assert!(told["url"].as_str().unwrap().starts_with("rtsps://") && told["kind"] == "h264");
    let several = Run::of(camera(&world, &["snapshot", "now.jpg"]));
    assert!(several.code == 2 && several.stderr.contains("X1C 1"), "{several:?}");
}

#[cfg(unix)]
#[test]
fn a_call_that_waits_for_a_picture_ends_when_it_is_told_to() {
    let world = world("1");
    let serial = world.text("/printers/0/serial");
    world.put(&format!("/printers/{serial}/faults/camera-freeze"));
    let began = std::time::Instant::now();
    let mut command = camera(&world, &[&serial, "snapshot", "no.jpg", "--timeout", "600", "-vv"]);
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(2));
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(began.elapsed() < crate::world::PATIENCE);
}
