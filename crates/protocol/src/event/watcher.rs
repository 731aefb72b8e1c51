//! Watches one printer: every change is told exactly once.

use super::{
    Event, faults::Faults, filament::Filament, job::Jobs, machine::Machine, steps::Progress,
};
use crate::status::Status;

/// Derives events from the statuses of one printer, given in order.
///
/// * What is already so in the first status is no event: a restart in the middle of a job tells its
///   end, not its start, and does not repeat health messages. Look at the status for those.
/// * The same status again, a full report after a reconnect or a lost report tells nothing twice.
///   Steps of progress and layers that passed unseen are told when they are noticed, in order; of
///   more than 100 layers at once only the newest. What came and went unseen is not known.
/// * `status.online` of `None` says nothing. How long a silence may last before it becomes `false`
///   is for those to decide who hold the connection and a clock.
/// * Statuses from before the first whole report are the caller's to withhold.
#[derive(Debug, Clone, Default)]
pub struct Watcher {
    started: bool,
    jobs: Jobs,
    filament: Filament,
    faults: Faults,
    machine: Machine,
}

impl Watcher {
    /// A watcher that has seen nothing, with a step of 10 percent.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with another step of progress in percent, 1 to 100; 0 tells no progress.
    #[must_use]
    pub fn with_progress_step(mut self, percent: u8) -> Self {
        self.jobs.progress_step = Progress::step(percent);
        self
    }

    /// What happened between the status before and this one, oldest cause first.
    pub fn observe(&mut self, status: &Status) -> Vec<Event> {
        let mut events = Vec::new();
        let first = !std::mem::replace(&mut self.started, true);
        self.machine.online(status, &mut events);
        self.jobs.begin(status, first, &mut events);
        self.filament.observe(status, first, &mut events);
        self.machine.observe(status, first, &mut events);
        self.faults.observe(status, first, &mut events);
        self.jobs.end(status, &mut events);
        events
    }
}
