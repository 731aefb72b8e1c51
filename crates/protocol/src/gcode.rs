//! Reading lines of G-code: their commands, and what of them a machine does not bear.
//!
//! Sending them is [`crate::request::Gcode`]. Nothing here panics, whatever the text.

mod reach;

pub use reach::{Finding, Limits, Why, inspect};

/// One command of a line, such as `G1 X10 F3000`.
#[derive(Debug, Clone, PartialEq)]
pub struct Command<'t> {
    /// Line that it stands on, from 1.
    pub line: usize,
    /// That line, as written.
    pub text: &'t str,
    /// `G` or `M`.
    pub letter: char,
    /// Its number; a part behind a dot is left out. Some firmware keeps 16 bits of it only.
    pub code: u32,
    /// The words behind it: letter in upper case, and number where there is one.
    pub words: Vec<(char, Option<f64>)>,
}

impl Command<'_> {
    /// The number behind a letter; the last one counts.
    pub fn word(&self, letter: char) -> Option<f64> {
        self.words.iter().rev().find(|(l, _)| *l == letter).and_then(|(_, number)| *number)
    }

    /// Whether it is `G` or `M` with this number.
    pub fn is(&self, letter: char, code: u32) -> bool {
        self.letter == letter && self.code == code
    }
}

/// The commands of a text, line by line. Comments and line numbers are skipped; a second `G` or
/// `M` on a line begins a second command, and coordinates in front of the first are a `G1`: where
/// firmware goes on with the move of the line before, nothing is missed.
pub fn commands(text: &str) -> impl Iterator<Item = Command<'_>> {
    text.split(['\n', '\r']).enumerate().flat_map(|(index, text)| line(index + 1, text))
}

fn line(number: usize, text: &str) -> Vec<Command<'_>> {
    let mut found: Vec<Command<'_>> = Vec::new();
    let command =
        |letter, code: f64, words| Command { line: number, text, letter, code: code as u32, words };
    for (letter, value) in words(code(text)) {
        match (letter, value, found.last_mut()) {
            ('G' | 'M', Some(code), _) if code >= 0.0 => {
                found.push(command(letter, code, Vec::new()));
            }
            (_, _, Some(command)) => command.words.push((letter, value)),
            ('X' | 'Y' | 'Z', Some(_), None) => {
                found.push(command('G', 1.0, vec![(letter, value)]));
            }
            _ => {}
        }
    }
    found
}

/// What is in front of the comment. Where a parenthesis comes first, the semicolon may be inside
/// of it, and what follows may count.
fn code(text: &str) -> &str {
    match (text.find('('), text.find(';')) {
        (Some(open), Some(semicolon)) if open < semicolon => text,
        (_, Some(semicolon)) => text.get(..semicolon).unwrap_or(text),
        (_, None) => text,
    }
}

/// Letters with the number behind each; there may be spaces in between.
fn words(text: &str) -> impl Iterator<Item = (char, Option<f64>)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let letter = rest[start..].chars().next()?;
        let behind = rest[start + 1..].trim_start();
        let sign = usize::from(behind.starts_with(['+', '-']));
        let digits = behind[sign..].find(|c: char| !c.is_ascii_digit() && c != '.');
        let end = digits.map_or(behind.len(), |length| sign + length);
        let number = behind[..end].parse().ok();
        rest = if number.is_some() { &behind[end..] } else { &rest[start + 1..] };
        Some((letter.to_ascii_uppercase(), number))
    })
}

#[cfg(test)]
mod tests;
