//! Who may come in: the optional token, the origins of other people's pages, and the name under
//! which a request is counted.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use bambulab::Token;
use hyper::{
    HeaderMap, Method,
    header::{AUTHORIZATION, HeaderName, HeaderValue},
};
use subtle::ConstantTimeEq as _;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use crate::{error::ApiError, trace::Who};

/// What guards the routes.
#[derive(Clone)]
pub(super) struct Door {
    token: Option<[u8; 32]>,
    name: Arc<str>,
}

impl Door {
    /// Open without a token.
    pub(super) fn new(token: Option<&Token>) -> Self {
        let name = if token.is_some() { "compat" } else { "none" };
        Self { token: token.map(|token| digest(token.reveal().as_bytes())), name: name.into() }
    }

    fn lets_in(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let shown = headers.get(AUTHORIZATION).map_or(&[][..], HeaderValue::as_bytes);
        let bearer = shown.get(..7).filter(|word| word.eq_ignore_ascii_case(b"bearer "));
        let shown = if bearer.is_some() { shown.get(7..).unwrap_or_default() } else { shown };
        // Digests are of one length, so that how long it takes tells nothing.
        digest(shown.trim_ascii()).ct_eq(token).into()
    }
}

/// Asks for the token, except where a supervisor asks whether the server lives.
pub(super) async fn check(State(door): State<Door>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_health = path == "/health";
    let group = if is_health { "health" } else { "device" };
    let mut response = if is_health || door.lets_in(request.headers()) {
        next.run(request).await
    } else {
        let next = "this needs the token of [compat]; send it as Authorization: Bearer TOKEN";
        ApiError::unauthorized("Unauthorized", next).into_response()
    };
    response.extensions_mut().insert(Who { token: door.name.clone(), group });
    response
}

/// Which pages of others may read the answers in a browser: none, some, or `*`.
pub(super) fn cors(origins: &[String]) -> CorsLayer {
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::HEAD])
        .allow_headers([AUTHORIZATION, HeaderName::from_static("content-type")]);
    if origins.iter().any(|origin| origin == "*") {
        return layer.allow_origin(Any);
    }
    let origins = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    layer.allow_origin(AllowOrigin::list(origins))
}

fn digest(text: &[u8]) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, text);
    digest.as_ref().try_into().unwrap_or_default()
}
