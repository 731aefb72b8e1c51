//! Why a call to the cloud failed, by kind. No text here holds a token, a code or a query.

use std::{error::Error, time::Duration};

use bambu_protocol::{Serial, cloud::Refusal};

use super::{Group, call::Reply, retry};

/// Why a call to the cloud failed. The text tells the cause and the next step.
///
/// A `route` is a path with `{}` where a value stood.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CloudError {
    /// There is no token: log in, or set `BAMBU_TOKEN`.
    #[error("not logged in: there is no token; log in, or set BAMBU_TOKEN")]
    NoToken,
    /// The token is dead: a new one is needed. The only refusal that means this. [L]
    #[error("the cloud does not take the token any more; log in again, or set BAMBU_TOKEN")]
    LoginWanted,
    /// Refused although the token may be good: check the region; do not log out. [L]
    #[error("the cloud refuses {route} for this account{}; check the region", tail(text))]
    Unauthorized {
        /// What was asked for.
        route: &'static str,
        /// The cloud's words.
        text: Option<String>,
        /// The cloud's number.
        code: Option<i64>,
    },
    /// HTTP 403: not this account's, or not for this client. [L]
    #[error("the cloud does not allow {route}{}; check that it is this account's", tail(text))]
    Forbidden {
        /// What was asked for.
        route: &'static str,
        /// The cloud's words.
        text: Option<String>,
        /// The cloud's number.
        code: Option<i64>,
    },
    /// HTTP 404 or 405, or code 2: no such thing, or no such call. [L]
    #[error("the cloud has no {route} (HTTP {status}){}; {}", tail(text), absent(*status))]
    NotFound {
        /// What was asked for.
        route: &'static str,
        /// HTTP status.
        status: u16,
        /// The cloud's words.
        text: Option<String>,
        /// The cloud's number.
        code: Option<i64>,
    },
    /// HTTP 429 or 418: asked too often. [L] [D]
    #[error("the cloud wants to be asked less often (HTTP {status}){}; {}", tail(text), later(*retry_after))]
    Limited {
        /// What was asked for.
        route: &'static str,
        /// HTTP status.
        status: u16,
        /// How long to wait, if it was told; at most a day.
        retry_after: Option<Duration>,
        /// The cloud's words.
        text: Option<String>,
    },
    /// Our own limit is reached, nothing was sent: wait, or change `BAMBU_RATE_LIMITS`.
    #[error(
        "too many {group} calls for this account, the limit is ours; wait {} s, or set BAMBU_RATE_LIMITS",
        seconds(*retry_in)
    )]
    OverBudget {
        /// Which kind of calls.
        group: Group,
        /// When the next one is possible.
        retry_in: Duration,
    },
    /// A page for browsers stands in the way: wait some minutes, or try from another network. [L]
    #[error("the cloud wants a browser to prove itself (HTTP {status}); try again in some minutes")]
    Challenge {
        /// HTTP status.
        status: u16,
    },
    /// The cloud refused the request: see its words.
    #[error("the cloud refused {route} (HTTP {status}){}; {}", tail(text), next_step(*status))]
    Refused {
        /// What was asked for.
        route: &'static str,
        /// HTTP status.
        status: u16,
        /// The cloud's words.
        text: Option<String>,
        /// The cloud's number.
        code: Option<i64>,
    },
    /// The cloud is in trouble: try again later.
    #[error("the cloud is in trouble (HTTP {status}); try again later")]
    Server {
        /// What was asked for.
        route: &'static str,
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
    /// The connection ended before the answer, or what came is no HTTP or badly packed.
    #[error("{host} did not give a whole answer; try again, and check BAMBU_API_URL")]
    Broken {
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
    #[error("the answer to {route} cannot be read, {why}; check BAMBU_API_URL")]
    BadBody {
        /// What was asked for.
        route: &'static str,
        /// What is wrong with it, in words of ours.
        why: &'static str,
    },
    /// The answer is larger than it can be: check the address.
    #[error("the answer to {route} is over {limit} bytes and was not read; check BAMBU_API_URL")]
    TooLarge {
        /// What was asked for.
        route: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
    /// The account has no such printer: see which it has.
    #[error("this account has no printer {serial}; check the serial number and the region")]
    NoSuchPrinter {
        /// Serial number.
        serial: Serial,
    },
    /// Another printer showed that PIN, and it is bound now.
    #[error(
        "the PIN was of the printer {bound}, which is bound now, not of {wanted}; unbind it, or give the right serial number"
    )]
    OtherPrinter {
        /// The printer that was meant.
        wanted: Serial,
        /// The printer that is bound.
        bound: Serial,
    },
    /// A value is empty or cannot be written into a request; nothing was sent.
    #[error("what was given for {route} cannot be sent; check that no value is empty")]
    Unsendable {
        /// What was to be asked for.
        route: &'static str,
    },
    /// TLS, the address or the user's key cannot be used: check `BAMBU_API_URL` and `BAMBU_CA_FILE`.
    #[error("calls to the cloud cannot be set up; check BAMBU_API_URL and BAMBU_CA_FILE")]
    Setup(#[source] Box<dyn Error + Send + Sync>),
}

impl CloudError {
    /// Whether only a new login helps.
    pub fn is_auth(&self) -> bool {
        matches!(self, Self::NoToken | Self::LoginWanted)
    }

    /// Whether a page for browsers stands in the way; the token may be good.
    pub fn is_challenge(&self) -> bool {
        matches!(self, Self::Challenge { .. })
    }

    /// Whether it is not this account's, or not for this client.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Self::Forbidden { .. })
    }

    /// Whether there is no such thing, or no such call.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. } | Self::NoSuchPrinter { .. })
    }

    /// Whether too much was asked, by the cloud's measure or by ours.
    pub fn is_limited(&self) -> bool {
        matches!(self, Self::Limited { .. } | Self::OverBudget { .. })
    }

    /// Whether nobody (trustworthy) answered.
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Broken { .. }
                | Self::TimedOut { .. }
                | Self::UntrustedCertificate { .. }
        )
    }

    /// Whether nobody answered in time.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut { .. })
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Server { .. }
                | Self::TimedOut { .. }
                | Self::Unreachable { .. }
                | Self::Broken { .. }
                | Self::Limited { .. }
                | Self::OverBudget { .. }
        )
    }

    /// How long to wait before the next try, if that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Limited { retry_after, .. } => *retry_after,
            Self::OverBudget { retry_in, .. } => Some(*retry_in),
            _ => None,
        }
    }

    /// The cloud's own number for the refusal: 2 missing, 4 please log in, 8 forbidden, 14 quota
    /// reached. [L]
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::LoginWanted => Some(4),
            Self::Unauthorized { code, .. }
            | Self::Forbidden { code, .. }
            | Self::NotFound { code, .. }
            | Self::Refused { code, .. } => *code,
            _ => None,
        }
    }

    /// The kind of a reply that is no success.
    pub(super) fn of_reply(reply: &Reply) -> Self {
        let &Reply { status, route, .. } = reply;
        if is_challenge(reply) {
            return Self::Challenge { status };
        }
        // A server that repeats what it was sent must not get a secret into a message.
        let refusal = Refusal::read(&reply.body).without(&reply.secrets);
        let (text, code) = (refusal.text().as_deref().map(without_queries), refusal.code);
        match status {
            200..300 | 401 if refusal.is_login_wanted() => Self::LoginWanted,
            401 => Self::Unauthorized { route, text, code },
            403 => Self::Forbidden { route, text, code },
            404 | 405 => Self::NotFound { route, status, text, code },
            200..300 if code == Some(2) => Self::NotFound { route, status, text, code },
            200..300 if code == Some(8) => Self::Forbidden { route, text, code },
            418 | 429 => {
                Self::Limited { route, status, retry_after: retry::told_after(reply), text }
            }
            500.. => Self::Server { route, status },
            _ => Self::Refused { route, status, text, code },
        }
    }

    /// The kind of a call that got no reply.
    pub(super) fn of_transport(error: reqwest::Error, host: &str) -> Self {
        let host = host.to_owned();
        if error.is_timeout() {
            return Self::TimedOut { host };
        }
        let (untrusted, unreached) = (has_certificate_error(&error), error.is_connect());
        let source = Box::new(error.without_url());
        match (untrusted, unreached) {
            (true, _) => Self::UntrustedCertificate { host, source },
            (_, true) => Self::Unreachable { host, source },
            _ => Self::Broken { host, source },
        }
    }
}

/// What helps against a refusal, as far as its number tells.
fn next_step(status: u16) -> &'static str {
    match status {
        300..=399 => "check BAMBU_API_URL, no redirect is followed",
        _ => "check the account, its region and what it may see",
    }
}

fn absent(status: u16) -> &'static str {
    match status {
        405 => "check BAMBU_API_URL, else this cloud does not offer it",
        _ => "check what was asked for, and BAMBU_API_URL",
    }
}

fn later(retry_after: Option<Duration>) -> String {
    match retry_after {
        Some(wait) => format!("wait {} s", seconds(wait)),
        None => "wait some minutes and ask less often".to_owned(),
    }
}

fn seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)
}

/// The cloud's words behind a cause.
pub(super) fn tail(text: &Option<String>) -> String {
    text.as_ref().map(|text| format!(": {text}")).unwrap_or_default()
}

/// A text whose addresses have lost their queries: a signed one opens what it names.
pub(super) fn without_queries(text: &str) -> String {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ')' | '`');
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, address) = rest.split_at(at);
        let (address, after) = address.split_at(address.find(ends).unwrap_or(address.len()));
        let shown = address.split_once('?').map_or(address, |(shown, _)| shown);
        clean.push_str(before);
        clean.push_str(shown);
        clean.push_str(if shown.len() < address.len() { "?..." } else { "" });
        rest = after;
    }
    clean + rest
}

/// Whether a bot check answered instead of the service; told by its marks, as the field does. [L]
pub(super) fn is_challenge(reply: &Reply) -> bool {
    let status = reply.status;
    let body = reply.body.get(..reply.body.len().min(16 << 10)).unwrap_or_default();
    let head = String::from_utf8_lossy(body);
    (status == 403 && reply.headers.contains_key("cf-mitigated"))
        || (status == 503 && reply.headers.contains_key("cf-ray"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_the_clouds_words_loses_its_query() {
        let text = "see \"https://s3.example/a?Signature=x&b\", http://b/c and (ftp://d?e) or a?b";
        let clean = "see \"https://s3.example/a?...\", http://b/c and (ftp://d?...) or a?b";
        assert_eq!(without_queries(text), clean);
        assert_eq!(without_queries("https://a/b?c"), "https://a/b?...");
    }
}
