//! One call of the REST interface: how it is put together, and how its answer is read.
//!
//! `cloud/http.rs` carries it over the wire, once; `cloud/retry.rs` says when once more.

use std::{borrow::Cow, fmt, time::Duration};

use bambu_protocol::cloud::Refusal;
use bytes::Bytes;
use reqwest::{
    Method,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{Answer, Cloud, CloudError, Group, error, retry};
use crate::token::Token;

/// How long one attempt may take, body included, unless a call says otherwise.
const WITHIN: Duration = Duration::from_secs(30);

/// One call of the REST interface.
///
/// `route` is the path with `{}` for each value; errors name the route, never the values.
#[derive(Clone)]
pub(crate) struct Call {
    pub(super) method: Method,
    pub(super) route: &'static str,
    pub(super) origin: Origin,
    pub(super) query: Vec<(Cow<'static, str>, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    pub(super) is_public: bool,
    pub(super) is_possession_shown: bool,
    pub(super) within: Duration,
    values: Vec<String>,
    group: Option<Group>,
    /// A value, a header or a body that cannot be sent was given.
    is_broken: bool,
}

/// Who is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The REST interface.
    Api,
    /// The web site, for the few calls that exist only there.
    Web,
}

/// What came back, whatever its status is. `Debug` shows neither headers nor body.
#[derive(Clone)]
pub(crate) struct Reply {
    /// HTTP status.
    pub(crate) status: u16,
    /// Its headers, cookies among them.
    pub(crate) headers: HeaderMap,
    /// Its body, which may repeat what was sent.
    pub(crate) body: Bytes,
    pub(super) route: &'static str,
    /// What was sent in secret, which no message may repeat.
    pub(super) secrets: Vec<String>,
}

impl Call {
    /// A call that reads. Only this kind is ever repeated.
    pub(crate) fn get(route: &'static str) -> Self {
        Self::new(Method::GET, route)
    }

    /// A call that makes or does something.
    pub(crate) fn post(route: &'static str) -> Self {
        Self::new(Method::POST, route)
    }

    /// A call that replaces something.
    pub(crate) fn put(route: &'static str) -> Self {
        Self::new(Method::PUT, route)
    }

    /// A call that changes something.
    pub(crate) fn patch(route: &'static str) -> Self {
        Self::new(Method::PATCH, route)
    }

    /// A call that removes something.
    pub(crate) fn delete(route: &'static str) -> Self {
        Self::new(Method::DELETE, route)
    }

    fn new(method: Method, route: &'static str) -> Self {
        Self {
            method,
            route,
            origin: Origin::Api,
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: None,
            is_public: false,
            is_possession_shown: false,
            within: WITHIN,
            values: Vec::new(),
            group: None,
            is_broken: false,
        }
    }

    /// Fills the next `{}` of the route, percent-encoded as one segment.
    pub(crate) fn value(mut self, value: impl fmt::Display) -> Self {
        let value = value.to_string();
        // These would lead to another route.
        self.is_broken |= matches!(value.as_str(), "" | "." | "..");
        self.values.push(value);
        self
    }

    /// Adds a key and its value to the query.
    #[expect(clippy::needless_pass_by_value, reason = "numbers and texts, as they come")]
    pub(crate) fn query(mut self, key: impl Into<Cow<'static, str>>, value: impl ToString) -> Self {
        self.query.push((key.into(), value.to_string()));
        self
    }

    /// Sends a JSON body; without one there is no `Content-Type` either.
    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        self.body = serde_json::to_vec(body).ok().map(Bytes::from);
        self.is_broken |= self.body.is_none();
        self
    }

    /// Needs no token, and is never given one.
    pub(crate) fn public(mut self) -> Self {
        self.is_public = true;
        self
    }

    /// Counts against this group's budget instead of that of its route.
    pub(crate) fn group(mut self, group: Group) -> Self {
        self.group = Some(group);
        self
    }

    /// How long one attempt may take, body included; 30 s by default.
    pub(crate) fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    /// Goes to the web site instead of the REST interface.
    pub(crate) fn on_web(mut self) -> Self {
        self.origin = Origin::Web;
        self
    }

    /// Shows possession of the user's key, if there is one ([`Manners`](super::Manners)).
    pub(crate) fn with_possession(mut self) -> Self {
        self.is_possession_shown = true;
        self
    }

    /// Adds a header, which is treated as a secret.
    pub(crate) fn header(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        let name = HeaderName::try_from(name);
        let value = HeaderValue::try_from(value.as_ref());
        match (name, value) {
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(true);
                self.headers.insert(name, value);
            }
            _ => self.is_broken = true,
        }
        self
    }

    /// The path with its values in place.
    pub(super) fn path(&self) -> Result<String, CloudError> {
        let broken = || CloudError::Unsendable { route: self.route };
        let mut parts = self.route.split("{}");
        let mut path = parts.next().unwrap_or_default().to_owned();
        let mut values = self.values.iter();
        for part in parts {
            path.push_str(&segment(values.next().ok_or_else(broken)?));
            path.push_str(part);
        }
        if self.is_broken || values.next().is_some() { Err(broken()) } else { Ok(path) }
    }

    pub(super) fn budget_group(&self) -> Group {
        self.group.unwrap_or_else(|| Group::of(&self.method, self.route))
    }

    /// What is secret in it: the token, passwords, codes, and the ticket in a path.
    pub(super) fn secrets(&self, token: Option<&Token>) -> Vec<String> {
        let body = self.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        let named = |key: &str| {
            let key = key.to_ascii_lowercase();
            ["password", "code", "token", "ticket", "key"].iter().any(|word| key.contains(word))
        };
        let fields = body.into_iter().flat_map(|body: Map<String, Value>| body.into_iter());
        let fields = fields.filter_map(|(key, value)| match value {
            Value::String(text) if named(&key) => Some(text),
            _ => None,
        });
        let values = self.values.iter().filter(|_| self.route.contains("ticket")).cloned();
        let token = token.map(|token| token.reveal().to_owned());
        // Shorter ones would strike out words that are none.
        token.into_iter().chain(fields).chain(values).filter(|it| it.len() > 3).collect()
    }

    pub(super) fn is_safe(&self) -> bool {
        self.method.is_safe()
    }
}

/// One segment of a path: all but the unreserved characters are encoded.
fn segment(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

impl Reply {
    /// Whether the status is a success; the body may still refuse.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What this reply is as an error.
    pub(crate) fn refusal(&self) -> CloudError {
        CloudError::of_reply(self)
    }

    /// A header's text, if there is one that is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// [`CloudError::BadBody`], or [`CloudError::Challenge`] when it is a page for browsers.
    pub(crate) fn json(&self) -> Result<Value, CloudError> {
        serde_json::from_slice(&self.body).map_err(|_| self.bad("it is not JSON"))
    }

    fn bad(&self, why: &'static str) -> CloudError {
        if error::is_challenge(self) {
            return CloudError::Challenge { status: self.status };
        }
        CloudError::BadBody { route: self.route, why }
    }

    /// A success stays, whatever refuses becomes an error, which does not tell the token.
    fn accepted(self) -> Result<Self, CloudError> {
        let refuses = || Refusal::read(&self.body).is_told_as_success();
        if !self.is_success() || (self.body.starts_with(b"{") && refuses()) {
            return Err(self.refusal());
        }
        Ok(self)
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Cloud {
    /// Makes a call and reads its answer: the payload at the top, or inside `data` as the
    /// documented shapes have it. [L] [D]
    ///
    /// # Errors
    /// [`CloudError`].
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        call: Call,
    ) -> Result<Answer<T>, CloudError> {
        let reply = self.reply(call).await?.accepted()?;
        let raw = reply.json()?;
        // A list or a bare word is nobody's answer, though it could be read as an empty one.
        let Some(object) = raw.as_object() else {
            return Err(reply.bad("it is no object"));
        };
        let data = object.get("data").filter(|it| it.is_object() || it.is_array());
        let payload = data.filter(|_| object.contains_key("code")).unwrap_or(&raw);
        // The reason of serde quotes what it read, which may be a secret.
        let value = T::deserialize(payload).map_err(|_| reply.bad("it has another shape"))?;
        Ok(Answer { value, raw })
    }

    /// Makes a call of which only the success matters; the body may be empty.
    ///
    /// # Errors
    /// [`CloudError`].
    pub(crate) async fn done(&self, call: Call) -> Result<Answer<()>, CloudError> {
        let reply = self.reply(call).await?.accepted()?;
        let is_empty = reply.body.trim_ascii().is_empty();
        let raw = if is_empty { Value::Null } else { reply.json()? };
        Ok(Answer { value: (), raw })
    }

    /// Makes a call and gives back what came, a refusal too; a page for browsers is an error.
    ///
    /// # Errors
    /// [`CloudError`] when there is no reply, none that is the cloud's, or no budget left.
    pub(crate) async fn reply(&self, call: Call) -> Result<Reply, CloudError> {
        let group = call.budget_group();
        let retries = if call.is_safe() { self.manners.retries } else { 0 };
        let mut failures = 0;
        loop {
            self.ledger.turn(group).await?;
            let token = self.token.as_ref();
            let outcome = self.http.send(&call, token, self.manners.possession.as_ref()).await;
            let refused = match &outcome {
                Ok(reply) if reply.is_success() => None,
                Ok(reply) => Some(reply.refusal()),
                Err(error) => {
                    tracing::debug!(route = call.route, %error, "no reply");
                    None
                }
            };
            if let Some(after) = refused.as_ref().and_then(CloudError::retry_after) {
                self.ledger.hold(group, after);
            }
            let failure = refused.as_ref().or(outcome.as_ref().err());
            let wait = failure.and_then(|error| retry::wait(error, failures, rand::random()));
            match wait {
                Some(wait) if failures < retries => tokio::time::sleep(wait).await,
                _ => {
                    return match refused {
                        Some(challenge) if challenge.is_challenge() => Err(challenge),
                        _ => outcome,
                    };
                }
            }
            failures += 1;
        }
    }
}

#[cfg(test)]
mod tests;
