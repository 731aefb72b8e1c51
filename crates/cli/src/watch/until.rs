//! The moment at which a command has waited long enough, over all that it waits for.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, sleep_until};

use crate::{
    exit::{Failure, Kind},
    settings::Settings,
};

/// The end of a `--timeout`; without one, never.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Until {
    end: Option<Instant>,
    timeout: Duration,
}

impl Until {
    /// So long from now.
    pub(crate) fn after(timeout: Option<Duration>) -> Self {
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Self { end, timeout: timeout.unwrap_or_default() }
    }

    /// Waits for it.
    pub(crate) async fn passed(self) {
        match self.end {
            Some(end) => sleep_until(end).await,
            None => std::future::pending().await,
        }
    }

    /// Asks the cloud, or looks for printers, for no longer than this.
    ///
    /// # Errors
    /// The failure of the work, or that it took too long.
    pub(crate) async fn cut<T>(
        self,
        settings: &Settings,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            biased;
            result = work => result,
            () = self.passed() => Err(self.late(settings)),
        }
    }

    fn late(self, settings: &Settings) -> Failure {
        let seconds = self.timeout.as_secs_f64();
        let (who, next) = match settings.token {
            Some(_) => ("the cloud did not answer", "check the network and BAMBU_API_URL"),
            None => ("no printer was found on this network", "write its address as host"),
        };
        Failure::say(Kind::Unreachable, format!("{who} within {seconds} s"))
            .next(format!("{next}, or wait longer with --timeout"))
    }
}
