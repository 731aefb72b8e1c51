//! What became of a command, for people, for programs, and as an exit code.

use std::io::{self, Write};

use bambu_protocol::{command::Refusal, verify::Outcome};
use bambulab::{CommandError, Link};
use serde::Serialize;

use crate::{
    exit::{Failure, Kind},
    output::{self, Cell, Paint, Table, human},
};

/// What became of a command on one printer.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    pub(super) serial: String,
    pub(super) name: String,
    /// The command as it was written.
    command: String,
    /// `confirmed`, `accepted`, `unconfirmed`, `rejected`, `unanswered`; `refused` and `not_sent`
    /// when nothing was sent.
    outcome: &'static str,
    /// Number of the printer's error, or a word for why nothing was sent.
    code: Option<String>,
    /// Why it was not done.
    reason: Option<String>,
    /// What to do about it.
    next: Option<String>,
    /// `None` when it is done.
    #[serde(skip)]
    kind: Option<Kind>,
}

impl Answer {
    /// Nothing has become of it yet.
    pub(super) fn about(link: &Link, name: String, command: &str) -> Self {
        Self::new(link.serial().to_string(), name, command)
    }

    /// Nothing has become of it yet.
    pub(super) fn new(serial: String, name: String, command: &str) -> Self {
        Self {
            serial,
            name,
            command: command.to_owned(),
            outcome: "not_sent",
            code: None,
            reason: None,
            next: None,
            kind: Some(Kind::Unreachable),
        }
    }

    /// The printer could not be reached.
    pub(super) fn not_reached(mut self, link: &Link, failure: &Failure) -> Self {
        let snapshot = link.snapshot();
        self.code = snapshot.connection.reason().map(|reason| reason.word().to_owned());
        self.reason = Some(failure.to_string());
        self.next = failure.next_step().map(str::to_owned);
        self.kind = Some(failure.kind());
        self
    }

    /// It was not found.
    pub(super) fn lost(mut self, failure: &Failure) -> Self {
        self.code = Some("unreachable".to_owned());
        self.reason = Some(failure.to_string());
        self.next = failure.next_step().map(str::to_owned);
        self.kind = Some(failure.kind());
        self
    }

    /// It was sent, or refused before.
    pub(super) fn ended(mut self, result: Result<Outcome, CommandError>) -> Self {
        let (kind, code, text) = match result {
            Ok(outcome) => {
                self.outcome = outcome.name();
                match &outcome {
                    Outcome::Confirmed | Outcome::Accepted => {
                        self.kind = None;
                        return self;
                    }
                    Outcome::Rejected(rejection) => {
                        let code = rejection.code;
                        let code =
                            code.map(|code| format!("{:04X}-{:04X}", code >> 16, code & 0xFFFF));
                        (Kind::Refused, code, outcome.to_string())
                    }
                    _ => (Kind::Unconfirmed, None, outcome.to_string()),
                }
            }
            Err(CommandError::Refused(refusal)) => {
                self.outcome = "refused";
                (refused(&refusal), Some(refusal.word().to_owned()), refusal.to_string())
            }
            Err(error) => (Kind::Unreachable, None, error.to_string()),
        };
        let failure = Failure::advised(kind, &Text(text));
        self.kind = Some(kind);
        self.code = code;
        self.next = failure.next_step().map(str::to_owned);
        self.reason = Some(failure.to_string());
        self
    }

    /// The printer would be asked so; for `--dry-run`.
    pub(super) fn refused(self, refusal: Refusal) -> Self {
        self.ended(Err(CommandError::Refused(refusal)))
    }

    /// One line of JSON.
    pub(super) fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }

    fn words(&self) -> &'static str {
        match self.outcome {
            "confirmed" => "confirmed: its status shows it",
            "accepted" => "accepted: nothing in its status could show it",
            other => other,
        }
    }
}

/// The exit code of a refusal: a value that cannot be, or a printer that is not ready for it.
fn refused(refusal: &Refusal) -> Kind {
    if refusal.is_usage() { Kind::Usage } else { Kind::Refused }
}

/// A text that is an error already.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Text(String);

/// Writes what was done: a line for one printer, a table for several.
pub(super) fn write(answers: &[Answer], many: bool, out: &mut impl Write) -> io::Result<()> {
    if !many {
        for answer in answers.iter().filter(|answer| answer.kind.is_none()) {
            let name = human::printable(&answer.name);
            writeln!(out, "ok: {name}: {}: {}", human::printable(&answer.command), answer.words())?;
        }
        return Ok(());
    }
    let mut table = Table::new(&["PRINTER", "RESULT", "WHY"]);
    for answer in answers {
        let paint = match answer.kind {
            None => Paint::Green,
            Some(Kind::Unconfirmed) => Paint::Yellow,
            Some(_) => Paint::Red,
        };
        table.row([
            Cell::painted(&answer.name, Paint::Bold),
            Cell::painted(human::words(answer.outcome), paint),
            Cell::from(answer.reason.as_deref().unwrap_or(match answer.outcome {
                "confirmed" => "its status shows it",
                _ => "nothing in its status could show it",
            })),
        ]);
    }
    table.write(out, output::colour())
}

/// How the command ends on so many printers: well, or with the lowest code of those that did not do
/// it. Of several, the reasons are in a table.
pub(super) fn verdict(answers: Vec<Answer>, all: usize) -> Result<(), Failure> {
    let mut failed: Vec<Answer> = answers.into_iter().filter(|it| it.kind.is_some()).collect();
    failed.sort_by_key(|answer| answer.kind);
    let count = failed.len();
    let Some(worst) = failed.into_iter().next() else { return Ok(()) };
    let kind = worst.kind.unwrap_or(Kind::Failed);
    if all > 1 {
        let failure = Failure::say(kind, format!("{count} of {all} printers did not do it"));
        return Err(match worst.next {
            Some(next) => failure.next(format!("{}: {next}", worst.name)),
            None => failure,
        });
    }
    let reason = worst.reason.as_deref().unwrap_or(worst.outcome);
    let failure = Failure::say(kind, format!("{}: {}: {reason}", worst.name, worst.command));
    Err(match worst.next {
        Some(next) => failure.next(next),
        None => failure,
    })
}
