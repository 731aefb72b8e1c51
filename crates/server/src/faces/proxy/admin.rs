//! The pages about the proxy itself: `/health`, `/`, `/admin/tokens`, `/admin/mqtt`, with the seeds' keys.
//!
//! The bodies are in `admin/pages.rs`; the metrics are the app's.

mod pages;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, header::CACHE_CONTROL},
    middleware::{self, Next},
    response::Response,
    routing::get,
};

pub(crate) use pages::{Health, Info, Realtime, RealtimeSession, TokenList};

use super::Parts;
use crate::{auth::AuthError, config::TokenDigest, error::ApiError};

/// What the pages tell of.
pub(crate) struct About {
    /// The proxy.
    pub parts: Arc<Parts>,
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
    /// What is told of it.
    pub told: RealtimeSession,
}

/// The routes, to be put behind the proxy's gate.
pub(crate) fn routes(about: Arc<About>) -> Router {
    Router::new()
        .route("/", get(info))
        .route("/health", get(health))
        .route("/admin/tokens", get(tokens))
        .route("/admin/mqtt", get(mqtt))
        .method_not_allowed_fallback(ApiError::only_reads)
        .layer(middleware::from_fn_with_state(Arc::clone(&about), admit))
        .with_state(about)
}

/// Settles who asks and how often; nothing of this is kept by others.
async fn admit(State(about): State<Arc<About>>, request: Request, next: Next) -> Response {
    let admitted = about.parts.admitted(request, async |_, request| next.run(request).await);
    let mut answer = admitted.await;
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
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
    headers: HeaderMap,
) -> Result<Json<TokenList>, AuthError> {
    let caller = about.parts.tokens.check_admin(&headers)?;
    Ok(Json(TokenList::of(&about, &caller)))
}

async fn mqtt(
    State(about): State<Arc<About>>,
    headers: HeaderMap,
) -> Result<Json<Realtime>, AuthError> {
    let caller = about.parts.tokens.check_admin(&headers)?;
    Ok(Json(Realtime::of(&about, &caller)))
}

#[cfg(test)]
mod tests;
