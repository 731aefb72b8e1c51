//! Which of two tongues the REST half speaks: what was seen on the live service, or what older
//! documents say of it.

use std::{fmt, str::FromStr};

/// The shape of REST answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// As the live service answers [L].
    #[default]
    Observed,
    /// As documents of the service have it that nobody has seen live [G]: envelopes with `data`,
    /// error codes 1001 to 1006, jobs started by `POST user/print`.
    Documented,
}

/// A word that names no dialect. The text is "cause; next step".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no dialect of the cloud; it is observed or documented")]
pub struct UnknownDialect(String);

impl Dialect {
    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Documented => "documented",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(word: &str) -> Result<Self, UnknownDialect> {
        [Self::Observed, Self::Documented]
            .into_iter()
            .find(|dialect| dialect.word() == word)
            .ok_or_else(|| UnknownDialect(word.to_owned()))
    }
}
