//! Realtime sessions: the live status of a printer for callers that know only HTTP, as the seeds'
//! proxy offers it, and as an event stream. Who watches what is in `realtime/sessions.rs`, what is
//! answered in `realtime/answer.rs`; the links are those of `accounts.rs`.

mod answer;
mod sessions;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Query, Request, State},
    response::Response,
    routing::{get, post},
};
use bambu_protocol::Serial;
use bambulab::{Connection, Link, Reason};
use futures_util::StreamExt as _;
use hyper::Uri;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::{Parts, admin};
use crate::{
    accounts::{Accounts, LinkError},
    auth::{Caller, Tokens},
    error::ApiError,
    mask::Masker,
    metrics::Metrics,
    relay::{self, Relay, View},
};
use answer::Failed;
use sessions::{Found, Key, Opened, Sessions};

/// How long a start waits for the printer to be there.
const START: Duration = Duration::from_secs(3);
/// Longest body of a start, in bytes.
const BODY: usize = 16 << 10;
/// How often it is asked whether a reader's token still counts.
const RECHECK: Duration = Duration::from_secs(5);

/// The realtime sessions of a process, for both faces of the proxy.
pub(crate) struct Realtime {
    accounts: Arc<Accounts>,
    relay: Relay,
    metrics: Metrics,
    sessions: Arc<Sessions>,
}

impl Realtime {
    /// No session yet; each lasts `duration` from its last start.
    pub(crate) fn new(
        accounts: Arc<Accounts>,
        relay: Relay,
        duration: Duration,
        metrics: Metrics,
    ) -> Self {
        let sessions = Arc::new(Sessions::new(duration));
        Self { accounts, relay, metrics, sessions }
    }

    /// Lets go of the links of sessions that have ended. To be called every second.
    pub(crate) fn tend(&self) {
        self.metrics.realtime_sessions(self.sessions.tend());
    }

    /// Ends all sessions.
    pub(crate) fn close(&self) {
        self.sessions.close();
        self.metrics.realtime_sessions(0);
    }

    /// How many sessions run.
    pub(crate) fn active(&self) -> usize {
        self.sessions.len()
    }

    /// How long a session lasts.
    pub(crate) fn duration(&self) -> Duration {
        self.sessions.duration()
    }

    /// What `/admin/mqtt` tells of them.
    pub(crate) fn sessions(&self) -> Vec<admin::Session> {
        self.sessions.list()
    }

    /// Starts or extends the caller's session.
    async fn start(&self, caller: &Caller, serial: Serial) -> Result<Opened, Failed> {
        if !caller.may_see(serial.as_str()) {
            return Err(Failed::NotAllowed);
        }
        let key = Key::of(caller, serial);
        if self.sessions.extend(&key) {
            return Ok(Opened::Extended);
        }
        let link = self.accounts.of(&caller.real).link(key.serial()).await;
        let link = link.map_err(|error| match error {
            LinkError::NoSuchPrinter(_) => Failed::NoSuchPrinter,
            error @ LinkError::Cloud(_) => Failed::Other(error.to_string()),
        })?;
        settled(&link).await.map_err(|reason| Failed::Other(reason.to_string()))?;
        match self.sessions.open(key, link) {
            Opened::Full => Err(Failed::Full),
            opened => {
                self.metrics.realtime_sessions(self.active());
                Ok(opened)
            }
        }
    }
}

/// Waits for the printer, but not long: a session may begin before it reports.
async fn settled(link: &Link) -> Result<(), Reason> {
    let mut updates = link.updates();
    let is_settled = |connection: &Connection| match connection {
        Connection::Online | Connection::Stale => true,
        Connection::Connecting => false,
        Connection::Offline(reason) => reason.is_fatal(),
    };
    let _ = timeout(START, updates.wait_for(|now| is_settled(&now.connection))).await;
    match &link.snapshot().connection {
        // It may be switched on any moment, and the cloud tells that it was.
        Connection::Offline(Reason::PrinterOffline) => Ok(()),
        Connection::Offline(reason) => Err(reason.clone()),
        Connection::Online | Connection::Stale | Connection::Connecting => Ok(()),
    }
}

/// The sessions as one face of the proxy offers them.
struct Routes {
    parts: Arc<Parts>,
    realtime: Arc<Realtime>,
}

/// The three routes, with token and limit asked; to be put behind the proxy's gate.
pub(crate) fn routes(parts: Arc<Parts>, realtime: Arc<Realtime>) -> Router {
    const BASE: &str = "/v1/iot-service/api/user/device/realtime";
    Router::new()
        .route(&format!("{BASE}/start"), post(start).fallback(async || only(&["POST"])))
        .route(BASE, get(read).fallback(async || only(&["GET", "HEAD"])))
        .route(&format!("{BASE}/stream"), get(stream).fallback(async || only(&["GET", "HEAD"])))
        .with_state(Arc::new(Routes { parts, realtime }))
}

fn only(methods: &[&'static str]) -> ApiError {
    ApiError::method_not_allowed("this route takes another method; see Allow", methods)
}

async fn start(State(routes): State<Arc<Routes>>, request: Request) -> Response {
    routes
        .parts
        .known(request, async |caller, request| -> Result<_, ApiError> {
            let serial = named(request.into_body()).await?;
            let masker = routes.masker(caller);
            let opened = routes.realtime.start(caller, serial.clone()).await;
            let opened =
                opened.map_err(|failed| failed.answer(serial.as_str(), masker.as_ref()))?;
            Ok(answer::opened(opened, &serial, routes.realtime.duration()))
        })
        .await
}

async fn read(State(routes): State<Arc<Routes>>, request: Request) -> Response {
    routes
        .parts
        .known(request, async |caller, request| -> Result<_, ApiError> {
            let serial = asked(request.uri())?;
            let masker = routes.masker(caller);
            let (device, masker) = (serial.as_str(), masker.as_ref());
            if !caller.may_see(device) {
                return Err(Failed::NotAllowed.answer(device, masker));
            }
            match routes.realtime.sessions.find(&Key::of(caller, serial.clone())) {
                Found::Running(running) => Ok(answer::running(&running, &serial, masker)),
                Found::Expired => Err(answer::expired(device, masker)),
                Found::Nothing => Err(answer::nothing(device, masker)),
            }
        })
        .await
}

async fn stream(State(routes): State<Arc<Routes>>, request: Request) -> Response {
    routes
        .parts
        .known(request, async |caller, request| -> Result<_, ApiError> {
            let serial = asked(request.uri())?;
            let (masker, realtime) = (routes.masker(caller), &routes.realtime);
            let key = Key::of(caller, serial.clone());
            let started = realtime.start(caller, serial.clone()).await;
            started.map_err(|failed| failed.answer(serial.as_str(), masker.as_ref()))?;
            let reading = realtime.sessions.read(key.clone());
            let Found::Running(running) = realtime.sessions.find(&key) else {
                return Err(answer::nothing(serial.as_str(), masker.as_ref()));
            };
            let view = if masker.is_some() { View::Masked } else { View::Clear };
            let frames = realtime.relay.view(vec![running.link], view);
            let frames = frames.map_err(|full| ApiError::not_yet(full.to_string(), 10))?;
            let gone = no_longer(routes.parts.tokens.clone(), caller.clone());
            let frames = frames.take_until(Box::pin(gone)).map(move |frame| {
                // The session lasts as long as this is read.
                let _ = &reading;
                frame
            });
            Ok(relay::answer(frames))
        })
        .await
}

/// Ends when the caller's token counts no more.
async fn no_longer(tokens: Arc<Tokens>, caller: Arc<Caller>) {
    while tokens.recheck(&caller).is_ok() {
        sleep(RECHECK).await;
    }
}

impl Routes {
    /// What hides secrets from this caller; `None` where it may see them.
    fn masker(&self, caller: &Caller) -> Option<Masker> {
        self.parts.mode.masks(caller).then(|| caller.masker())
    }
}

/// The printer that a start names: `{"device_id": "…"}`.
async fn named(body: Body) -> Result<Serial, ApiError> {
    let invalid = || {
        ApiError::bad_request("Invalid JSON", "the body is no JSON object; send {\"device_id\": …}")
    };
    let body = to_bytes(body, BODY).await.map_err(|_| invalid())?;
    let body: Value = serde_json::from_slice(&body).map_err(|_| invalid())?;
    let body = body.as_object().ok_or_else(invalid)?;
    serial(body.get("device_id").and_then(Value::as_str))
}

/// The printer that a query names: `?device_id=…`.
fn asked(uri: &Uri) -> Result<Serial, ApiError> {
    let pairs =
        Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| answer::no_device())?;
    let named = pairs.0.into_iter().find(|(key, _)| key == "device_id");
    serial(named.map(|(_, value)| value).as_deref())
}

fn serial(text: Option<&str>) -> Result<Serial, ApiError> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    let text = text.ok_or_else(answer::no_device)?;
    Serial::new(text).map_err(|_| answer::no_such_name())
}

impl fmt::Debug for Realtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Realtime").field("active", &self.active()).finish_non_exhaustive()
    }
}
