//! Who may come in: the optional token, the origins of other people's pages, and the name under
//! which a request is counted.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use hyper::{
    Method,
    header::{AUTHORIZATION, HeaderName, HeaderValue},
};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use crate::{auth::Password, limits::Group, routes::camera::is_page, trace::Who};

/// Asks for the token, if there is one, except where a supervisor asks whether the server lives, and
/// for pages, which ask for it themselves.
pub(super) async fn check(
    State(password): State<Option<Password>>,
    request: Request,
    next: Next,
) -> Response {
    let is_health = request.uri().path() == "/health";
    let wanted = password.filter(|_| !is_health && !is_page(request.uri().path()));
    let refused = wanted.as_ref().and_then(|it| it.check(request.headers()).err());
    let mut response = match refused {
        None => next.run(request).await,
        Some(error) => error.into_response(),
    };
    let (token, group) = match (wanted, refused, is_health) {
        (_, _, true) => ("none", Group::Health),
        (Some(_), None, _) => ("compat", Group::Device),
        _ => ("none", Group::Device),
    };
    response.extensions_mut().insert(Who { token: Arc::from(token), group: group.name() });
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
