//! What lies between a client and the cloud's routes: faults that strike any of them, and counting.
//!
//! Faults of uploads and prints are obeyed in `upload.rs`, `print.rs` and `cloud/store`.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{MatchedPath, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
};
use serde_json::json;

use super::{
    Cloud,
    answer::{Refused, failure},
};
use crate::faults::Fault;

/// How late a slow answer is.
const SLOW: Duration = Duration::from_secs(5);
/// `Retry-After` of a limited rate, in seconds: short, for those who wait.
const RETRY_AFTER: u64 = 1;

/// A page as the edge shows it to what it takes for a robot: its marks, and nothing more [L].
const CHALLENGE: &str = "<!DOCTYPE html>\n<html lang=\"en-US\"><head><title>Just a moment...</title>\
     <script src=\"https://challenges.cloudflare.com/\"></script></head><body></body></html>\n";

/// The same routes under this cloud's weather.
pub(super) fn over(routes: Router, cloud: Arc<Cloud>) -> Router {
    routes.layer(middleware::from_fn_with_state(cloud, pass))
}

async fn pass(
    State(cloud): State<Arc<Cloud>>,
    path: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let path = path.as_ref().map_or("(unknown)", MatchedPath::as_str);
    let route = format!("{} {path}", request.method());
    if cloud.faults().strikes(Fault::SlowAnswer) {
        tokio::time::sleep(SLOW).await;
    }
    let answer = match struck(&cloud, &request) {
        Some(struck) => struck,
        None => next.run(request).await,
    };
    cloud.counts().add(&route, answer.status().as_u16());
    answer
}

/// What is answered instead, if anything.
fn struck(cloud: &Cloud, request: &Request) -> Option<Response> {
    let strikes = |fault| cloud.faults().strikes(fault);
    if strikes(Fault::Challenge) {
        let headers = [("cf-mitigated", "challenge"), ("server", "cloudflare")];
        return Some((StatusCode::FORBIDDEN, headers, Html(CHALLENGE)).into_response());
    }
    if strikes(Fault::RateLimited) {
        let after = format!("{RETRY_AFTER} seconds");
        let body = json!({
            "error": "Too many requests", "message": "Rate limit exceeded", "retry_after": after,
        });
        let headers = [(header::RETRY_AFTER, RETRY_AFTER.to_string())];
        return Some((StatusCode::TOO_MANY_REQUESTS, headers, Json(body)).into_response());
    }
    if strikes(Fault::ServerError) {
        return Some(Refused::BadGateway.into_response());
    }
    // A request without a token is not refused for it.
    if !request.headers().contains_key(header::AUTHORIZATION) {
        return None;
    }
    if strikes(Fault::Stray401) {
        return Some(failure(StatusCode::UNAUTHORIZED, 1, "forbidden"));
    }
    strikes(Fault::DeadToken).then(|| Refused::PleaseLogin.into_response())
}
