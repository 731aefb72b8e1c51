//! A table that redraws in place on a terminal, a few times per second at most.

use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Write},
    sync::Arc,
};

use bambu_protocol::Serial;
use bambu_server::Fleet;
use bambulab::{Connection, Snapshot};

use super::View;
use crate::{
    logging::{self, Hold},
    output::{Paint, Table, brief, human},
};

/// What stands around the table.
#[derive(Debug, Default)]
pub(crate) struct Screen {
    /// Above it, left of the time.
    title: &'static str,
    /// What was written above it, again after the terminal is resized.
    above: String,
}

/// Where a printer stands: by name, then by serial number.
type Place = (String, Serial);

/// The screen over a terminal.
pub(super) struct Drawn<W> {
    out: W,
    colour: bool,
    screen: Screen,
    printers: BTreeMap<Place, Arc<Snapshot>>,
    places: HashMap<Serial, Place>,
    /// Lines on the terminal now, and its width then.
    drawn: usize,
    columns: u16,
    second: String,
    dirty: bool,
    /// Keeps log lines off the table; `None` where they go elsewhere.
    _hold: Option<Hold>,
}

impl Screen {
    /// A screen with this title.
    pub(crate) fn titled(title: &'static str) -> Self {
        Self { title, above: String::new() }
    }

    /// A screen below this text, which is on the terminal already.
    pub(crate) fn below(self, above: impl Into<String>) -> Self {
        Self { above: above.into(), ..self }
    }

    pub(super) fn over<W: Write>(
        self,
        mut out: W,
        colour: bool,
        fleet: &Fleet,
    ) -> io::Result<Drawn<W>> {
        out.write_all(HIDE_CURSOR)?;
        let mut drawn = Drawn::new(out, colour, self);
        drawn._hold = logging::hold();
        for link in fleet.links() {
            drawn.keep(link.serial(), &link.snapshot());
        }
        Ok(drawn)
    }
}

const HIDE_CURSOR: &[u8] = b"\x1b[?25l";
const SHOW_CURSOR: &[u8] = b"\x1b[?25h";

impl<W: Write> Drawn<W> {
    fn new(out: W, colour: bool, screen: Screen) -> Self {
        Self {
            out,
            colour,
            screen,
            printers: BTreeMap::new(),
            places: HashMap::new(),
            drawn: 0,
            columns: 0,
            second: String::new(),
            dirty: true,
            _hold: None,
        }
    }

    fn keep(&mut self, serial: &Serial, snapshot: &Arc<Snapshot>) {
        self.dirty = true;
        // A link's name is settled when it is made, so its place never changes.
        if let Some(place) = self.places.get(serial) {
            self.printers.insert(place.clone(), snapshot.clone());
            return;
        }
        let place = (human::sort_key(brief::name(&snapshot.status)), serial.clone());
        self.places.insert(serial.clone(), place.clone());
        self.printers.insert(place, snapshot.clone());
    }

    fn lines(&self, columns: usize, rows: usize) -> Vec<String> {
        let title = Paint::Bold.on(self.screen.title, self.colour);
        let count = match self.printers.len() {
            1 => "1 printer".to_owned(),
            many => format!("{many} printers"),
        };
        let facts = format!("{count}  {}  Ctrl-C ends", self.second);
        let mut lines =
            vec![format!("{title}  {}", Paint::Dim.on(&facts, self.colour)), String::new()];
        let room = rows.saturating_sub(lines.len() + 4).max(1);
        let mut table = Table::new(&brief::HEADINGS);
        let mut troubles = Vec::new();
        for snapshot in self.printers.values().take(room) {
            let status = &snapshot.status;
            let name = brief::name(status);
            table.row(match &snapshot.connection {
                Connection::Online if snapshot.complete => {
                    let trouble = brief::trouble(status);
                    troubles.extend(trouble.iter().map(|text| format!("{name}: {text}")));
                    brief::row(status, if columns < WIDE { 6 } else { 16 })
                }
                Connection::Online => brief::silent_row(name, "connecting", Paint::Cyan, ""),
                Connection::Stale => brief::silent_row(name, "stale", Paint::Yellow, "fell silent"),
                Connection::Connecting => brief::silent_row(name, "connecting", Paint::Cyan, ""),
                Connection::Offline(reason) => {
                    brief::silent_row(name, "offline", Paint::Red, &reason.to_string())
                }
            });
        }
        table.fit(columns, &["LAYER", "LEFT", "BED", "NOZZLE"]);
        lines.extend(table.lines(self.colour));
        let hidden = self.printers.len().saturating_sub(room);
        if hidden > 0 {
            lines.push(
                Paint::Dim.on(&format!("… and {hidden} more; --json shows all"), self.colour),
            );
        }
        let room = rows.saturating_sub(lines.len() + 1);
        if !troubles.is_empty() && room > 1 {
            lines.push(String::new());
            for trouble in troubles.iter().take(room - 1) {
                let text = human::cut(&human::printable(trouble), columns.saturating_sub(2));
                lines.push(Paint::Yellow.on(&format!("! {text}"), self.colour));
            }
        }
        lines
    }

    fn draw(&mut self) -> io::Result<()> {
        let (columns, rows) = match crossterm::terminal::size() {
            // A terminal that does not know its size says 0.
            Ok((columns, rows)) if columns > 0 && rows > 0 => (columns, rows),
            _ => (80, 24),
        };
        let text = self.frame(columns, rows, &logging::held());
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// The table over the one before, with log lines above it.
    fn frame(&mut self, columns: u16, rows: u16, log: &str) -> String {
        let lines = self.lines(usize::from(columns), usize::from(rows));
        let mut text = String::new();
        if self.columns != columns && self.columns != 0 {
            // Another width has wrapped the old lines anew: nobody knows where they are.
            text.push_str("\x1b[2J\x1b[H");
            text.push_str(&self.screen.above);
        } else if self.drawn > 0 {
            text.push_str(&format!("\x1b[{}A", self.drawn));
        }
        self.columns = columns;
        for line in log.lines().chain(lines.iter().map(String::as_str)) {
            text.push('\r');
            text.push_str(line);
            text.push_str("\x1b[K\n");
        }
        text.push_str("\x1b[J");
        self.drawn = lines.len();
        self.dirty = false;
        text
    }
}

/// From this width on there is room for a long progress bar.
const WIDE: usize = 110;

impl<W: Write> View for Drawn<W> {
    fn update(&mut self, serial: &Serial, snapshot: &Arc<Snapshot>) -> io::Result<bool> {
        self.keep(serial, snapshot);
        Ok(snapshot.connection == Connection::Online && snapshot.complete)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn tick(&mut self) -> io::Result<()> {
        let now = super::clock();
        if self.dirty || now != self.second {
            self.second = now;
            self.draw()?;
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.draw()?;
        self.out.write_all(SHOW_CURSOR)?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use bambu_protocol::report::State;

    use super::*;

    fn drawn(printers: u32, report: &[u8]) -> Drawn<io::Sink> {
        let mut drawn = Drawn::new(io::sink(), false, Screen::titled("test"));
        for number in 1..=printers {
            let serial: Serial = format!("01P00A{number:09}").parse().unwrap();
            let mut state = State::new().with_serial(serial.clone());
            state.apply(report).unwrap();
            let mut status = state.status();
            status.name = Some(format!("P1S {number}"));
            let snapshot = Snapshot {
                status: Arc::new(status),
                connection: Connection::Online,
                reports: 1,
                complete: true,
            };
            drawn.keep(&serial, &Arc::new(snapshot));
        }
        drawn
    }

    #[test]
    fn more_printers_than_lines_are_counted_and_never_scroll() {
        let lines = drawn(30, br#"{"print":{"gcode_state":"IDLE"}}"#).lines(80, 12);
        assert!(lines.len() < 12, "{lines:#?}");
        assert!(lines.last().unwrap().contains("more"), "{lines:#?}");
        assert!(lines[3].starts_with("P1S 1 ") && lines[4].starts_with("P1S 2 "), "{lines:#?}");
    }

    #[test]
    fn log_lines_stand_above_the_table_and_do_not_move_it() {
        let mut drawn = drawn(2, br#"{"print":{"gcode_state":"IDLE"}}"#);
        let first = drawn.frame(80, 24, "");
        let height = first.matches('\n').count();
        let second = drawn.frame(80, 24, "WARN one\nWARN two\n");
        let start = format!("\x1b[{height}A\rWARN one\x1b[K\n\rWARN two\x1b[K\n\rtest");
        assert!(second.starts_with(&start), "{second:?}");
        assert!(drawn.frame(80, 24, "").starts_with(&format!("\x1b[{height}A\rtest")));
    }

    #[test]
    fn what_is_wrong_stands_below_the_table() {
        let report = br#"{"print":{"gcode_state":"PAUSE","print_error":50348044,
            "hms":[{"attr":201327360,"code":196615}]}}"#;
        let lines = drawn(1, report).lines(80, 24).join("\n");
        assert!(lines.contains("paused"), "{lines}");
        assert!(lines.contains("! P1S 1: error 0300-400C: job cancelled by the user"), "{lines}");
        assert!(lines.contains("! P1S 1: common 0C00-0300-0003-0007 (xcam)"), "{lines}");
    }
}
