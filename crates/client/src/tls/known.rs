//! The certificates of printers that no authority vouches for, remembered at first use as ssh does.
//!
//! The file and its lines are in `known/file.rs`; who asks is `tls/printer.rs`.

mod file;

use std::{
    collections::HashMap,
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use bambu_protocol::Serial;

use super::{Fingerprint, UntrustedPrinter};
use crate::private_file::is_absent;

/// The certificates that printers showed at first use: in a file, or by default in memory until
/// the last clone is dropped.
///
/// Cheap to clone; clones share what they know. The file is one line per printer: serial number,
/// SHA-256 of its certificate, date. Processes may share it, and a line that somebody removes is
/// forgotten at the next connection.
#[derive(Clone, Default)]
pub struct KnownPrinters(Arc<Inner>);

#[derive(Default)]
struct Inner {
    path: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What the file said when it had this stamp.
    lines: HashMap<String, Line>,
    stamp: Option<Stamp>,
    /// Pins of a file that could not be written, and all pins without a file.
    unsaved: HashMap<String, Fingerprint>,
    has_warned: bool,
}

/// Time of change, length, and the file itself where the system tells: a renewed line is as long
/// as the old one, and may be written within one tick of the clock.
type Stamp = (Option<SystemTime>, u64, u64);

/// What the file says about one printer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    number: usize,
    /// Fingerprint and date; `None` when the line is damaged.
    pin: Option<(Fingerprint, String)>,
}

/// Where and since when another certificate is pinned, in words for an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place(String);

impl KnownPrinters {
    /// Remembers in this file. It is read when it is needed and made with the first printer,
    /// readable by its owner alone.
    pub fn open(path: impl Into<PathBuf>) -> Self {
        Self(Arc::new(Inner { path: Some(path.into()), ..Inner::default() }))
    }

    /// The file, if there is one.
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// Whether this certificate is the pinned one; `false` when none is pinned.
    ///
    /// # Errors
    /// Another one is pinned, or what is pinned cannot be read.
    pub(super) fn has(&self, serial: &str, shown: Fingerprint) -> Result<bool, UntrustedPrinter> {
        self.refreshed()?.check(self.path(), serial, shown)
    }

    /// Pins the certificate of a printer that none is pinned of. Blocking.
    ///
    /// # Errors
    /// Somebody else pinned another one in the meantime.
    pub(super) fn pin(&self, serial: &str, shown: Fingerprint) -> Result<(), UntrustedPrinter> {
        let Some(path) = self.path() else {
            let mut state = self.state();
            if !state.check(None, serial, shown)? {
                state.unsaved.insert(key(serial), shown);
            }
            return Ok(());
        };
        let _guard = file::lock(path);
        let mut state = self.refreshed()?;
        if state.check(Some(path), serial, shown)? {
            return Ok(());
        }
        match file::append(path, serial, shown) {
            Ok(()) => tracing::info!(serial, sha256 = %shown, file = %path.display(),
                "a printer's certificate is pinned on first use"),
            Err(error) => state.keep_unsaved(path, serial, shown, &error),
        }
        Ok(())
    }

    /// Replaces the pin of a printer, if one is there, by what an authority vouches for. Blocking.
    pub(super) fn renew(&self, serial: &str, shown: Fingerprint) {
        let Some(path) = self.path() else {
            self.state().unsaved.remove(&key(serial));
            return;
        };
        let _guard = file::lock(path);
        let Ok(mut state) = self.refreshed() else { return };
        state.unsaved.remove(&key(serial));
        let Some(line) = state.lines.get(&key(serial)) else { return };
        match file::replace(path, line.number, serial, shown) {
            Ok(()) => tracing::warn!(serial, sha256 = %shown, file = %path.display(),
                "the printer has a new certificate, signed by its authority; its pin is renewed"),
            Err(error) => state.warn(path, &error),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known, after another look at the file if it has changed.
    fn refreshed(&self) -> Result<MutexGuard<'_, State>, UntrustedPrinter> {
        let mut state = self.state();
        if let Some(path) = self.path() {
            state.refresh(path).map_err(|error| UntrustedPrinter::PinsUnreadable {
                path: path.to_owned(),
                why: error.to_string(),
            })?;
        }
        Ok(state)
    }
}

impl State {
    fn refresh(&mut self, path: &Path) -> io::Result<()> {
        let stamp = match std::fs::metadata(path) {
            Ok(file) => Some((file.modified().ok(), file.len(), file::number(&file))),
            Err(error) if is_absent(&error) => None,
            Err(error) => return Err(error),
        };
        if stamp != self.stamp {
            self.lines = if stamp.is_some() { file::read(path)? } else { HashMap::new() };
            self.stamp = stamp;
        }
        Ok(())
    }

    fn check(
        &self,
        path: Option<&Path>,
        serial: &str,
        shown: Fingerprint,
    ) -> Result<bool, UntrustedPrinter> {
        let changed = |pinned, place| Err(UntrustedPrinter::Changed { pinned, place });
        match (self.lines.get(&key(serial)), path) {
            (Some(Line { number, pin: None }), Some(path)) => {
                Err(UntrustedPrinter::PinDamaged { line: *number, path: path.to_owned() })
            }
            (Some(Line { pin: Some((pinned, _)), .. }), _) if *pinned == shown => Ok(true),
            (Some(Line { number, pin: Some((pinned, since)) }), Some(path)) => {
                changed(*pinned, Place::line(*number, path, since))
            }
            _ => match self.unsaved.get(&key(serial)) {
                None => Ok(false),
                Some(pinned) if *pinned == shown => Ok(true),
                Some(pinned) => changed(*pinned, Place::memory()),
            },
        }
    }

    /// A service whose home is read-only works on, but its pins end with it.
    fn keep_unsaved(&mut self, path: &Path, serial: &str, shown: Fingerprint, error: &io::Error) {
        self.unsaved.insert(key(serial), shown);
        self.warn(path, error);
    }

    fn warn(&mut self, path: &Path, error: &io::Error) {
        if !std::mem::replace(&mut self.has_warned, true) {
            tracing::warn!(file = %path.display(), %error,
                "pins of printers cannot be saved; they hold until this process ends");
        }
    }
}

impl Place {
    fn line(number: usize, path: &Path, since: &str) -> Self {
        Self(format!(
            "if the printer itself has changed (since {since}), remove line {number} of {}",
            path.display()
        ))
    }

    fn memory() -> Self {
        Self("if the printer itself has changed, start this program again".to_owned())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KnownPrinters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KnownPrinters").field(&self.path()).finish()
    }
}

/// Serial numbers are compared without case, as in certificates.
fn key(serial: &str) -> String {
    serial.to_ascii_uppercase()
}

/// A serial number as it may stand in the file.
fn is_serial(word: &str) -> bool {
    Serial::new(word).is_ok()
}

#[cfg(test)]
mod tests;
