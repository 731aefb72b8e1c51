//! A full-screen dashboard on a terminal: all printers, one of them in detail, keys for commands.
//!
//! `board.rs` is what it knows, `keys.rs` what a key does, `draw.rs` and `detail.rs` what it looks
//! like, `act.rs` what becomes of a command. Only this file and `terminal.rs` touch the terminal.

mod act;
mod board;
mod detail;
mod draw;
mod history;
mod keys;
mod palette;
mod terminal;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    sync::Arc,
};

use bambu_protocol::Serial;
use bambu_server::Fleet;
use bambulab::{Connection, Link, Snapshot};
use crossterm::event::{Event, EventStream};
use futures_util::StreamExt as _;
use jiff::Zoned;
use tokio::{sync::mpsc, task::JoinSet};

use super::View;
use crate::{
    logging::{self, Hold},
    output::{self, Paint, Table, brief, human},
};

use board::{Board, Deed};
use keys::Step;
use palette::Palette;
use terminal::Screen as Terminal;

/// What stands on the dashboard beside the printers.
#[derive(Debug, Default)]
pub(crate) struct Screen {
    title: &'static str,
    /// What was written before it; `i` shows it again.
    above: String,
    /// A line that stands at the bottom all the time.
    foot: String,
}

impl Screen {
    /// A screen with this title.
    pub(crate) fn titled(title: &'static str) -> Self {
        Self { title, ..Self::default() }
    }

    /// A screen over this text, which is on the terminal already.
    pub(crate) fn below(self, above: impl Into<String>) -> Self {
        Self { above: above.into(), ..self }
    }

    /// The same with a line at the bottom.
    pub(crate) fn with_foot(self, foot: impl Into<String>) -> Self {
        Self { foot: foot.into(), ..self }
    }
}

/// What comes from elsewhere than the printers.
pub(super) enum Input {
    /// A key, or the terminal has another size.
    Terminal(Event),
    /// What became of a command.
    Told { serial: Serial, deed: Deed, text: String, paint: Paint },
}

/// Inputs that wait; who types faster waits himself.
const INPUTS: usize = 32;
/// Printers whose last state is written when the dashboard ends.
const LAST: usize = 30;
/// Log lines kept for the end, in bytes.
const LOG: usize = 64 * 1024;

/// The dashboard over a terminal.
pub(super) struct Dashboard {
    board: Board,
    screen: Terminal,
    links: BTreeMap<Serial, Link>,
    /// Reads keys and waits for commands; they end with the dashboard.
    tasks: JoinSet<()>,
    inputs: mpsc::Sender<Input>,
    log: String,
    hold: Option<Hold>,
}

impl Dashboard {
    /// Takes the terminal.
    ///
    /// # Errors
    /// It cannot be taken.
    pub(super) fn open(
        screen: &Screen,
        fleet: &Fleet,
    ) -> io::Result<(Self, mpsc::Receiver<Input>)> {
        let links: BTreeMap<_, _> =
            fleet.links().map(|link| (link.serial().clone(), link.clone())).collect();
        let printers = links.iter().map(|(serial, link)| (serial.clone(), link.snapshot()));
        let mut board = Board::new(screen.title, Palette::here(), printers, Zoned::now());
        board.has_text = !screen.above.is_empty();
        board.foot.clone_from(&screen.foot);
        let screen = Terminal::enter()?;
        let (inputs, receiver) = mpsc::channel(INPUTS);
        let mut tasks = JoinSet::new();
        tasks.spawn(read_keys(inputs.clone()));
        let hold = logging::hold();
        let dashboard = Self { board, screen, links, tasks, inputs, log: String::new(), hold };
        Ok((dashboard, receiver))
    }

    fn draw(&mut self) -> io::Result<()> {
        self.board.dirty = false;
        self.screen.draw(|frame| self.board.draw(frame))
    }

    fn ask(&mut self, serial: Serial, deed: Deed) {
        let Some(link) = self.links.get(&serial).cloned() else { return };
        let inputs = self.inputs.clone();
        self.tasks.spawn(async move {
            let (text, paint) = act::perform(link, deed).await;
            // Without a reader the dashboard has ended.
            let _gone = inputs.send(Input::Told { serial, deed, text, paint }).await;
        });
    }

    /// Log lines stand at the bottom, and again on the screen that stays.
    fn take_log(&mut self) {
        let text = logging::held();
        for line in text.lines() {
            self.board.say(&without_escapes(line), Paint::Yellow);
        }
        if self.log.len() < LOG {
            self.log.push_str(&text);
        }
    }
}

impl View for Dashboard {
    fn update(&mut self, serial: &Serial, snapshot: &Arc<Snapshot>) -> io::Result<bool> {
        self.board.update(serial, snapshot);
        Ok(snapshot.connection == Connection::Online && snapshot.complete)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn tick(&mut self) -> io::Result<()> {
        while self.tasks.try_join_next().is_some() {}
        self.take_log();
        self.board.tick(Zoned::now());
        let current = self.board.current().and_then(|entry| self.links.get(&entry.serial));
        let way = current.map(Link::way);
        self.board.reached_by(way);
        if self.board.dirty { self.draw() } else { Ok(()) }
    }

    fn input(&mut self, input: Input) -> io::Result<bool> {
        match input {
            Input::Terminal(Event::Key(_)) if !self.screen.is_ours() => self.screen.resume()?,
            Input::Terminal(Event::Key(key)) => match self.board.key(key) {
                Step::Stay => {}
                Step::Quit => return Ok(false),
                Step::Ask(serial, deed) => self.ask(serial, deed),
                Step::Text => {
                    self.screen.step_aside()?;
                    write!(io::stdout(), "\rany key goes back to the dashboard\r\n")?;
                    return Ok(true);
                }
            },
            Input::Terminal(Event::Resize(..)) => self.screen.resize()?,
            Input::Terminal(_) => return Ok(true),
            Input::Told { serial, deed, text, paint } => {
                let name = self.board.printer(&serial).map_or("", |entry| &entry.name);
                let text = format!("{name}: {}: {text}", deed.words());
                self.board.say(&text, paint);
            }
        }
        self.draw()?;
        Ok(true)
    }

    fn end(&mut self) -> io::Result<()> {
        self.tasks.abort_all();
        self.take_log();
        self.screen.leave()?;
        io::stderr().write_all(self.log.as_bytes())?;
        self.hold = None;
        // The alternate screen is gone; what was seen last stays.
        let mut table = Table::new(&brief::HEADINGS);
        for entry in self.board.printers.iter().take(LAST) {
            table.row(draw::row(entry, 6));
        }
        let columns = crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns));
        table.fit(columns.max(20), &["LAYER", "LEFT", "BED", "NOZZLE", "PROGRESS"]);
        let mut out = output::stdout();
        table.write(&mut out, output::colour())?;
        let more = self.board.printers.len().saturating_sub(LAST);
        if more > 0 {
            writeln!(out, "… and {more} more")?;
        }
        out.flush()
    }
}

/// Hands on what the terminal says, for as long as it says anything.
async fn read_keys(inputs: mpsc::Sender<Input>) {
    let mut events = EventStream::new();
    while let Some(Ok(event)) = events.next().await {
        if inputs.send(Input::Terminal(event)).await.is_err() {
            return;
        }
    }
}

/// A log line without the colours that it has for a terminal.
fn without_escapes(line: &str) -> String {
    let mut plain = String::new();
    let mut parts = line.split('\x1b');
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let rest = part.strip_prefix('[').and_then(|part| part.split_once('m'));
        plain.push_str(rest.map_or(part, |(_, rest)| rest));
    }
    human::printable(&plain)
}
