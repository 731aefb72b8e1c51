//! The saved session: the JSON file of the seeds' login, with the region and the token.

use std::{io, path::Path};

use serde::Deserialize;

use crate::exit::{Failure, Kind};

/// What the file holds. Keys that are not ours are left alone.
#[derive(Default, Deserialize)]
pub(super) struct Session {
    pub(super) region: Option<String>,
    pub(super) token: Option<String>,
    pub(super) uid: Option<String>,
}

/// Reads the saved session; a missing one is empty unless it was asked for by name.
pub(super) fn read(path: &Path, wanted: bool) -> Result<Session, Failure> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !wanted => {
            return Ok(Session::default());
        }
        Err(error) => {
            return Err(Failure::new(Kind::NotAuthenticated, error)
                .about(format!("cannot read the saved session {}", path.display()))
                .next("set BAMBU_TOKEN, or name the file with --token-file"));
        }
    };
    let text = text.trim();
    // A file that holds nothing but the token is what people write by hand.
    if !text.is_empty() && !text.starts_with('{') && !text.contains(char::is_whitespace) {
        return Ok(Session { token: Some(text.to_owned()), ..Session::default() });
    }
    serde_json::from_str(text).map_err(|error| {
        // Its place only: the message could quote the token.
        Failure::say(
            Kind::Usage,
            format!("{}, line {}: no session in JSON", path.display(), error.line()),
        )
        .next("move that file away, or give a token with BAMBU_TOKEN")
    })
}
