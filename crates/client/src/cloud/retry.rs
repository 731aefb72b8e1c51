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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::HeaderMap;

    use super::*;

    const ROUTE: &str = "/v1/a";

    /// Headers, body, seconds.
    type Case = (&'static [(&'static str, &'static str)], &'static str, Option<u64>);

    fn limited(headers: &[(&'static str, &str)], body: &'static str) -> CloudError {
        let headers = headers.iter().map(|(name, value)| {
            (name.parse().unwrap(), reqwest::header::HeaderValue::try_from(*value).unwrap())
        });
        let headers = HeaderMap::from_iter(headers);
        let body = Bytes::from_static(body.as_bytes());
        Reply { status: 429, headers, body, route: ROUTE, secrets: Vec::new() }.refusal()
    }

    #[test]
    fn retry_after_is_read_as_seconds_as_a_date_and_from_the_body() {
        const NOW: (&str, &str) = ("date", "Sat, 21 Nov 2026 15:00:00 GMT");
        let cases: [Case; 9] = [
            (&[("retry-after", "7")], "", Some(7)),
            (&[("retry-after", "Sat, 21 Nov 2026 15:00:09 GMT"), NOW], "", Some(9)),
            (&[("retry-after", "Sat, 21 Nov 2026 14:00:00 GMT"), NOW], "", Some(0)),
            (&[("retry-after", "99999999999")], "", Some(24 * 60 * 60)),
            (&[("retry-after", "soon")], "", None),
            (&[("retry-after", "-5")], "", None),
            (&[], r#"{"error":"x","message":"y","retry_after":"60 seconds"}"#, Some(60)),
            (&[], r#"{"retry_after":3}"#, Some(3)),
            (&[], "slow down", None),
        ];
        for (headers, body, seconds) in cases {
            let after = limited(headers, body).retry_after();
            assert_eq!(after, seconds.map(Duration::from_secs), "{headers:?} {body}");
        }
    }

    #[test]
    fn waits_grow_to_a_bound_and_the_cloud_is_given_what_it_asks_for() {
        let trouble = CloudError::Server { route: ROUTE, status: 502 };
        let waits = (0..7).map(|failures| wait(&trouble, failures, 1.0).unwrap().as_millis());
        assert_eq!(waits.collect::<Vec<_>>(), [500, 1000, 2000, 4000, 8000, 8000, 8000]);
        assert_eq!(wait(&trouble, 3, 0.0), Some(Duration::ZERO), "full jitter");
        let asked = limited(&[("retry-after", "5")], "");
        assert_eq!(wait(&asked, 0, 0.0), Some(Duration::from_secs(5)));
        assert!(wait(&limited(&[], ""), 0, 1.0).is_some());
        assert_eq!(wait(&limited(&[("retry-after", "31")], ""), 0, 0.0), None, "too long to wait");
    }

    #[test]
    fn what_would_not_help_is_not_tried_again() {
        let host = || "h".to_owned();
        for error in [
            CloudError::LoginWanted,
            CloudError::Challenge { status: 503 },
            CloudError::Server { route: ROUTE, status: 501 },
            CloudError::TimedOut { host: host() },
            CloudError::UntrustedCertificate { host: host(), source: "x".into() },
            CloudError::Limited { route: ROUTE, status: 418, retry_after: None, text: None },
            CloudError::BadBody { route: ROUTE, why: "x" },
        ] {
            assert_eq!(wait(&error, 0, 1.0), None, "{error:?}");
        }
        assert!(wait(&CloudError::Broken { host: host(), source: "x".into() }, 0, 1.0).is_some());
    }
}
