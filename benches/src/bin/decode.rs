//! Decoding, merging and stating full reports, beside `serde_json` into the same struct, a JSON
//! tree with a recursive merge, and Python doing that.
//!
//! Every report is different and nothing is cached; every side adds up the progress it read, so
//! that the work is seen to be done. Takes a capture (`{"pushall": {…}}`) as the pattern of the
//! reports; without one, a simulated X1C is the pattern.
//!
//! `cargo run --release -p bambu-benches --bin decode [CAPTURE.json]`

use std::{
    hint::black_box,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use bambu_benches::{Error, median};
use bambu_emulator::{
    machine::Machine,
    simulator::{Printer, PrinterSpec},
};
use bambu_protocol::{
    AccessCode, Model, Serial,
    report::{PushStatus, State},
};
use serde::Deserialize;
use serde_json::Value;

/// Reports of one run.
const REPORTS: usize = 4000;
/// Runs of each side; the median counts.
const RUNS: usize = 7;

/// The smallest envelope: one section, unknown keys ignored by the derive.
#[derive(Deserialize)]
struct Envelope {
    print: PushStatus,
}

fn main() -> Result<(), Error> {
    let pattern = match std::env::args().nth(1) {
        Some(path) => capture(Path::new(&path))?,
        None => simulated()?,
    };
    let reports = variations(&pattern)?;
    let bytes: usize = reports.iter().map(String::len).sum();
    println!("{REPORTS} different reports of {} bytes, median of {RUNS} runs\n", bytes / REPORTS);

    let mut rates = [const { Vec::new() }; 3];
    let mut sums = [0_u64; 3];
    for _ in 0..RUNS {
        for (side, run) in [ours, same_struct, tree].into_iter().enumerate() {
            let begin = Instant::now();
            let sum = run(&reports)?;
            let rate = REPORTS as f64 / begin.elapsed().as_secs_f64();
            if let (Some(rates), Some(total)) = (rates.get_mut(side), sums.get_mut(side)) {
                rates.push(rate);
                *total = sum;
            }
        }
    }
    let [ours, same, tree] = rates.map(|side| median(&side));
    let (python, python_sum) = python(&reports)?;
    println!("| side | reports/s | ours is |\n|---|---|---|");
    for (name, rate) in [
        ("bambu: decode, merge, status", ours),
        ("serde_json::from_str into the same struct, nothing else", same),
        ("serde_json into a tree, recursive merge", tree),
        ("Python: json.loads, recursive merge", python),
    ] {
        println!("| {name} | {rate:.0} | {:.2}x |", ours / rate);
    }
    println!("\nprogress added up: {} {} {python_sum}", sums[0], sums[2]);
    if sums[0] != sums[2] || sums[0] != python_sum {
        return Err("the sides did not do the same work".into());
    }
    Ok(())
}

fn ours(reports: &[String]) -> Result<u64, Error> {
    let mut state = State::new();
    let mut sum = 0;
    for report in reports {
        state.apply(report.as_bytes())?;
        let status = black_box(state.status());
        sum += u64::from(status.job.progress_percent.unwrap_or_default());
    }
    Ok(sum)
}

fn same_struct(reports: &[String]) -> Result<u64, Error> {
    let mut full = 0;
    for report in reports {
        let envelope: Envelope = serde_json::from_str(report)?;
        full += u64::from(black_box(envelope.print).is_full_report());
    }
    Ok(full)
}

fn tree(reports: &[String]) -> Result<u64, Error> {
    let mut state = Value::Null;
    let mut sum = 0;
    for report in reports {
        merge(&mut state, serde_json::from_str(report)?);
        sum += state["print"]["mc_percent"].as_u64().unwrap_or_default();
    }
    Ok(sum)
}

fn merge(old: &mut Value, new: Value) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in new {
                merge(old.entry(key).or_insert(Value::Null), value);
            }
        }
        (old, new) => *old = new,
    }
}

/// Reports per second and the sum, from `decode.py` beside this crate.
fn python(reports: &[String]) -> Result<(f64, u64), Error> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("decode.py");
    let mut child =
        Command::new("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        for report in reports {
            writeln!(input, "{report}")?;
        }
    }
    let output = child.wait_with_output()?;
    let text = String::from_utf8(output.stdout)?;
    let mut words = text.split_whitespace();
    let rate = words.next().ok_or("decode.py printed nothing")?.parse()?;
    let sum = words.nth(1).ok_or("decode.py printed too little")?.parse()?;
    Ok((rate, sum))
}

fn capture(path: &Path) -> Result<Value, Error> {
    let mut capture: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    Ok(capture.get_mut("pushall").ok_or("the capture has no pushall")?.take())
}

fn simulated() -> Result<Value, Error> {
    let serial = Serial::new("00M00A000000001")?;
    let printer = Printer::new(PrinterSpec::new(serial, Model::X1C, AccessCode::new("12345678")));
    let report = printer.full_report().ok_or("the printer has no report")?;
    Ok(serde_json::from_slice(&report)?)
}

/// The pattern with other numbers each time.
fn variations(pattern: &Value) -> Result<Vec<String>, Error> {
    let mut reports = Vec::with_capacity(REPORTS);
    for number in 0..REPORTS {
        let mut report = pattern.clone();
        let print = report.get_mut("print").ok_or("the pattern has no print section")?;
        print["sequence_id"] = number.to_string().into();
        print["mc_percent"] = (number % 101).into();
        print["layer_num"] = number.into();
        print["mc_remaining_time"] = (REPORTS - number).into();
        print["nozzle_temper"] = (200.0 + (number % 320) as f64 / 16.0).into();
        print["bed_temper"] = (50.0 + (number % 160) as f64 / 32.0).into();
        print["wifi_signal"] = format!("-{}dBm", 30 + number % 60).into();
        print["subtask_name"] = format!("part {number}").into();
        if let Some(units) = print.pointer_mut("/ams/ams").and_then(Value::as_array_mut) {
            for (position, unit) in units.iter_mut().enumerate() {
                unit["temp"] = format!("{}.{}", 20 + number % 30, position % 10).into();
                let trays = unit.get_mut("tray").and_then(Value::as_array_mut);
                for (slot, tray) in trays.into_iter().flatten().enumerate() {
                    if tray.get("remain").is_some() {
                        tray["remain"] = ((number + slot) % 101).into();
                        tray["tray_color"] = format!("{:06X}FF", number * 4099 % 0x100_0000).into();
                    }
                }
            }
        }
        reports.push(report.to_string());
    }
    Ok(reports)
}
