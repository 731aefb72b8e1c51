//! What went wrong behind the proxy, and the answer to it: the seeds' 502 with a class that programs
//! can act on. The cloud's own kinds of refusal are `bambulab::CloudError`.

use std::{borrow::Cow, time::Duration};

use axum::http::{
    HeaderValue, StatusCode,
    header::{InvalidHeaderValue, RETRY_AFTER},
};
use bambulab::CloudError;

use crate::{error::ApiError, mask::Masker};

/// Longest text of a message, in characters.
const LONGEST: usize = 500;

/// Who or what is to blame, as programs are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The cloud does not take the account's token any more.
    Auth,
    /// A page for browsers stands in the way.
    Challenge,
    /// The cloud wants to be asked less often.
    Limit,
    /// Nobody answered in time.
    Timeout,
    /// Nobody trustworthy answered.
    Unreachable,
    /// The cloud answered that it will not.
    Refused,
    /// The cloud is in trouble, or what it sent is no answer.
    Server,
    /// Our own limit for the account; nothing was sent.
    Budget,
    /// The caller may not see that; nothing was sent.
    Scope,
}

/// A call that brought no answer for the caller.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// The class.
    pub cause: Cause,
    /// Cause and next step. It may hold the cloud's words, so it is masked before it is shown.
    pub message: Cow<'static, str>,
    /// The HTTP status of the cloud, if it answered.
    pub status: Option<u16>,
    /// How long to wait, if that is known.
    pub retry_after: Option<Duration>,
}

impl Cause {
    /// Its word in answers, logs and metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Challenge => "challenge",
            Self::Limit | Self::Budget => "limit",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Server => "server",
            Self::Scope => "scope",
        }
    }

    /// Whether an older answer may stand in: the cloud failed, it did not say no.
    pub(crate) fn is_outage(self) -> bool {
        !matches!(self, Self::Auth | Self::Refused | Self::Scope)
    }
}

impl Failure {
    /// A failure without an answer of the cloud.
    pub(crate) fn new(cause: Cause, message: impl Into<Cow<'static, str>>) -> Self {
        Self { cause, message: message.into(), status: None, retry_after: None }
    }

    /// The same with the status that the cloud answered with.
    #[must_use]
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status: Some(status.as_u16()), ..self }
    }

    /// The answer, with what is secret struck out of the cloud's words.
    pub(crate) fn answer(&self, masker: Option<&Masker>) -> ApiError {
        let message = masker.map_or(Cow::Borrowed(&*self.message), |it| it.text(&self.message));
        let message: String = message.chars().take(LONGEST).collect();
        let seconds = self.retry_after.map(|wait| wait.as_millis().div_ceil(1000).max(1));
        let mut error = match self.cause {
            Cause::Budget => {
                let retry = format!("{} seconds", seconds.unwrap_or(60));
                ApiError::new(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded", message)
                    .with("retry_after", retry)
                    .with("scope", "account")
            }
            Cause::Scope => ApiError::forbidden(message),
            cause => ApiError::upstream(cause.name(), message),
        };
        if let Some(status) = self.status {
            error = error.with("upstream_status", status);
        }
        let value: Option<Result<HeaderValue, InvalidHeaderValue>> =
            seconds.map(|seconds| HeaderValue::try_from(seconds.to_string()));
        match value {
            Some(Ok(value)) => error.header(RETRY_AFTER, value),
            _ => error,
        }
    }
}

impl From<CloudError> for Failure {
    fn from(error: CloudError) -> Self {
        let cause = match &error {
            CloudError::NoToken | CloudError::LoginWanted => Cause::Auth,
            CloudError::Challenge { .. } => Cause::Challenge,
            CloudError::Limited { .. } => Cause::Limit,
            CloudError::OverBudget { .. } => Cause::Budget,
            CloudError::TimedOut { .. } => Cause::Timeout,
            error if error.is_unreachable() => Cause::Unreachable,
            CloudError::Unauthorized { .. }
            | CloudError::Forbidden { .. }
            | CloudError::NotFound { .. }
            | CloudError::Refused { .. } => Cause::Refused,
            _ => Cause::Server,
        };
        let retry_after = error.retry_after();
        let message = match &error {
            CloudError::OverBudget { group, .. } => format!(
                "all users of this proxy together have asked for {group} as often as the account \
                 allows in this time; wait {} seconds",
                retry_after.unwrap_or_default().as_millis().div_ceil(1000)
            ),
            error => error.to_string(),
        };
        Self { cause, message: message.into(), status: None, retry_after }
    }
}
