//! When a call is made once more, and after how long.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822};
use serde_json::Value;

use super::{CloudError, call::Reply};

/// The first wait is anywhere below this; each further one may be twice as long.
const FIRST: Duration = Duration::from_millis(500);
/// No wait of our own choice is longer.
const LONGEST: Duration = Duration::from_secs(8);
/// A cloud that wants more than this is not waited for: the caller is told.
const PATIENCE: Duration = Duration::from_secs(30);
/// No wait that the cloud asks for is taken to be longer.
const BELIEVED: Duration = Duration::from_secs(24 * 60 * 60);

/// How long to wait before a safe call is made again; `None` when it would not help.
///
/// `failures` came before this one; `random` is in 0 to 1.
pub(super) fn wait(error: &CloudError, failures: u32, random: f64) -> Option<Duration> {
    let jitter = || {
        let most = FIRST.saturating_mul(1 << failures.min(10)).min(LONGEST);
        most.mul_f64(random.clamp(0.0, 1.0))
    };
    match error {
        CloudError::Unreachable { .. } | CloudError::Broken { .. } => Some(jitter()),
        // 501 will not be there in a second.
        CloudError::Server { status, .. } if *status != 501 => Some(jitter()),
        CloudError::Limited { status: 429, retry_after, .. } => match retry_after {
            Some(after) if *after > PATIENCE => None,
            after => Some(after.unwrap_or_default() + jitter()),
        },
        _ => None,
    }
}

/// How long a refusal asks to wait: `Retry-After` in seconds or as a date, else `retry_after` in
/// the body. [D]
pub(super) fn told_after(reply: &Reply) -> Option<Duration> {
    let after = match reply.header("retry-after") {
        Some(text) => of_text(text).or_else(|| of_date(text, reply.header("date"))),
        None => {
            let body: Option<Value> = serde_json::from_slice(&reply.body).ok();
            match body.as_ref().and_then(|body| body.get("retry_after")) {
                Some(Value::String(text)) => of_text(text),
                Some(Value::Number(number)) => number.as_u64().map(Duration::from_secs),
                _ => None,
            }
        }
    };
    after.map(|after| after.min(BELIEVED))
}

/// `60`, or `60 seconds`.
fn of_text(text: &str) -> Option<Duration> {
    text.split_whitespace().next()?.parse().ok().map(Duration::from_secs)
}

/// The time until a date, by the clock of who sent it if that is known.
fn of_date(text: &str, now: Option<&str>) -> Option<Duration> {
    let date = |text: &str| rfc2822::parse(text.trim()).ok().map(|date| date.timestamp());
    let now = now.and_then(date).unwrap_or_else(Timestamp::now);
    Some(date(text)?.duration_since(now).try_into().unwrap_or_default())
}
