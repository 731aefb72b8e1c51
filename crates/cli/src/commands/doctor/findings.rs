//! What was found: a line for each check as soon as it is done, or one JSON document at the end.

use std::io::{self, Write};

use bambu_protocol::Serial;
use serde_json::{Value, json};

use crate::{
    exit::{Failure, Kind},
    output::{self, Paint, human},
    targets::Target,
};

/// Cells for the name of a check.
const NAME: usize = 14;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Ok,
    /// It works; something is better changed.
    Warn,
    Fail,
    /// It makes no sense, as another check failed.
    Skipped,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skipped => "skipped",
        }
    }

    fn paint(self) -> Paint {
        match self {
            Self::Ok => Paint::Green,
            Self::Warn => Paint::Yellow,
            Self::Fail => Paint::Red,
            Self::Skipped => Paint::Dim,
        }
    }
}

/// What one check found.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    /// Stable: scripts read it.
    name: &'static str,
    /// The printer that it is about, as it is called.
    printer: Option<(String, Serial)>,
    outcome: Outcome,
    seen: String,
    next: Option<String>,
    kind: Option<Kind>,
}

impl Finding {
    fn new(name: &'static str, outcome: Outcome, seen: impl Into<String>) -> Self {
        Self { name, printer: None, outcome, seen: seen.into(), next: None, kind: None }
    }

    /// All is well.
    pub(super) fn ok(name: &'static str, seen: impl Into<String>) -> Self {
        Self::new(name, Outcome::Ok, seen)
    }

    /// It works, but.
    pub(super) fn warn(
        name: &'static str,
        seen: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self { next: Some(next.into()), ..Self::new(name, Outcome::Warn, seen) }
    }

    /// It does not work.
    #[expect(clippy::needless_pass_by_value, reason = "it has no use afterwards")]
    pub(super) fn of(name: &'static str, failure: Failure) -> Self {
        let next = failure.next_step().map(ToOwned::to_owned);
        let kind = Some(failure.kind());
        Self { next, kind, ..Self::new(name, Outcome::Fail, failure.to_string()) }
    }

    /// It could not be looked at.
    pub(super) fn skipped(name: &'static str, why: impl Into<String>) -> Self {
        Self::new(name, Outcome::Skipped, why)
    }

    /// The same as a warning, where it does not matter enough to fail.
    pub(super) fn mild(self) -> Self {
        match self.outcome {
            Outcome::Fail => Self { outcome: Outcome::Warn, kind: None, ..self },
            _ => self,
        }
    }

    /// The same about a printer.
    pub(super) fn about(self, target: &Target) -> Self {
        Self { printer: Some((target.shown().to_owned(), target.serial.clone())), ..self }
    }

    /// Whether what needs this works, too.
    pub(super) fn is_good(&self) -> bool {
        matches!(self.outcome, Outcome::Ok | Outcome::Warn)
    }

    fn document(&self) -> Value {
        let printer = self.printer.as_ref().map(|(name, _)| name);
        let serial = self.printer.as_ref().map(|(_, serial)| serial);
        json!({
            "name": self.name, "printer": printer, "serial": serial,
            "outcome": self.outcome.word(), "seen": self.seen, "next": self.next,
        })
    }

    /// Whether both are about the same printer, or about none.
    fn is_beside(&self, other: &Self) -> bool {
        self.printer == other.printer
    }

    /// The name of the check, for people.
    fn shown(&self) -> String {
        self.name.replace('_', " ")
    }

    /// The line of checks with these names.
    fn line(&self, name: &str, colour: bool) -> String {
        let word = self.outcome.paint().on(&format!("{:<7}", self.outcome.word()), colour);
        let seen = human::printable(&self.seen);
        let next = self.next.as_ref().map(|next| format!("; next: {}", human::printable(next)));
        format!("{word}  {name:<NAME$}  {seen}{}", next.unwrap_or_default())
    }
}

/// What was found so far.
#[derive(Debug)]
pub(super) struct Findings {
    json: bool,
    colour: bool,
    all: Vec<Finding>,
    /// Skipped for the same reason, and not written yet.
    left_out: Vec<Finding>,
}

impl Findings {
    /// Nothing yet; without `json` each finding is written at once.
    pub(super) fn new(json: bool) -> Self {
        Self { json, colour: output::colour(), all: Vec::new(), left_out: Vec::new() }
    }

    /// Appends what a check found.
    ///
    /// # Errors
    /// Standard output takes nothing any more.
    pub(super) fn add(&mut self, finding: Finding) -> io::Result<()> {
        if !self.json {
            self.write(&finding)?;
        }
        self.all.push(finding);
        Ok(())
    }

    /// What could not be looked at for the same reason shares a line.
    fn write(&mut self, finding: &Finding) -> io::Result<()> {
        let mut out = output::stdout();
        let first = self.left_out.first();
        if first.is_some_and(|first| first.seen != finding.seen || !first.is_beside(finding)) {
            self.write_left_out(&mut out)?;
        }
        let is_next = self.all.last().is_some_and(|last| last.is_beside(finding));
        if let Some((name, serial)) = finding.printer.as_ref().filter(|_| !is_next) {
            let title = match name == serial.as_str() {
                true => name.clone(),
                false => format!("{name} ({serial})"),
            };
            writeln!(out, "\n{}", Paint::Bold.on(&human::printable(&title), self.colour))?;
        }
        if finding.outcome == Outcome::Skipped {
            self.left_out.push(finding.clone());
        } else {
            writeln!(out, "{}", finding.line(&finding.shown(), self.colour))?;
        }
        out.flush()
    }

    fn write_left_out(&mut self, out: &mut impl Write) -> io::Result<()> {
        let names: Vec<_> = self.left_out.iter().map(Finding::shown).collect();
        if let Some(first) = self.left_out.first() {
            writeln!(out, "{}", first.line(&names.join(", "), self.colour))?;
        }
        self.left_out.clear();
        Ok(())
    }

    /// The end: the document or the sum, and the exit code of the worst failure.
    ///
    /// # Errors
    /// Something failed, which was told already.
    pub(super) fn end(mut self) -> Result<(), Failure> {
        let count = |outcome| self.all.iter().filter(|it| it.outcome == outcome).count();
        let (failed, warned) = (count(Outcome::Fail), count(Outcome::Warn));
        let mut out = output::stdout();
        if self.json {
            let outcome = match (failed, warned) {
                (0, 0) => Outcome::Ok,
                (0, _) => Outcome::Warn,
                _ => Outcome::Fail,
            };
            let checks: Vec<_> = self.all.iter().map(Finding::document).collect();
            let document = json!({ "outcome": outcome.word(), "checks": checks });
            output::json(&mut out, &document)?;
        } else {
            self.write_left_out(&mut out)?;
            let paint = if failed > 0 { Paint::Red } else { Paint::Green };
            let sum = format!("{failed} failed, {warned} to look at");
            writeln!(out, "\n{}", paint.on(&sum, self.colour))?;
        }
        out.flush()?;
        match self.all.iter().filter_map(|finding| finding.kind).max() {
            Some(worst) => Err(Failure::told(worst)),
            None => Ok(()),
        }
    }
}
