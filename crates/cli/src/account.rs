//! The account in the cloud: its token, its REST calls, and what their failures mean to a user.

use std::{
    sync::Once,
    time::{Duration, SystemTime},
};

use bambulab::{
    Login, LoginError, Token,
    cloud::{Cloud, CloudError},
};

use crate::{
    exit::{Failure, Kind},
    settings::{Settings, Source},
};

/// From here on every call warns that the saved token is about to end.
const SOON: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const DAY: u64 = 24 * 60 * 60;

/// The token of this call.
///
/// # Errors
/// There is none, or it is saved for the other region.
pub(crate) fn token(settings: &Settings) -> Result<Token, Failure> {
    match &settings.token {
        Some(token) if !token.value.is_empty() => {
            if token.source == Source::Session {
                check(settings)?;
            }
            Ok(token.value.clone())
        }
        _ => Err(Failure::say(Kind::NotAuthenticated, "you are not logged in")
            .next("bambu login, or set BAMBU_TOKEN; to try without an account: bambu demo")),
    }
}

/// The cloud, with this call's token.
///
/// # Errors
/// No token, or a CA file that cannot be used.
pub(crate) fn cloud(settings: &Settings) -> Result<Cloud, Failure> {
    let token = token(settings)?;
    cloud_for(settings, Some(token))
}

/// The cloud, with another token or none.
///
/// # Errors
/// A CA file that cannot be used.
pub(crate) fn cloud_for(settings: &Settings, token: Option<Token>) -> Result<Cloud, Failure> {
    let roots = settings.roots()?;
    Cloud::with(&settings.endpoint, token, &roots, settings.manners()).map_err(failure)
}

/// The way into the account.
///
/// # Errors
/// A CA file that cannot be used.
pub(crate) fn login(settings: &Settings) -> Result<Login, Failure> {
    Ok(Login::with(cloud_for(settings, None)?, settings.region.value))
}

/// Whether the saved session is for this region, and for how long.
fn check(settings: &Settings) -> Result<(), Failure> {
    static WARNED: Once = Once::new();
    let Some(session) = &settings.session else { return Ok(()) };
    let here = settings.region.value;
    if let Some(of) = session.region.filter(|of| *of != here) {
        return Err(login_failure(LoginError::OtherRegion { of, here })
            .about("the saved session")
            .next(format!("bambu login --region {}, or leave the region out", here.name())));
    }
    if let Some(left) = session.remaining(SystemTime::now()).filter(|left| *left < SOON) {
        WARNED.call_once(|| {
            let when = match left.as_secs() {
                0 => "has ended".to_owned(),
                seconds if seconds < 2 * DAY => format!("ends in {} h", seconds / 3600),
                seconds => format!("ends in {} days", seconds / DAY),
            };
            eprintln!("warning: your access token {when}: bambu login --force");
        });
    }
    Ok(())
}

/// What a failed call means to a user.
#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
pub(crate) fn failure(error: CloudError) -> Failure {
    advised(Failure::advised(kind(&error), &error), &error)
}

/// How to log in again, in the words of the command line, where that is the way out.
pub(crate) fn advised(failure: Failure, error: &CloudError) -> Failure {
    match error.is_auth() {
        true if is_set("BAMBU_TOKEN") => failure.next(
            "BAMBU_TOKEN goes before the saved session: set it to a token that counts, or unset it",
        ),
        true => failure.next("bambu login, or set BAMBU_TOKEN to a token that counts"),
        false => failure,
    }
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|text| !text.is_empty())
}

/// How a command ends that such a call failed.
pub(crate) fn kind(error: &CloudError) -> Kind {
    match error {
        CloudError::NoToken | CloudError::LoginWanted | CloudError::Unauthorized { .. } => {
            Kind::NotAuthenticated
        }
        CloudError::Forbidden { .. }
        | CloudError::NotFound { .. }
        | CloudError::Refused { .. }
        | CloudError::Limited { .. }
        | CloudError::OverBudget { .. }
        | CloudError::Challenge { .. } => Kind::Refused,
        CloudError::Server { .. } => Kind::Unreachable,
        error if error.is_unreachable() => Kind::Unreachable,
        _ => Kind::Failed,
    }
}

/// What a failed login means to a user.
pub(crate) fn login_failure(error: LoginError) -> Failure {
    let error = match error {
        LoginError::Cloud(error) => return failure(error),
        error => error,
    };
    let kind = match &error {
        LoginError::Refused { .. }
        | LoginError::Csrf { .. }
        | LoginError::Challenge { .. }
        | LoginError::TooOften { .. } => Kind::Refused,
        error if error.is_auth() => Kind::NotAuthenticated,
        LoginError::NotGranted { .. } => Kind::NotAuthenticated,
        _ => Kind::Failed,
    };
    let failure = Failure::advised(kind, &error);
    match &error {
        LoginError::CodeWanted(_) => {
            failure.next("log in again with --code CODE, or set BAMBU_CODE")
        }
        LoginError::CodeExpired(_) => {
            failure.next("log in again without the code: a new one is sent and asked for")
        }
        LoginError::OtherRegion { of, .. } => {
            failure.next(format!("the same with --region {}", of.name()))
        }
        LoginError::Csrf { .. } | LoginError::NotGranted { .. } => {
            failure.next("log in with a code by e-mail: bambu login --email ADDRESS")
        }
        LoginError::Authenticator { .. } => {
            failure.next("try again, or log in with a code by e-mail: bambu login --email ADDRESS")
        }
        LoginError::Challenge { .. } => {
            failure.next("try again in some minutes, or log in with: bambu login --email ADDRESS")
        }
        _ => failure,
    }
}
