//! The tokens' file while the server runs: read with a bound, and anew when it has settled.
//!
//! It is written by the client library's `ProxyTokens`, or by hand.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use bambulab::{FileError, Token, private_file, proxy_tokens};

use super::OpenError;
use crate::config::TokenDigest;

/// What the seeds' example has in place of the cloud's tokens.
const PLACEHOLDERS: [&str; 2] =
    ["YOUR_REAL_BAMBU_CLOUD_TOKEN_HERE", "ANOTHER_BAMBU_CLOUD_TOKEN_HERE"];

/// What is told of a pipe or a folder in place of the file.
const NO_FILE: io::ErrorKind = io::ErrorKind::InvalidInput;

/// A line of the file: the custom token, and what it stands for.
pub(super) type Flat = Vec<(Token, Token)>;

/// The file, and what was last seen of it.
pub(super) struct Watched {
    path: PathBuf,
    stamp: Stamp,
    /// What the last look found and the one before it did not.
    unsettled: Option<Seen>,
    /// What is in use, or was told to be broken.
    known: Seen,
}

/// What a look at the file found.
pub(super) enum Look {
    /// Nothing that is new and settled.
    Same,
    /// New tokens.
    Taken(Flat),
    /// Something new that cannot be used; told once.
    Broken(OpenError),
}

/// What changes when a file is written: its time, its length, and the file itself.
type Stamp = Option<(SystemTime, u64, u64)>;

/// The bytes of a file by their digest, or why there are none.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Bytes(TokenDigest),
    Nothing(io::ErrorKind),
}

impl Watched {
    /// Reads it for the first time: one that is not there, or is empty, has no token yet.
    pub(super) fn open(path: &Path) -> Result<(Self, Flat), OpenError> {
        let stamp = stamp(path);
        let (known, flat) = match private_file::text(path) {
            Ok(text) => {
                let flat =
                    if proxy_tokens::is_empty(&text) { Flat::new() } else { parse(path, &text)? };
                (Seen::Bytes(TokenDigest::of(&text)), flat)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                (Seen::Nothing(error.kind()), Flat::new())
            }
            Err(source) => return Err(unreadable(path, source).into()),
        };
        Ok((Self { path: path.to_owned(), stamp, unsettled: None, known }, flat))
    }

    /// Looks again.
    pub(super) fn look(&mut self) -> Look {
        let stamp = stamp(&self.path);
        if stamp == self.stamp && self.unsettled.is_none() {
            return Look::Same;
        }
        self.stamp = stamp;
        let text =
            if is_other(&self.path) { Err(NO_FILE.into()) } else { private_file::text(&self.path) };
        let seen = match &text {
            Ok(text) => Seen::Bytes(TokenDigest::of(text)),
            Err(error) => Seen::Nothing(error.kind()),
        };
        if self.unsettled.replace(seen) != Some(seen) {
            return Look::Same;
        }
        self.unsettled = None;
        if std::mem::replace(&mut self.known, seen) == seen {
            return Look::Same;
        }
        match text.map_err(|source| unreadable(&self.path, source).into()) {
            Ok(text) => parse(&self.path, &text).map_or_else(Look::Broken, Look::Taken),
            Err(error) => Look::Broken(error),
        }
    }
}

/// A sentence about a file that others may read.
pub(super) fn open_to_others(path: &Path) -> Option<String> {
    let shown = path.display();
    private_file::is_open_to_others(path)
        .then(|| format!("others may read the tokens in {shown}; chmod 600 {shown} ends that"))
}

fn stamp(path: &Path) -> Stamp {
    let file = fs::metadata(path).ok()?;
    #[cfg(unix)]
    let itself = std::os::unix::fs::MetadataExt::ino(&file);
    #[cfg(not(unix))]
    let itself = 0;
    Some((file.modified().ok()?, file.len(), itself))
}

/// A pipe in its place could be waited for without an end.
fn is_other(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file())
}

fn unreadable(path: &Path, source: io::Error) -> FileError {
    FileError::Read { path: path.to_owned(), source }
}

fn parse(path: &Path, text: &str) -> Result<Flat, OpenError> {
    let mut tokens = Flat::new();
    for (custom, real) in proxy_tokens::parse(path, text)? {
        if let Some(text) = PLACEHOLDERS.into_iter().find(|text| *text == real.reveal().trim()) {
            return Err(OpenError::Placeholder { path: path.to_owned(), text });
        }
        let custom = Token::new(&custom);
        // A token that no header can carry, or that stands for nothing, lets nobody in.
        if !custom.is_empty() && !real.is_empty() {
            tokens.push((custom, real));
        }
    }
    Ok(tokens)
}
