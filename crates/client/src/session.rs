//! The saved session: the JSON file that a login leaves, as the seeds write it, and its lock.
//!
//! How one comes into being is in `cloud/login.rs`; only one login runs at a time, see
//! `session/turn.rs`.

mod turn;

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{
    endpoint::Region,
    private_file::{self, FileError},
    token::Token,
};

pub(crate) use turn::{Turn, TurnError};

/// Longest sleep before the clock is looked at again: machines sleep, too, and clocks are set.
const LOOK: Duration = Duration::from_secs(60);
const WANTED: &str = "a saved session: JSON with region and token, or a token alone";

/// What a login leaves: the token, and what is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SavedSession {
    /// The access token.
    pub token: Token,
    /// The part of the world that it is good in; old files may not tell.
    pub region: Option<Region>,
    /// Number of the account; old files do not tell.
    pub uid: Option<String>,
    /// When the token ends, as far as the cloud said so: 90 or 365 days after the login. [L]
    pub expires_at: Option<SystemTime>,
}

impl SavedSession {
    /// A session of which nothing but the token is known; an old token may name user and end.
    pub fn new(token: Token) -> Self {
        let (uid, expires_at) = (token.uid(), token.expires_at());
        Self { token, region: None, uid, expires_at }
    }

    /// How long the token still counts; zero when it is over, `None` when nobody knows.
    pub fn remaining(&self, now: SystemTime) -> Option<Duration> {
        Some(self.expires_at?.duration_since(now).unwrap_or_default())
    }

    /// Waits until no more than `before` is left of the token, and tells when it ends. A token whose
    /// end nobody knows is waited for without end.
    pub async fn alarm(&self, before: Duration) -> SystemTime {
        loop {
            let Some((end, left)) = self.expires_at.zip(self.remaining(SystemTime::now())) else {
                return std::future::pending().await;
            };
            if left <= before {
                return end;
            }
            tokio::time::sleep((left - before).min(LOOK)).await;
        }
    }
}

/// The file of a saved session, `~/.bambu_token` unless the user named another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionFile {
    path: PathBuf,
}

impl SessionFile {
    /// The file at this place; it need not be there yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is saved; `None` when there is no file, or one without a token.
    ///
    /// Read are our files, those of the seeds, and files that hold nothing but a token.
    ///
    /// # Errors
    /// [`FileError`]: it cannot be read, or it is something else.
    pub fn read(&self) -> Result<Option<SavedSession>, FileError> {
        let Some(text) = private_file::read(&self.path)? else { return Ok(None) };
        let found = self.parse(&text)?;
        let word = |key: &str| match found.get(key) {
            Some(Value::String(word)) if !word.trim().is_empty() => Some(word.trim().to_owned()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let Some(token) = word("token").map(|token| Token::new(&token)) else { return Ok(None) };
        let plain = SavedSession::new(token);
        let end = word("expires_at").and_then(|end| end.parse::<Timestamp>().ok());
        Ok(Some(SavedSession {
            region: word("region").and_then(|region| region.parse().ok()),
            uid: word("uid").map(|uid| uid.trim_start_matches("u_").to_owned()).or(plain.uid),
            expires_at: end.map(SystemTime::from).or(plain.expires_at),
            token: plain.token,
        }))
    }

    /// Saves a session, in one step and readable by its owner alone. Keys that are not ours stay.
    ///
    /// # Errors
    /// [`FileError`]; the old file is still there then.
    pub fn write(&self, session: &SavedSession) -> Result<(), FileError> {
        let mut kept = self.check()?;
        let end = session.expires_at.and_then(|end| Timestamp::try_from(end).ok());
        let second = |end: Timestamp| Timestamp::from_second(end.as_second()).unwrap_or(end);
        for (key, value) in [
            ("region", session.region.map(|region| region.name().to_owned())),
            ("token", Some(session.token.reveal().to_owned())),
            ("uid", session.uid.clone()),
            ("expires_at", end.map(|end| second(end).to_string())),
        ] {
            // What is not known of the new token must not stay of the old one.
            match value {
                Some(value) => kept.insert(key.to_owned(), Value::String(value)),
                None => kept.remove(key),
            };
        }
        let text = serde_json::to_string_pretty(&kept).unwrap_or_default() + "\n";
        private_file::replace(&self.path, &text)
    }

    /// A file of its own, not a link, which can be read but neither replaced nor removed.
    ///
    /// # Errors
    /// [`FileError::Link`].
    pub fn refuse_link(&self) -> Result<(), FileError> {
        private_file::refuse_link(&self.path)
    }

    /// Forgets the session; whether there was one.
    ///
    /// # Errors
    /// [`FileError`]: it cannot be removed, or it is a link, whose end would still have the token.
    pub fn remove(&self) -> Result<bool, FileError> {
        self.refuse_link()?;
        private_file::remove(&self.path)
    }

    /// Whether others than its owner may read it: `chmod 600` helps.
    pub fn is_open_to_others(&self) -> bool {
        private_file::is_open_to_others(&self.path)
    }

    /// What is in it, if it may be replaced: who names a link or a file of something else by mistake
    /// does not lose it.
    pub(crate) fn check(&self) -> Result<Map<String, Value>, FileError> {
        private_file::refuse_link(&self.path)?;
        private_file::read(&self.path)?.map_or_else(|| Ok(Map::new()), |text| self.parse(&text))
    }

    fn parse(&self, text: &str) -> Result<Map<String, Value>, FileError> {
        let text = text.trim_start_matches('\u{feff}').trim();
        let path = || self.path.clone();
        // A file that holds nothing but the token is what people write by hand.
        if !text.starts_with('{') {
            if text.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Ok(Map::from_iter([("token".to_owned(), Value::from(text))]));
            }
            return Err(FileError::Foreign { path: path(), line: 1, wanted: WANTED });
        }
        serde_json::from_str(text).map_err(|error| FileError::Foreign {
            path: path(),
            // Its place only: the message could quote the token.
            line: error.line(),
            wanted: WANTED,
        })
    }
}

#[cfg(test)]
mod tests;
