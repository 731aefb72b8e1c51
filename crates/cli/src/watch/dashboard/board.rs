//! What the dashboard knows: printers, the selected one, what was asked of them and what became
//! of it. No terminal in here; `draw.rs` shows it, `keys.rs` says what a key does to it.

use std::{collections::HashMap, sync::Arc};

use bambu_protocol::Serial;
use bambulab::{Connection, Snapshot, link::Way};
use jiff::Zoned;

use super::{history::History, palette::Palette};
use crate::output::{Paint, brief, human};

/// The dashboard without its terminal.
pub(super) struct Board {
    pub(super) title: &'static str,
    pub(super) palette: Palette,
    /// In the order in which they are shown, which never changes.
    pub(super) printers: Vec<Entry>,
    places: HashMap<Serial, usize>,
    /// Index into `printers`.
    pub(super) selected: usize,
    pub(super) mode: Mode,
    /// The selected printer alone, without the list.
    pub(super) alone: bool,
    /// Whether there is a text to look at with `i`.
    pub(super) has_text: bool,
    /// A line that stands at the bottom all the time, if there is one.
    pub(super) foot: String,
    /// What was said last, the newest at the end.
    pub(super) notices: Vec<Notice>,
    pub(super) now: Zoned,
    /// Whether anything has changed since it was drawn.
    pub(super) dirty: bool,
}

/// One printer.
pub(super) struct Entry {
    pub(super) serial: Serial,
    pub(super) name: String,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) history: History,
    /// The way by which it is reached, where somebody looked.
    pub(super) way: Option<Way>,
}

/// What the keys mean now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mode {
    /// They select and command.
    Watching,
    /// They are being explained.
    Help,
    /// Only `y` does it.
    Confirm { serial: Serial, deed: Deed },
}

/// What a key can do to a printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Pause,
    Resume,
    Stop,
    Light(bool),
}

impl Deed {
    /// In words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Stop => "stop",
            Self::Light(true) => "light on",
            Self::Light(false) => "light off",
        }
    }
}

/// A line at the bottom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) text: String,
    pub(super) paint: Paint,
}

/// Notices kept; more than any screen shows.
const NOTICES: usize = 20;

impl Board {
    /// A board over these printers.
    pub(super) fn new(
        title: &'static str,
        palette: Palette,
        printers: impl IntoIterator<Item = (Serial, Arc<Snapshot>)>,
        now: Zoned,
    ) -> Self {
        let entry = |(serial, snapshot): (Serial, Arc<Snapshot>)| Entry {
            name: human::printable(brief::name(&snapshot.status)),
            serial,
            snapshot,
            history: History::default(),
            way: None,
        };
        let mut printers: Vec<Entry> = printers.into_iter().map(entry).collect();
        printers.sort_by_cached_key(|it| (human::sort_key(&it.name), it.serial.clone()));
        let places = printers.iter().enumerate().map(|(at, it)| (it.serial.clone(), at)).collect();
        Self {
            title,
            palette,
            printers,
            places,
            selected: 0,
            mode: Mode::Watching,
            alone: false,
            has_text: false,
            foot: String::new(),
            notices: Vec::new(),
            now,
            dirty: true,
        }
    }

    /// Takes a new state of a printer.
    pub(super) fn update(&mut self, serial: &Serial, snapshot: &Arc<Snapshot>) {
        let place = self.places.get(serial).copied();
        if let Some(entry) = place.and_then(|place| self.printers.get_mut(place)) {
            entry.snapshot = snapshot.clone();
            self.dirty = true;
        }
    }

    /// Takes the way by which the selected printer is reached.
    pub(super) fn reached_by(&mut self, way: Option<Way>) {
        if let Some(entry) = self.printers.get_mut(self.selected) {
            self.dirty |= entry.way != way;
            entry.way = way;
        }
    }

    /// Every second: the time goes on; every other second temperatures are noted down.
    pub(super) fn tick(&mut self, now: Zoned) {
        if now.second() == self.now.second() {
            return;
        }
        if now.second() % 2 == 0 {
            for entry in &mut self.printers {
                let live = entry.is_live().then_some(&*entry.snapshot.status);
                entry.history.sample(live);
            }
        }
        self.now = now;
        self.dirty = true;
    }

    /// The selected printer.
    pub(super) fn current(&self) -> Option<&Entry> {
        self.printers.get(self.selected)
    }

    /// The printer with this serial number.
    pub(super) fn printer(&self, serial: &Serial) -> Option<&Entry> {
        self.places.get(serial).and_then(|place| self.printers.get(*place))
    }

    /// Selects by a step down or up, and stops at the ends.
    pub(super) fn step(&mut self, by: isize) {
        let last = self.printers.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
        self.dirty = true;
    }

    /// Selects the next or the one before, around the ends.
    pub(super) fn turn(&mut self, forward: bool) {
        let many = self.printers.len().max(1);
        let by = if forward { 1 } else { many - 1 };
        self.selected = (self.selected + by) % many;
        self.dirty = true;
    }

    /// Says something at the bottom.
    pub(super) fn say(&mut self, text: &str, paint: Paint) {
        if self.notices.len() == NOTICES {
            self.notices.remove(0);
        }
        let text = format!("{}  {}", self.now.strftime("%H:%M:%S"), human::printable(text));
        self.notices.push(Notice { text, paint });
        self.dirty = true;
    }

    /// How many printers print, want attention, and do not answer.
    pub(super) fn counts(&self) -> [usize; 3] {
        let count = |which: &dyn Fn(&Entry) -> bool| {
            self.printers.iter().filter(|entry| which(entry)).count()
        };
        [
            count(&|entry| entry.is_live() && entry.snapshot.status.state.is_active()),
            count(&|entry| entry.is_live() && entry.is_in_trouble()),
            count(&|entry| {
                matches!(entry.snapshot.connection, Connection::Offline(_) | Connection::Stale)
            }),
        ]
    }
}

impl Entry {
    /// Whether what is known is what is.
    pub(super) fn is_live(&self) -> bool {
        self.snapshot.connection == Connection::Online && self.snapshot.complete
    }

    fn is_in_trouble(&self) -> bool {
        let status = &self.snapshot.status;
        status.error.is_some() || !status.hms.is_empty()
    }

    /// Whether its light shines, where it says so.
    pub(super) fn light(&self) -> Option<bool> {
        let lights = &self.snapshot.status.lights;
        lights.chamber.as_ref().or(lights.chamber2.as_ref()).map(|state| state.as_str() == "on")
    }
}
