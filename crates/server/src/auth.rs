//! Who asks: the proxy's tokens, what each of them may do, and the cloud's token behind it.
//!
//! The file is read in `auth/file.rs`, file and configuration are joined in `auth/table.rs`, one token
//! without a cloud behind it is `auth/password.rs`. How often somebody may ask is in `limits.rs`.

mod file;
mod password;
mod table;

use std::{
    collections::BTreeSet,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use axum::{
    http::{HeaderMap, header::AUTHORIZATION},
    response::{IntoResponse, Response},
};
use bambu_protocol::Serial;
use bambulab::{FileError, Token};
use jiff::Timestamp;

pub(crate) use password::{PROTOCOL, Password};
pub(crate) use table::{Listed, OptionsError};

use crate::{
    config::{TokenDigest, TokenOptions},
    error::ApiError,
    mask::Masker,
};
use file::{Flat, Look, Watched};
use table::Table;

/// A token is no longer than this; what is, is not looked up.
const LONGEST_TOKEN: usize = 4096;

/// Who shows a token, and what it may do.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// What it is called in metrics and logs: the configuration's name, else the first 8 digits of the
    /// fingerprint.
    pub name: Arc<str>,
    /// SHA-256 of its token: the key of what is kept per token.
    pub digest: TokenDigest,
    /// The token that it showed, for the mask alone.
    pub custom: Token,
    /// The cloud's token that it stands for.
    pub real: Token,
    /// Whether it may only read, on a face that lets others write, too.
    pub read_only: bool,
    /// The printers that it may see; `None` is all.
    pub serials: Option<Arc<BTreeSet<Serial>>>,
    /// Whether answers are masked; a strict proxy masks whatever is said here.
    pub masked: bool,
    /// Whether it is marked for the pages about the proxy itself.
    pub admin: bool,
    /// Requests per minute in place of the face's own limits.
    pub limit: Option<u32>,
}

impl Caller {
    /// Whether it may see this printer.
    pub(crate) fn may_see(&self, serial: &str) -> bool {
        self.serials
            .as_ref()
            .is_none_or(|serials| serials.iter().any(|allowed| allowed.as_str() == serial))
    }

    /// What hides secrets from it, its own tokens among them.
    pub(crate) fn masker(&self) -> Masker {
        Masker::with(Some(self.custom.reveal()), &[self.real.reveal()])
    }
}

/// Why somebody is not let in. The text says what to do, never what was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AuthError {
    /// No `Authorization` header, or an empty one.
    #[error("no token was shown; send the header Authorization: Bearer with a proxy token")]
    Missing,
    /// More than one, or a token that is not known.
    #[error("this token is not known here; ask whoever runs this proxy for one")]
    Invalid,
    /// It is known, and its time is over.
    #[error("this token has expired; ask whoever runs this proxy for another one")]
    Expired,
    /// It is known, and others are meant for these pages.
    #[error("this token is not for these pages; use one that is marked admin in the configuration")]
    NotAdmin,
}

impl AuthError {
    /// The short word of the answer, as the seeds have it.
    fn word(self) -> &'static str {
        match self {
            Self::Missing => "Missing token",
            Self::Invalid => "Invalid token",
            Self::Expired => "Expired token",
            Self::NotAdmin => "Forbidden",
        }
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::NotAdmin => Self::forbidden(error.to_string()),
            _ => Self::unauthorized(error.word(), error.to_string()),
        }
    }
}

impl IntoResponse for AuthError {
    fn into_response(self) -> Response {
        ApiError::from(self).into_response()
    }
}

/// Why the tokens cannot be used as they are given.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be read, or is something else.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is the example, untouched.
    #[error("{} still has the example's {text} as a token of the cloud; put the real one there, or take the line out", path.display())]
    Placeholder {
        /// Which file.
        path: PathBuf,
        /// What stands there: the example's own word, so no secret.
        text: &'static str,
    },
    /// What the configuration says about a token cannot be.
    #[error(transparent)]
    Options(#[from] OptionsError),
}

/// All tokens that are let in. One per process; every check sees one whole state of it.
pub(crate) struct Tokens {
    table: ArcSwap<Table>,
    options: Vec<TokenOptions>,
    sources: Mutex<Sources>,
    path: Option<PathBuf>,
}

/// What the table is made of, beside what the configuration says.
struct Sources {
    watched: Option<Watched>,
    flat: Flat,
    login: Option<Token>,
}

/// What a look at the file led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reload {
    /// Nothing new, or not yet settled.
    Unchanged,
    /// The new file is in use.
    Taken,
    /// The new file cannot be used; the old tokens stay.
    Kept,
}

impl Tokens {
    /// Reads the file, if there is one, and joins it with what the configuration says.
    ///
    /// A token of the configuration that is not in the file stands for the saved login.
    ///
    /// # Errors
    /// [`OpenError`]: the file cannot be used, or the configuration contradicts itself.
    pub(crate) fn open(
        file: Option<PathBuf>,
        options: Vec<TokenOptions>,
        login: Option<Token>,
    ) -> Result<Self, OpenError> {
        table::agree(&options)?;
        let login = login.filter(|token| !token.is_empty());
        let (mut watched, mut flat) = (None, Vec::new());
        if let Some(path) = &file {
            let (state, tokens) = Watched::open(path)?;
            (watched, flat) = (Some(state), tokens);
        }
        let table = Table::of(flat.clone(), &options, login.as_ref(), None);
        Ok(Self {
            table: ArcSwap::from_pointee(table),
            options,
            sources: Mutex::new(Sources { watched, flat, login }),
            path: file,
        })
    }

    /// Who shows this token.
    ///
    /// # Errors
    /// [`AuthError`]: nobody who may come in.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<Arc<Caller>, AuthError> {
        let shown = shown(headers)?;
        self.table.load().caller(&TokenDigest::of(shown), shown, Timestamp::now())
    }

    /// The same for the pages about the proxy itself: where any token is marked for them, only such a
    /// one.
    ///
    /// # Errors
    /// [`AuthError`]: nobody who may see them.
    pub(crate) fn check_admin(&self, headers: &HeaderMap) -> Result<Arc<Caller>, AuthError> {
        let caller = self.check(headers)?;
        if caller.admin || !self.table.load().has_admin() {
            return Ok(caller);
        }
        Err(AuthError::NotAdmin)
    }

    /// Whether somebody who was let in earlier would still be: for answers that take long.
    ///
    /// # Errors
    /// [`AuthError`]: the token was taken away, stands for something else now, or has expired.
    pub(crate) fn recheck(&self, caller: &Caller) -> Result<(), AuthError> {
        let shown = caller.custom.reveal();
        let now = self.table.load().caller(&caller.digest, shown, Timestamp::now())?;
        let same = now.real == caller.real && now.serials == caller.serials;
        same.then_some(()).ok_or(AuthError::Invalid)
    }

    /// How many tokens stand for something.
    pub(crate) fn count(&self) -> usize {
        self.table.load().len()
    }

    /// What there is, by name and fingerprint, without a secret.
    pub(crate) fn list(&self) -> Vec<Listed> {
        self.table.load().list(Timestamp::now())
    }

    /// Where the tokens are kept, if in a file.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What whoever runs this should know about the tokens.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = self.table.load().warnings(Timestamp::now());
        warnings.extend(self.path.as_deref().and_then(file::open_to_others));
        warnings
    }

    /// Looks whether the file has changed and takes it when two looks in a row find the same, so that
    /// none is taken while it is written. To be called every second; blocks for as long as reading takes.
    ///
    /// A file that is gone, empty, or broken changes nothing and is told once.
    pub(crate) fn reload_if_changed(&self) -> Reload {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(watched) = &mut sources.watched else {
            return Reload::Unchanged;
        };
        match watched.look() {
            Look::Same => Reload::Unchanged,
            Look::Taken(flat) => {
                sources.flat = flat;
                self.join(&sources);
                tracing::info!(tokens = self.count(), "the tokens were read anew");
                Reload::Taken
            }
            Look::Broken(error) => {
                tracing::warn!(%error, "the tokens stay as they were");
                Reload::Kept
            }
        }
    }

    /// From now on, tokens that stand for the saved login stand for this one.
    pub(crate) fn renew_login(&self, login: Token) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        sources.login = Some(login);
        self.join(&sources);
    }

    fn join(&self, sources: &Sources) {
        let (flat, login) = (sources.flat.clone(), sources.login.as_ref());
        let table = Table::of(flat, &self.options, login, Some(&self.table.load()));
        for warning in table.warnings(Timestamp::now()) {
            tracing::warn!("{warning}");
        }
        self.table.store(Arc::new(table));
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("path", &self.path).field("count", &self.count()).finish()
    }
}

/// The token of the one `Authorization` header, with `Bearer` before it or bare.
fn shown(headers: &HeaderMap) -> Result<&str, AuthError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(AuthError::Missing)?;
    if values.next().is_some() {
        return Err(AuthError::Invalid);
    }
    let text = value.to_str().map_err(|_| AuthError::Invalid)?.trim();
    let token = match text.split_at_checked(6) {
        Some((scheme, rest))
            if scheme.eq_ignore_ascii_case("bearer")
                && (rest.is_empty() || rest.starts_with(' ')) =>
        {
            rest.trim_start()
        }
        _ => text,
    };
    match token.len() {
        0 => Err(AuthError::Missing),
        1..=LONGEST_TOKEN => Ok(token),
        _ => Err(AuthError::Invalid),
    }
}

#[cfg(test)]
mod tests;
