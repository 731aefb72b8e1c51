//! One invented report per model, in the shape that the model sends, with the values that the
//! status must hold: `expect` after the full report, `expect_after_deltas` after the deltas.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use bambu_protocol::{
    Model,
    report::{Applied, State},
};
use serde_json::Value;

fn fixtures() -> Vec<(String, Value)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_slice(&fs::read(&path).unwrap()).unwrap())
        })
        .collect()
}

/// What differs from the expectation, a line each. A missing place counts as `null`.
fn differences(name: &str, state: &State, expected: &Value) -> Vec<String> {
    let status = serde_json::to_value(state.status()).unwrap();
    let mut found = Vec::new();
    for (place, wanted) in expected.as_object().unwrap() {
        let path = if place.starts_with('/') { place.clone() } else { format!("/{place}") };
        let got = status.pointer(&path).unwrap_or(&Value::Null);
        let same = got == wanted || (got.is_f64() && got.as_f64() == wanted.as_f64());
        if !same {
            found.push(format!("{name} {path}: {got}, expected {wanted}"));
        }
    }
    found
}

#[test]
fn the_status_of_every_model_holds_what_its_report_says() {
    let mut wrong = Vec::new();
    let mut models = BTreeSet::new();
    for (name, fixture) in fixtures() {
        let mut state = State::new();
        let version = fixture["get_version"].to_string();
        assert_eq!(state.apply(version.as_bytes()).unwrap(), Applied::Version, "{name}");
        let report = fixture["pushall"].to_string();
        assert_eq!(state.apply(report.as_bytes()).unwrap(), Applied::Full, "{name}");
        assert!(fixture["expect"].as_object().unwrap().len() > 20, "{name}");
        wrong.extend(differences(&name, &state, &fixture["expect"]));
        for delta in fixture["deltas"].as_array().unwrap() {
            assert_eq!(
                state.apply(delta.to_string().as_bytes()).unwrap(),
                Applied::Delta,
                "{name}"
            );
        }
        wrong.extend(differences(&name, &state, &fixture["expect_after_deltas"]));
        models.extend(state.model());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(models, BTreeSet::from(Model::ALL));
}

#[test]
fn a_model_told_by_its_serial_number_reads_the_same() {
    for (name, fixture) in fixtures() {
        let serial = fixture["expect"]["serial"].as_str().unwrap().parse().unwrap();
        let mut state = State::new().with_serial(serial);
        state.apply(fixture["pushall"].to_string().as_bytes()).unwrap();
        let without_version = state.status();
        state.apply(fixture["get_version"].to_string().as_bytes()).unwrap();
        let status = state.status();
        assert_eq!(without_version.model, status.model, "{name}");
        assert_eq!(without_version.temperatures, status.temperatures, "{name}");
        assert_eq!(without_version.fans, status.fans, "{name}");
    }
}
