//! The file of pins: a line is `SERIAL sha256:HEX DATE`, `#` begins a comment.
//!
//! A new pin is one append, a renewed one a new file in the old one's place; both under the lock
//! of a file beside it, so that processes lose none of each other's lines.

use std::{
    collections::HashMap,
    fs::{self, File, TryLockError},
    io::{self, Read as _, Write as _},
    path::Path,
    thread,
    time::Duration,
};

use super::{Line, is_serial, key};
use crate::{
    private_file::{self, is_absent},
    tls::Fingerprint,
};

const HEADER: &str = "# Certificates of printers, pinned at first use: serial number, SHA-256, \
                      date.\n# Remove the line of a printer to have it pinned anew.\n";

/// More than this is no file of ours: some 40,000 printers.
const LONGEST: u64 = 4 << 20;

/// How often the lock is tried, and how long apart: two seconds in all.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// Keeps other processes from writing until it is dropped. Where that cannot be had, because the
/// directory is read-only or the file system knows no locks, an append alone is safe enough.
pub(super) fn lock(path: &Path) -> Option<File> {
    let file = private_file::lock_file(path)?;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Some(file),
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Err(TryLockError::Error(_)) => return None,
        }
    }
    tracing::debug!(file = %path.display(), "the lock is not free; going on without");
    None
}

/// What each line says. The first line about a printer counts; a damaged one counts as damaged, so
/// that it is not taken for a printer that nobody knows yet.
pub(super) fn read(path: &Path) -> io::Result<HashMap<String, Line>> {
    let mut bytes = Vec::new();
    let read = File::open(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if read as u64 > LONGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is longer than 4 MiB"));
    }
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = HashMap::new();
    for (index, line) in text.lines().enumerate() {
        let mut words = line.split_ascii_whitespace();
        let Some(serial) = words.next().filter(|word| !word.starts_with('#') && is_serial(word))
        else {
            continue;
        };
        let print = words.next().and_then(|word| word.strip_prefix("sha256:")?.parse().ok());
        let pin = print.map(|print| (print, words.next().unwrap_or("an unknown day").to_owned()));
        lines.entry(key(serial)).or_insert(Line { number: index + 1, pin });
    }
    Ok(lines)
}

/// What tells a file from the one that was in its place before, where the system has such a number.
#[cfg(unix)]
pub(super) fn number(file: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(file)
}

/// What tells a file from the one that was in its place before, where the system has such a number.
#[cfg(not(unix))]
pub(super) fn number(_: &fs::Metadata) -> u64 {
    0
}

/// Adds a line; the file is made when it is not there.
pub(super) fn append(path: &Path, serial: &str, print: Fingerprint) -> io::Result<()> {
    let mut text = line(serial, print);
    let length = match fs::metadata(path) {
        Ok(file) => file.len(),
        Err(error) if is_absent(&error) => 0,
        Err(error) => return Err(error),
    };
    if length == 0 {
        text.insert_str(0, HEADER);
    } else if !fs::read(path)?.ends_with(b"\n") {
        // A line that was cut off stays the only damaged one.
        text.insert(0, '\n');
    }
    private_file::options(private_file::PRIVATE)
        .append(true)
        .create(true)
        .open(path)?
        .write_all(text.as_bytes())
}

/// Replaces line `number` (from 1), in one step.
pub(super) fn replace(
    path: &Path,
    number: usize,
    serial: &str,
    print: Fingerprint,
) -> io::Result<()> {
    let old = String::from_utf8_lossy(&fs::read(path)?).into_owned();
    let mut text = String::with_capacity(old.len());
    for (index, old) in old.lines().enumerate() {
        match index + 1 == number {
            true => text += &line(serial, print),
            false => text = text + old + "\n",
        }
    }
    private_file::swap(path, &text, private_file::PRIVATE)
}

fn line(serial: &str, print: Fingerprint) -> String {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    format!("{serial} sha256:{print} {today}\n")
}
