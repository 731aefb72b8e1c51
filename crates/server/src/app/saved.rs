//! The saved login while the servers run: taken anew when `bambu login` has renewed it.
//!
//! The file of the proxy's tokens is watched in `auth/file.rs`, the certificate's files in `app/tls.rs`.

use std::{fs, time::SystemTime};

use bambulab::{SavedSession, Token};
use tracing::{info, warn};

use super::surroundings::SavedLogin;

/// The file of the saved login, and what was last seen of it.
pub(super) struct Watched {
    login: SavedLogin,
    stamp: Option<(SystemTime, u64)>,
    /// What the last look found and the one before it did not.
    unsettled: Option<Token>,
    /// What is in use, or was told to be of no use.
    known: Option<Token>,
}

impl Watched {
    /// Looks from now on for another one than `known`.
    pub(super) fn new(login: SavedLogin, known: Option<Token>) -> Self {
        Self { login, stamp: None, unsettled: None, known }
    }

    /// A login that has come since the last look. Two looks in a row have to find it, so that none is
    /// taken while it is written; a file that is gone, broken or no file changes nothing.
    pub(super) fn look(&mut self) -> Option<SavedSession> {
        let file = fs::metadata(self.login.file.path()).ok().filter(|file| file.is_file());
        let stamp = file.and_then(|file| Some((file.modified().ok()?, file.len())));
        if stamp == self.stamp && self.unsettled.is_none() {
            return None;
        }
        self.stamp = stamp;
        let before = self.unsettled.take();
        let session = stamp.and_then(|_| self.login.file.read().ok().flatten())?;
        if self.known.as_ref() == Some(&session.token) {
            return None;
        }
        if before.as_ref() != Some(&session.token) {
            self.unsettled = Some(session.token);
            return None;
        }
        self.known = before;
        if let Some(of) = session.region.filter(|region| *region != self.login.region) {
            let (of, here) = (of.name(), self.login.region.name());
            warn!(
                "the saved login is for the region {of} and is not used in {here}; start the \
                 servers again, or sign in with bambu login --region {here}"
            );
            return None;
        }
        info!(token = %session.token.fingerprint(), "the saved login was renewed");
        Some(session)
    }
}

#[cfg(test)]
mod tests {
    use bambulab::{Region, SessionFile};

    use super::*;

    #[test]
    fn a_renewed_login_is_taken_once_when_it_has_settled_and_nothing_else_is() {
        let dir = tempfile::tempdir().unwrap();
        let file = SessionFile::at(dir.path().join("session"));
        let write = |token: &str, region| {
            let mut session = SavedSession::new(Token::new(token));
            session.region = region;
            file.write(&session).unwrap();
        };
        write("one", Some(Region::Global));
        let login = SavedLogin { file: file.clone(), region: Region::Global };
        let mut watched = Watched::new(login, Some(Token::new("one")));
        let mut found = || {
            let looks: Vec<_> = (0..4).filter_map(|_| watched.look()).collect();
            looks.iter().map(|session| session.token.reveal().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found(), [""; 0], "it is the one in use");
        write("another", None);
        assert_eq!(found(), ["another"]);
        assert_eq!(found(), [""; 0]);
        file.remove().unwrap();
        assert_eq!(found(), [""; 0], "somebody logged out");
        fs::write(file.path(), "{\"token\": \"hal").unwrap();
        assert_eq!(found(), [""; 0], "it is being written");
        fs::write(file.path(), "half").unwrap();
        assert_eq!(found(), ["half"], "a file of nothing but a token");
        write("elsewhere", Some(Region::China));
        assert_eq!(found(), [""; 0], "of the other region");
        write("back again", Some(Region::Global));
        assert_eq!(found(), ["back again"]);
    }
}
