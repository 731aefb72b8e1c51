//! The pages about the proxy itself: `/health`, `/`, `/admin/tokens`, `/admin/mqtt`, with the seeds' keys.
//!
//! The bodies are in `admin/pages.rs`; the metrics are the app's.

mod pages;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, LazyLock},
};

use axum::{
    Json, Router,
    extract::{ConnectInfo, Request, State},
    http::{HeaderValue, header::CACHE_CONTROL},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::get,
};

pub(crate) use pages::{Health, Info, Realtime, TokenList};

use super::Parts;
use crate::{
    auth::{AuthError, Caller},
    config::TokenDigest,
    error::ApiError,
    limits::{Group, Key},
    trace::Who,
};

static NOBODY: LazyLock<Arc<str>> = LazyLock::new(|| "none".into());

/// What the pages tell of.
pub(crate) struct About {
    /// The proxy.
    pub parts: Arc<Parts>,
    /// The cloud's address.
    pub backend: String,
    /// How long a realtime session lasts, in seconds.
    pub realtime_seconds: u64,
    /// The realtime sessions that are open now.
    pub sessions: Box<dyn Fn() -> Vec<Session> + Send + Sync>,
}

/// A realtime session, as these pages tell of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Session {
    /// Whose it is.
    pub token: TokenDigest,
    /// The printer's serial number.
    pub serial: String,
    /// Whether the printer's link is connected.
    pub connected: bool,
    /// Reports since the session began.
    pub message_count: u64,
    /// When the last of them came, in seconds since 1970 by the wall clock.
    pub last_update: Option<f64>,
    /// Whether there is a whole status yet.
    pub has_data: bool,
    /// How long it still lasts, in seconds; below 0 when it is over and not forgotten yet.
    pub expires_in: f64,
    /// How long ago it began, in seconds.
    pub session_age: f64,
}

/// The routes, to be put behind the proxy's gate.
pub(crate) fn routes(about: Arc<About>) -> Router {
    Router::new()
        .route("/", get(info))
        .route("/health", get(health))
        .route("/admin/tokens", get(tokens))
        .route("/admin/mqtt", get(mqtt))
        .method_not_allowed_fallback(only_reads)
        .layer(middleware::from_fn_with_state(Arc::clone(&about), admit))
        .with_state(about)
}

async fn only_reads() -> ApiError {
    ApiError::method_not_allowed("this page only reads; use GET", &["GET", "HEAD"])
}

/// Who asks, in the request's extensions: the pages about the proxy's state want somebody.
#[derive(Clone)]
struct Asking(Result<Arc<Caller>, AuthError>);

/// Counts a request for its token, else for its address, and tells the limit in the answer.
async fn admit(State(about): State<Arc<About>>, mut request: Request, next: Next) -> Response {
    let parts = &about.parts;
    let group = Group::of(request.uri().path());
    let caller = parts.tokens.check(request.headers());
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let address = address.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.0.ip());
    let known = caller.as_deref().ok();
    let who = Who {
        token: known.map_or_else(|| Arc::clone(&NOBODY), |caller| Arc::clone(&caller.name)),
        group: group.name(),
    };
    let quota = parts.limits.take(&Key::of(known, address), group, None);
    let mut answer = match &quota {
        Ok(_) => {
            let asking = match group {
                Group::Admin => parts.tokens.check_admin(request.headers()),
                _ => caller,
            };
            request.extensions_mut().insert(Asking(asking));
            next.run(request).await
        }
        Err(exceeded) => {
            parts.metrics.limited(&who.token, group.name());
            exceeded.into_response()
        }
    };
    if let Ok(quota) = quota {
        quota.write(answer.headers_mut());
    }
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer.extensions_mut().insert(who);
    answer
}

async fn health(State(about): State<Arc<About>>) -> Json<Health> {
    Json(Health::of(&about))
}

async fn info(State(about): State<Arc<About>>) -> Json<Info> {
    Json(Info::of(&about))
}

async fn tokens(
    State(about): State<Arc<About>>,
    axum::Extension(Asking(caller)): axum::Extension<Asking>,
) -> Result<Json<TokenList>, AuthError> {
    Ok(Json(TokenList::of(&about, &*caller?)))
}

async fn mqtt(
    State(about): State<Arc<About>>,
    axum::Extension(Asking(caller)): axum::Extension<Asking>,
) -> Result<Json<Realtime>, AuthError> {
    Ok(Json(Realtime::of(&about, &*caller?)))
}

#[cfg(test)]
mod tests;
