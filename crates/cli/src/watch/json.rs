//! Status documents, one per line, with the state of the connection beside the status.

use std::{
    collections::HashMap,
    io::{self, Write},
    sync::Arc,
};

use bambu_protocol::Serial;
use bambulab::{Connection, Reason, Snapshot};

use super::View;
use crate::output::document::Document;

/// Writes documents; one buffer serves all printers.
pub(super) struct Documents<W> {
    out: W,
    buffer: Vec<u8>,
    last: HashMap<Serial, Seen>,
}

#[derive(Default, PartialEq, Eq)]
struct Seen {
    reports: u64,
    /// The states in which no reports come, and why none do.
    silent: Option<(&'static str, Option<&'static str>)>,
}

impl<W: Write> Documents<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, buffer: Vec::with_capacity(8 * 1024), last: HashMap::new() }
    }
}

impl<W: Write> View for Documents<W> {
    fn update(&mut self, serial: &Serial, snapshot: &Arc<Snapshot>) -> io::Result<bool> {
        let reason = snapshot.connection.reason();
        let silent = matches!(snapshot.connection, Connection::Offline(_) | Connection::Stale)
            .then(|| (snapshot.connection.word(), reason.map(Reason::word)));
        // Neither an unchanged printer nor one that has not told its state yet makes a document.
        let told = snapshot.complete || silent.is_some();
        let now = Seen { reports: snapshot.reports, silent };
        match self.last.get_mut(serial) {
            Some(last) if *last == now || !told => return Ok(false),
            Some(last) => *last = now,
            None if !told => return Ok(false),
            None => drop(self.last.insert(serial.clone(), now)),
        }
        self.buffer.clear();
        let document = Document::new(snapshot, reason.map(ToString::to_string));
        serde_json::to_writer(&mut self.buffer, &document)?;
        self.buffer.push(b'\n');
        self.out.write_all(&self.buffer)?;
        // What a printer never told is shown, but is no update.
        Ok(snapshot.complete)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(connection: Connection, complete: bool) -> Arc<Snapshot> {
        let status = Arc::default();
        Arc::new(Snapshot {
            status,
            connection,
            reports: u64::from(complete),
            complete,
            heard: None,
        })
    }

    #[test]
    fn every_change_of_the_connection_is_told_but_only_a_known_printer_counts() {
        let serial: Serial = "01P00A000000001".parse().unwrap();
        let lost = || Connection::Offline(Reason::Lost("gone".into()));
        let mut documents = Documents::new(Vec::new());
        let mut told = |connection, complete| {
            let counts = documents.update(&serial, &snapshot(connection, complete)).unwrap();
            let text = String::from_utf8(std::mem::take(&mut documents.out)).unwrap();
            let document = serde_json::from_str::<serde_json::Value>(&text).ok();
            (document.map(|it| (it["connection"].clone(), it["offline_reason"].clone())), counts)
        };
        let seen = |word: &str, reason: Option<&str>| Some((word.into(), reason.into()));
        assert_eq!(told(Connection::Connecting, false), (None, false));
        assert_eq!(told(lost(), false), (seen("offline", Some("lost")), false));
        assert_eq!(told(lost(), false), (None, false));
        assert_eq!(told(Connection::Online, true), (seen("online", None), true));
        assert_eq!(told(Connection::Stale, true), (seen("stale", None), true));
        assert_eq!(told(lost(), true), (seen("offline", Some("lost")), true));
        let away = Connection::Offline(Reason::PrinterOffline);
        assert_eq!(told(away, true), (seen("offline", Some("printer_offline")), true));
    }
}
