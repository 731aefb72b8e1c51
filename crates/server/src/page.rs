//! Pages of ours: one answer each, which loads nothing from elsewhere. The policy names style and
//! script by their digest, so nothing else runs in it, whatever is shown there.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use ring::digest::{SHA256, digest};

/// A page while it is written; all of it is text of ours.
pub(crate) struct Page<'a> {
    pub(crate) title: &'a str,
    pub(crate) style: &'a str,
    pub(crate) script: &'a str,
    pub(crate) body: &'a str,
    /// What it may load beside the answers of its own server, as rules of the policy; ends with `; `
    /// unless it is empty.
    pub(crate) loads: &'a str,
}

impl Page<'_> {
    /// The page, ready to be sent.
    pub(crate) fn answer(&self) -> (HeaderMap, Bytes) {
        let Self { title, style, script, body, loads } = self;
        let policy = format!(
            "default-src 'none'; script-src '{}'; style-src '{}'; connect-src 'self'; {loads}\
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            hash(script),
            hash(style),
        );
        let page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title} - bambu</title>\n<style>{style}</style>\n</head>\n<body>\n{body}\n\
             <script>{script}</script>\n</body>\n</html>\n"
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
}

fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(digest(&SHA256, text.as_bytes())))
}
