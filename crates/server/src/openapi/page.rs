//! The page to try the routes: one answer that loads nothing but `/openapi.json` of the same server.
//!
//! Its parts are `page/try.css` and `page/try.js`; what all pages have is `crate::page`.

use axum::http::HeaderMap;
use bytes::Bytes;

use crate::{faces::Face, page::Page};

/// The page, ready to be sent.
pub(super) fn answer(face: Face) -> (HeaderMap, Bytes) {
    let title = match face {
        Face::ProxyStrict => "Proxy, read-only",
        Face::ProxyFull => "Proxy, full",
        Face::Compat => "Compatibility layer",
        Face::Camera => "Cameras",
    };
    let body = format!(
        "<header>\n\
         <h1>{title}</h1>\n<label>Token <input id=\"token\" type=\"password\" autocomplete=\"off\" \
         spellcheck=\"false\"></label>\n<a href=\"/openapi.json\">openapi.json</a>\n</header>\n\
         <main id=\"routes\"><p>Reading the description &hellip;</p></main>"
    );
    let (style, script) = (include_str!("page/try.css"), include_str!("page/try.js"));
    Page { title, style, script, body: &body, loads: "" }.answer()
}
