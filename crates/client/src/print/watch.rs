//! Whether a printer really prints the job that it was given, by the statuses that follow. Pure.

use std::collections::HashSet;

use bambu_protocol::{
    hms::{Hms, Severity},
    print_error::Effect,
    request::ProjectFile,
    status::{PrinterState, Status},
};

/// What the statuses have shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    /// It prints, or is through with it already.
    Prints(PrinterState),
    /// It began and gave up.
    GaveUp(String),
    /// It has the job and waits for somebody.
    Held(String),
}

/// Looks for one job.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    id: String,
    name: String,
    file: String,
    error_before: Option<u32>,
    hms_before: HashSet<String>,
    /// The state of an earlier job that looks just like this one: until the state is another one,
    /// the printer still shows that.
    older: Option<PrinterState>,
    /// It was shown being prepared.
    prepares: bool,
}

impl Watch {
    /// `before` is the status when the request is sent.
    pub(super) fn new(request: &ProjectFile, before: &Status) -> Self {
        let mut watch = Self {
            id: request.subtask_id.clone(),
            name: request.subtask_name.clone(),
            file: request.file.clone(),
            error_before: before.error.as_ref().map(|error| error.number),
            hms_before: before.hms.iter().map(|hms| hms.code.clone()).collect(),
            older: None,
            prepares: false,
        };
        watch.older = watch.is_ours(before).then_some(before.state);
        watch
    }

    /// Takes the next status; an answer ends the watch.
    pub(super) fn status(&mut self, status: &Status) -> Option<Seen> {
        if status.online == Some(false) {
            return None;
        }
        self.older = self.older.filter(|older| *older == status.state);
        let error = status.error.as_ref().filter(|it| Some(it.number) != self.error_before);
        let ended = error.is_some_and(|error| error.effect == Effect::Ended);
        if self.older.is_some() || !self.is_ours(status) {
            return ended.then(|| Seen::GaveUp(self.why(status)));
        }
        match status.state {
            PrinterState::Running | PrinterState::Finished => Some(Seen::Prints(status.state)),
            PrinterState::Paused => Some(Seen::Held(self.why(status))),
            PrinterState::Failed => Some(Seen::GaveUp(self.why(status))),
            _ if ended => Some(Seen::GaveUp(self.why(status))),
            PrinterState::Preparing | PrinterState::Slicing => {
                self.prepares = true;
                None
            }
            PrinterState::Idle if self.prepares => Some(Seen::GaveUp(self.why(status))),
            _ => None,
        }
    }

    /// What is true when nobody waits any longer: a job that is being prepared is on its way.
    pub(super) fn out_of_time(&self) -> Option<Seen> {
        self.prepares.then_some(Seen::Prints(PrinterState::Preparing))
    }

    /// By its id, which is fresh; by title and file where the printer tells none.
    fn is_ours(&self, status: &Status) -> bool {
        let job = &status.job;
        let ids = [&job.subtask_id, &job.task_id, &job.project_id];
        let mut told =
            ids.into_iter().flatten().filter(|id| !matches!(&***id, "" | "0")).peekable();
        if told.peek().is_some() {
            return told.any(|id| **id == *self.id);
        }
        let name = job.name.as_deref() == Some(&self.name);
        let file = job.file.as_deref().unwrap_or_default();
        name && (file.is_empty()
            || file.rsplit('/').next() == Some(&self.file)
            || file.ends_with(".gcode"))
    }

    /// The printer's error, else its new health messages, in words.
    fn why(&self, status: &Status) -> String {
        let mut parts = Vec::new();
        if let Some(error) = &status.error {
            parts.push(match error.meaning {
                Some(meaning) => format!("{meaning} (error {})", error.code),
                None => format!("error {}, {}", error.code, error.url),
            });
        }
        let grave = |hms: &&Hms| matches!(hms.severity, Severity::Fatal | Severity::Serious);
        let new = |hms: &&Hms| !self.hms_before.contains(&hms.code) && !hms.is_noise();
        for hms in status.hms.iter().filter(grave).filter(new).take(3) {
            parts.push(match hms.meaning {
                Some(meaning) => format!("{meaning} ({})", hms.code),
                None => format!("message {}", hms.code),
            });
        }
        if parts.is_empty() {
            return format!("it is {}", status.state.name());
        }
        parts.join("; ").replace("; ", ", ")
    }
}

#[cfg(test)]
mod tests {
    use bambu_protocol::print_error::PrintError;

    use super::*;

    fn job() -> ProjectFile {
        ProjectFile::stored("cube.gcode.3mf", 1, 41)
    }

    fn status(state: PrinterState, id: &str) -> Status {
        let mut status = Status { state, online: Some(true), ..Status::default() };
        status.job.subtask_id = Some(id.into());
        status
    }

    #[test]
    fn a_job_prints_when_it_is_ours_and_runs() {
        let before = status(PrinterState::Idle, "7");
        let mut watch = Watch::new(&job(), &before);
        assert_eq!(watch.status(&status(PrinterState::Running, "7")), None, "somebody else's");
        assert_eq!(watch.status(&status(PrinterState::Preparing, "42")), None);
        assert_eq!(watch.out_of_time(), Some(Seen::Prints(PrinterState::Preparing)));
        let runs = watch.status(&status(PrinterState::Running, "42"));
        assert_eq!(runs, Some(Seen::Prints(PrinterState::Running)));
    }

    #[test]
    fn a_job_that_cannot_be_read_is_told_with_the_error() {
        let mut watch = Watch::new(&job(), &status(PrinterState::Idle, ""));
        let mut failed = status(PrinterState::Failed, "42");
        failed.error = PrintError::from_wire(0x0500_4003);
        let Some(Seen::GaveUp(why)) = watch.status(&failed) else { panic!() };
        assert_eq!(why, "the job file could not be read or parsed (error 0500-4003)");
    }

    #[test]
    fn a_mapping_that_does_not_fit_holds_the_job() {
        let mut watch = Watch::new(&job(), &status(PrinterState::Idle, ""));
        let mut held = status(PrinterState::Paused, "42");
        held.error = PrintError::from_wire(0x0700_8012);
        assert!(
            matches!(watch.status(&held), Some(Seen::Held(why)) if why.contains("AMS mapping"))
        );
    }

    #[test]
    fn an_old_error_and_a_silent_printer_say_nothing() {
        let mut before = status(PrinterState::Failed, "7");
        before.error = PrintError::from_wire(0x0500_4003);
        let mut watch = Watch::new(&job(), &before);
        assert_eq!(watch.status(&before), None);
        let mut gone = status(PrinterState::Running, "42");
        gone.online = Some(false);
        assert_eq!(watch.status(&gone), None);
        assert_eq!(watch.out_of_time(), None);
    }

    #[test]
    fn a_printer_that_tells_no_ids_is_asked_by_title() {
        let mut watch = Watch::new(&job(), &status(PrinterState::Idle, "0"));
        let mut runs = status(PrinterState::Running, "0");
        runs.job.name = Some("cube".into());
        runs.job.file = Some("/data/Metadata/plate_1.gcode".into());
        assert!(matches!(watch.status(&runs), Some(Seen::Prints(_))));
    }

    #[test]
    fn an_earlier_job_of_the_same_name_is_not_taken_for_this_one() {
        let named = |state| {
            let mut status = status(state, "0");
            status.job.name = Some("cube".into());
            status.job.file = Some("cube.gcode.3mf".into());
            status
        };
        let done = named(PrinterState::Finished);
        let mut watch = Watch::new(&job(), &done);
        assert_eq!(watch.status(&done), None, "the printer dropped the request");
        assert_eq!(watch.status(&named(PrinterState::Preparing)), None);
        let runs = watch.status(&named(PrinterState::Running));
        assert_eq!(runs, Some(Seen::Prints(PrinterState::Running)));
    }
}
