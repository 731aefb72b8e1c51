//! What a reply to a login step says, whatever its shape: pure reading, no decision.

use std::time::Duration;

use bambu_protocol::cloud::Refusal;
use bytes::Bytes;
use serde_json::Value;

use crate::{cloud::Reply, token::Token};

/// A reply: a success, or a refusal that means something to a login.
pub(super) struct Heard {
    pub(super) status: u16,
    /// A page for browsers came instead of the service's answer.
    pub(super) is_challenge: bool,
    /// The values of its `Set-Cookie` headers.
    pub(super) cookies: Vec<String>,
    pub(super) body: Bytes,
}

/// A token and how long it counts, as far as the cloud says so.
pub(super) struct Grant {
    pub(super) token: Token,
    pub(super) lives: Option<Duration>,
}

impl Heard {
    pub(super) fn of(reply: &Reply) -> Self {
        let cookies = reply.headers.get_all("set-cookie").iter();
        Self {
            status: reply.status,
            is_challenge: false,
            cookies: cookies.filter_map(|it| it.to_str().ok()).map(str::to_owned).collect(),
            body: reply.body.clone(),
        }
    }

    pub(super) fn challenge(status: u16) -> Self {
        Self { status, is_challenge: true, cookies: Vec::new(), body: Bytes::new() }
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status) && !self.is_challenge
    }

    /// The body, or what a documented envelope has in it.
    fn object(&self) -> Option<Value> {
        let mut body: Value = serde_json::from_slice(&self.body).ok()?;
        match body.get_mut("data").map(Value::take) {
            Some(data @ Value::Object(_)) => Some(data),
            _ => Some(body),
        }
    }

    /// A text of the body that is not empty.
    pub(super) fn word(&self, key: &str) -> Option<String> {
        let body = self.object()?;
        body.get(key)?.as_str().map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned)
    }

    /// The token of a login: a non-empty `accessToken` is success, nothing else. [L]
    pub(super) fn granted(&self) -> Option<Grant> {
        let token = self.word("accessToken").filter(|_| self.is_success())?;
        Some(Grant { token: Token::new(&token), lives: self.lives() })
    }

    /// The token of the authenticator's step: `accessToken`, `token`, else the cookie of just that
    /// name. [L]
    pub(super) fn granted_anywhere(&self) -> Option<Grant> {
        if !self.is_success() {
            return None;
        }
        if let Some(token) = self.word("accessToken").or_else(|| self.word("token")) {
            return Some(Grant { token: Token::new(&token), lives: self.lives() });
        }
        let (token, rest) = self.cookie("token")?;
        let age = rest.split(';').find_map(|part| {
            let (name, value) = part.trim().split_once('=')?;
            name.eq_ignore_ascii_case("max-age").then(|| value.parse().ok())?
        });
        Some(Grant { token: Token::new(token), lives: life(age) })
    }

    /// The value of a cookie of exactly this name, and the attributes behind it.
    pub(super) fn cookie(&self, name: &str) -> Option<(&str, &str)> {
        self.cookies.iter().find_map(|cookie| {
            let (pair, rest) = cookie.split_once(';').unwrap_or((cookie, ""));
            let (known, value) = pair.split_once('=')?;
            let value = value.trim().trim_matches('"');
            (known.trim() == name && !value.is_empty()).then_some((value, rest))
        })
    }

    /// The refusal in it; what the caller sent in secret is struck out, should it be repeated.
    pub(super) fn refusal(&self, secrets: &[impl AsRef<str>]) -> Refusal {
        let long = |secret: &&str| secret.len() > 3;
        let secrets: Vec<_> = secrets.iter().map(AsRef::as_ref).filter(long).collect();
        Refusal::read(&self.body).without(&secrets)
    }

    /// Why the browser check refused it, before anything else was looked at. [L]
    pub(super) fn csrf(&self) -> Option<String> {
        let reason = self.word("reason");
        let error = self.word("error").unwrap_or_default();
        match error.strip_prefix("CSRF error:") {
            Some(rest) => Some(plain(&reason.unwrap_or_else(|| rest.trim().to_owned()))),
            None => reason.filter(|it| it.starts_with("missing_")).map(|it| plain(&it)),
        }
    }

    /// Whether the refusal is the service's own JSON.
    pub(super) fn is_json(&self) -> bool {
        self.object().is_some_and(|body| body.is_object())
    }

    fn lives(&self) -> Option<Duration> {
        let seconds = self.object()?;
        let seconds = seconds.get("expiresIn")?;
        life(seconds.as_u64().or_else(|| seconds.as_str()?.parse().ok()))
    }
}

/// Ten years are the most that is believed.
fn life(seconds: Option<u64>) -> Option<Duration> {
    seconds.filter(|it| (1..=315_360_000).contains(it)).map(Duration::from_secs)
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}
