//! How the history of an account follows its printers: what they run and what has ended.
//!
//! It is looked up when somebody asks, so that printers need no task of their own for it.

use jiff::Timestamp;
use serde_json::Map;

use super::{
    Bound, Cloud,
    account::Account,
    library::{NewTask, Task, TaskState},
};
use crate::simulator::JobSummary;

impl Cloud {
    /// The account's tasks, newest first, after a look at its printers.
    pub fn tasks_of(&self, account: &Account) -> Vec<Task> {
        self.follow(account);
        self.library().tasks(account.uid)
    }

    /// Brings history and messages of an account up to what its printers do.
    pub fn follow(&self, account: &Account) {
        for bound in self.printers_of(account) {
            if let Some(job) = bound.summary().job {
                self.adopt(account, bound, &job);
            }
        }
        // A printer that was unbound meanwhile still tells how the account's job has ended.
        for bound in self.library().running_on(account.uid).iter().filter_map(|at| self.printer(at))
        {
            for job in bound.printer().ended_jobs() {
                let state = if job.well { TaskState::Finished } else { TaskState::Failed };
                self.library().end_task(number(&job.task_id), state, from_ms(job.ended_ms));
            }
        }
    }

    /// A cloud job that did not come through `my/task`: the printer's own invention.
    fn adopt(&self, account: &Account, bound: &Bound, job: &JobSummary) {
        let id = number(&job.task_id);
        if id == 0 {
            return;
        }
        let summary = bound.summary();
        let what = NewTask {
            owner: account.uid,
            serial: summary.serial,
            device_name: summary.name,
            device_model: summary.model.product_name().to_owned(),
            title: job.name.clone(),
            project_id: number(&job.project_id),
            model_id: job.model_id.clone(),
            profile_id: number(&job.profile_id),
            plate: 1,
            seconds: job.prediction_seconds,
            grams: 0.0,
            body: Map::new(),
        };
        self.library().adopt_task(id, what, from_ms(job.started_ms));
    }
}

/// A number that the iot service writes as text; 0 for anything else.
pub(super) fn number(text: &str) -> u64 {
    text.parse().unwrap_or(0)
}

pub(super) fn from_ms(ms: u64) -> Timestamp {
    let ms = i64::try_from(ms).ok();
    ms.and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or_default()
}
