//! Who is meant and what is wanted: `bambu control [PRINTER] VERB …`.

use bambu_protocol::command::Command;

use super::{
    values::{Wrong, plain_word},
    verbs::{self, VERBS},
};
use crate::exit::{Failure, Kind};

/// What a call says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    /// The printer in front of the verb.
    pub(super) printer: Option<String>,
    pub(super) command: Command,
    /// The command as it was written, on one line.
    pub(super) text: String,
    /// The first word would make sense as a printer's name, too.
    pub(super) unclear: bool,
}

/// Reads the words. With `named` the printers are named by flags, and all words are the command.
///
/// # Errors
/// Words that make no command, with what would.
pub(super) fn read(words: &[String], named: bool) -> Result<Said, Failure> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let said = |printer: Option<&str>, command, words: &[&str], unclear| Said {
        printer: printer.map(str::to_owned),
        command,
        text: words.join(" ").split_whitespace().collect::<Vec<_>>().join(" "),
        unclear,
    };
    let all = command(&words);
    let rest = words.get(1..).unwrap_or_default();
    let behind = command(rest);
    if named {
        let twice = matches!(all, Err(Mistake::Unknown(_))) && behind.is_ok();
        let all = all.map(|command| said(None, command, &words, false)).map_err(Mistake::tell);
        return all.map_err(|failure| match twice {
            true => failure.next("leave it out: the printers are named by a flag already"),
            false => failure,
        });
    }
    match (all, behind, words.first()) {
        (Ok(all), behind, _) => Ok(said(None, all, &words, behind.is_ok())),
        (Err(_), Ok(behind), Some(printer)) => Ok(said(Some(printer), behind, rest, false)),
        // The mistake that is told is the one that is nearer to a command.
        (Err(all), Err(behind), _) => Err(Mistake::nearer(all, behind).tell()),
        (Err(all), _, None) => Err(all.tell()),
    }
}

/// Why words are no command.
enum Mistake {
    /// A verb with wrong words behind it, and those words.
    Words(&'static verbs::Verb, Wrong, String),
    /// An earlier tool's name with a value that it cannot have.
    Seeds(String),
    /// The beginning of a family of verbs.
    Family(String),
    /// No verb at all.
    Unknown(String),
    /// Nothing.
    Nothing,
}

fn command(words: &[&str]) -> Result<Command, Mistake> {
    let Some(first) = words.first() else { return Err(Mistake::Nothing) };
    if let Some((verb, rest)) = verbs::find(words) {
        return verb.read(rest).map_err(|wrong| Mistake::Words(verb, wrong, rest.join(" ")));
    }
    match verbs::seeds(words) {
        Some(command) => Ok(command),
        None if bambu_protocol::command::SEED_NAMES.contains(first) => {
            Err(Mistake::Seeds((*first).to_owned()))
        }
        None if verbs::begins_one(first) => Err(Mistake::Family((*first).to_owned())),
        None => Err(Mistake::Unknown((*first).to_owned())),
    }
}

impl Mistake {
    /// Of the mistakes with and without a printer in front, the one that a person means.
    fn nearer(all: Self, behind: Self) -> Self {
        let distance = |mistake: &Self| match mistake {
            Self::Words(..) | Self::Seeds(_) | Self::Family(_) => 0,
            Self::Unknown(word) => nearest(word).map_or(9, |(_, distance)| 1 + distance),
            Self::Nothing => 10,
        };
        match (&all, &behind) {
            // Neither is a verb: the first one names a printer.
            (Self::Unknown(_), Self::Unknown(_)) if distance(&all) == distance(&behind) => behind,
            _ if distance(&behind) < distance(&all) => behind,
            _ => all,
        }
    }

    fn tell(self) -> Failure {
        let usage = |text: &str| format!("write: bambu control [PRINTER] {text}");
        match self {
            Self::Words(verb, Wrong::Shape, words) => {
                let text = match words.as_str() {
                    "" => format!("{} wants a value", verb.name),
                    words => format!("{words:?} does not fit behind {}", verb.name),
                };
                Failure::say(Kind::Usage, text).next(usage(&verb.usage()))
            }
            Self::Words(verb, Wrong::Value(text), _) => {
                Failure::say(Kind::Usage, text).next(usage(&verb.usage()))
            }
            Self::Seeds(name) => {
                Failure::say(Kind::Usage, format!("{name} wants one value that it can have"))
                    .next("give °C, percent or lines as one value, such as: set_nozzle_temp 220")
            }
            Self::Family(word) => {
                let family = format!("{} ", plain_word(&word));
                let verbs = VERBS.iter().filter(|verb| verb.name.starts_with(&family));
                let usages: Vec<String> = verbs.map(verbs::Verb::usage).collect();
                Failure::say(Kind::Usage, format!("{word} alone says too little"))
                    .next(format!("use one of: {}", usages.join(", ")))
            }
            Self::Unknown(word) => {
                let next = match nearest(&word) {
                    Some((verb, _)) => format!("did you mean {verb}?"),
                    None => "see bambu control --help for what there is".to_owned(),
                };
                Failure::say(Kind::Usage, format!("{word:?} is no command")).next(next)
            }
            Self::Nothing => Failure::say(Kind::Usage, "there is no command")
                .next("write one, such as: bambu control pause; see bambu control --help"),
        }
    }
}

/// The verb that a mistyped word is nearest to, and how far from it.
fn nearest(word: &str) -> Option<(&'static str, usize)> {
    let word = plain_word(word);
    let near = VERBS.iter().map(|verb| (verb.name, distance(&word, verb.name)));
    near.min_by_key(|(_, distance)| *distance).filter(|(_, distance)| *distance <= 2)
}

/// How many letters are to be changed, added or taken away.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, a) in a.chars().enumerate() {
        let mut corner = at;
        let mut left = at + 1;
        for (b, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let (above, changed) = (*cell, corner + usize::from(a != *b));
            left = changed.min(above + 1).min(left + 1);
            corner = above;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;
