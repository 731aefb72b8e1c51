//! Reading a capture file: the full report, the version, and what came later.

use bambu_protocol::{Firmware, Model, Serial};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::ReplayError;

type Object = Map<String, Value>;

/// What a capture holds.
#[derive(Debug)]
pub(super) struct Capture {
    /// The `print` object of the full report.
    pub(super) full: Object,
    /// The `info` object of `get_version`, where it was captured.
    info: Option<Object>,
    /// Reports after the full one, as they are sent again.
    pub(super) later: Vec<Bytes>,
}

impl Capture {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, ReplayError> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_start_matches('\u{feff}');
        match serde_json::from_str::<Object>(text) {
            Ok(whole) => Self::object(whole),
            // More than one value: one report per line. Otherwise the error is the file's own.
            Err(error) if error.is_eof() || !text.trim_end().contains('\n') => {
                Err(ReplayError::NotJson { line: error.line().max(1), source: error })
            }
            Err(_) => Self::lines(text),
        }
    }

    fn object(mut whole: Object) -> Result<Self, ReplayError> {
        let section = |whole: &mut Object, frame: &str, section: &str| match whole.remove(frame) {
            Some(Value::Object(mut frame)) => frame.remove(section),
            _ => None,
        };
        let mut reports = Vec::new();
        if whole.contains_key("pushall") {
            let info = section(&mut whole, "get_version", "info");
            let print = section(&mut whole, "pushall", "print");
            reports.extend(print.map(|print| frame("print", print)));
            reports.extend(info.map(|info| frame("info", info)));
            match whole.remove("deltas") {
                Some(Value::Object(deltas)) => reports.extend(deltas.into_iter().map(|(_, d)| d)),
                Some(Value::Array(deltas)) => reports.extend(deltas),
                _ => {}
            }
        } else {
            reports.push(Value::Object(whole));
        }
        Self::reports(reports)
    }

    fn lines(text: &str) -> Result<Self, ReplayError> {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let reports = lines.map(|(at, line)| {
            serde_json::from_str::<Object>(line)
                .map(Value::Object)
                .map_err(|source| ReplayError::NotJson { line: at + 1, source })
        });
        Self::reports(reports.collect::<Result<Vec<_>, _>>()?)
    }

    /// Sorts reports: the first complete status, the first version, and the rest in order.
    fn reports(reports: Vec<Value>) -> Result<Self, ReplayError> {
        let (mut full, mut info, mut later) = (None, None, Vec::new());
        for report in reports {
            let version = report.get("info").and_then(Value::as_object);
            let print = report.get("print").and_then(Value::as_object);
            let delta = print.and_then(|print| print.get("msg")).is_some_and(|msg| msg == 1);
            if let (Some(version), None) = (version, &info) {
                info = Some(version.clone());
            } else if let (Some(print), None, false) = (print, &full, delta)
                && print.contains_key("gcode_state")
            {
                full = Some(print.clone());
            } else if report.is_object() {
                later.push(Bytes::from(report.to_string()));
            }
        }
        let full = full.ok_or(ReplayError::NoReport)?;
        Ok(Self { full, info, later })
    }

    /// The full report as it is sent.
    pub(super) fn whole(&self) -> Bytes {
        Bytes::from(frame("print", Value::Object(self.full.clone())).to_string())
    }

    /// The answer to `get_version`, with the asker's id; `None` when it was not captured.
    pub(super) fn version(&self, sequence_id: Option<&Value>) -> Option<Bytes> {
        let mut info = self.info.clone()?;
        if let Some(id) = sequence_id {
            info.insert("sequence_id".into(), id.clone());
        }
        Some(Bytes::from(frame("info", Value::Object(info)).to_string()))
    }

    fn modules(&self) -> impl Iterator<Item = &Value> {
        let modules = self.info.as_ref().and_then(|info| info.get("module"));
        modules.and_then(Value::as_array).into_iter().flatten()
    }

    fn ota(&self, key: &str) -> &str {
        let mut modules = self.modules();
        let ota = modules.find(|module| module.get("name").is_some_and(|name| name == "ota"));
        ota.and_then(|ota| ota.get(key)).and_then(Value::as_str).unwrap_or("")
    }

    pub(super) fn firmware(&self) -> Option<Firmware> {
        self.ota("sw_ver").parse().ok()
    }

    /// The serial number that the version tells, unless it is masked.
    pub(super) fn serial(&self) -> Option<Serial> {
        Serial::new(self.ota("sn")).ok().filter(|serial| serial.as_str().len() == 15)
    }

    /// The model, by the version, the serial number, or a hint such as `x1c-multi-ams`.
    pub(super) fn model(&self, hint: &str) -> Option<Model> {
        let ends = hint.char_indices().filter(|(_, c)| matches!(c, '-' | '_' | ' ' | '.'));
        let mut ends: Vec<usize> = ends.map(|(at, _)| at).collect();
        ends.push(hint.len());
        Model::from_name(self.ota("product_name"))
            .or_else(|| Model::from_code(self.ota("project_name")))
            .or_else(|| self.serial().and_then(|serial| Model::from_serial(&serial)))
            .or_else(|| {
                let mut starts = ends.into_iter().rev().filter_map(|end| hint.get(..end));
                starts.find_map(Model::from_name)
            })
    }

    /// Puts a serial number where the capture has a masked one.
    pub(super) fn unmask(&mut self, serial: &str) {
        let masked = self.ota("sn").to_owned();
        let modules = self.info.as_mut().and_then(|info| info.get_mut("module"));
        for module in modules.and_then(Value::as_array_mut).into_iter().flatten() {
            let own = module.get("name").is_some_and(|name| name == "ota");
            if let Some(sn) = module.get_mut("sn")
                && (own || !masked.is_empty() && *sn == masked && Serial::new(&masked).is_ok())
            {
                *sn = serial.into();
            }
        }
        if let Some(sn) = self.full.get_mut("upgrade_state").and_then(|state| state.get_mut("sn")) {
            *sn = serial.into();
        }
    }
}

fn frame(section: &str, body: Value) -> Value {
    Value::Object(Map::from_iter([(section.to_owned(), body)]))
}
