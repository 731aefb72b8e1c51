//! When a report came: by the wall clock for people, by a clock that nobody sets for its age.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use tokio::time::Instant;

/// When a report came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// What the wall clock of this machine showed then.
    pub at: SystemTime,
    since: Instant,
}

impl Heard {
    /// Now.
    pub fn now() -> Self {
        Self { at: SystemTime::now(), since: Instant::now() }
    }

    /// How long ago that is; right also after the wall clock was set.
    pub fn age(&self) -> Duration {
        self.since.elapsed()
    }

    /// To the second, RFC 3339 in UTC.
    pub fn text(&self) -> String {
        let at = Timestamp::try_from(self.at).unwrap_or_default();
        Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_right_also_after_the_wall_clock_was_set() {
        let year = Duration::from_secs(365 * 86_400);
        for at in [SystemTime::now() + year, SystemTime::now() - year] {
            let heard = Heard { at, ..Heard::now() };
            assert!(heard.age() < Duration::from_secs(20));
        }
    }
}
