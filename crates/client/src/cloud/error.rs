//! Why a call to the cloud failed, by kind. No text here holds a token, a code or a query.

use std::error::Error;

use bambu_protocol::cloud::Refusal;

/// Why a call to the cloud failed. The text tells the cause and the next step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CloudError {
    /// There is no token: log in, or set `BAMBU_TOKEN`.
    #[error("not logged in: there is no token; log in, or set BAMBU_TOKEN")]
    NoToken,
    /// The token is dead: a new one is needed. The only refusal that means this. [L]
    #[error("the cloud does not take the token any more; set BAMBU_TOKEN to a new one")]
    LoginWanted,
    /// Refused although the token may be good: check the region; do not log out.
    #[error("the cloud refuses {path} for this account{}; check the region", tail(text))]
    Unauthorized {
        /// What was asked for.
        path: &'static str,
        /// The cloud's words.
        text: Option<String>,
    },
    /// A page for browsers stands in the way: wait some minutes, or try from another network.
    #[error("the cloud wants a browser to prove itself (HTTP {status}); try again in some minutes")]
    Challenge {
        /// HTTP status.
        status: u16,
    },
    /// The cloud refused the request: see its words.
    #[error("the cloud refused {path} (HTTP {status}){}; {}", tail(text), next_step(*status))]
    Refused {
        /// What was asked for.
        path: &'static str,
        /// HTTP status.
        status: u16,
        /// The cloud's words.
        text: Option<String>,
    },
    /// The cloud is in trouble: try again later.
    #[error("the cloud is in trouble (HTTP {status}); try again later")]
    Server {
        /// HTTP status.
        status: u16,
    },
    /// Nothing answers: check the network and the address.
    #[error("{host} cannot be reached; check the network and BAMBU_API_URL")]
    Unreachable {
        /// Where.
        host: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Nobody answered in time: try again.
    #[error("{host} did not answer in time; check the network and try again")]
    TimedOut {
        /// Where.
        host: String,
    },
    /// Who answers cannot prove to be the cloud: check `BAMBU_CA_FILE` and the address.
    #[error("the certificate of {host} is not trusted; check BAMBU_API_URL and BAMBU_CA_FILE")]
    UntrustedCertificate {
        /// Where.
        host: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The answer is not what it should be: check the address, else report it.
    #[error("the answer to {path} cannot be read; check BAMBU_API_URL")]
    BadBody {
        /// What was asked for.
        path: &'static str,
        /// Where reading stopped; `None` when a value was missing.
        source: Option<serde_json::Error>,
    },
    /// The answer is larger than it can be: check the address.
    #[error("the answer to {path} is over {limit} bytes and was not read; check BAMBU_API_URL")]
    TooLarge {
        /// What was asked for.
        path: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
    /// TLS or the address cannot be used: check `BAMBU_API_URL` and `BAMBU_CA_FILE`.
    #[error("calls to the cloud cannot be set up")]
    Setup(#[source] Box<dyn Error + Send + Sync>),
}

impl CloudError {
    /// Whether only a new login helps.
    pub fn is_login_wanted(&self) -> bool {
        matches!(self, Self::NoToken | Self::LoginWanted)
    }

    /// Whether nobody (trustworthy) answered.
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::UntrustedCertificate { .. }
        )
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Server { .. } | Self::TimedOut { .. } | Self::Unreachable { .. })
    }

    /// Whether nobody answered in time.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut { .. })
    }

    /// The kind of a reply that is no success.
    pub(super) fn of_reply(
        path: &'static str,
        status: u16,
        is_marked_challenge: bool,
        body: &[u8],
    ) -> Self {
        if is_challenge(status, is_marked_challenge, body) {
            return Self::Challenge { status };
        }
        let refusal = Refusal::read(body);
        match status {
            200 | 401 if refusal.is_login_wanted() => Self::LoginWanted,
            401 => Self::Unauthorized { path, text: refusal.text() },
            500.. => Self::Server { status },
            _ => Self::Refused { path, status, text: refusal.text() },
        }
    }

    /// The kind of a call that got no reply.
    pub(super) fn of_transport(error: reqwest::Error, host: &str) -> Self {
        let host = host.to_owned();
        if error.is_timeout() {
            return Self::TimedOut { host };
        }
        let untrusted = has_certificate_error(&error);
        let source = Box::new(error.without_url());
        if untrusted {
            Self::UntrustedCertificate { host, source }
        } else {
            Self::Unreachable { host, source }
        }
    }
}

/// What helps against a refusal, as far as its number tells.
fn next_step(status: u16) -> &'static str {
    match status {
        300..=399 => "check BAMBU_API_URL, no redirect is followed",
        404 | 405 => "check BAMBU_API_URL",
        418 | 429 => "wait some minutes and ask less often",
        _ => "check the account, its region and what it may see",
    }
}

fn tail(text: &Option<String>) -> String {
    text.as_ref().map(|text| format!(": {text}")).unwrap_or_default()
}

/// Whether a bot check answered instead of the service; told by its marks, as the field does. [L]
pub(super) fn is_challenge(status: u16, is_marked: bool, body: &[u8]) -> bool {
    let head = String::from_utf8_lossy(body.get(..body.len().min(16 << 10)).unwrap_or_default());
    is_marked
        || head.contains("Just a moment...")
        || head.contains("challenges.cloudflare.com")
        || (matches!(status, 403 | 429) && head.to_ascii_lowercase().contains("cloudflare"))
}

fn has_certificate_error(error: &reqwest::Error) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(rustls::Error::InvalidCertificate(_)) = error.downcast_ref() {
            return true;
        }
        // An I/O error hides what it wraps from `source`.
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = inner.map(|inner| inner as _).or_else(|| error.source());
    }
    false
}
