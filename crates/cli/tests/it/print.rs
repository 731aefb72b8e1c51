//! `upload` and `print --cloud` against a simulated world: from the file to the printer that prints.

use std::{
    io::{Cursor, Write as _},
    process::Command,
};

use serde_json::Value;
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    run::{Home, Run},
    world::{Running, World},
};

/// A world with a sliced file in its home.
fn world(arguments: &[&str]) -> World {
    let world = World::start(arguments);
    std::fs::write(world.home.path().join("cube.gcode.3mf"), sliced()).unwrap();
    world
}

/// A 3MF whose first plate is sliced.
fn sliced() -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let gcode = "; HEADER_BLOCK_START\nG28\n".to_owned() + &"G1 X10 Y10 E1\n".repeat(5_000);
    for (name, text) in [
        ("[Content_Types].xml", "<Types/>"),
        ("3D/3dmodel.model", "<model/>"),
        ("Metadata/plate_1.png", "picture"),
        ("Metadata/plate_1.gcode", &gcode),
    ] {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn json(run: &Run) -> Value {
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn a_file_is_uploaded_and_told_with_the_seeds_fields() {
    let world = world(&[]);
    let run = world.run(&["upload", "cube.gcode.3mf", "--name", "box.3mf", "--json"]);
    let told = json(&run);
    assert_eq!(told["file_name"], "box.3mf");
    assert_eq!(told["size_bytes"], sliced().len());
    assert_eq!(told["status_code"], 200);
    let url = told["file_url"].as_str().unwrap();
    assert!(url.starts_with(&world.text("/store/url")) && url.ends_with("/box.3mf"), "{url}");
    // Nobody watches: no bar.
    assert_eq!(run.stderr, "");
    let md5 = told["md5"].as_str().unwrap();
    let run = world.run(&["print", url, "P1S", "--cloud"]);
    assert!(run.code == 2 && run.stderr.contains("--md5 MD5"), "{}", run.stderr);
    let printed = json(&world.run(&["print", url, "P1S", "--cloud", "--md5", md5, "--json"]));
    assert_eq!((&printed["title"], &printed["shown"]), (&"box".into(), &true.into()));
    let run = world.run(&["upload", "cube.gcode.3mf"]);
    assert!(run.code == 0 && run.stdout.contains("MD5") && !run.stdout.contains('?'), "{run:?}");
}

#[test]
fn a_print_over_the_cloud_is_shown_by_its_printer_and_by_the_history() {
    let world = world(&["--speed", "1"]);
    let run = world.run(&["print", "cube.gcode.3mf", "P1S 1", "--cloud", "--title", "a cube"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for step in ["creating a project", "uploading the sliced file", "creating the task"] {
        assert!(run.stderr.contains(step), "{}", run.stderr);
    }
    let row = run.stdout.lines().find(|line| line.starts_with("Job")).unwrap();
    let job = row.split_whitespace().last().unwrap();
    let tasks = json(&world.run(&["query", "--tasks", "--json"]));
    let task = tasks.as_array().unwrap().iter().find(|task| task["id"] == job);
    assert_eq!(task.unwrap_or_else(|| panic!("{tasks}"))["title"], "a cube");
    let (serial, ..) = world.printer();
    let status = json(&world.run(&["query", "--status", &serial, "--json"]));
    assert!(status.to_string().contains("a cube"), "{status}");

    let run = world.run(&["print", "cube.gcode.3mf", "P1S 1", "--cloud"]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains("has a job already") && run.stderr.contains("--force"));

    // What is in the cloud is printed by its name, without a file here.
    let run = world.run(&["print", "a cube", "X1C 1", "--cloud", "--ams-map", "A1", "--json"]);
    let started = json(&run);
    assert_eq!((&started["shown"], &started["plate"]), (&true.into(), &1.into()));
    assert!(started["job_id"].as_str().is_some_and(|id| id != job), "{started}");
}

#[test]
fn what_the_cloud_refuses_is_told_with_the_way_out_and_what_is_left() {
    let world = world(&[]);
    let print = |more: &[&str]| {
        world.run(&[&["print", "cube.gcode.3mf", "P1S 1", "--cloud"], more].concat())
    };
    world.put("/faults/vendor-gate");
    let run = print(&[]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    for words in ["vendor's own programs", "Developer Mode", "(project 3"] {
        assert!(run.stderr.contains(words), "{}", run.stderr);
    }
    world.put("/faults/upload-failed");
    let run = print(&[]);
    assert!(run.code == 3 && run.stderr.contains("cannot process"), "{run:?}");
    world.put("/faults/no-cloud-storage");
    for run in [print(&[]), world.run(&["upload", "cube.gcode.3mf"])] {
        assert!(run.code == 3 && run.stderr.contains("local network"), "{run:?}");
    }
    // A dry run makes nothing, so that nothing refuses it.
    let run = print(&["--dry-run", "--json"]);
    let task = json(&run);
    assert_eq!((&task["plateIndex"], &task["modelId"]), (&1.into(), &Value::Null));
    world.put("/faults/dead-token");
    for run in [print(&[]), world.run(&["upload", "cube.gcode.3mf"])] {
        assert!(run.code == 4 && run.stderr.contains("next: BAMBU_TOKEN goes before"), "{run:?}");
    }
}

#[test]
fn an_upload_that_is_cut_every_time_ends_and_says_how_far_it_came() {
    let world = world(&["--fault", "cut-upload"]);
    let run = world.run(&["upload", "cube.gcode.3mf"]);
    assert_eq!(run.code, 5, "{run:?}");
    assert!(run.stderr.contains("bytes") && run.stderr.contains("send it again"), "{run:?}");
}

#[test]
fn what_cannot_be_printed_is_refused_before_anything_is_sent() {
    let home = Home::new();
    std::fs::write(home.path().join("cube.3mf"), sliced()).unwrap();
    home.write("page.stl", "<!DOCTYPE html><html>");
    let run = home.run(&["print", "cube.3mf"]);
    assert!(run.code == 4 && run.stderr.contains("--cloud"), "{run:?}");
    let run = home.run(&["print", "cube.3mf", "--cloud", "--setting", "layer_height=0.2"]);
    assert!(run.code == 2 && run.stderr.contains("layer_height cannot be set"), "{run:?}");
    let run = home.run(&["print", "cube.3mf", "--cloud", "--bed-type", "marble"]);
    assert_eq!(run.code, 2, "{run:?}");
    let run = home.run(&["print", "cube.3mf", "--cloud"]);
    assert!(run.code == 4 && run.stderr.contains("not logged in"), "{run:?}");

    let world = world(&[]);
    let run = world.run(&["print", "cube.gcode.3mf", "P1S 1", "--cloud", "--plate", "2"]);
    assert!(run.code == 2 && run.stderr.contains("plate 2 is not sliced, plate 1 is"), "{run:?}");
    let run = world.run(&["print", "gone.3mf", "P1S 1", "--cloud"]);
    assert!(run.code == 2 && run.stderr.contains("no file gone.3mf"), "{run:?}");
    let run = world.run(&["print", "cube.gcode.3mf", "--cloud"]);
    assert!(run.code == 2 && run.stderr.contains("name one after the file"), "{run:?}");
    world.home.write("page.stl", "<!DOCTYPE html><html>");
    let run = world.run(&["upload", "page.stl"]);
    assert!(run.code == 2 && run.stderr.contains("page.stl is no STL"), "{run:?}");
    assert!(json(&world.run(&["query", "--projects", "--json"])).as_array().unwrap().is_empty());
}

#[cfg(unix)]
#[test]
fn a_print_that_is_interrupted_says_what_was_left() {
    use std::io::{BufRead as _, BufReader};

    let world = world(&["--fault", "upload-stuck"]);
    let mut command = world.command(&["print", "cube.gcode.3mf", "P1S 1", "--cloud"]);
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("has processed it")));
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let rest: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let told = rest.join("\n");
    assert!(told.contains("nothing prints") && told.contains("(project 3"), "{told}");
    assert!(json(&world.run(&["query", "--tasks", "--json"])).as_array().unwrap().is_empty());
}

#[test]
fn a_monitor_follows_the_print_that_another_call_started() {
    let world = world(&["--speed", "60"]);
    let run = world.run(&["print", "cube.gcode.3mf", "P1S 1", "--cloud", "--no-wait"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let (serial, ..) = world.printer();
    let monitor = Running::start(world.command(&["monitor", &serial, "--json"]));
    monitor.wait_for("\"cube\"");
}
