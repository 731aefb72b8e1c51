//! What became of each check: lines while they run, a sum, and JSON. As XML: `junit.rs`.

use std::{
    fmt,
    future::Future,
    io::{self, Write},
    time::{Duration, Instant},
};

use bambulab::CloudError;
use serde_json::{Value, json};

use super::plan::{Check, Plan};
use crate::{
    account,
    exit::{Failure, Kind},
    output::{self, Paint, human, waiting::Waiting},
};

/// Why a check did not pass.
pub(super) enum NotPassed {
    /// It went wrong.
    Failed(Failure),
    /// The token is dead: no other check makes sense.
    SignedOut(Failure),
    /// It makes no sense here: why.
    Skipped(String),
}

impl From<Failure> for NotPassed {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<CloudError> for NotPassed {
    fn from(error: CloudError) -> Self {
        match error.is_auth() {
            true => Self::SignedOut(account::failure(error)),
            false => Self::Failed(account::failure(error)),
        }
    }
}

/// A check that makes no sense here.
pub(super) fn skip<T>(why: impl Into<String>) -> Result<T, NotPassed> {
    Err(NotPassed::Skipped(why.into()))
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Passed,
    Failed,
    Skipped,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// One check and what became of it.
pub(super) struct Record {
    pub(super) check: Check,
    pub(super) outcome: Outcome,
    /// What was seen, what went wrong, or why it was left out.
    pub(super) seen: String,
    pub(super) next: Option<String>,
    pub(super) took: Duration,
}

/// The checks so far. Without `json` each is written as a line when it is done.
pub(super) struct Records {
    json: bool,
    plan: Plan,
    records: Vec<Record>,
    waiting: Waiting,
    began: Instant,
    /// The kind of the failure that made everything after it senseless.
    hopeless: Option<Kind>,
}

impl Records {
    pub(super) fn new(plan: Plan, json: bool) -> Self {
        Self {
            json,
            plan,
            records: Vec::new(),
            waiting: Waiting::default(),
            began: Instant::now(),
            hopeless: None,
        }
    }

    /// Whether somebody wants to know.
    pub(super) fn is_wanted(&self, name: &str) -> bool {
        self.hopeless.is_none() && self.plan.has(name)
    }

    /// Runs a check, if it is wanted; its text says what was seen.
    pub(super) async fn check(
        &mut self,
        name: &'static str,
        within: Duration,
        work: impl Future<Output = Result<String, NotPassed>>,
    ) -> Result<(), Failure> {
        if !self.is_wanted(name) {
            return Ok(());
        }
        let Some(check) = Check::named(name) else { return Ok(()) };
        self.waiting.say(format!("{name} …"));
        let began = Instant::now();
        let work = self.waiting.during(tokio::time::timeout(within, work));
        let result = work.await.unwrap_or_else(|_| Err(NotPassed::Failed(too_slow(within))));
        self.add(check, result, began.elapsed())
    }

    fn add(
        &mut self,
        check: Check,
        result: Result<String, NotPassed>,
        took: Duration,
    ) -> Result<(), Failure> {
        let failure = match result {
            Ok(seen) => return self.record(check, Outcome::Passed, seen, None, took),
            Err(NotPassed::Skipped(why)) => {
                return self.record(check, Outcome::Skipped, why, None, took);
            }
            Err(NotPassed::SignedOut(failure)) => {
                self.hopeless = Some(Kind::NotAuthenticated);
                failure
            }
            Err(NotPassed::Failed(failure)) => failure,
        };
        if failure.kind() == Kind::Unreachable && self.records.is_empty() {
            self.hopeless = Some(Kind::Unreachable);
        }
        let next = failure.next_step().map(str::to_owned);
        self.record(check, Outcome::Failed, failure.to_string(), next, took)
    }

    fn record(
        &mut self,
        check: Check,
        outcome: Outcome,
        seen: String,
        next: Option<String>,
        took: Duration,
    ) -> Result<(), Failure> {
        let record = Record { check, outcome, seen, next, took };
        if !self.json {
            let mut out = output::stdout();
            write_line(&mut out, &record, output::colour())?;
            out.flush()?;
        }
        self.records.push(record);
        Ok(())
    }

    /// Everything that was wanted and did not come to its turn, then the sum.
    pub(super) fn finish(
        mut self,
        junit: impl FnOnce(&[Record], Duration) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let took = self.began.elapsed();
        let why = match self.hopeless {
            Some(Kind::NotAuthenticated) => "the token is not accepted",
            Some(_) => "the cloud does not answer",
            None => "nothing to look at",
        };
        for check in self.plan.checks() {
            if !self.records.iter().any(|record| record.check.name == check.name) {
                self.add(check, skip(why), Duration::ZERO)?;
            }
        }
        let sum = Sum::of(&self.records, took);
        let mut out = output::stdout();
        if self.json {
            let document = document(&self.records, &sum);
            output::json(&mut out, &document)?;
        } else {
            writeln!(out, "\n{sum}")?;
        }
        out.flush()?;
        junit(&self.records, took)?;
        match (sum.failed, self.hopeless) {
            (0, _) => Ok(()),
            (_, Some(kind)) => Err(Failure::told(kind)),
            (_, None) => Err(Failure::told(Kind::Failed)),
        }
    }
}

fn too_slow(within: Duration) -> Failure {
    let seconds = within.as_secs_f64();
    Failure::say(Kind::Unreachable, format!("not done within {seconds} s"))
        .next("try again, or give it more time in the test config's timeouts")
}

fn write_line(out: &mut impl Write, record: &Record, colour: bool) -> io::Result<()> {
    let (word, paint) = match record.outcome {
        Outcome::Passed => ("ok  ", Paint::Green),
        Outcome::Failed => ("FAIL", Paint::Red),
        Outcome::Skipped => ("skip", Paint::Yellow),
    };
    let took = match record.outcome {
        Outcome::Skipped => String::new(),
        _ => format!("{} ms", record.took.as_millis()),
    };
    let seen = human::printable(&record.seen);
    let name = record.check.name;
    writeln!(out, "{}  {name:<20} {took:>8}  {seen}", paint.on(word, colour))?;
    match &record.next {
        Some(next) => writeln!(out, "{:37}next: {}", "", human::printable(next)),
        None => Ok(()),
    }
}

/// How many ended how.
struct Sum {
    passed: usize,
    failed: usize,
    skipped: usize,
    took: Duration,
}

impl Sum {
    fn of(records: &[Record], took: Duration) -> Self {
        let count = |outcome| records.iter().filter(|record| record.outcome == outcome).count();
        let (passed, failed) = (count(Outcome::Passed), count(Outcome::Failed));
        Self { passed, failed, skipped: count(Outcome::Skipped), took }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, skipped, took } = self;
        let seconds = took.as_secs_f64();
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped, in {seconds:.1} s")
    }
}

fn document(records: &[Record], sum: &Sum) -> Value {
    let check = |record: &Record| {
        json!({
            "group": record.check.group, "name": record.check.name,
            "outcome": record.outcome.word(), "seen": record.seen, "next": record.next,
            "milliseconds": record.took.as_millis() as u64,
        })
    };
    json!({
        "passed": sum.passed, "failed": sum.failed, "skipped": sum.skipped,
        "seconds": (sum.took.as_secs_f64() * 1000.0).round() / 1000.0,
        "checks": records.iter().map(check).collect::<Vec<_>>(),
    })
}
