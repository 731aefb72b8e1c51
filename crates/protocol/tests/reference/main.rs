//! The pages of the reference that are made from the code's tables, and the check that they are
//! what the code says. `scripts/reference` writes them, with `WRITE_DOCS` set.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod commands;
mod errors;
mod events;
mod examples;
mod fields;
mod forms;
mod gcode;

use std::{fs, path::PathBuf};

use bambu_protocol::{Model, report::State, status::Status};
use serde_json::Value;

const MADE: &str = "This page is made from the code's tables by `scripts/reference`; `scripts/test` \
    checks that it is true.";

const SOURCES: &str = "The letters tell the source of a fact: L seen on hardware, V vendor source, \
    D documented once, G guess.";

fn check(name: &str, page: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    if std::env::var_os("WRITE_DOCS").is_some() {
        fs::write(&file, page).unwrap();
    }
    let is = fs::read_to_string(&file).unwrap_or_default();
    assert!(is == page, "docs/{name} is not what the code says: run scripts/reference");
}

/// The invented report of each model: status and wire.
fn fixtures() -> Vec<(Model, State, Value)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let fixture: Value =
            serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap();
        let mut state = State::new();
        for part in ["get_version", "pushall"] {
            state.apply(fixture[part].to_string().as_bytes()).unwrap();
        }
        found.push((state.model().unwrap(), state, fixture));
    }
    found.sort_by_key(|(model, ..)| Model::ALL.iter().position(|one| one == model));
    found
}

/// An online printer of each model, in Developer Mode, with no job, with the commands for homing,
/// jogging and the bed where the model has capability bits.
fn idle_printers() -> Vec<(Model, Status)> {
    let idle = |(model, mut state, mut fixture): (Model, State, Value)| {
        let print = fixture["pushall"]["print"].as_object_mut().unwrap();
        print.insert("gcode_state".into(), "IDLE".into());
        if let Some(fun) = print.get("fun").and_then(Value::as_str) {
            let can = 1 << 32 | 1 << 38 | 1 << 39;
            let fun = (u64::from_str_radix(fun, 16).unwrap() | can) & !(1 << 29);
            print.insert("fun".into(), format!("{fun:X}").into());
        }
        state.apply(fixture["pushall"].to_string().as_bytes()).unwrap();
        let mut status = state.status();
        status.online = Some(true);
        (model, status)
    };
    fixtures().into_iter().map(idle).collect()
}

/// A cell of a table: no bars, no line breaks.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ").trim().to_owned()
}

fn names(models: &[Model]) -> String {
    if models.len() == Model::ALL.len() {
        return "all".to_owned();
    }
    models.iter().map(|model| model.name()).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_page_of_commands_is_what_the_code_says() {
    check("commands.md", &commands::page());
}

#[test]
fn the_page_of_events_is_what_the_code_says() {
    check("events.md", &events::page());
}

#[test]
fn the_page_of_errors_is_what_the_code_says() {
    check("hms-and-errors.md", &errors::page());
}

#[test]
fn the_page_of_gcode_is_what_the_code_says() {
    check("gcode.md", &gcode::page());
}

#[test]
fn the_page_of_report_fields_is_what_the_code_says() {
    check("report-fields.md", &fields::page());
}
