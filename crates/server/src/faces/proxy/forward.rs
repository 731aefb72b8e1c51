//! A call, passed on: who asks is settled, then the limits, then the account's budget, then the cloud.
//! The answer is made fit for the caller in `forward/answer.rs`, its body in `forward/body.rs`;
//! answers are shared in `forward/cache.rs`.

mod answer;
mod body;
mod cache;
mod seats;
mod shared;

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, Version,
        header::{
            ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, ALLOW, AUTHORIZATION, CONTENT_ENCODING,
            CONTENT_LANGUAGE, CONTENT_TYPE, USER_AGENT,
        },
        uri::PathAndQuery,
    },
    response::{IntoResponse, Response},
};
use bambulab::{Endpoint, cloud::Budget};
use futures_util::stream;
use hyper::body::{Body as _, Bytes};
use tokio::time::Instant;

use super::{
    Mode, Parts,
    failure::{Cause, Failure},
    gate, scope,
    upstream::{Upload, Upstream},
};
use crate::{auth::Caller, config, error::ApiError, mask::Masker, metrics::Metrics};

use answer::Opened;
use cache::{Cache, Kept, Key as CacheKey};
use seats::{Seat, Seats};

/// What of a caller's headers goes on to the cloud. Everything else stays here: credentials, cookies,
/// addresses, ranges (half an answer cannot be masked), whatever belongs to one connection.
const FORWARDED: [HeaderName; 5] =
    [ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LANGUAGE];
const OUR_NAME: HeaderValue =
    HeaderValue::from_static(concat!("bambu/", env!("CARGO_PKG_VERSION")));
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");

/// The largest answer that is limited to a caller's printers, in bytes: a thousand have 0.5 MB.
const IN_ONE_PIECE: usize = 8 << 20;

/// What passes calls on; one per process, so that all faces share its connections.
#[derive(Debug)]
pub(crate) struct Forwarder {
    upstream: Upstream,
    seats: Seats,
    cache: Option<Cache>,
    metrics: Metrics,
}

impl Forwarder {
    /// Passes calls on to an endpoint, within this budget per account.
    pub(crate) fn new(
        upstream: Upstream,
        endpoint: Endpoint,
        budget: Budget,
        metrics: Metrics,
    ) -> Self {
        Self { upstream, seats: Seats::new(endpoint, budget), cache: None, metrics }
    }

    /// The same, with equal requests sharing an answer as long as the setting says.
    #[must_use]
    pub(crate) fn with_cache(self, setting: config::Cache) -> Self {
        let cache = match setting {
            config::Cache::Off => None,
            config::Cache::For(fresh) => Some(Cache::new(fresh)),
        };
        Self { cache, ..self }
    }

    /// One that reaches nobody, for tests of what does not forward.
    #[cfg(test)]
    pub(crate) fn to_nobody() -> Self {
        let endpoint = bambulab::Region::Global.endpoint();
        let endpoint = endpoint.with_api_url("http://127.0.0.1:9").unwrap();
        let roots = bambulab::Roots::public();
        let upstream = Upstream::new(&endpoint, &roots, super::upstream::Patience::default());
        Self::new(upstream.unwrap(), endpoint, Budget::off(), Metrics::new())
    }

    /// Where calls go.
    pub(crate) fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    async fn pass(self: &Arc<Self>, mode: Mode, seat: Arc<Seat>, request: Request) -> Response {
        let masker = mode.masks(&seat.caller).then_some(&seat.masker);
        match self.passed(masker, &seat, request).await {
            Ok(answer) => answer,
            Err(failure) => {
                self.told(&failure, &seat.caller);
                failure.answer(masker).into_response()
            }
        }
    }

    async fn passed(
        self: &Arc<Self>,
        masker: Option<&Masker>,
        seat: &Arc<Seat>,
        request: Request,
    ) -> Result<Response, Failure> {
        let (call, upload) = Call::of(request);
        let limit = match &seat.caller.serials {
            Some(serials) => Some((&**serials, scope::judge(serials, &call.method, &call.target)?)),
            None => None,
        };
        if let Some(cache) = self.cache.as_ref().filter(|_| call.method == Method::GET) {
            let ask = || {
                let (this, call, seat) = (self.clone(), call.clone(), seat.clone());
                async move { this.kept(&call, &seat).await }
            };
            if let Some((kept, source)) = cache.answer(&call.key(seat), ask).await? {
                let whole = kept.whole.clone().shown(limit, masker)?;
                return Ok(shared::answer(whole, &call.headers, kept.at, source, cache.fresh()));
            }
        }
        let asked = self.ask(&call, upload, seat).await;
        if let Some(cache) = self.cache.as_ref().filter(|_| !call.method.is_safe()) {
            cache.forget(&seat.account);
        }
        let opened = asked?;
        // An answer that has no length and is cut looks whole to who speaks HTTP/1.0.
        if limit.is_none() && call.version != Version::HTTP_10 {
            return opened.stream(masker);
        }
        let whole = opened.whole(IN_ONE_PIECE).await?.ok_or_else(|| {
            let text = "the answer is too large to be given in one piece; ask for less of it, or \
                        with HTTP/1.1";
            Failure::new(Cause::Server, text)
        })?;
        Ok(whole.shown(limit, masker)?.response())
    }

    /// For the owner: who reaches the account's limit, and that only a new login helps.
    fn told(&self, failure: &Failure, caller: &Caller) {
        match failure.cause {
            Cause::Budget => self.metrics.limited(&caller.name, "account"),
            Cause::Auth => {
                let token = &*caller.name;
                tracing::warn!(
                    token,
                    "the cloud does not take the real token of this one any more; sign in with bambu login, \
                     then let it stand for the new one with bambu token renew"
                );
            }
            cause => {
                tracing::debug!(cause = cause.name(), status = failure.status, "no answer");
            }
        }
    }

    /// An answer to be kept; `None` when it is too large for that.
    async fn kept(&self, call: &Call, seat: &Seat) -> Result<Option<Arc<Kept>>, Failure> {
        let whole = self.ask(call, None, seat).await?.whole(cache::LARGEST).await?;
        Ok(whole.map(|whole| Arc::new(Kept { whole: shared::kept(whole), at: Instant::now() })))
    }

    /// One call within the account's budget; what comes is a success or a redirect.
    async fn ask(
        &self,
        call: &Call,
        upload: Option<Upload>,
        seat: &Seat,
    ) -> Result<Opened, Failure> {
        let route = (&call.method, call.target.path());
        seat.allowance.take(route.0, route.1)?;
        let asked = Instant::now();
        let headers = || call.headers(&seat.bearer);
        let answer = self.upstream.call(&call.method, &call.target, headers, upload).await;
        let answer = match answer {
            Ok(answer) if answer.status().as_u16() < 400 => {
                answer::open(&call.method, answer, self.upstream.patience().body).await
            }
            Ok(refusal) => {
                let (head, body) = refusal.into_parts();
                let told = answer::start(body, self.upstream.patience().body).await;
                let told = (head.status.as_u16(), &head.headers, told);
                let secrets = [&seat.caller.real, &seat.caller.custom];
                let error = seat.allowance.refused(route, told, &secrets);
                Err(Failure::from(error).with_status(head.status))
            }
            Err(failure) => Err(failure),
        };
        let outcome = answer.as_ref().map_or_else(|failure| failure.cause.name(), |_| "ok");
        self.metrics.upstream(outcome, asked.elapsed());
        answer
    }
}

/// What is asked for, as it goes on.
#[derive(Debug, Clone)]
struct Call {
    version: Version,
    method: Method,
    target: PathAndQuery,
    headers: HeaderMap,
}

impl Call {
    fn of(request: Request) -> (Self, Option<Upload>) {
        let (head, body) = request.into_parts();
        let upload = gate::has_body(&head.headers).then(|| Upload::new(body));
        // The gate lets nothing in that has no path.
        let target = head.uri.into_parts().path_and_query;
        let target = target.unwrap_or_else(|| PathAndQuery::from_static("/"));
        (Self { version: head.version, method: head.method, target, headers: head.headers }, upload)
    }

    fn key(&self, seat: &Seat) -> CacheKey {
        let accepts = [ACCEPT, ACCEPT_LANGUAGE];
        CacheKey {
            account: seat.account,
            target: self.target.as_str().to_owned(),
            accepts: accepts.map(|name| self.headers.get(name).map(|it| it.as_bytes().to_owned())),
        }
    }

    fn headers(&self, bearer: &HeaderValue) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(8);
        for name in FORWARDED {
            if let Some(value) = self.headers.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        headers.insert(USER_AGENT, OUR_NAME);
        // What is packed cannot be masked.
        headers.insert(ACCEPT_ENCODING, IDENTITY);
        headers.insert(AUTHORIZATION, bearer.clone());
        headers
    }
}

/// `/v1/*`.
pub(super) async fn forward(State(parts): State<Arc<Parts>>, request: Request) -> Response {
    if request.method() == Method::OPTIONS {
        return options();
    }
    let is_head = request.method() == Method::HEAD;
    let passed = async |caller: &Arc<Caller>, request| passed_on(&parts, caller, request).await;
    let mut answer = parts.known(request, passed).await;
    if is_head && answer.body().size_hint().exact() == Some(0) {
        // What a masked answer would be long is not known, and 0 would be a lie.
        *answer.body_mut() = Body::from_stream(stream::empty::<Result<Bytes, Infallible>>());
    }
    answer
}

/// What there is to ask with. Answered here, as the seeds do: the cloud answers it to browsers only.
fn options() -> Response {
    let mut answer = Response::default();
    if let Ok(methods) = HeaderValue::try_from(Mode::Full.methods().join(", ")) {
        answer.headers_mut().insert(ALLOW, methods);
    }
    answer
}

async fn passed_on(parts: &Parts, caller: &Arc<Caller>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if caller.read_only && gate::only_reads(&head).is_err() {
        return ApiError::method_not_allowed(
            "this token only reads, it takes GET and HEAD; use another one to change something",
            Mode::Strict.methods(),
        )
        .into_response();
    }
    match parts.forwarder.seats.of(caller) {
        Ok(seat) => parts.forwarder.pass(parts.mode, seat, Request::from_parts(head, body)).await,
        Err(error) => Failure::from(error).answer(None).into_response(),
    }
}
