//! What a key does.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use bambu_protocol::Serial;

use super::board::{Board, Deed, Mode};
use crate::output::Paint;

/// What is left to do after a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing.
    Stay,
    /// The end.
    Quit,
    /// This printer shall do this.
    Ask(Serial, Deed),
    /// The text behind the dashboard is wanted.
    Text,
}

/// The keys, for the help and the bottom line.
pub(super) const HELP: [(&str, &str); 9] = [
    ("↑ ↓, Tab", "select a printer (also j, k, PgUp, PgDn, Home, End)"),
    ("Enter", "show the selected printer alone, or all again"),
    ("p", "pause its job"),
    ("r", "resume its job"),
    ("s", "stop its job, after a question"),
    ("l", "switch its light"),
    ("i", "the text behind this screen, if there is one"),
    ("?", "this help"),
    ("q, Ctrl-C", "end; printers go on with what they do"),
];

/// Lines that Page Up and Page Down go.
const PAGE: isize = 10;

impl Board {
    /// Does what a key says.
    pub(super) fn key(&mut self, key: KeyEvent) -> Step {
        if key.kind == KeyEventKind::Release {
            return Step::Stay;
        }
        self.dirty = true;
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if control && matches!(key.code, KeyCode::Char('c' | 'd')) {
            return Step::Quit;
        }
        match std::mem::replace(&mut self.mode, Mode::Watching) {
            Mode::Watching if control => Step::Stay,
            Mode::Watching => self.watching(key.code),
            Mode::Help if key.code == KeyCode::Char('q') => Step::Quit,
            Mode::Help => Step::Stay,
            Mode::Confirm { serial, deed } if matches!(key.code, KeyCode::Char('y' | 'Y')) => {
                self.ask(serial, deed)
            }
            Mode::Confirm { serial, deed } => {
                let name = self.printer(&serial).map_or("", |entry| &entry.name);
                let text = format!("{name}: {} was not sent", deed.words());
                self.say(&text, Paint::Plain);
                Step::Stay
            }
        }
    }

    fn watching(&mut self, key: KeyCode) -> Step {
        match key {
            KeyCode::Char('q') => return Step::Quit,
            KeyCode::Esc if self.alone => self.alone = false,
            KeyCode::Esc => return Step::Quit,
            KeyCode::Enter => self.alone = !self.alone,
            KeyCode::Up | KeyCode::Char('k') => self.step(-1),
            KeyCode::Down | KeyCode::Char('j') => self.step(1),
            KeyCode::PageUp => self.step(-PAGE),
            KeyCode::PageDown => self.step(PAGE),
            KeyCode::Home => self.step(isize::MIN),
            KeyCode::End => self.step(isize::MAX),
            KeyCode::Tab | KeyCode::Right => self.turn(true),
            KeyCode::BackTab | KeyCode::Left => self.turn(false),
            KeyCode::Char('?' | 'h') | KeyCode::F(1) => self.mode = Mode::Help,
            KeyCode::Char('i') if self.has_text => return Step::Text,
            KeyCode::Char('p') => return self.ask_current(Deed::Pause),
            KeyCode::Char('r') => return self.ask_current(Deed::Resume),
            KeyCode::Char('s') => {
                if let Some(entry) = self.current() {
                    self.mode = Mode::Confirm { serial: entry.serial.clone(), deed: Deed::Stop };
                }
            }
            KeyCode::Char('l') => {
                // A light that says nothing is switched on: that can be seen.
                let on = self.current().and_then(|entry| entry.light()) == Some(true);
                return self.ask_current(Deed::Light(!on));
            }
            _ => {}
        }
        Step::Stay
    }

    fn ask_current(&mut self, deed: Deed) -> Step {
        match self.current() {
            Some(entry) => self.ask(entry.serial.clone(), deed),
            None => Step::Stay,
        }
    }

    fn ask(&mut self, serial: Serial, deed: Deed) -> Step {
        let name = self.printer(&serial).map_or("", |entry| &entry.name);
        let text = format!("{name}: {} …", deed.words());
        self.say(&text, Paint::Plain);
        Step::Ask(serial, deed)
    }
}
