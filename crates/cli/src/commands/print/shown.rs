//! Whether the printer shows the job that the cloud took on: its status over the broker says so.

use std::time::Duration;

use bambu_protocol::status::{PrinterState, Status};
use bambulab::{CloudSession, Link, cloud::Started};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{
    exit::{Failure, Kind},
    settings::Settings,
    targets::{self, Target},
};

/// What became of it.
pub(super) enum Seen {
    /// The printer has the job, in this state.
    Shown(PrinterState),
    /// The printer had it and gave it up at once.
    Failed(Option<String>),
    /// Its status did not show it in time; what it showed last.
    NotShown(Option<String>),
    /// The broker could not be had.
    NoWay(Failure),
    /// Somebody did not want to wait.
    Interrupted,
}

impl Seen {
    /// The state that the printer showed.
    pub(super) fn state(&self) -> Option<&'static str> {
        match self {
            Self::Shown(state) => Some(state.name()),
            Self::Failed(_) => Some(PrinterState::Failed.name()),
            _ => None,
        }
    }

    /// What it means to a user; the task exists in every case.
    pub(super) fn failure(self, started: &Started, printer: &Target) -> Failure {
        let (job, name) = (&started.job_id, printer.shown());
        let look = format!("bambu monitor {:?}; do not start it a second time", name);
        match self {
            Self::Failed(why) => {
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                Failure::say(Kind::Refused, format!("{name} gave job {job} up{why}"))
                    .next(format!("look at the printer: {look}"))
            }
            Self::NotShown(last) => {
                let last = last.map(|last| format!(", it is {last}")).unwrap_or_default();
                let text = format!("the cloud has job {job}, but {name} does not show it{last}");
                Failure::say(Kind::Unconfirmed, text).next(look)
            }
            Self::NoWay(failure) => {
                let text =
                    format!("the cloud has job {job}, but {name} cannot be watched: {failure}");
                Failure::say(Kind::Unconfirmed, text).next(look)
            }
            Self::Shown(_) | Self::Interrupted => {
                let text = format!("interrupted; the cloud has job {job}, and {name} may print it");
                Failure::say(Kind::Unconfirmed, text)
                    .next(format!("stop it with: bambu control {name:?} stop"))
            }
        }
    }
}

/// Watches the printer until it shows the job.
pub(super) async fn wait(
    settings: &Settings,
    printer: &Target,
    started: &Started,
    wait: Duration,
    stop: &CancellationToken,
) -> Seen {
    let watching = async {
        let login = targets::broker_login(settings).await?;
        let session = CloudSession::connect(login, settings.options()?);
        let link = session.printer(printer.serial.clone(), printer.name.clone(), printer.model());
        let seen = timeout(wait, shown(&link, started)).await;
        let seen = seen.unwrap_or_else(|_| {
            let status = &link.snapshot().status;
            Seen::NotShown(link.snapshot().complete.then(|| status.state.name().to_owned()))
        });
        session.close().await;
        Ok(seen)
    };
    tokio::select! {
        seen = watching => seen.unwrap_or_else(Seen::NoWay),
        () = stop.cancelled() => Seen::Interrupted,
    }
}

async fn shown(link: &Link, started: &Started) -> Seen {
    let mut updates = link.updates();
    loop {
        let snapshot = updates.borrow_and_update().clone();
        let state = snapshot.status.state;
        if snapshot.complete && is_this(&snapshot.status, started) {
            match state {
                PrinterState::Failed => return Seen::Failed(reason(&snapshot.status)),
                state if state.is_active() || state == PrinterState::Finished => {
                    return Seen::Shown(state);
                }
                _ => {}
            }
        }
        if updates.changed().await.is_err() {
            return Seen::NotShown(Some(state.name().to_owned()));
        }
    }
}

/// Whether the status is about this job. Some models tell the task, some only the project.
fn is_this(status: &Status, started: &Started) -> bool {
    let job = &status.job;
    let is = |text: Option<&str>, id: &str| text == Some(id) && id != "0";
    is(job.task_id.as_deref(), &started.job_id)
        || is(job.subtask_id.as_deref(), &started.job_id)
        || is(job.project_id.as_deref(), &started.project_id)
}

fn reason(status: &Status) -> Option<String> {
    let error = status.error.as_ref()?;
    let meaning = error.meaning.map(|meaning| format!(" ({meaning})")).unwrap_or_default();
    Some(format!("{}{meaning}", error.code))
}
