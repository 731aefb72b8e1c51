//! The status as the old local interface told it: from a merged report, or from what the cloud's
//! REST interface knows. Pure; who holds the data is `faces/compat/known.rs`.
//!
//! A value is true or its key is absent: a template can test for a key, but not for a made-up 0.

#[cfg(test)]
mod tests;

use std::time::Duration;

use bambu_protocol::{
    Serial,
    cloud::{Device, DeviceJob},
    status::{Network, Status, Temperature},
};
use serde_json::{Map, Value, json};

use crate::routes::age_seconds;

/// Where an answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The printer itself, on the local network.
    Lan,
    /// The cloud's broker.
    Mqtt,
    /// The cloud's REST interface, which knows little.
    Rest,
}

impl Source {
    /// `lan`, `mqtt` or `rest`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Lan => "lan",
            Self::Mqtt => "mqtt",
            Self::Rest => "rest",
        }
    }
}

/// What stands beside the values of a printer.
#[derive(Debug, Clone)]
pub(crate) struct Standing<'a> {
    /// Serial number.
    pub serial: &'a Serial,
    /// The name its owner gave it.
    pub name: Option<&'a str>,
    /// Whether the printer is there, by the last that was heard of it.
    pub online: bool,
    /// How old that is.
    pub age: Duration,
    /// Whether it is too old to be passed as live; `online` is false then, whatever was heard.
    pub stale: bool,
    /// When it was heard, RFC 3339 in UTC.
    pub updated_at: Option<&'a str>,
    /// Where from.
    pub source: Source,
}

impl Standing<'_> {
    fn around(&self, mut print: Map<String, Value>) -> Value {
        let number = print
            .get("sequence_id")
            .map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
        print.insert("command".to_owned(), "push_status".into());
        print.insert("msg".to_owned(), 0.into());
        print.insert("sequence_id".to_owned(), number.unwrap_or_else(|| "0".to_owned()).into());
        print.insert("dev_id".to_owned(), self.serial.as_str().into());
        set(&mut print, "name", self.name.map(Value::from));
        print.insert("online".to_owned(), (self.online && !self.stale).into());
        json!({
            "print": print,
            "age_seconds": age_seconds(self.age),
            "stale": self.stale,
            "source": self.source.word(),
            "updated_at": self.updated_at,
        })
    }
}

/// From the merged report `{"print": {…}}` and the status that was read from it.
///
/// The whole `print` section passes as the printer sent it; these keys alone are corrected, added
/// under another name's value, or left out where the printer's own word is known to be wrong.
pub(crate) fn from_report(report: Value, status: &Status, standing: &Standing<'_>) -> Value {
    let mut print = match report {
        Value::Object(mut report) => match report.remove("print") {
            Some(Value::Object(print)) => print,
            _ => Map::new(),
        },
        _ => Map::new(),
    };
    // What a printer sends as null it does not know.
    print.retain(|_, value| !value.is_null());
    let job = &status.job;
    let text = |text: &Option<bambu_protocol::status::Text>| text.as_deref().map(Value::from);
    for (key, known) in [
        ("mc_percent", job.progress_percent.map(Value::from)),
        ("mc_remaining_time", job.remaining_minutes.map(Value::from)),
        ("layer_num", job.layer.map(Value::from)),
        ("total_layer_num", job.total_layers.map(Value::from)),
        ("gcode_file", text(&job.file)),
        ("subtask_name", text(&job.name)),
        ("print_status", print.get("gcode_state").cloned()),
    ] {
        if !print.contains_key(key)
            && let Some(known) = known
        {
            print.insert(key.to_owned(), known);
        }
    }
    temperatures(&mut print, status);
    let Network { wifi_dbm, wired, .. } = status.network;
    if wired == Some(true) || wifi_dbm.is_none() {
        print.remove("wifi_signal");
    }
    // An address that opens a file for whoever has it.
    if let Some(Value::Object(upload)) = print.get_mut("upload") {
        upload.remove("oss_url");
    }
    standing.around(print)
}

fn temperatures(print: &mut Map<String, Value>, status: &Status) {
    let all = &status.temperatures;
    let nozzle = match all.nozzles.as_slice() {
        // The flat fields follow neither of two nozzles; that of the active one is meant.
        [_, _, ..] => {
            print.remove("nozzle_temper");
            print.remove("nozzle_target_temper");
            let active = status.nozzles.iter().position(|nozzle| nozzle.active);
            active.and_then(|place| all.nozzles.get(place)).copied()
        }
        list => list.first().copied(),
    };
    heater(print, "nozzle_temper", "nozzle_target_temper", nozzle.unwrap_or_default());
    heater(print, "bed_temper", "bed_target_temper", all.bed);
    match all.chamber.current {
        // Without a thermometer printers send a constant 5.
        None => drop(print.remove("chamber_temper")),
        known => correct(print, "chamber_temper", known),
    }
}

fn heater(print: &mut Map<String, Value>, current: &str, target: &str, known: Temperature) {
    for (key, known) in [(current, known.current), (target, known.target)] {
        if !print.contains_key(key) {
            correct(print, key, known);
        }
    }
}

/// Writes a number, unless the same stands there already in the printer's own way.
fn correct(print: &mut Map<String, Value>, key: &str, known: Option<f64>) {
    let told = print.get(key).and_then(Value::as_f64);
    if known.is_some() && told != known {
        set(print, key, known.map(number));
    }
}

/// From what the cloud's REST interface knows: what the printer prints, and the printer itself.
pub(crate) fn from_rest(
    job: Option<&DeviceJob>,
    device: Option<&Device>,
    standing: &Standing<'_>,
) -> Value {
    let mut print = Map::new();
    let word = job.and_then(|job| job.task_status.as_deref());
    let word = word.or_else(|| device.and_then(|device| device.print_status.as_deref()));
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    set(&mut print, "print_status", word.map(Value::from));
    set(&mut print, "gcode_state", word.and_then(gcode_state).map(Value::from));
    if let Some(job) = job {
        let percent = job.progress.filter(|percent| (0.0..=100.0).contains(percent));
        set(&mut print, "mc_percent", percent.map(number));
        set(&mut print, "subtask_name", text(&job.task_name));
        set(&mut print, "task_id", text(&job.task_id));
        set(&mut print, "project_id", text(&job.project_id));
        set(&mut print, "profile_id", text(&job.profile_id));
        set(&mut print, "model_id", text(&job.model_id));
    }
    standing.around(print)
}

/// The printer's word for the cloud's; `None` for one that nobody knows.
fn gcode_state(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_uppercase().as_str() {
        "IDLE" => "IDLE",
        "PREPARE" | "PREPARING" => "PREPARE",
        "SLICING" => "SLICING",
        "RUNNING" | "ACTIVE" | "PRINTING" => "RUNNING",
        "PAUSE" | "PAUSED" => "PAUSE",
        "SUCCESS" | "FINISH" | "FINISHED" => "FINISH",
        "FAILED" | "FAIL" => "FAILED",
        _ => return None,
    })
}

fn set(print: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        print.insert(key.to_owned(), value);
    }
}

/// Whole numbers without a decimal point, as printers write them.
fn number(value: f64) -> Value {
    let whole = value as i64;
    if whole as f64 == value { whole.into() } else { value.into() }
}
