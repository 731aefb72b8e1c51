//! The job of a printer from its start to its end.

use super::{
    Event, JobName,
    steps::{Growing, Progress},
};
use crate::{
    print_error::{self, Effect, PrintError},
    status::{PrinterState, Status},
};

/// Reports that a failed job without a reason is waited for: the reason may come in a later one.
const PATIENCE: u8 = 3;

/// The jobs of one printer, of which one at most is open.
#[derive(Debug, Clone, Default)]
pub(super) struct Jobs {
    pub(super) progress_step: Progress,
    /// State and job of the status before.
    before: Option<(PrinterState, JobName)>,
    open: Option<Open>,
    /// A failed job whose reason is not known yet, and how many reports it still waits.
    unexplained: Option<(JobName, u8)>,
}

/// A job that has begun and not ended.
#[derive(Debug, Clone, Default)]
struct Open {
    job: JobName,
    paused: bool,
    percent: Growing,
    layer: Growing,
    stage: i64,
}

impl Jobs {
    /// Everything up to the end of the job.
    pub(super) fn begin(&mut self, status: &Status, first: bool, events: &mut Vec<Event>) {
        let moved_on = !matches!(
            status.state,
            PrinterState::Failed | PrinterState::Unknown | PrinterState::Offline
        );
        if let Some((job, _)) = self.unexplained.take_if(|_| moved_on) {
            events.push(Event::PrintFailed { job, error: None });
        }
        let job = JobName::of(&status.job);
        if first {
            if status.state.is_active() {
                self.open = Some(Open::midway(status, job));
            }
            return;
        }
        if status.state.is_active() {
            if self.open.as_mut().is_none_or(|open| open.is_over(status, &job)) {
                events.push(Event::PrintStarted { job: job.clone() });
                self.open = Some(Open::fresh(status, job.clone()));
            }
        } else if self.open.is_none() && self.ran_unseen(status.state, &job) {
            events.push(Event::PrintStarted { job: job.clone() });
            self.open = Some(Open::fresh(status, job.clone()));
        }
        let step = self.progress_step;
        let Some(open) = &mut self.open else { return };
        if status.state.is_active() {
            open.job = job;
        }
        let job = &open.job;
        let goes_on = matches!(status.state, PrinterState::Running | PrinterState::Finished);
        if goes_on && std::mem::take(&mut open.paused) {
            events.push(Event::PrintResumed { job: job.clone() });
        }
        open.stage(status, events);
        open.grow(status, step, events);
    }

    /// Pauses and ends.
    pub(super) fn end(&mut self, status: &Status, events: &mut Vec<Event>) {
        match status.state {
            PrinterState::Unknown | PrinterState::Offline => return,
            PrinterState::Preparing | PrinterState::Slicing | PrinterState::Running => {}
            PrinterState::Paused => {
                if let Some(open) = self.open.as_mut().filter(|open| !open.paused) {
                    open.paused = true;
                    let error = status.error.clone().filter(|error| error.effect == Effect::Paused);
                    events.push(Event::PrintPaused { job: open.job.clone(), error });
                }
            }
            PrinterState::Finished => {
                let ended = self.open.take();
                events.extend(ended.map(|open| Event::PrintCompleted { job: open.job }));
            }
            PrinterState::Failed => {
                let ended = self.open.take().map(|open| (open.job, PATIENCE));
                if let Some((job, patience)) = ended.or_else(|| self.unexplained.take()) {
                    match verdict(&job, status) {
                        Some(event) => events.push(event),
                        None if patience == 0 => {
                            events.push(Event::PrintFailed { job, error: status.error.clone() });
                        }
                        None => self.unexplained = Some((job, patience - 1)),
                    }
                }
            }
            // It ended, and the report that said how was lost.
            PrinterState::Idle => {
                if let Some(mut open) = self.open.take() {
                    let done = open.percent.own(status.job.progress_percent.map(u32::from));
                    let job = open.job;
                    events.push(if done == Some(100) {
                        Event::PrintCompleted { job }
                    } else {
                        let failed = Event::PrintFailed { job: job.clone(), error: None };
                        verdict(&job, status).unwrap_or(failed)
                    });
                }
            }
        }
        self.before = Some((status.state, JobName::of(&status.job)));
    }

    /// Whether a whole job passed between two reports. `FINISH` outlives the acceptance of the next
    /// job by tens of seconds [L], so a new name under the same state is none yet.
    fn ran_unseen(&self, state: PrinterState, job: &JobName) -> bool {
        let Some((before, last)) = &self.before else { return false };
        let ended = matches!(state, PrinterState::Finished | PrinterState::Failed);
        ended && *before != state && job.differs(last)
    }
}

impl Open {
    fn fresh(status: &Status, job: JobName) -> Self {
        Self {
            job,
            percent: Growing::fresh(status.job.progress_percent.map(u32::from)),
            layer: Growing::fresh(status.job.layer),
            ..Self::default()
        }
    }

    fn midway(status: &Status, job: JobName) -> Self {
        let getting_ready = matches!(status.state, PrinterState::Preparing | PrinterState::Slicing);
        let mut open = Self::fresh(status, job);
        if !getting_ready {
            open.percent = Growing::passed(status.job.progress_percent.map(u32::from));
            open.layer = Growing::passed(status.job.layer);
        }
        open.paused = status.state == PrinterState::Paused;
        open.stage = plain(status.stage.id).unwrap_or(0);
        open
    }

    /// Whether the printer works on another job by now: the end of this one was not seen. Only a
    /// job that was seen to print is judged, since its name and numbers may come late.
    fn is_over(&mut self, status: &Status, job: &JobName) -> bool {
        if !self.percent.has_grown() && !self.layer.has_grown() {
            return false;
        }
        let again = matches!(status.state, PrinterState::Preparing | PrinterState::Slicing);
        let fell = self.percent.fell(status.job.progress_percent.map(u32::from))
            && self.layer.fell(status.job.layer);
        again || fell || self.job.differs(job)
    }

    fn stage(&mut self, status: &Status, events: &mut Vec<Event>) {
        let Some(id) = plain(status.stage.id).filter(|_| status.state.is_active()) else { return };
        if std::mem::replace(&mut self.stage, id) != id {
            let name = status.stage.name;
            events.push(Event::PrintStage { job: self.job.clone(), id, name });
        }
    }

    fn grow(&mut self, status: &Status, step: Progress, events: &mut Vec<Event>) {
        let done = status.state == PrinterState::Finished;
        if !done && !matches!(status.state, PrinterState::Running | PrinterState::Paused) {
            return;
        }
        let (job, total_layers) = (&self.job, status.job.total_layers);
        if let Some(layer) = self.layer.own(status.job.layer) {
            events.extend(self.layer.reach(layer).map(|layer| Event::PrintLayer {
                job: job.clone(),
                layer,
                total_layers,
            }));
        }
        let percent = self.percent.own(status.job.progress_percent.map(u32::from));
        let percent = if done { Some(100) } else { percent };
        let passed = percent.into_iter().flat_map(|percent| self.percent.reach(percent));
        events.extend(passed.filter(|percent| step.tells(*percent)).map(|percent| {
            Event::PrintProgress {
                job: job.clone(),
                percent: u8::try_from(percent).unwrap_or(100),
                remaining_minutes: status.job.remaining_minutes,
            }
        }));
    }
}

/// -1, 255 and 0 all mean that nothing special goes on.
fn plain(stage: Option<i64>) -> Option<i64> {
    stage.map(|id| if matches!(id, -1 | 255) { 0 } else { id })
}

/// How a failed job ended, as far as the printer says it.
fn verdict(job: &JobName, status: &Status) -> Option<Event> {
    let job = job.clone();
    let told = status.error.clone().filter(|error| error.effect == Effect::Ended);
    let reason = || {
        let number: u32 = status.job.fail_reason.as_deref()?.trim().parse().ok()?;
        PrintError::from_wire(number)
    };
    let error = told.or_else(reason)?;
    Some(if print_error::is_cancel(error.number) {
        Event::PrintCancelled { job }
    } else {
        Event::PrintFailed { job, error: Some(error) }
    })
}
