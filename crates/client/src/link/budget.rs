//! New cloud sessions keep within five in five minutes. [D]

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

const SESSIONS: usize = 5;
const WINDOW: Duration = Duration::from_secs(300);

/// Remembers when the last sessions were started.
#[derive(Debug, Default)]
pub(super) struct Budget {
    started: VecDeque<Instant>,
}

impl Budget {
    /// When the next session may be started; `now` or later.
    pub(super) fn next(&self, now: Instant) -> Instant {
        match self.started.front() {
            Some(first) if self.started.len() >= SESSIONS => now.max(*first + WINDOW),
            _ => now,
        }
    }

    /// Counts a session that is started now.
    pub(super) fn start(&mut self, now: Instant) {
        self.started.push_back(now);
        while self.started.len() > SESSIONS {
            self.started.pop_front();
        }
    }

    /// The session counted last never reached the broker.
    pub(super) fn give_back(&mut self) {
        self.started.pop_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_five_minutes_hold_more_than_five_new_sessions() {
        let mut now = Instant::now();
        let mut budget = Budget::default();
        let mut starts = Vec::new();
        for _ in 0..23 {
            now = budget.next(now);
            budget.start(now);
            starts.push(now);
            now += Duration::from_secs(7);
        }
        for window in starts.windows(SESSIONS + 1) {
            assert!(window[SESSIONS] - window[0] >= WINDOW);
        }
        assert_eq!(starts[4] - starts[0], Duration::from_secs(28));
    }

    #[test]
    fn a_time_without_network_costs_no_session() {
        let now = Instant::now();
        let mut budget = Budget::default();
        for _ in 0..50 {
            assert_eq!(budget.next(now), now);
            budget.start(now);
            budget.give_back();
        }
    }
}
