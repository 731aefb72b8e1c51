//! Reports of real printers, where a copy of them lies beside the repository.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, path::PathBuf};

use bambu_protocol::report::{Applied, State};
use serde_json::Value;

fn captures() -> Vec<(String, Value)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures");
    let Ok(entries) = fs::read_dir(&folder) else {
        println!("skipped: no captures at {}", folder.display());
        return Vec::new();
    };
    let mut found = Vec::new();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            found.push((name, serde_json::from_slice(&fs::read(&path).unwrap()).unwrap()));
        }
    }
    found
}

#[test]
fn every_capture_is_a_full_report_of_its_model_and_its_deltas_keep_the_rest() {
    for (name, capture) in captures() {
        let mut state = State::new();
        let version = capture["get_version"].to_string();
        assert_eq!(state.apply(version.as_bytes()).unwrap(), Applied::Version, "{name}");
        let report = capture["pushall"].to_string();
        assert_eq!(state.apply(report.as_bytes()).unwrap(), Applied::Full, "{name}");
        let full = state.status();
        if std::env::var_os("SHOW_STATUS").is_some() {
            println!("{name}: {}", serde_json::to_string_pretty(&full).unwrap());
        }
        assert!(full.model.is_some() && full.firmware.is_some(), "{name}");
        for (delta, payload) in capture["deltas"].as_object().into_iter().flatten() {
            let applied = state.apply(payload.to_string().as_bytes()).unwrap();
            assert_eq!(applied, Applied::Delta, "{name} {delta}");
            assert_eq!(state.status().job, full.job, "{name} {delta}");
        }
    }
}
