//! The account in the cloud: its token, its REST calls, and what their failures mean to a user.

use bambulab::{
    Token,
    cloud::{Cloud, CloudError},
};

use crate::{
    exit::{Failure, Kind},
    settings::Settings,
};

/// The token of this call.
///
/// # Errors
/// There is none.
pub(crate) fn token(settings: &Settings) -> Result<Token, Failure> {
    match &settings.token {
        Some(token) if !token.value.is_empty() => Ok(token.value.clone()),
        _ => Err(Failure::say(Kind::NotAuthenticated, "there is no access token").next(
            "set BAMBU_TOKEN, or give --token - and pipe it in; to try without one: bambu demo",
        )),
    }
}

/// The cloud, with this call's token.
///
/// # Errors
/// No token, or a CA file that cannot be used.
pub(crate) fn cloud(settings: &Settings) -> Result<Cloud, Failure> {
    let token = token(settings)?;
    let roots = settings.roots()?;
    Cloud::new(&settings.endpoint, Some(token), &roots).map_err(failure)
}

/// What a failed call means to a user.
#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
pub(crate) fn failure(error: CloudError) -> Failure {
    let kind = match &error {
        CloudError::NoToken | CloudError::LoginWanted | CloudError::Unauthorized { .. } => {
            Kind::NotAuthenticated
        }
        CloudError::Refused { .. }
        | CloudError::Forbidden { .. }
        | CloudError::NotFound { .. }
        | CloudError::Limited { .. }
        | CloudError::OverBudget { .. }
        | CloudError::Challenge { .. } => Kind::Refused,
        CloudError::Server { .. } => Kind::Unreachable,
        error if error.is_unreachable() => Kind::Unreachable,
        _ => Kind::Failed,
    };
    Failure::advised(kind, &error)
}
