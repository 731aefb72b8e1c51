//! The page to try the routes: one answer that loads nothing but `/openapi.json` of the same server.
//!
//! Its parts are `page/try.css` and `page/try.js`; the policy names both by their digest, so nothing
//! else runs in it, whatever a forwarded answer holds.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use ring::digest::{SHA256, digest};

use crate::faces::Face;

const STYLE: &str = include_str!("page/try.css");
const SCRIPT: &str = include_str!("page/try.js");

/// The page, ready to be sent.
pub(super) fn answer(face: Face) -> (HeaderMap, Bytes) {
    let title = match face {
        Face::ProxyStrict => "Proxy, read-only",
        Face::ProxyFull => "Proxy, full",
        Face::Compat => "Compatibility layer",
    };
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        hash(SCRIPT),
        hash(STYLE),
    );
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} - bambu</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>\n\
         <h1>{title}</h1>\n<label>Token <input id=\"token\" type=\"password\" autocomplete=\"off\" \
         spellcheck=\"false\"></label>\n<a href=\"/openapi.json\">openapi.json</a>\n</header>\n\
         <main id=\"routes\"><p>Reading the description &hellip;</p></main>\n\
         <script>{SCRIPT}</script>\n</body>\n</html>\n"
    );
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::CONTENT_TYPE, "text/html; charset=utf-8");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::CACHE_CONTROL, "no-cache");
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    (headers, page.into())
}

fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(digest(&SHA256, text.as_bytes())))
}
