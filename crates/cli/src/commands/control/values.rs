//! Single words behind a verb: numbers, temperatures, lengths, names. Which verb wants which is in
//! `verbs.rs`.

/// What is wrong with the words behind a verb.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Wrong {
    /// Too few or too many.
    #[error("the words do not fit")]
    Shape,
    /// One that cannot be meant.
    #[error("{0}")]
    Value(String),
}

/// A word that is none of those that it could be.
pub(super) fn wrong(error: &impl std::error::Error) -> Wrong {
    Wrong::Value(error.to_string())
}

/// A spelling without case, and `_` as `-`.
pub(super) fn plain_word(word: &str) -> String {
    word.to_ascii_lowercase().replace('_', "-")
}

/// The only word, read.
pub(super) fn one<T>(words: &[&str]) -> Result<T, Wrong>
where
    T: std::str::FromStr,
    T::Err: std::error::Error,
{
    match words {
        [word] => read(word),
        _ => Err(Wrong::Shape),
    }
}

/// A word, read.
pub(super) fn read<T>(word: &str) -> Result<T, Wrong>
where
    T: std::str::FromStr,
    T::Err: std::error::Error,
{
    word.parse().map_err(|error| wrong(&error))
}

/// A whole number.
pub(super) fn number<T: std::str::FromStr>(word: &str, what: &str) -> Result<T, Wrong> {
    word.parse().map_err(|_| Wrong::Value(format!("{word:?} is no {what}")))
}

/// The only word as °C; `off` is 0.
pub(super) fn celsius(words: &[&str]) -> Result<u16, Wrong> {
    let [word] = words else { return Err(Wrong::Shape) };
    if word.eq_ignore_ascii_case("off") {
        return Ok(0);
    }
    let bare = word.trim_end_matches(['C', 'c']).trim_end_matches('°');
    bare.trim().parse().map_err(|_| {
        Wrong::Value(format!("{word:?} is no temperature: whole °C, such as 220, or off"))
    })
}

/// A length in mm.
pub(super) fn length(word: &str) -> Result<f64, Wrong> {
    let far: Option<f64> = word.trim_end_matches("mm").parse().ok();
    far.filter(|far| far.is_finite())
        .ok_or_else(|| Wrong::Value(format!("{word:?} is no length in mm, such as 10 or -0.5")))
}
