//! Whether the cloud is there at all, and what time it has; no token is needed.

use std::time::{Duration, Instant};

use jiff::{Timestamp, fmt::rfc2822};

use super::{Call, Cloud, CloudError};

/// What one call without a token told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Probe {
    /// How long it took.
    pub took: Duration,
    /// How many seconds this machine's clock is before the cloud's, negative when it is behind;
    /// good to a second or two. `None` when the cloud did not tell its time.
    pub clock_ahead: Option<i64>,
}

impl Cloud {
    /// Asks the cloud for something that needs no token. Whatever it says to that, it is there.
    ///
    /// # Errors
    /// [`CloudError`] when nobody answers, or somebody else: a page for browsers, a redirect, a
    /// gateway in trouble.
    pub async fn probe(&self) -> Result<Probe, CloudError> {
        let call = Call::get("/v1/iot-service/api/slicer/resource").public();
        let began = Instant::now();
        let reply = self.reply(call.within(Duration::from_secs(10))).await?;
        let (took, now) = (began.elapsed(), Timestamp::now());
        if matches!(reply.status, 300..400 | 500..) {
            return Err(reply.refusal());
        }
        let date = reply.header("date").and_then(|date| rfc2822::parse(date).ok());
        let ahead = date.map(|date| now.as_second() - date.timestamp().as_second());
        Ok(Probe { took, clock_ahead: ahead })
    }
}
