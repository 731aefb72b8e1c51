//! The description of our routes for programs, and a page to try them: `/openapi.json` and `/docs`.
//!
//! What the routes do is in `faces/` and `routes.rs`; a test holds the two together, another the copy
//! in `docs/openapi.json`. The page is `openapi/page.rs`.

mod book;
mod camera;
mod compat;
mod page;
mod proxy;
pub(crate) mod schemas;
mod shared;
mod v2;

use axum::{
    Router,
    http::{HeaderValue, header::CONTENT_TYPE},
    routing::get,
};
use bytes::Bytes;
use utoipa::openapi::OpenApi;

use crate::{
    error::ApiError,
    faces::{Face, proxy::Mode},
};
use book::Book;

/// The routes of one face, or of all of them in one document.
pub(crate) fn document(face: Option<Face>) -> OpenApi {
    let mut book = Book::new(face);
    let all = face.is_none();
    match face {
        Some(Face::ProxyStrict) => proxy::write(&mut book, Mode::Strict),
        Some(Face::ProxyFull) | None => proxy::write(&mut book, Mode::Full),
        Some(Face::Compat | Face::Camera) => {}
    }
    if all || face == Some(Face::Compat) {
        compat::write(&mut book);
        v2::write(&mut book);
    }
    if all || matches!(face, Some(Face::Compat | Face::Camera)) {
        camera::write(&mut book);
    }
    if all || face == Some(Face::Camera) {
        camera::short(&mut book, face);
    }
    if all {
        shared::both(&mut book);
    }
    shared::write(&mut book);
    book.close()
}

/// The document as it is served and kept: JSON with a line for each key.
pub(crate) fn text(face: Option<Face>) -> String {
    document(face).to_pretty_json().unwrap_or_default() + "\n"
}

/// `GET /openapi.json` and `GET /docs`, without a token: they say nothing about anybody.
pub(crate) fn routes(face: Face) -> Router {
    let text = Bytes::from(text(Some(face)));
    let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    let page = page::answer(face);
    Router::new()
        .route("/openapi.json", get(move || async move { (json, text) }))
        .route("/docs", get(move || async move { page }))
        .method_not_allowed_fallback(ApiError::only_reads)
}

#[cfg(test)]
mod tests;
