//! Who the account is: profile, preferences, user id.

use bambu_protocol::cloud::{Preference, Profile, ProfileChange};

use super::{Answer, Call, Cloud, CloudError};
use crate::token::{self, Token};

const PROFILE: &str = "/v1/user-service/my/profile";

impl Cloud {
    /// The account's profile: `GET user-service/my/profile`. [L]
    ///
    /// Both shapes are read: `{uidStr, account, name, …}` and the documented
    /// `{code: 0, data: {user_id, email, username, avatar_url, subscription}}` [G].
    ///
    /// # Errors
    /// [`CloudError`].
    #[doc(alias = "get_user_profile")]
    pub async fn user_profile(&self) -> Result<Answer<Profile>, CloudError> {
        self.call(Call::get(PROFILE)).await
    }

    /// The account's preferences, the user id among them: `GET design-user-service/my/preference`,
    /// the cheapest call there is and the one to see by whether a token is alive. [L]
    ///
    /// # Errors
    /// [`CloudError`].
    #[doc(alias = "get_user_info")]
    pub async fn user_info(&self) -> Result<Answer<Preference>, CloudError> {
        self.call(Call::get("/v1/design-user-service/my/preference")).await
    }

    /// Changes the profile: `PUT user-service/my/profile` with `{username, avatar_url}`, answered by
    /// `{code: 0, message}`. Documented only: nobody has shown that the cloud does it. [D]
    ///
    /// # Errors
    /// [`CloudError`]; [`CloudError::NotFound`] where the route does not exist.
    pub async fn update_user_profile(
        &self,
        change: &ProfileChange,
    ) -> Result<Answer<()>, CloudError> {
        self.done(Call::put(PROFILE).json(change)).await
    }

    /// The user id: from an old token itself, else asked for.
    ///
    /// # Errors
    /// [`CloudError`]; [`CloudError::BadBody`] when no answer names one.
    pub async fn uid(&self) -> Result<String, CloudError> {
        if let Some(uid) = self.token.as_ref().and_then(Token::uid) {
            return Ok(uid);
        }
        let refused = match self.user_info().await {
            Ok(answer) => match answer.value.uid {
                Some(uid) if token::is_uid(&uid) => return Ok(uid),
                _ => None,
            },
            Err(error) if error.is_auth() || error.is_unreachable() => return Err(error),
            Err(error) => Some(error),
        };
        match (self.user_profile().await?.uid(), refused) {
            (Some(uid), _) if token::is_uid(uid) => Ok(uid.to_owned()),
            (_, Some(error)) => Err(error),
            (_, None) => Err(CloudError::BadBody { route: PROFILE, why: "it names no user" }),
        }
    }
}
