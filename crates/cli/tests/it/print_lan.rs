//! `print` and `files` over the local network of a simulated world: from the file to the layers.

use std::{
    io::{Cursor, Write as _},
    process::Command,
};

use bambulab::{
    LanTarget, Options, Roots,
    protocol::{AccessCode, Serial},
};
use serde_json::Value;
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    run::Run,
    world::{Running, World},
};

#[path = "../../../client/examples/print.rs"]
#[expect(dead_code, reason = "its main is a program's")]
mod example;

/// A 3MF for this model with one plate of one filament.
fn sliced(model: &str, material: &str) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let gcode = format!(
        "; HEADER_BLOCK_START\n; total layer number: 40\n; HEADER_BLOCK_END\nG28\n{}",
        "G1 X10 Y10 E1\n".repeat(5_000)
    );
    let slice = format!(
        r##"<config><plate><metadata key="index" value="1"/>
        <metadata key="printer_model_id" value="{model}"/>
        <metadata key="nozzle_diameters" value="0.4"/><metadata key="prediction" value="600"/>
        <metadata key="weight" value="3.50"/><filament id="1" tray_info_idx="GFA00"
        type="{material}" color="#FFFFFF" used_m="1.2" used_g="3.5"/></plate></config>"##
    );
    for (name, text) in [
        ("[Content_Types].xml", "<Types/>"),
        ("3D/3dmodel.model", "<model/>"),
        ("Metadata/slice_info.config", slice.as_str()),
        ("Metadata/plate_1.gcode", &gcode),
    ] {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A world whose printers are in a config file, and files for an A1 mini and a P1S.
fn world(arguments: &[&str]) -> World {
    let world = World::start(arguments);
    let mut config = String::new();
    for printer in world.ready["printers"].as_array().unwrap() {
        config += "[[printer]]\nhost = \"127.0.0.1\"\n";
        for key in ["serial", "name", "mqtt_port", "ftps_port", "access_code"] {
            config += &format!("{key} = {}\n", printer[key]);
        }
    }
    world.home.write("lan.toml", &config);
    for (name, model, material) in
        [("a1.gcode.3mf", "N1", "PLA"), ("p1.gcode.3mf", "C12", "PLA"), ("pc.3mf", "N1", "PPS-CF")]
    {
        std::fs::write(world.home.path().join(name), sliced(model, material)).unwrap();
    }
    world
}

/// Without an account: the local network alone.
fn command(world: &World, arguments: &[&str]) -> Command {
    let mut command = world.command(&[arguments, &["--config", "lan.toml"]].concat());
    command.env_remove("BAMBU_TOKEN");
    command
}

fn run(world: &World, arguments: &[&str]) -> Run {
    Run::of(command(world, arguments))
}

fn json(run: &Run) -> Value {
    assert_eq!(run.code, 0, "{run:?}");
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn a_file_is_uploaded_mapped_and_started_and_the_monitor_shows_its_layers() {
    let world = world(&["--models", "A1 mini", "--printers", "1", "--speed", "60"]);
    let plan = json(&run(&world, &["print", "a1.gcode.3mf", "--dry-run", "--json"]));
    assert_eq!(plan["outcome"], "planned");
    assert_eq!(plan["plan"]["request"]["url"], "ftp://a1.gcode.3mf");
    assert_eq!(plan["plan"]["mapping"][0]["tray_material"], "PLA");
    let listed = run(&world, &["files", "ls", "A1"]);
    assert!(listed.code == 0 && !listed.stdout.contains("a1.gcode.3mf"), "{listed:?}");
    let shown = run(&world, &["print", "a1.gcode.3mf", "--dry-run"]);
    assert!(shown.stdout.contains("to be uploaded") && shown.stdout.contains("PLA #FFFFFF"));

    let monitor = Running::start(command(&world, &["monitor", "A1 mini 1", "--json"]));
    let printed = json(&run(&world, &["print", "a1.gcode.3mf", "--printer", "A1 mini", "--json"]));
    assert_eq!((&printed["outcome"], &printed["job"]["shown"]), (&"printing".into(), &true.into()));
    let size = sliced("N1", "PLA").len();
    assert_eq!(printed["job"]["size"], size);
    monitor.wait_for("\"layer\":1");
    let files = json(&run(&world, &["files", "ls", "A1 mini 1", "--json"]));
    let listed = files.as_array().unwrap().iter().find(|file| file["name"] == "a1.gcode.3mf");
    assert_eq!(listed.unwrap()["size"], size);
}

#[test]
fn what_speaks_against_a_print_is_told_before_anything_is_sent() {
    let world = world(&["--models", "A1 mini", "--printers", "1", "--speed", "1"]);
    let print = |more: &[&str]| run(&world, &[&["print"], more].concat());
    for (arguments, code, words) in [
        (&["p1.gcode.3mf"][..], 3, "sliced for P1S"),
        (&["a1.gcode.3mf", "--plate", "2"], 2, "plate 2 is not sliced"),
        (&["pc.3mf"], 3, "PPS-CF"),
        (&["a1.gcode.3mf", "--ams-map", "C1"], 3, "C1"),
        (&["gone.3mf"], 2, "gone.3mf cannot be read"),
        (&["a1.gcode.3mf", "--skip", "7"], 2, "object 7"),
        (&["/cache/none.gcode.3mf", "--stored"], 3, "no file /cache/none.gcode.3mf"),
        (&["a1.gcode.3mf", "--ftps-port", "1"], 5, "cannot be reached"),
        (&["a1.gcode.3mf", "--access-code", "00000000"], 4, "refused the access code"),
    ] {
        let run = print(arguments);
        assert_eq!(run.code, code, "{arguments:?}: {run:?}");
        assert!(run.stderr.contains(words) && run.stderr.contains("next: "), "{run:?}");
    }
    let status = run(&world, &["query", "--status", "A1 mini 1", "--json"]);
    assert!(status.stdout.contains("\"idle\""), "{status:?}");
    // What may be overridden is.
    assert_eq!(print(&["p1.gcode.3mf", "--force"]).code, 0);
    let busy = print(&["a1.gcode.3mf"]);
    assert!(busy.code == 3 && busy.stderr.contains("--force"), "{busy:?}");
}

#[test]
fn one_file_goes_to_many_printers_and_one_that_is_away_delays_no_other() {
    let world = world(&["--models", "P1S,X1C", "--printers", "4", "--speed", "60"]);
    let config = std::fs::read_to_string(world.home.path().join("lan.toml")).unwrap();
    let port = world.text("/printers/0/mqtt_port");
    world
        .home
        .write("lan.toml", &config.replacen(&format!("mqtt_port = {port}"), "mqtt_port = 1", 1));
    let all = run(&world, &["print", "p1.gcode.3mf", "--all", "--json"]);
    assert_eq!(all.code, 5, "{all:?}");
    let mut outcomes: Vec<_> =
        all.documents().iter().map(|it| it["outcome"].as_str().unwrap().to_owned()).collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["failed", "printing", "printing", "printing"], "{all:?}");
    let put = run(&world, &["files", "put", "a1.gcode.3mf", "/cache/", "--all"]);
    assert_eq!(put.code, 0, "{put:?}");
    assert_eq!(put.stdout.matches("/cache/a1.gcode.3mf").count(), 4, "{put:?}");
}

#[test]
fn files_go_there_and_back() {
    let world = world(&["--models", "X1C", "--printers", "1"]);
    let files = |more: &[&str]| run(&world, &[&["files"], more].concat());
    let ok = |more: &[&str]| {
        let run = files(more);
        assert_eq!(run.code, 0, "{more:?}: {run:?}");
        run.stdout
    };
    assert!(ok(&["put", "X1C", "p1.gcode.3mf", "/two  words Ü.gcode.3mf"]).contains("stored"));
    assert!(
        ok(&["put", "X1C", "p1.gcode.3mf", "/two  words Ü.gcode.3mf", "--keep"]).contains("kept")
    );
    ok(&["mkdir", "X1C", "/box"]);
    ok(&["mv", "X1C", "/two  words Ü.gcode.3mf", "/box/cube.gcode.3mf"]);
    assert!(ok(&["ls", "X1C", "/box"]).contains("cube.gcode.3mf"));
    ok(&["get", "X1C", "/box/cube.gcode.3mf", "back.3mf"]);
    assert_eq!(std::fs::read(world.home.path().join("back.3mf")).unwrap(), sliced("C12", "PLA"));
    let again = files(&["get", "X1C", "/box/cube.gcode.3mf", "back.3mf"]);
    assert!(again.code == 2 && again.stderr.contains("--force"), "{again:?}");
    assert_eq!(files(&["rmdir", "X1C", "/box"]).code, 3);
    ok(&["rm", "X1C", "/box/cube.gcode.3mf"]);
    ok(&["rmdir", "X1C", "/box"]);
    ok(&["df", "X1C"]);
    let gone = files(&["rm", "X1C", "/box/cube.gcode.3mf"]);
    assert!(gone.code == 3 && gone.stderr.contains("next: "), "{gone:?}");
}

#[test]
fn what_a_path_is_is_told_as_it_is() {
    let world = world(&["--models", "X1C", "--printers", "1"]);
    let home = world.home.path();
    std::fs::create_dir(home.join("here")).unwrap();
    std::fs::write(home.join("back.3mf.part"), "mine").unwrap();
    for (arguments, code, words) in [
        (&["put", "X1C", "p1.gcode.3mf", "/cache/"][..], 0, ""),
        (&["put", "X1C", "p1.gcode.3mf", "/cache"], 3, "/cache is a folder"),
        (&["put", "X1C", "p1.gcode.3mf", "/cache/p1.gcode.3mf/x"], 3, "is a file"),
        (&["get", "X1C", "/cache"], 3, "/cache is a folder"),
        (&["get", "X1C", "/"], 2, "names no file"),
        (&["get", "X1C", "/", "back.3mf"], 3, "/ is a folder"),
        (&["rm", "X1C", "/cache"], 3, "/cache is a folder"),
        (&["ls", "X1C", "/cache/p1.gcode.3mf"], 3, "is a file"),
        (&["rmdir", "X1C", "/cache/p1.gcode.3mf"], 3, "is a file"),
        (&["get", "X1C", "/cache/p1.gcode.3mf", "none/back.3mf"], 2, "cannot write none"),
        (&["get", "X1C", "/cache/p1.gcode.3mf", "here"], 0, ""),
        (&["get", "X1C", "/cache/p1.gcode.3mf", "back.3mf"], 0, ""),
    ] {
        let run = run(&world, &[&["files"], arguments].concat());
        assert_eq!(run.code, code, "{arguments:?}: {run:?}");
        assert!(run.stderr.contains(words), "{arguments:?}: {run:?}");
        assert_eq!(run.stderr.contains("next: "), code != 0, "{run:?}");
    }
    assert_eq!(std::fs::read(home.join("here/p1.gcode.3mf")).unwrap(), sliced("C12", "PLA"));
    assert_eq!(std::fs::read(home.join("back.3mf.part")).unwrap(), b"mine");
    let dir = run(&world, &["print", "."]);
    assert!(dir.code == 2 && dir.stderr.contains(". cannot be read"), "{dir:?}");
}

/// Calls it while a file is on its way.
fn meddle(how: &mut bambulab::ftps::Transfer, meddler: impl Fn() + Send + Sync + 'static) {
    how.progress = Some(std::sync::Arc::new(move |done, of| {
        if done > 0 && done < of {
            meddler();
        }
    }));
}

#[tokio::test]
async fn what_is_given_up_or_changed_on_its_way_leaves_nothing_on_the_printer() {
    use bambulab::{
        ftps::{Ftps, FtpsError, Transfer},
        print::{JobProgress, PrintJob, PrintJobError},
    };
    let world = world(&["--models", "P1S", "--printers", "1"]);
    let (target, options) = target(&world, 0);
    let file = world.home.path().join("long.gcode.3mf");
    let zip = sliced("C12", "PLA");
    let long = {
        let mut writer = ZipWriter::new_append(Cursor::new(zip)).unwrap();
        writer
            .start_file(
                "noise",
                SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored),
            )
            .unwrap();
        writer.write_all(&vec![7; 3 << 20]).unwrap();
        writer.finish().unwrap().into_inner()
    };
    std::fs::write(&file, &long).unwrap();
    let mut session = Ftps::connect(&target, &options).await.unwrap();
    let before = session.list("/").await.unwrap();

    let mut how = Transfer::default();
    let path = file.clone();
    meddle(&mut how, move || {
        let mut file = std::fs::File::options().append(true).open(&path).unwrap();
        file.write_all(b"more").unwrap();
    });
    let changed = session.upload_file(&file, "/long.gcode.3mf", &how).await.unwrap_err();
    assert!(matches!(changed, FtpsError::Changed { .. }), "{changed}");
    assert_eq!(session.list("/").await.unwrap(), before);
    session.close().await;

    std::fs::write(&file, &long).unwrap();
    let cancel = tokio_util::sync::CancellationToken::new();
    let job = PrintJob::new(&file).cancel(cancel.clone());
    let printer = bambulab::Printer::connect(target.clone(), options.clone());
    let begun = job.start(&printer, &target, &options, move |step| {
        if matches!(step, JobProgress::Sent { bytes, .. } if *bytes > 0) {
            cancel.cancel();
        }
    });
    let ended = begun.await.unwrap_err();
    assert!(matches!(ended, PrintJobError::Storage(FtpsError::Cancelled)), "{ended}");
    assert!(!ended.is_sent());
    printer.close().await;
    let mut session = Ftps::connect(&target, &options).await.unwrap();
    assert_eq!(session.list("/").await.unwrap(), before);
}

fn target(world: &World, index: usize) -> (LanTarget, Options) {
    let of = |key: &str| world.text(&format!("/printers/{index}/{key}"));
    let code = AccessCode::new(&of("access_code"));
    let target = LanTarget {
        port: of("mqtt_port").parse().unwrap(),
        ftps_port: of("ftps_port").parse().unwrap(),
        ..LanTarget::new(Serial::new(&of("serial")).unwrap(), "127.0.0.1", code)
    };
    let roots = Roots::public().with_pem_file(world.ca()).unwrap();
    (target, Options { roots, ..Options::default() })
}

#[tokio::test]
async fn the_snippets_of_the_python_library_have_twins_that_print() {
    let world = world(&["--models", "P1S", "--printers", "2", "--speed", "60"]);
    let (_, options) = target(&world, 0);
    let target = |index| target(&world, index).0;
    let file = world.home.path().join("p1.gcode.3mf");
    let job = example::upload(target(0), options.clone(), file.to_str().unwrap()).await.unwrap();
    assert!(job.shown && job.path == "/p1.gcode.3mf");
    let gone = example::start_print(target(1), options.clone(), "/p1.gcode.3mf").await;
    assert!(gone.unwrap_err().to_string().contains("no file"));
    assert_eq!(run(&world, &["files", "put", "P1S 2", "p1.gcode.3mf"]).code, 0);
    let job = example::start_print(target(1), options, "/p1.gcode.3mf").await.unwrap();
    assert!(job.shown);
}
