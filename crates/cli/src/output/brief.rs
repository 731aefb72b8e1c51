//! A printer in one row or one line: what `monitor` and `demo` show.
//!
//! Everything about one printer on a page is in `detail.rs`.

use bambu_protocol::status::{PrinterState, Status};

use super::{Cell, Paint, human};

/// Headings of [`row`].
pub(crate) const HEADINGS: [&str; 8] =
    ["PRINTER", "STATE", "PROGRESS", "LEFT", "LAYER", "NOZZLE", "BED", "JOB"];

/// What people call a printer: its name, else its serial number.
pub(crate) fn name(status: &Status) -> &str {
    let serial = status.serial.as_ref().map_or("printer", |serial| serial.as_str());
    status.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(serial)
}

/// The cells of a printer that answers.
pub(crate) fn row(status: &Status, bar: usize) -> Vec<Cell> {
    let active = status.state.is_active();
    let (state, paint) = state(status);
    let dim = |text: String| {
        let paint = if text == human::UNKNOWN { Paint::Dim } else { Paint::Plain };
        Cell::painted(text, paint)
    };
    let progress = match status.job.progress_percent {
        Some(percent) if active => {
            format!("{} {percent:>3}%", human::bar(Some(percent), bar))
        }
        _ => human::UNKNOWN.to_owned(),
    };
    let job = match job(status) {
        Some(job) if active => Cell::from(job),
        Some(job) => Cell::painted(job, Paint::Dim),
        None => dim(human::UNKNOWN.to_owned()),
    };
    let when_active = |text: String| if active { text } else { human::UNKNOWN.to_owned() };
    vec![
        Cell::painted(name(status), Paint::Bold),
        Cell::painted(human::cut(&state, 22), paint),
        if active && progress != human::UNKNOWN {
            Cell::painted(progress, paint)
        } else {
            dim(progress)
        },
        dim(when_active(human::minutes(status.job.remaining_minutes))),
        dim(when_active(layers(status).unwrap_or_else(|| human::UNKNOWN.to_owned()))),
        dim(nozzles(status)),
        dim(human::heater(status.temperatures.bed.current, status.temperatures.bed.target)),
        job,
    ]
}

/// The cells of a printer that does not answer.
pub(crate) fn silent_row(name: &str, connection: &str, paint: Paint, why: &str) -> Vec<Cell> {
    let mut cells = vec![Cell::painted(name, Paint::Dim), Cell::painted(connection, paint)];
    cells.extend((0..5).map(|_| Cell::painted(human::UNKNOWN, Paint::Dim)));
    cells.push(Cell::painted(why, Paint::Dim));
    cells
}

/// The printer in one line of words.
pub(crate) fn line(status: &Status) -> String {
    let mut words = vec![state(status).0];
    if status.state.is_active() {
        if let Some(percent) = status.job.progress_percent {
            words.push(human::percent(Some(percent)));
        }
        if let Some(left) = status.job.remaining_minutes {
            words.push(format!("{} left", human::minutes(Some(left))));
        }
        words.extend(layers(status).map(|layers| format!("layer {layers}")));
    }
    words.push(format!("nozzle {}", nozzles(status)));
    let bed = status.temperatures.bed;
    words.push(format!("bed {}", human::heater(bed.current, bed.target)));
    if let Some(chamber) = status.temperatures.chamber.current {
        words.push(format!("chamber {}", human::temperature(Some(chamber))));
    }
    if status.state.is_active() {
        words.extend(job(status));
    }
    words.extend(trouble(status));
    human::printable(&words.join(", "))
}

/// What is wrong, in a few words: the print error, then the health messages.
pub(crate) fn trouble(status: &Status) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(error) = &status.error {
        let meaning = error.meaning.map(|text| format!(": {text}")).unwrap_or_default();
        all.push(format!("error {}{meaning}", error.code));
    }
    all.extend(status.hms.iter().map(|hms| {
        let severity = format!("{:?}", hms.severity).to_lowercase();
        match hms.meaning {
            Some(text) => format!("{severity} {}: {text}", hms.code),
            None => format!("{severity} {} ({})", hms.code, human::words(hms.module)),
        }
    }));
    all
}

/// The state in words, with the stage where it tells more.
pub(crate) fn state(status: &Status) -> (String, Paint) {
    let paint = match status.state {
        PrinterState::Running => Paint::Green,
        PrinterState::Preparing | PrinterState::Slicing => Paint::Cyan,
        PrinterState::Paused => Paint::Yellow,
        PrinterState::Failed => Paint::Red,
        PrinterState::Finished | PrinterState::Idle => Paint::Plain,
        PrinterState::Offline | PrinterState::Unknown => Paint::Dim,
    };
    let word = status.state.name();
    let stage = status.stage.name.filter(|stage| {
        status.state.is_active() && !matches!(*stage, "idle" | "printing" | "unknown")
    });
    match stage {
        Some(stage) => (human::words(stage), paint),
        None => (word.to_owned(), paint),
    }
}

/// `125/250`.
pub(crate) fn layers(status: &Status) -> Option<String> {
    let total = status.job.total_layers.filter(|total| *total > 0)?;
    Some(format!("{}/{total}", status.job.layer.unwrap_or(0)))
}

/// All nozzles, the first one first.
pub(crate) fn nozzles(status: &Status) -> String {
    let all = status.temperatures.nozzles.iter();
    let all: Vec<String> = all.map(|nozzle| human::heater(nozzle.current, nozzle.target)).collect();
    if all.is_empty() { human::UNKNOWN.to_owned() } else { all.join(" ") }
}

/// The title of the job, else its file.
pub(crate) fn job(status: &Status) -> Option<String> {
    let named = [&status.job.name, &status.job.file].into_iter().flatten();
    named.map(ToString::to_string).find(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use bambu_protocol::report::State;

    use super::*;

    fn running() -> Status {
        let mut state = State::new().with_serial("01P00A000000001".parse().unwrap());
        state
            .apply(
                br#"{"print":{"command":"push_status","msg":0,"gcode_state":"RUNNING","stg_cur":0,
                "mc_percent":45,"mc_remaining_time":65,"layer_num":125,"total_layer_num":250,
                "nozzle_temper":219.6,"nozzle_target_temper":220,"bed_temper":60.1,
                "bed_target_temper":60,"subtask_name":"cube"}}"#,
            )
            .unwrap();
        state.status()
    }

    #[test]
    fn a_running_printer_reads_as_its_owner_would_say_it() {
        assert_eq!(
            line(&running()),
            "running, 45%, 1h 05m left, layer 125/250, nozzle 220/220°C, bed 60/60°C, cube"
        );
        assert_eq!(row(&running(), 10).len(), HEADINGS.len());
        assert_eq!(name(&running()), "01P00A000000001");
    }

    #[test]
    fn a_health_message_is_told_in_words_where_there_are_any() {
        let hms = |attr, code| bambu_protocol::hms::Hms::from_wire(attr, code).unwrap();
        let hms = vec![hms(0x0500_0500, 0x0001_0007), hms(0x0C00_0300, 0x0003_0007)];
        let troubles = trouble(&Status { hms, ..Status::default() });
        assert_eq!(
            troubles,
            [
                "fatal 0500-0500-0001-0007: a command was refused because Developer Mode is off",
                "common 0C00-0300-0003-0007 (xcam)",
            ]
        );
    }

    #[test]
    fn a_printer_that_told_nothing_reads_as_unknown() {
        assert_eq!(line(&Status::default()), "unknown, nozzle -, bed -");
        assert_eq!(row(&Status::default(), 10).len(), HEADINGS.len());
    }
}
