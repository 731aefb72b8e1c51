//! The saved session if it still counts, else a login: one at a time, and never a storm of them.

use std::time::{Duration, SystemTime};

use super::{CloudError, CodeSource, Credentials, Life, Login, LoginError};
use crate::{
    private_file::FileError,
    session::{SavedSession, SessionFile, Turn, TurnError},
};

/// How long another process may take for its login: a person looks for an e-mail.
const OTHERS: Duration = Duration::from_secs(5 * 60);
/// A token with less than this left is made a fresh one, if the cloud does that.
const RENEW: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A session, and how it came.
#[derive(Debug)]
#[non_exhaustive]
pub struct Obtained {
    /// The session.
    pub session: SavedSession,
    /// How it came.
    pub found: Found,
    /// Why it could not be saved; it counts all the same.
    pub unsaved: Option<FileError>,
}

/// How a session came.
#[derive(Debug)]
#[non_exhaustive]
pub enum Found {
    /// It was saved, and the cloud takes it.
    Saved,
    /// It was saved, and nobody can say whether the cloud takes it.
    Unverified(CloudError),
    /// It was saved and about to end; its token is a fresh one.
    Refreshed,
    /// By a login.
    New,
}

impl Login {
    /// The saved session if the cloud takes it, else one from a login, saved.
    ///
    /// Only a token that the cloud calls dead, or that belongs to the other region, is given up. Two
    /// that ask at once do not both log in: the second one waits for the first and takes what it
    /// saved. After five logins in vain within a minute, further ones are refused, whichever processes
    /// ask for them.
    ///
    /// # Errors
    /// [`LoginError`].
    #[doc(alias = "get_or_create_token")]
    pub async fn get_or_create(
        &self,
        file: &SessionFile,
        credentials: &Credentials,
        code: impl CodeSource,
    ) -> Result<Obtained, LoginError> {
        if let Some(obtained) = self.resume(file).await? {
            return Ok(obtained);
        }
        let before = file.read()?;
        self.create_unless_new(file, before.as_ref(), credentials, code).await
    }

    /// Logs in, unless another process saved a session since `before` was read, and the cloud takes
    /// it: then that one.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn create_unless_new(
        &self,
        file: &SessionFile,
        before: Option<&SavedSession>,
        credentials: &Credentials,
        code: impl CodeSource,
    ) -> Result<Obtained, LoginError> {
        let mut turn = Turn::take(file.path(), OTHERS).await?;
        if file.read()?.as_ref() != before
            && let Some(obtained) = self.resume(file).await?
        {
            return Ok(obtained);
        }
        self.log_in(&mut turn, file, credentials, code).await
    }

    /// Logs in whatever is saved, and saves; the old session is kept until the new one is there.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn create(
        &self,
        file: &SessionFile,
        credentials: &Credentials,
        code: impl CodeSource,
    ) -> Result<Obtained, LoginError> {
        let mut turn = Turn::take(file.path(), OTHERS).await?;
        self.log_in(&mut turn, file, credentials, code).await
    }

    async fn log_in(
        &self,
        turn: &mut Turn,
        file: &SessionFile,
        credentials: &Credentials,
        code: impl CodeSource,
    ) -> Result<Obtained, LoginError> {
        // Before a code is used up: a file that cannot be replaced.
        file.check()?;
        turn.begin(SystemTime::now())?;
        let session = match self.sign_in(credentials, code).await {
            Ok(session) => session,
            Err(error) => {
                let is_nobody = matches!(&error, LoginError::Cloud(it) if it.is_unreachable());
                // To ask whether a token counts is no login either.
                if is_nobody || matches!(credentials, Credentials::Token(_)) {
                    turn.not_begun();
                }
                return Err(error);
            }
        };
        turn.succeeded();
        let unsaved = file.write(&session).err();
        Ok(Obtained { session, found: Found::New, unsaved })
    }

    /// The saved session, unless there is none or it is worth nothing.
    ///
    /// # Errors
    /// [`LoginError::File`]: it cannot be read.
    pub async fn resume(&self, file: &SessionFile) -> Result<Option<Obtained>, LoginError> {
        let Some(mut session) = file.read()? else { return Ok(None) };
        let before = session.clone();
        if session.region.is_some_and(|region| region != self.region) {
            return Ok(None);
        }
        let (found, fresh) = match self.verify(&session.token).await {
            Life::Dead => return Ok(None),
            Life::Unknown(error) => (Found::Unverified(error), None),
            Life::Alive { uid } => {
                let is_old = session.uid.is_none() && uid.is_some();
                session.uid = session.uid.or(uid);
                match self.renewed(file, &session).await {
                    Some(fresh) => (Found::Refreshed, Some(fresh)),
                    // An old file learns the number of its account.
                    None => (Found::Saved, is_old.then(|| session.clone())),
                }
            }
        };
        // Whoever has logged in, or out, since then has the last word.
        let is_same = || file.read().is_ok_and(|now| now.as_ref() == Some(&before));
        let unsaved = fresh.as_ref().filter(|_| is_same()).and_then(|new| file.write(new).err());
        Ok(Some(Obtained { session: fresh.unwrap_or(session), found, unsaved }))
    }

    /// A fresh token for one that is about to end, if the cloud gives one.
    async fn renewed(&self, file: &SessionFile, session: &SavedSession) -> Option<SavedSession> {
        session.remaining(SystemTime::now()).filter(|left| *left < RENEW)?;
        let _turn = Turn::take(file.path(), Duration::ZERO).await.ok()?;
        match self.refresh(session).await {
            Ok(fresh) => Some(fresh),
            Err(error) => {
                tracing::debug!(%error, "the token is not renewed");
                None
            }
        }
    }
}

impl From<TurnError> for LoginError {
    fn from(error: TurnError) -> Self {
        match error {
            TurnError::Busy => Self::Busy,
            TurnError::Enough(wait) => Self::TooOften { wait },
        }
    }
}
