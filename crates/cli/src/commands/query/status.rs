//! `query --status`: the whole status, from each printer itself; where one does not answer, what
//! the cloud knows about its job, and that it is only that.

use std::{
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

use bambu_protocol::cloud::DeviceJob;
use bambulab::{Link, Snapshot};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{Args, Page};
use crate::{
    account,
    exit::Failure,
    output::{Paint, brief, detail, document::Document, human, waiting::Waiting},
    settings::Settings,
    targets,
    watch::{self, Until},
};

/// A printer and what could be learnt about it.
struct Entry {
    snapshot: Arc<Snapshot>,
    /// Why it did not answer.
    failure: Option<Failure>,
    /// What the cloud says about a printer that did not.
    job: Option<DeviceJob>,
}

pub(super) async fn ask(
    args: &Args,
    settings: &Settings,
    colour: bool,
    until: Until,
    page: &mut Page,
) -> Result<(), Failure> {
    let connect = async {
        let chosen = targets::choose(&args.which, settings).await?;
        targets::connect(chosen, settings).await
    };
    let waiting = Waiting::default();
    waiting.say("looking for the printers …");
    let mut connected = waiting.during(until.cut(settings, connect)).await?;
    connected.tell_lost();
    let links: Vec<Link> = connected.fleet.links().cloned().collect();
    let ask = |link: Link| async move {
        let answer = tokio::select! {
            biased;
            answer = link.ready() => Some(answer),
            () = until.passed() => None,
        };
        let failure = match answer {
            Some(Ok(snapshot)) => return Entry { snapshot, failure: None, job: None },
            Some(Err(reason)) => watch::failure(&reason),
            None => no_answer(&link.snapshot(), args),
        };
        Entry { snapshot: link.snapshot(), failure: Some(failure), job: None }
    };
    waiting.say("waiting for the status …");
    let all = futures_util::future::join_all(links.into_iter().map(ask));
    let mut entries = waiting.during(all).await;
    let lost = std::mem::take(&mut connected.lost).into_iter().next();
    connected.close().await;
    if settings.token.is_some() && entries.iter().any(|entry| entry.failure.is_some()) {
        let _too_slow = timeout(JOBS, add_jobs(settings, &mut entries)).await;
    }
    page.add(
        "status",
        || entries.iter().map(Entry::document).collect(),
        |out| {
            for (index, entry) in entries.iter().enumerate() {
                if index > 0 {
                    writeln!(out)?;
                }
                entry.write(out, colour)?;
            }
            Ok(())
        },
    )?;
    // Of all printers some may be switched off; one that was named is wanted.
    let named = !args.which.printers.is_empty();
    let nobody = entries.iter().all(|entry| entry.failure.is_some());
    let lost = lost.map(|(_, failure)| failure);
    match entries.into_iter().find_map(|entry| entry.failure).or(lost) {
        Some(failure) if named || nobody => Err(failure),
        _ => Ok(()),
    }
}

/// How long the cloud may take to tell about jobs; the command has waited for printers already.
const JOBS: Duration = Duration::from_secs(2);

/// The cloud may know what a silent printer was doing; when it does not answer either, the
/// printer's own reason is what counts.
async fn add_jobs(settings: &Settings, entries: &mut [Entry]) {
    let Ok(cloud) = account::cloud(settings) else { return };
    let Ok(jobs) = cloud.print_status(true).await else { return };
    for entry in entries.iter_mut().filter(|entry| entry.failure.is_some()) {
        let serial = entry.snapshot.status.serial.as_ref();
        entry.job = jobs.iter().find(|job| Some(&job.serial) == serial).cloned();
    }
}

/// Why a printer that did not answer in time did not.
pub(super) fn no_answer(snapshot: &Snapshot, args: &Args) -> Failure {
    let name = brief::name(&snapshot.status);
    let seconds = args.timeout.as_secs_f64();
    let about = format!("{name} did not answer within {seconds} s");
    watch::late(about, snapshot.connection.reason())
}

impl Entry {
    fn document(&self) -> Value {
        let detail = self.failure.as_ref().map(ToString::to_string);
        let mut document = json!(Document::new(&self.snapshot, detail));
        if let (Value::Object(keys), Some(_)) = (&mut document, &self.failure) {
            keys.insert("cloud_job".into(), json!(self.job));
        }
        document
    }

    fn write(&self, out: &mut impl Write, colour: bool) -> io::Result<()> {
        let Some(failure) = &self.failure else {
            return detail::write(&self.snapshot.status, out, colour);
        };
        let name = human::printable(brief::name(&self.snapshot.status));
        writeln!(out, "{}", Paint::Bold.on(&name, colour))?;
        writeln!(out, "  {}", Paint::Red.on(&failure.to_string(), colour))?;
        let Some(job) = &self.job else { return Ok(()) };
        let title = job.task_name.as_deref().unwrap_or("no job");
        let state = job.task_status.as_deref().unwrap_or("idle").to_lowercase();
        let progress = job.progress.map(|percent| format!(", {percent:.0}%")).unwrap_or_default();
        let line = human::printable(&format!("{title}, {state}{progress}"));
        writeln!(out, "  the cloud knows only: {line}")
    }
}
