//! The shape of simulated full reports against real ones: the same key paths, the same JSON types.
//!
//! The captures are not part of the repository; without them these tests say so and pass.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::Duration,
};

use bambu_emulator::{
    machine::Machine,
    simulator::{Job, Printer, PrinterSpec},
};
use bambu_protocol::{AccessCode, Model, Serial};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// JSON types seen under each key path; `[]` stands for any element of an array.
type Shape = BTreeMap<String, BTreeSet<&'static str>>;

/// A difference that is meant: path (with all below it) and the reason.
type Meant = [(&'static str, &'static str)];

const A1_MINI: &Meant = &[
    ("print.net._redacted", "the capture's network block was removed by whoever shared it"),
    ("print.net.conf", "same: every other model has it"),
    ("print.net.info", "same: every other model has it"),
];

fn shape(value: &Value, path: &str, found: &mut Shape) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    found.entry(path.to_owned()).or_default().insert(kind);
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| shape(value, &format!("{path}.{key}"), found));
        }
        Value::Array(items) => {
            items.iter().for_each(|item| shape(item, &format!("{path}[]"), found));
        }
        _ => {}
    }
}

fn printer(model: Model) -> Arc<Printer> {
    let serial = Serial::new(&format!("{}00A000000001", model.serial_prefix())).unwrap();
    let spec = PrinterSpec::new(serial, model, AccessCode::new("12345678"));
    Printer::new(PrinterSpec { speed: 20.0, ..spec })
}

fn full(printer: &Printer) -> Value {
    let report: Value = serde_json::from_slice(&printer.full_report().unwrap()).unwrap();
    report["print"].clone()
}

/// A file of the `shared` folder beside the repository, when it is there.
fn shared(file: &str) -> Option<Value> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut places = here.ancestors().map(|folder| folder.join("shared").join(file));
    let Some(path) = places.find(|path| path.is_file()) else {
        eprintln!("skipped: shared/{file} is not here");
        return None;
    };
    Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
}

fn differences(real: &Shape, simulated: &Shape, meant: &Meant) -> Vec<String> {
    let all: BTreeSet<&String> = real.keys().chain(simulated.keys()).collect();
    let below = |path: &str, top: &str| {
        path.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    all.into_iter()
        .filter(|path| real.get(*path) != simulated.get(*path))
        .filter(|path| !meant.iter().any(|(top, _)| below(path, top)))
        .map(|path| format!("{path}: real {:?}, ours {:?}", real.get(path), simulated.get(path)))
        .collect()
}

/// Brings a printer into the state of its capture.
async fn bring(printer: &Arc<Printer>, state: &str) {
    if state == "IDLE" {
        return;
    }
    printer.start_print(Job::local("part", 50, 30.0)).unwrap();
    let shutdown = CancellationToken::new();
    let life = tokio::spawn(printer.clone().run(shutdown.clone()));
    for _ in 0..500 {
        let now = full(printer)["gcode_state"].clone();
        if now == "RUNNING" && state == "FAILED" {
            printer.request(br#"{"print":{"command":"stop","sequence_id":"20000"}}"#);
        }
        if now == state {
            break;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    shutdown.cancel();
    life.await.unwrap();
    assert_eq!(full(printer)["gcode_state"], state);
}

#[tokio::test(start_paused = true)]
async fn a_simulated_full_report_has_the_key_paths_and_types_of_its_capture() {
    let captures: [(&str, Model, &Meant); 5] = [
        ("a1.json", Model::A1, &[]),
        ("a1-mini.json", Model::A1Mini, A1_MINI),
        ("p1p.json", Model::P1P, &[]),
        ("x1c-multi-ams.json", Model::X1C, &[]),
        ("h2d.json", Model::H2D, &[]),
    ];
    for (file, model, meant) in captures {
        let Some(capture) = shared(&format!("captures/{file}")) else { continue };
        let real = &capture["pushall"]["print"];
        let printer = printer(model);
        bring(&printer, real["gcode_state"].as_str().unwrap()).await;
        let (mut theirs, mut ours) = (Shape::new(), Shape::new());
        shape(real, "print", &mut theirs);
        shape(&full(&printer), "print", &mut ours);
        let different = differences(&theirs, &ours, meant);
        assert!(different.is_empty(), "{model}:\n{}", different.join("\n"));
    }
}

#[tokio::test(start_paused = true)]
async fn models_without_a_capture_have_the_key_paths_that_the_reference_lists() {
    const AT_WORK: &str = "there only while a job runs; the reference saw this model idle";
    let models: [(Model, &str, &Meant); 6] = [
        (Model::A2L, "A2L", &[("print.stg[]", AT_WORK)]),
        (Model::P2S, "P2S", &[]),
        (Model::X2D, "X2D", &[("print.hms[]", "the reference saw a fault, this one has none")]),
        (Model::H2S, "H2S", &[]),
        (Model::H2DPro, "H2D Pro", &[("print.stg[]", AT_WORK), ("print.mapping[]", AT_WORK)]),
        (Model::H2C, "H2C", &[("print.ams.ams[].tray[]", "the reference saw only empty trays")]),
    ];
    let Some(reference) = shared("protocol/data/report-fields.json") else { return };
    for (model, column, meant) in models {
        let mut listed = Shape::new();
        for field in reference["fields"].as_array().unwrap() {
            for (kind, seen) in field["types"].as_object().unwrap() {
                let known = ["null", "bool", "int", "float", "string", "array", "object"];
                let kind = known.into_iter().find(|known| known == kind).unwrap();
                let has = seen == "all"
                    || seen.as_array().is_some_and(|seen| seen.iter().any(|name| name == column));
                if has {
                    let path = field["path"].as_str().unwrap().to_owned();
                    listed.entry(path).or_default().insert(kind);
                }
            }
        }
        let printer = printer(model);
        bring(&printer, "RUNNING").await;
        let mut ours = Shape::new();
        shape(&full(&printer), "print", &mut ours);
        ours.remove("print");
        let different = differences(&listed, &ours, meant);
        assert!(different.is_empty(), "{model}:\n{}", different.join("\n"));
    }
}
