//! The cloud's REST interface: who I am, which printers I have, what they do.
//!
//! Bodies are in `bambu_protocol::cloud`; the broker, which tells what printers do right now, is
//! behind [`CloudSession`](crate::CloudSession).

mod error;
mod http;

use std::{fmt, ops::Deref};

use bambu_protocol::{
    Serial,
    cloud::{
        Device, DeviceJob, DeviceVersions, Devices, Jobs, Preference, Profile, Refusal, Versions,
    },
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{endpoint::Endpoint, tls::Roots, token::Token};

pub use error::CloudError;

use http::Http;

/// An account's view of the cloud. Cheap to clone; connections are shared and reused.
#[derive(Debug, Clone)]
pub struct Cloud {
    http: Http,
    token: Option<Token>,
}

/// A typed answer, and the JSON it was read from, with every key the cloud sent.
///
/// `raw` may hold LAN access codes; `Debug` hides it.
#[derive(Clone)]
pub struct Answer<T> {
    /// What is understood of it.
    pub value: T,
    /// All of it. A secret where the cloud sends access codes.
    pub raw: Value,
}

impl Cloud {
    /// The cloud at an endpoint; without a token every call but the public ones is refused.
    ///
    /// # Errors
    /// [`CloudError::Setup`] when TLS cannot be set up.
    pub fn new(
        endpoint: &Endpoint,
        token: Option<Token>,
        roots: &Roots,
    ) -> Result<Self, CloudError> {
        Ok(Self { http: Http::new(endpoint, roots)?, token })
    }

    /// The account's printers: `GET user/bind`. [L]
    ///
    /// # Errors
    /// [`CloudError`], as all calls.
    pub async fn devices(&self) -> Result<Answer<Vec<Device>>, CloudError> {
        let answer = self.read::<Devices>("/v1/iot-service/api/user/bind", &[]).await?;
        Ok(answer.map(|body| body.devices))
    }

    /// What each printer prints: `GET user/print`; an empty list when the cloud tells nothing. [L]
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn print_status(&self) -> Result<Answer<Vec<DeviceJob>>, CloudError> {
        let query = [("force", "true")];
        let answer = self.read::<Jobs>("/v1/iot-service/api/user/print", &query).await?;
        Ok(answer.map(|body| body.devices))
    }

    /// Firmware on offer, for one printer or all: `GET user/device/version`. [L]
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn versions(
        &self,
        printer: Option<&Serial>,
    ) -> Result<Answer<Vec<DeviceVersions>>, CloudError> {
        let query: Vec<_> = printer.iter().map(|serial| ("dev_id", serial.as_str())).collect();
        let path = "/v1/iot-service/api/user/device/version";
        Ok(self.read::<Versions>(path, &query).await?.map(|body| body.devices))
    }

    /// The account's preferences: `GET my/preference`, the cheapest call there is. [L]
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn preference(&self) -> Result<Answer<Preference>, CloudError> {
        self.read("/v1/design-user-service/my/preference", &[]).await
    }

    /// The account's profile: `GET my/profile`. [L]
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn profile(&self) -> Result<Answer<Profile>, CloudError> {
        self.read("/v1/user-service/my/profile", &[]).await
    }

    /// The user id: from an old token itself, else asked for.
    ///
    /// # Errors
    /// [`CloudError`]; [`CloudError::BadBody`] when no answer names one.
    pub async fn uid(&self) -> Result<String, CloudError> {
        if let Some(uid) = self.token.as_ref().and_then(Token::uid) {
            return Ok(uid);
        }
        let refused = match self.preference().await {
            Ok(answer) => match answer.value.uid {
                Some(uid) if uid != "0" => return Ok(uid),
                _ => None,
            },
            Err(error) if error.is_login_wanted() || error.is_unreachable() => return Err(error),
            Err(error) => Some(error),
        };
        match (self.profile().await?.uid(), refused) {
            (Some(uid), _) => Ok(uid.to_owned()),
            (None, Some(error)) => Err(error),
            (None, None) => Err(CloudError::BadBody { path: "my/profile", source: None }),
        }
    }

    async fn read<T: DeserializeOwned>(
        &self,
        path: &'static str,
        query: &[(&str, &str)],
    ) -> Result<Answer<T>, CloudError> {
        let token = self.token.as_ref().filter(|token| !token.is_empty());
        let body = self.http.read(path, query, token.ok_or(CloudError::NoToken)?).await?;
        let bad = |source| CloudError::BadBody { path, source: Some(source) };
        let raw: Value = match serde_json::from_slice(&body) {
            Ok(raw) => raw,
            Err(_) if error::is_challenge(200, false, &body) => {
                return Err(CloudError::Challenge { status: 200 });
            }
            Err(error) => return Err(bad(error)),
        };
        // A list or a bare word is nobody's answer, though it could be read as an empty one.
        if !raw.is_object() {
            return Err(CloudError::BadBody { path, source: None });
        }
        let refusal = Refusal::read(&body);
        if refusal.is_told_as_success() {
            return Err(CloudError::of_reply(path, 200, false, &body));
        }
        let value = T::deserialize(&raw).map_err(bad)?;
        Ok(Answer { value, raw })
    }
}

impl<T> Answer<T> {
    fn map<U>(self, of: impl FnOnce(T) -> U) -> Answer<U> {
        Answer { value: of(self.value), raw: self.raw }
    }
}

impl<T> Deref for Answer<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("value", &self.value).finish_non_exhaustive()
    }
}
