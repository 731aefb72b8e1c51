//! Lines for people: the time, the printer, and what it does now.

use std::{
    collections::HashMap,
    io::{self, Write},
    sync::Arc,
};

use bambu_protocol::Serial;
use bambu_server::Fleet;
use bambulab::{Connection, Snapshot};

use super::View;
use crate::output::{Paint, brief, human};

/// Writes a line when something a person would see has changed.
pub(super) struct Lines<W> {
    out: W,
    colour: bool,
    last: HashMap<Serial, String>,
    name_width: usize,
}

impl<W: Write> Lines<W> {
    pub(super) fn new(out: W, colour: bool, fleet: &Fleet) -> Self {
        let names = fleet.links().map(|link| human::width(brief::name(&link.snapshot().status)));
        let name_width = names.max().unwrap_or(0);
        Self { out, colour, last: HashMap::new(), name_width }
    }
}

impl<W: Write> View for Lines<W> {
    fn update(&mut self, serial: &Serial, snapshot: &Arc<Snapshot>) -> io::Result<bool> {
        let text = match &snapshot.connection {
            Connection::Online if !snapshot.complete => return Ok(false),
            Connection::Online => brief::line(&snapshot.status),
            Connection::Offline(reason) => format!("offline: {reason}"),
            Connection::Connecting => "connecting".to_owned(),
            Connection::Stale => "stale: the printer has fallen silent".to_owned(),
        };
        let name = brief::name(&snapshot.status);
        if self.last.get(serial).is_some_and(|last| *last == text) {
            return Ok(false);
        }
        let name = human::printable(name);
        let gap = " ".repeat(self.name_width.saturating_sub(human::width(&name)));
        let name = Paint::Bold.on(&name, self.colour);
        let time = Paint::Dim.on(&super::clock(), self.colour);
        super::line(&mut self.out, &format!("{time}  {name}{gap}  {text}"))?;
        self.last.insert(serial.clone(), text);
        Ok(snapshot.connection == Connection::Online)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
