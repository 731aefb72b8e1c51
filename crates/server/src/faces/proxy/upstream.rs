//! The way to the cloud: one pool of connections for all callers, plain or TLS. What is sent over it
//! is put together in `forward.rs`.

mod connector;
mod upload;

use std::{error::Error, time::Duration};

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderValue, Method, Request, Response, Uri,
        header::HOST,
        uri::{Authority, PathAndQuery, Scheme},
    },
};
use bambulab::{Endpoint, Roots};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, Error as ClientError},
    rt::{TokioExecutor, TokioTimer},
};
use tokio::time::timeout;

use super::failure::{Cause, Failure};

use connector::Connector;
pub(super) use upload::Upload;

/// Connections that are kept for the next call.
const IDLE: usize = 256;
/// Shorter than a minute, after which servers in the field hang up themselves.
const IDLE_TIME: Duration = Duration::from_secs(50);

/// How long the cloud is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    /// For a connection to stand, TLS included.
    pub connect: Duration,
    /// For the head of an answer, counted from the last byte that was sent.
    pub head: Duration,
    /// For each further part of an answer.
    pub body: Duration,
}

/// The cloud's REST interface, as calls are forwarded to it. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Upstream {
    client: Client<Connector, Body>,
    /// The same without a pool: each call has a connection of its own.
    fresh: Client<Connector, Body>,
    scheme: Scheme,
    authority: Authority,
    host: HeaderValue,
    /// What stands before every path; mostly nothing.
    prefix: String,
    patience: Patience,
}

/// Why the way to the cloud cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// The address is none.
    #[error("the cloud's address is not usable; check BAMBU_API_URL")]
    Address(#[source] Box<dyn Error + Send + Sync>),
    /// The built-in TLS provider refuses; not seen so far.
    #[error("TLS cannot be set up; check BAMBU_CA_FILE")]
    Tls(#[from] rustls::Error),
}

impl Default for Patience {
    fn default() -> Self {
        let half_a_minute = Duration::from_secs(30);
        Self { connect: Duration::from_secs(10), head: half_a_minute, body: half_a_minute }
    }
}

impl Upstream {
    /// The way to an endpoint's REST interface.
    ///
    /// # Errors
    /// [`UpstreamError`].
    pub(crate) fn new(
        endpoint: &Endpoint,
        roots: &Roots,
        patience: Patience,
    ) -> Result<Self, UpstreamError> {
        let wrong = |error: Box<dyn Error + Send + Sync>| UpstreamError::Address(error);
        let base: Uri = endpoint.api_url.parse().map_err(|error| wrong(Box::new(error)))?;
        let parts = base.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(wrong("it has no scheme or no host".into()));
        };
        let host =
            HeaderValue::from_str(authority.as_str()).map_err(|error| wrong(error.into()))?;
        let path = parts.path_and_query.as_ref().map_or("", PathAndQuery::path);
        let prefix = path.trim_end_matches('/').to_owned();
        let tls = if scheme == Scheme::HTTPS {
            let name = authority.host().trim_matches(['[', ']']).to_owned();
            let name = name.try_into().map_err(|error| wrong(Box::new(error)))?;
            Some((roots.tls()?, name))
        } else {
            None
        };
        let connector = Connector::new(tls, patience.connect);
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(IDLE)
            .pool_idle_timeout(IDLE_TIME)
            .pool_timer(TokioTimer::new())
            .build(connector.clone());
        let fresh =
            Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(Self { client, fresh, scheme, authority, host, prefix, patience })
    }

    /// How long it is waited for.
    pub(crate) fn patience(&self) -> Patience {
        self.patience
    }

    /// The address that calls go to, without what stands before a path.
    pub(crate) fn base(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }

    /// Sends a call and waits for the head of its answer, whatever its status is.
    ///
    /// A call that reads is sent once more, on a new connection, when the one it was sent on ends
    /// before anything of the answer: all that were kept may be dead. All others leave once.
    pub(super) async fn call(
        &self,
        method: &Method,
        target: &PathAndQuery,
        headers: impl Fn() -> HeaderMap,
        body: Option<Upload>,
    ) -> Result<Response<Incoming>, Failure> {
        let address = self.address(target)?;
        let progress = body.as_ref().map(Upload::progress);
        let may_repeat = body.is_none() && matches!(*method, Method::GET | Method::HEAD);
        let request = |body: Body| {
            let mut request = Request::new(body);
            *request.method_mut() = method.clone();
            *request.uri_mut() = address.clone();
            *request.headers_mut() = headers();
            // Set here, or the client would put it together anew each time.
            request.headers_mut().insert(HOST, self.host.clone());
            request
        };
        let mut answer = self.client.request(request(body.map_or_else(Body::empty, Body::new)));
        let mut is_repeated = false;
        loop {
            match timeout(self.patience.head, &mut answer).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) if may_repeat && !is_repeated && is_lost(&error) => {
                    is_repeated = true;
                    answer = self.fresh.request(request(Body::empty()));
                }
                Ok(Err(error)) => return Err(failed(&error)),
                Err(_) if progress.as_ref().is_some_and(|it| it.has_moved()) => {}
                Err(_) => return Err(late()),
            }
        }
    }

    fn address(&self, target: &PathAndQuery) -> Result<Uri, Failure> {
        let mut parts = axum::http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        let broken = || Failure::new(Cause::Refused, "that path cannot be forwarded; check it");
        parts.path_and_query = Some(if self.prefix.is_empty() {
            target.clone()
        } else {
            format!("{}{target}", self.prefix).parse().map_err(|_| broken())?
        });
        Uri::from_parts(parts).map_err(|_| broken())
    }
}

/// Nobody answered in time.
pub(super) fn late() -> Failure {
    Failure::new(Cause::Timeout, "the cloud did not answer in time; try again")
}

/// The connection ended within an answer.
pub(super) fn broken() -> Failure {
    Failure::new(Cause::Unreachable, "the cloud did not give a whole answer; try again")
}

/// Whether the connection ended before anything of an answer.
fn is_lost(error: &ClientError) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref::<hyper::Error>());
    !error.is_connect()
        && source.is_some_and(|error| error.is_incomplete_message() || error.is_canceled())
}

fn failed(error: &ClientError) -> Failure {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(source) = next {
        if let Some(rustls::Error::InvalidCertificate(_)) = source.downcast_ref() {
            let text = "the certificate of the cloud is not trusted; check BAMBU_API_URL and \
                        BAMBU_CA_FILE of the proxy";
            return Failure::new(Cause::Unreachable, text);
        }
        let io = source.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == std::io::ErrorKind::TimedOut) && error.is_connect() {
            return late();
        }
        // An I/O error hides what it wraps from `source`.
        next = io.and_then(std::io::Error::get_ref).map(|it| it as _).or_else(|| source.source());
    }
    if error.is_connect() {
        let text = "the cloud cannot be reached; check the network and BAMBU_API_URL of the proxy";
        return Failure::new(Cause::Unreachable, text);
    }
    broken()
}
