//! How long to wait before a connection is tried again: full jitter, doubling up to a limit.

use std::time::Duration;

use crate::options::Timing;

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after one more failure; `random` is in 0 to 1.
    pub(crate) fn next(&mut self, random: f64, timing: &Timing) -> Duration {
        let doubled = timing.retry_first.saturating_mul(1 << self.failures.min(20));
        self.failures = self.failures.saturating_add(1);
        doubled.min(timing.retry_max).mul_f64(random.clamp(0.0, 1.0))
    }

    /// The wait after a refused password: never short, since it will hardly be right soon.
    pub(crate) fn after_refusal(random: f64, timing: &Timing) -> Duration {
        timing.retry_max.mul_f64(1.0 + random.clamp(0.0, 1.0))
    }

    /// Forgets the failures when a connection had held long enough.
    pub(crate) fn held(&mut self, time: Duration, timing: &Timing) {
        if time >= timing.healthy_after {
            self.failures = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_start_over_only_after_a_healthy_time() {
        let timing = Timing::default();
        let mut backoff = Backoff::default();
        let next = |backoff: &mut Backoff| backoff.next(1.0, &timing).as_secs();
        let waits: Vec<u64> = (0..8).map(|_| next(&mut backoff)).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        backoff.held(Duration::from_secs(29), &timing);
        assert_eq!(next(&mut backoff), 60);
        backoff.held(Duration::from_secs(30), &timing);
        assert_eq!(next(&mut backoff), 1);
        assert_eq!(backoff.next(0.0, &timing), Duration::ZERO);
        assert!(Backoff::after_refusal(0.0, &timing) >= Duration::from_secs(60));
    }
}
