//! What became of a print on one printer: for people, for programs, and as an exit code.

use std::io::{self, Write};

use bambu_protocol::verify::Outcome;
use bambulab::print::{Plan, PrintJobError, Printing, Verdict};
use serde::Serialize;

use super::plan;
use crate::{
    commands::files,
    exit::{Failure, Kind},
    output::{self, Cell, Paint, Table, human},
    targets::Target,
    watch,
};

/// What became of it on one printer.
#[derive(Debug, Serialize)]
pub(super) struct Ended {
    pub(super) serial: String,
    pub(super) name: String,
    /// `printing`, `sent` when nobody was to look, `planned` for a dry run, `failed`.
    outcome: &'static str,
    /// A word for why it does not print.
    code: Option<&'static str>,
    /// Why it does not print.
    reason: Option<String>,
    /// What to do about it.
    next: Option<String>,
    /// What it began.
    job: Option<Printing>,
    /// What it would begin.
    plan: Option<Box<Plan>>,
    /// `None` when it went well.
    #[serde(skip)]
    kind: Option<Kind>,
}

impl Ended {
    pub(super) fn new(target: &Target) -> Self {
        Self {
            serial: target.serial.to_string(),
            name: target.shown().to_owned(),
            outcome: "failed",
            code: None,
            reason: None,
            next: None,
            job: None,
            plan: None,
            kind: Some(Kind::Failed),
        }
    }

    pub(super) fn ended(mut self, result: Result<Printing, PrintJobError>) -> Self {
        match result {
            Ok(printing) => {
                self.outcome = if printing.shown { "printing" } else { "sent" };
                self.job = Some(printing);
                self.kind = None;
                self
            }
            Err(error) => {
                self.code = Some(error.word());
                self.failed(&failure(&error))
            }
        }
    }

    pub(super) fn planned(self, plan: Plan) -> Self {
        Self { outcome: "planned", plan: Some(Box::new(plan)), kind: None, ..self }
    }

    pub(super) fn failed(mut self, failure: &Failure) -> Self {
        self.kind = Some(failure.kind());
        self.reason = Some(failure.to_string());
        self.next = failure.next_step().map(str::to_owned);
        self
    }

    /// One line of JSON.
    pub(super) fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }

    /// For a person, when it is the only one; a failure is told in the end.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        if let Some(plan) = &self.plan {
            return plan::write(plan, &self.name, out);
        }
        let Some(job) = &self.job else { return Ok(()) };
        let mut table = Table::new(&[]);
        for (label, text) in [
            ("Printer", format!("{} ({})", self.name, self.serial)),
            ("Status", if job.shown { job.state.name() } else { "sent" }.to_owned()),
            ("Title", job.title.clone()),
            ("File", format!("{}, plate {}", job.path, job.plate)),
        ] {
            table.row([Cell::painted(label, Paint::Dim), text.as_str().into()]);
        }
        table.write(out, output::colour())?;
        for check in &job.checks {
            match &check.verdict {
                Verdict::Fits => {}
                Verdict::NotChecked(why) => {
                    writeln!(out, "not checked: {}: {}", check.name, human::printable(why))?;
                }
                Verdict::Forced(why) => {
                    writeln!(out, "forced: {}: {}", check.name, human::printable(why))?;
                }
            }
        }
        Ok(())
    }

    fn row(&self) -> [Cell; 3] {
        let paint = match self.kind {
            None => Paint::Green,
            Some(Kind::Unconfirmed) => Paint::Yellow,
            Some(_) => Paint::Red,
        };
        let detail = match (&self.job, &self.plan) {
            (Some(job), _) if job.shown => format!("{}: {}", job.title, job.state.name()),
            (Some(job), _) => job.title.clone(),
            (None, Some(plan)) => trays(plan),
            (None, None) => self.reason.clone().unwrap_or_default(),
        };
        [
            Cell::painted(&self.name, Paint::Bold),
            Cell::painted(self.outcome, paint),
            detail.as_str().into(),
        ]
    }
}

/// Where the filaments come from, in one cell.
fn trays(plan: &Plan) -> String {
    let line =
        |line: &bambu_protocol::threemf::MappingLine| format!("{}: {}", line.slot, line.tray);
    plan.mapping.iter().map(line).collect::<Vec<_>>().join(", ")
}

/// A table of several printers.
pub(super) fn write_table(all: &[Ended], out: &mut impl Write) -> io::Result<()> {
    let mut table = Table::new(&["PRINTER", "RESULT", "WHAT"]);
    for ended in all {
        table.row(ended.row());
    }
    table.write(out, output::colour())
}

/// How the command ends: well, or with the lowest code of those that do not print.
pub(super) fn verdict(all: Vec<Ended>, count: usize) -> Result<(), Failure> {
    let mut failed: Vec<Ended> = all.into_iter().filter(|ended| ended.kind.is_some()).collect();
    failed.sort_by_key(|ended| ended.kind);
    let number = failed.len();
    let Some(worst) = failed.into_iter().next() else { return Ok(()) };
    let kind = worst.kind.unwrap_or(Kind::Failed);
    let name = worst.name;
    let (failure, next) = match count {
        1 => {
            let reason = worst.reason.unwrap_or_default();
            (Failure::say(kind, format!("{name}: {reason}")), worst.next)
        }
        _ => {
            let text = format!("{number} of {count} printers did not start it");
            (Failure::say(kind, text), worst.next.map(|next| format!("{name}: {next}")))
        }
    };
    Err(match next {
        Some(next) => failure.next(next),
        None => failure,
    })
}

/// What a print that did not begin means to a user.
pub(super) fn failure(error: &PrintJobError) -> Failure {
    use PrintJobError as E;
    let kind = match error {
        E::Unreadable { .. }
        | E::BadFile { .. }
        | E::WrongMd5 { .. }
        | E::NotSliced { .. }
        | E::NoSuchPlate { .. }
        | E::BedType(_)
        | E::NoSuchObject(_)
        | E::BadPath(_)
        | E::NoSdCardUrl(_) => Kind::Usage,
        E::Refused(refusal) if refusal.is_usage() => Kind::Usage,
        E::Refused(_)
        | E::WrongModel { .. }
        | E::WrongNozzle { .. }
        | E::NoStorage(_)
        | E::NoFit(_)
        | E::NotThere(_)
        | E::NotStarted(Outcome::Rejected(_))
        | E::GaveUp { .. }
        | E::Held { .. } => Kind::Refused,
        E::NoWay(reason) => return watch::failure(reason),
        E::Storage(error) => return files::failure(error),
        E::Silent | E::NotSent(_) => Kind::Unreachable,
        E::NotStarted(_) | E::NotShown { .. } => Kind::Unconfirmed,
        _ => Kind::Failed,
    };
    let failure = Failure::advised(kind, error);
    match error.can_be_forced() {
        true => {
            let next = failure.next_step().unwrap_or_default().to_owned();
            failure.next(next.replace("force it", "print it all the same with --force"))
        }
        false => failure,
    }
}
