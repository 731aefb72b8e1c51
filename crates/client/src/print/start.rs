//! From a file to a printer that prints it: upload, send once, watch.

use std::{
    fmt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bambu_protocol::{
    Serial,
    command::Command,
    status::{PrinterState, Status},
    verify::Outcome,
};
use serde::Serialize;
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    Check, Plan, PrintJob, PrintJobError, Source, Verdict,
    inspected::Inspected,
    watch::{Seen, Watch},
};
use crate::{
    ftps::{Ftps, FtpsError, Stored, Transfer},
    link::LanTarget,
    options::Options,
    printer::{Printer, SendOptions},
};

/// How long a printer may take to tell its first whole status.
const STATUS: Duration = Duration::from_secs(20);

/// Where a print over the local network is, in the order in which they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JobStep {
    /// The file is looked into.
    Inspect,
    /// The printer's status is waited for.
    Connect,
    /// Other transfers go first.
    Queue,
    /// The file goes to the printer's storage.
    Upload,
    /// The request is sent.
    Send,
    /// The printer is watched until it prints.
    Watch,
}

impl fmt::Display for JobStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inspect => "looking into the file",
            Self::Connect => "asking the printer for its status",
            Self::Queue => "waiting for other transfers",
            Self::Upload => "uploading",
            Self::Send => "starting the job",
            Self::Watch => "waiting until the printer prints",
        })
    }
}

/// What is told while a print begins.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum JobProgress {
    /// What is done from now on.
    Step(JobStep),
    /// What will be sent; nothing speaks against it.
    Planned(Box<Plan>),
    /// So much of the file is over.
    Sent {
        /// Bytes.
        bytes: u64,
        /// Bytes in all.
        of: u64,
    },
    /// The printer prepares the job.
    Prepares {
        /// Percent, where it tells.
        percent: Option<u8>,
    },
}

/// A job that a printer has begun.
#[derive(Debug, Clone, Serialize)]
pub struct Printing {
    /// The printer.
    pub serial: Serial,
    /// What it shows.
    pub title: String,
    /// Path of the file on it.
    pub path: String,
    /// Which plate, from 1.
    pub plate: u32,
    /// Bytes of the file, as the printer counts them; `None` where it was not asked.
    pub size: Option<u64>,
    /// MD5 of what was uploaded, in upper-case hex digits.
    pub md5: Option<String>,
    /// `subtask_id` in its reports.
    pub job_id: String,
    /// What its status said last. `preparing`: it reads the file or heats.
    pub state: PrinterState,
    /// Whether its status shows this job; false only where nobody was to look.
    pub shown: bool,
    /// What was looked at, and what could not be.
    pub checks: Vec<Check>,
}

/// Who is told.
type Tell = Arc<dyn Fn(&JobProgress) + Send + Sync>;

impl PrintJob {
    /// Inspects, uploads, sends and watches. It ends when the printer prints, or says why not.
    ///
    /// The request is sent once. What ends before it, dropping the future included, leaves at worst
    /// a file on the printer; afterwards the printer may print, and the error says so.
    ///
    /// # Errors
    /// [`PrintJobError`]; [`is_sent`](PrintJobError::is_sent) tells whether it was given the job.
    pub async fn start(
        &self,
        printer: &Printer,
        target: &LanTarget,
        options: &Options,
        progress: impl Fn(&JobProgress) + Send + Sync + 'static,
    ) -> Result<Printing, PrintJobError> {
        let tell: Tell = Arc::new(progress);
        let looked = tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(PrintJobError::Cancelled),
            looked = self.prepare(printer, target, options, &tell) => looked,
        };
        let (job, plan) = looked?;
        let stored = match (&job.source, &job.inspected) {
            (Source::Local(path), Some(inspected)) => {
                // Cancelled by the transfer itself, which removes what is left of the file.
                Some(job.upload(path, inspected, &plan.path, target, options, &tell).await?)
            }
            _ => None,
        };
        if self.cancel.is_cancelled() {
            return Err(PrintJobError::Cancelled);
        }
        self.send(printer, plan, stored, &tell).await
    }

    /// What would be sent to this printer, by its status now: nothing is uploaded and nothing sent.
    ///
    /// # Errors
    /// [`PrintJobError`]: it would not be sent.
    pub async fn look(&self, printer: &Printer, target: &LanTarget) -> Result<Plan, PrintJobError> {
        let job = self.clone().inspect().await?;
        let status = live(printer).await?;
        job.plan(job.file(), &status, target.model)
    }

    /// Looks into the file, waits for the first whole status, and makes the plan.
    async fn prepare(
        &self,
        printer: &Printer,
        target: &LanTarget,
        options: &Options,
        tell: &Tell,
    ) -> Result<(Self, Plan), PrintJobError> {
        if self.inspected.is_none() && matches!(self.source, Source::Local(_)) {
            tell(&JobProgress::Step(JobStep::Inspect));
        }
        let job = self.clone().inspect().await?;
        tell(&JobProgress::Step(JobStep::Connect));
        let status = live(printer).await?;
        let mut plan = job.plan(job.file(), &status, target.model)?;
        if matches!(job.source, Source::Stored(_)) {
            let there = is_there(&plan.path, target, options).await?;
            if let Some(check) = plan.checks.iter_mut().find(|check| check.name == "file") {
                check.verdict = there;
            }
        }
        tell(&JobProgress::Planned(Box::new(plan.clone())));
        Ok((job, plan))
    }

    /// The file on the printer is the one that was looked into, or it is not printed.
    async fn upload(
        &self,
        path: &Path,
        inspected: &Inspected,
        to: &str,
        target: &LanTarget,
        options: &Options,
        tell: &Tell,
    ) -> Result<Stored, PrintJobError> {
        let changed = || PrintJobError::Changed {
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        };
        let same = |path: &Path| {
            inspected
                .is_still(path)
                .map_err(|source| PrintJobError::Unreadable { path: path.to_owned(), source })
        };
        if !same(path)? {
            return Err(changed());
        }
        let connected = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Err(PrintJobError::Cancelled),
            connected = Ftps::connect(target, options) => connected,
        };
        let mut session = connected?;
        tell(&JobProgress::Step(JobStep::Queue));
        let moved = Arc::new(AtomicU64::new(0));
        let told = (tell.clone(), moved.clone());
        let how = Transfer {
            progress: Some(Arc::new(move |bytes, of| {
                told.1.store(bytes, Ordering::Relaxed);
                told.0(&JobProgress::Sent { bytes, of });
            })),
            // Given up in order, so that nothing is left of it.
            cancel: self.cancel.clone(),
            existing: self.existing,
            ..Transfer::default()
        };
        let transfer = async {
            tell(&JobProgress::Step(JobStep::Upload));
            session.upload_file(path, to, &how).await
        };
        let stored = self.places.during(&moved, &self.cancel, transfer).await?;
        if !stored.kept && !same(path)? {
            session.delete(&stored.path).await?;
            session.close().await;
            return Err(changed());
        }
        session.close().await;
        if stored.size != inspected.length {
            return Err(PrintJobError::Differs { sent: inspected.length, stored: stored.size });
        }
        Ok(stored)
    }

    async fn send(
        &self,
        printer: &Printer,
        mut plan: Plan,
        stored: Option<Stored>,
        tell: &Tell,
    ) -> Result<Printing, PrintJobError> {
        // The name may have become another one on the way.
        if let Some(stored) = stored.as_ref().filter(|stored| stored.path != plan.path) {
            plan.path.clone_from(&stored.path);
        }
        tell(&JobProgress::Step(JobStep::Send));
        let begun = Instant::now();
        let mut updates = printer.updates();
        let mut watch = Watch::new(&plan.request, &updates.borrow_and_update().status);
        let wait = self.wait.unwrap_or_default();
        let how = SendOptions { force: self.force, wait: Some(wait) };
        let outcome = printer.send_with(Command::Exact(plan.to_request()), how).await?;
        let mut printing = Printing {
            serial: printer.serial().clone(),
            title: plan.title,
            path: plan.path,
            plate: plan.plate,
            size: stored.as_ref().map(|stored| stored.size),
            md5: stored.filter(|stored| !stored.kept).map(|stored| stored.md5),
            job_id: plan.request.subtask_id,
            state: printer.status().state,
            shown: false,
            checks: plan.checks,
        };
        match outcome {
            Outcome::Confirmed | Outcome::Accepted => {}
            // Nobody wanted to look.
            Outcome::Unconfirmed { .. } if self.wait.is_none() => return Ok(printing),
            Outcome::Unconfirmed { .. } => {}
            other => return Err(PrintJobError::NotStarted(other)),
        }
        if self.wait.is_none() {
            return Ok(printing);
        }
        tell(&JobProgress::Step(JobStep::Watch));
        let mut seen = async || {
            loop {
                let status = updates.borrow_and_update().status.clone();
                if let Some(seen) = watch.status(&status) {
                    return Some(seen);
                }
                if status.state == PrinterState::Preparing {
                    tell(&JobProgress::Prepares { percent: status.job.prepare_percent });
                }
                if updates.changed().await.is_err() {
                    return None;
                }
            }
        };
        let end = begun.checked_add(wait);
        let watched = async {
            match end {
                Some(end) => timeout_at(end, seen()).await.ok().flatten(),
                None => seen().await,
            }
        };
        let seen = tokio::select! {
            biased;
            seen = watched => seen,
            () = self.cancel.cancelled() => None,
        };
        match seen.or_else(|| watch.out_of_time()) {
            Some(Seen::Prints(state)) => {
                (printing.state, printing.shown) = (state, true);
                Ok(printing)
            }
            Some(Seen::GaveUp(why)) => Err(PrintJobError::GaveUp { why }),
            Some(Seen::Held(why)) => Err(PrintJobError::Held { why }),
            None => Err(PrintJobError::NotShown { state: printer.status().state.name() }),
        }
    }
}

/// The first whole status of a printer that is online.
async fn live(printer: &Printer) -> Result<Arc<Status>, PrintJobError> {
    match timeout(STATUS, printer.ready()).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(match printer.snapshot().connection.reason() {
            Some(reason) => reason.clone().into(),
            None => PrintJobError::Silent,
        }),
    }
}

/// Whether a file is on the printer. Storage that cannot be asked says nothing about it.
async fn is_there(
    path: &str,
    target: &LanTarget,
    options: &Options,
) -> Result<Verdict, PrintJobError> {
    let unknown = "nobody has looked into a file that is on the printer";
    let asked = async {
        let mut session = Ftps::connect(target, options).await?;
        let size = session.size(path).await;
        session.close().await;
        size
    };
    match asked.await {
        Ok(Some(size)) => Ok(Verdict::NotChecked(format!("{size} bytes; {unknown}"))),
        Ok(None) | Err(FtpsError::NotFound { .. }) => Err(PrintJobError::NotThere(path.to_owned())),
        Err(error @ FtpsError::WrongAccessCode(_)) => Err(error.into()),
        Err(error) => Ok(Verdict::NotChecked(format!("not even that it is there: {error}"))),
    }
}
