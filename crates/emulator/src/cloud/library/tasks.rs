//! Print history: one task per cloud job. When a task ends, a message tells its owner.

use std::collections::HashSet;

use bambu_protocol::Serial;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Last, Library, make_room};

/// Tasks kept per account; the oldest goes.
const MOST: usize = 1000;

/// How far a task is (`status`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskState {
    /// Sent to the printer or printing: 1.
    Running,
    /// Ended well: 2.
    Finished,
    /// Failed or stopped: 3.
    Failed,
}

impl TaskState {
    /// The number on the wire [L].
    pub fn number(self) -> u8 {
        match self {
            Self::Running => 1,
            Self::Finished => 2,
            Self::Failed => 3,
        }
    }

    /// The word of the documented dialect [G].
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "completed",
            Self::Failed => "failed",
        }
    }
}

/// What a task is made from.
#[derive(Debug, Clone)]
pub struct NewTask {
    /// Uid of the account.
    pub owner: u64,
    /// The printer (`deviceId`).
    pub serial: Serial,
    /// Its name (`deviceName`).
    pub device_name: String,
    /// Its model's product name (`deviceModel`).
    pub device_model: String,
    /// Title.
    pub title: String,
    /// Number of the project; 0 for none.
    pub project_id: u64,
    /// `modelId`.
    pub model_id: String,
    /// `profileId`.
    pub profile_id: u64,
    /// `plateIndex`, counted from 1.
    pub plate: u32,
    /// `costTime`: printing time in seconds, as the slicer predicted it.
    pub seconds: u64,
    /// `weight`: filament in grams, as the slicer predicted it.
    pub grams: f64,
    /// The body of `POST my/task`; its fields show in the history as they came. Empty for a job
    /// that did not come that way.
    pub body: Map<String, Value>,
}

/// One entry of the history.
#[derive(Debug, Clone)]
pub struct Task {
    /// Number (`id`; `job_id` and `task_id` at the printer).
    pub id: u64,
    /// What it was made from.
    pub what: NewTask,
    /// How far it is.
    pub state: TaskState,
    /// When it was made (`startTime`).
    pub started: Timestamp,
    /// When it ended; `None` while it runs.
    pub ended: Option<Timestamp>,
}

impl Task {
    /// The number of its subtask, as the printer reports it (`subtask_id`); it differs from the
    /// task's own.
    pub fn subtask_id(&self) -> u64 {
        self.id.saturating_add(2)
    }
}

impl Library {
    /// A new task with the next number.
    pub fn add_task(&self, what: NewTask, now: Timestamp) -> Task {
        let mut shelves = self.shelves();
        let shelves = &mut *shelves;
        let id = Last::next(&mut shelves.last.task, &mut shelves.rng);
        let task = Task { id, what, state: TaskState::Running, started: now, ended: None };
        make_room(&mut shelves.tasks, MOST, |of| of.what.owner == task.what.owner);
        shelves.tasks.push(task.clone());
        task
    }

    /// A task that has its number already, as the jobs that simulated printers invent; false when
    /// it is known.
    pub(in crate::cloud) fn adopt_task(&self, id: u64, what: NewTask, started: Timestamp) -> bool {
        let mut shelves = self.shelves();
        if shelves.tasks.iter().any(|known| known.id == id) {
            return false;
        }
        make_room(&mut shelves.tasks, MOST, |of| of.what.owner == what.owner);
        shelves.tasks.push(Task { id, what, state: TaskState::Running, started, ended: None });
        true
    }

    /// The account's tasks, newest first.
    pub fn tasks(&self, owner: u64) -> Vec<Task> {
        let shelves = self.shelves();
        let mine = shelves.tasks.iter().filter(|of| of.what.owner == owner);
        let mut tasks: Vec<Task> = mine.cloned().collect();
        tasks.sort_by_key(|task| std::cmp::Reverse((task.started, task.id)));
        tasks
    }

    /// The printers that run tasks of the account, as far as is known.
    pub(in crate::cloud) fn running_on(&self, owner: u64) -> HashSet<Serial> {
        let shelves = self.shelves();
        let running =
            shelves.tasks.iter().filter(|of| of.what.owner == owner && of.ended.is_none());
        running.map(|task| task.what.serial.clone()).collect()
    }

    /// The task with this number, whoever owns it.
    pub fn task(&self, id: u64) -> Option<Task> {
        self.shelves().tasks.iter().find(|of| of.id == id).cloned()
    }

    /// Says how long a task is foreseen to take; false when there is none of this number.
    pub(in crate::cloud) fn foresee_task(&self, id: u64, seconds: u64) -> bool {
        let mut shelves = self.shelves();
        let task = shelves.tasks.iter_mut().find(|of| of.id == id);
        task.is_some_and(|task| {
            task.what.seconds = seconds;
            // About what a printer of this world takes for that time.
            task.what.grams = seconds as f64 / 60.0 * 0.35;
            true
        })
    }

    /// Ends a running task and leaves a message; false when none of this number runs.
    pub fn end_task(&self, id: u64, state: TaskState, at: Timestamp) -> bool {
        let mut shelves = self.shelves();
        let running = shelves.tasks.iter_mut().find(|of| of.id == id && of.ended.is_none());
        let Some(task) = running.filter(|_| state != TaskState::Running) else { return false };
        task.state = state;
        task.ended = Some(at.max(task.started));
        let task = task.clone();
        shelves.tell(&task, at);
        true
    }
}
