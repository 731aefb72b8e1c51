//! Whose turn it is to log in: one process at a time, and only so often, however many there are.
//!
//! The lock file beside the saved session holds the times of the last logins that were in vain.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, Write as _},
    path::Path,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::private_file;

/// Logins in vain with one saved session, by all processes together: the seeds' table, 5 a minute.
/// [D]
const MOST: usize = 5;
const WITHIN: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);
/// A file of ours holds five numbers.
const LONGEST: u64 = 4096;

/// The right to log in, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    /// `None` where no lock can be had: then saving will fail, too, and says why.
    file: Option<File>,
}

/// Why it is not our turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TurnError {
    /// Another process is logging in all the time.
    Busy,
    /// There were enough logins in vain; try again after this time.
    Enough(Duration),
}

impl Turn {
    /// Waits for the turn, no longer than `patience`.
    pub(crate) async fn take(session: &Path, patience: Duration) -> Result<Self, TurnError> {
        let Some(mut file) = private_file::lock_file(session) else {
            return Ok(Self { file: None });
        };
        let (began, mut is_told) = (Instant::now(), patience.is_zero());
        loop {
            file = match private_file::try_lock(file) {
                Ok(file) => return Ok(Self { file: Some(file) }),
                Err(file) => file,
            };
            if began.elapsed() >= patience {
                return Err(TurnError::Busy);
            }
            if !is_told {
                tracing::warn!("another process is logging in with this session; waiting for it");
                is_told = true;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Notes that a login begins now, unless there were enough of them in vain.
    pub(crate) fn begin(&mut self, now: SystemTime) -> Result<(), TurnError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut recent = read(file).unwrap_or_default();
        // A clock that was set back must not keep anybody out for longer than the window.
        recent.retain(|then| *then <= now && now - *then < WITHIN);
        if recent.len() >= MOST {
            let oldest = recent.iter().min().copied().unwrap_or(now);
            return Err(TurnError::Enough(WITHIN.saturating_sub(now.saturating_sub(oldest))));
        }
        recent.push(now);
        note(file, &recent);
        Ok(())
    }

    /// The login has succeeded: those before it are forgotten.
    pub(crate) fn succeeded(&mut self) {
        self.file.iter_mut().for_each(|file| note(file, &[]));
    }

    /// Nobody was there to log in to: that does not count.
    pub(crate) fn not_begun(&mut self) {
        let Some(file) = &mut self.file else { return };
        let mut recent = read(file).unwrap_or_default();
        recent.pop();
        note(file, &recent);
    }
}

fn read(file: &mut File) -> io::Result<Vec<Duration>> {
    let mut text = String::new();
    file.rewind()?;
    file.take(LONGEST).read_to_string(&mut text)?;
    Ok(text.lines().filter_map(|line| line.parse().ok()).map(Duration::from_millis).collect())
}

fn note(file: &mut File, times: &[Duration]) {
    let text: String = times.iter().map(|time| format!("{}\n", time.as_millis())).collect();
    let written = file.rewind().and_then(|()| file.set_len(0));
    if let Err(error) = written.and_then(|()| file.write_all(text.as_bytes())) {
        tracing::debug!(%error, "the times of the last logins are not noted");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_WAIT: Duration = Duration::ZERO;

    #[tokio::test]
    async fn two_do_not_have_their_turn_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session");
        let turn = Turn::take(&path, NO_WAIT).await.unwrap();
        assert_eq!(Turn::take(&path, NO_WAIT).await.unwrap_err(), TurnError::Busy);
        drop(turn);
        Turn::take(&path, NO_WAIT).await.unwrap();
    }

    #[tokio::test]
    async fn the_sixth_login_of_a_minute_waits_whoever_asks() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session");
        let start = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let at = async |seconds| {
            let mut turn = Turn::take(&path, NO_WAIT).await.unwrap();
            turn.begin(start + Duration::from_secs(seconds))
        };
        for second in 0..5 {
            at(second).await.unwrap();
        }
        assert_eq!(at(10).await, Err(TurnError::Enough(Duration::from_secs(50))));
        let mut turn = Turn::take(&path, NO_WAIT).await.unwrap();
        turn.begin(start + Duration::from_secs(60)).unwrap();
        turn.not_begun();
        drop(turn);
        at(60).await.unwrap();
        assert_eq!(at(60).await, Err(TurnError::Enough(Duration::from_secs(1))));
        // The clock was set back: those times are nobody's.
        at(0).await.unwrap();
        for second in 1..5 {
            at(second).await.unwrap();
        }
        Turn::take(&path, NO_WAIT).await.unwrap().succeeded();
        at(5).await.unwrap();
    }
}
