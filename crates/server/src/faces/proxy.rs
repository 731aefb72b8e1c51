//! The proxy: `/v1/*` of the cloud for whoever shows a token of ours, read-only or in full.
//!
//! `gate` judges what comes in, `admission` who asks and how often, `forward` passes it on over
//! `upstream` and shares answers, `failure` says what went wrong, `scope` keeps a caller to its
//! printers.

pub(crate) mod admin;
mod admission;
pub(crate) mod failure;
pub(crate) mod forward;
pub(crate) mod gate;
pub(crate) mod realtime;
mod scope;
pub(crate) mod upstream;

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Response},
    routing::any,
};
use futures_util::future::{Either, Ready, ready};
use tower::{Layer, Service};

use crate::{
    auth::{Caller, Tokens},
    error::ApiError,
    limits::Limits,
    metrics::Metrics,
};

pub(crate) use forward::Forwarder;

/// What a proxy lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Mode {
    /// Reading, and opening a realtime session.
    Strict,
    /// Every method.
    Full,
}

impl Mode {
    /// Its name on the command line and in the answers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Full => "full",
        }
    }

    /// Whether answers to this caller are masked.
    fn masks(self, caller: &Caller) -> bool {
        self == Self::Strict || caller.masked
    }

    /// The methods that it takes.
    pub(crate) fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Strict => &["GET", "HEAD"],
            Self::Full => &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        }
    }
}

/// What a proxy is made of; shared by all its routes.
#[derive(Debug)]
pub(crate) struct Parts {
    /// What it lets through.
    pub mode: Mode,
    /// Who may come in.
    pub tokens: Arc<Tokens>,
    /// How often.
    pub limits: Arc<Limits>,
    /// What passes calls on.
    pub forwarder: Arc<Forwarder>,
    /// Where it is counted.
    pub metrics: Metrics,
}

/// The routes of a proxy, and `more` that are not forwarded ([`admin`], realtime), behind its gate.
pub(crate) fn router(parts: Arc<Parts>, more: Router) -> Router {
    let gate = Gate(parts.mode);
    let forwarded = any(forward::forward).with_state(parts);
    more.route("/v1/{*path}", forwarded).fallback(nothing).layer(gate)
}

async fn nothing() -> ApiError {
    ApiError::not_found("Not Found", "there is nothing at this path; see / for what there is")
}

/// Puts [`gate::judge`] before whatever it is laid on.
#[derive(Debug, Clone, Copy)]
struct Gate(Mode);

/// Something behind a [`Gate`].
#[derive(Debug, Clone)]
struct Gated<S>(Mode, S);

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated(self.0, inner)
    }
}

impl<S> Service<Request> for Gated<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, Ready<Result<Response, Infallible>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.1.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (head, body) = request.into_parts();
        match gate::judge(self.0, &head) {
            Ok(()) => Either::Left(self.1.call(Request::from_parts(head, body))),
            Err(refusal) => Either::Right(ready(Ok(refusal.answer(self.0).into_response()))),
        }
    }
}

#[cfg(test)]
mod tests;
