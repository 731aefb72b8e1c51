//! Why a login failed, each refusal as what it is. No text here holds a password, a code or a token.

use std::time::Duration;

use super::code::CodeWanted;
use crate::{
    cloud::{CloudError, error::tail},
    endpoint::Region,
    private_file::FileError,
};

/// Why there is no session. The text tells the cause and the next step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// Account or password is wrong, which the cloud does not tell apart: check both.
    #[error(
        "the cloud refuses {account} with this password{}; check both, and BAMBU_REGION: an \
         account is known in its own region only. Who signs in through Google or Apple has no \
         password and logs in by e-mail code",
        tail(text)
    )]
    WrongPassword {
        /// As which account.
        account: String,
        /// The cloud's words.
        text: Option<String>,
    },
    /// The code is wrong: read it again.
    #[error("{0} is wrong; log in again with the right one")]
    WrongCode(CodeWanted),
    /// The code is too old: ask for a new one.
    #[error("{0} is too old; log in again to get a new one")]
    CodeExpired(CodeWanted),
    /// A code is wanted and nobody gave one: log in again with it.
    #[error("the cloud wants {0}; log in again with it, BAMBU_CODE takes it")]
    CodeWanted(CodeWanted),
    /// The sign-in page refused the call before it looked at the code. [L]
    #[error(
        "the sign-in page refuses the call before it looks at the code (CSRF: {reason}){}; log in \
         by e-mail code, without the password",
        api_too(api)
    )]
    Csrf {
        /// `missing_cookie`, `missing_header`, as the cloud says it.
        reason: String,
        /// What the API host said before, in its own words.
        api: Option<String>,
    },
    /// A page for browsers stands in the way, which is no word on account or code.
    #[error(
        "the cloud wants a browser to prove itself (HTTP {status}){}; try again in some minutes, \
         or log in by e-mail code",
        api_too(api)
    )]
    Challenge {
        /// HTTP status.
        status: u16,
        /// What the API host said before, in its own words.
        api: Option<String>,
    },
    /// Neither way for the authenticator's code is open: log in by e-mail code.
    #[error(
        "the authenticator's code was taken neither by the API ({api}) nor by the sign-in page \
         ({web}); log in again, or by e-mail code, without the password"
    )]
    Authenticator {
        /// What the API host said.
        api: String,
        /// What the web origin said.
        web: String,
    },
    /// Account or token belongs to the other region: name it.
    #[error(
        "this account or token belongs to the region {} and not to {}; set BAMBU_REGION to {}",
        of.name(), here.name(), of.name()
    )]
    OtherRegion {
        /// Where it belongs.
        of: Region,
        /// Where it was tried.
        here: Region,
    },
    /// The cloud refused for another reason: see its words.
    #[error(
        "the cloud refuses the login (HTTP {status}){}; check account and BAMBU_REGION",
        tail(text)
    )]
    Refused {
        /// HTTP status.
        status: u16,
        /// The cloud's words.
        text: Option<String>,
    },
    /// It answered, but gave no token: it wants a step that nobody knows yet.
    #[error("the cloud gave no token and wants {login_type:?} instead; log in by e-mail code")]
    NotGranted {
        /// Its `loginType`.
        login_type: String,
    },
    /// The token is dead, so it is not saved.
    #[error("the cloud does not take this token; get a new one, or log in with the account")]
    DeadToken,
    /// There were enough logins in vain, so that a wrong password is not tried without end.
    #[error("there were five logins in vain within a minute; wait {} s and try again", wait.as_secs() + 1)]
    TooOften {
        /// How long to wait.
        wait: Duration,
    },
    /// Another process logs in with the same file: wait for it.
    #[error("another process is logging in with the same saved session; wait for it to end")]
    Busy,
    /// The saved session cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The call itself failed.
    #[error(transparent)]
    Cloud(#[from] CloudError),
}

impl LoginError {
    /// Whether account, password, code or token is at fault, so that other ones may help.
    pub fn is_auth(&self) -> bool {
        match self {
            Self::Cloud(error) => error.is_auth(),
            Self::WrongPassword { .. }
            | Self::WrongCode(_)
            | Self::CodeExpired(_)
            | Self::CodeWanted(_)
            | Self::OtherRegion { .. }
            | Self::DeadToken
            | Self::Authenticator { .. } => true,
            _ => false,
        }
    }

    /// Whether the same login may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Cloud(error) => error.is_retryable(),
            Self::TooOften { .. } | Self::Busy | Self::Challenge { .. } => true,
            _ => false,
        }
    }
}

fn api_too(api: &Option<String>) -> String {
    api.as_ref().map(|api| format!("; the API said before: {api}")).unwrap_or_default()
}
