//! Who may look: a camera shows a room of somebody's. Without a token, pages of others are kept out
//! by what their browser says of them; the token itself is asked for by the face.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, uri::Authority},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use hyper::header;

use crate::error::ApiError;

/// Ends of names that nobody outside can have lead here.
const LOCAL: [&str; 6] =
    [".local", ".lan", ".home.arpa", ".internal", ".localhost", ".localdomain"];

/// What is asked of a request.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    /// Whether a token was asked for already, so that who asks is no stranger.
    pub(crate) has_token: bool,
    /// Names of this server beside its addresses and local names.
    pub(crate) names: Arc<[String]>,
}

/// Whether the path is that of a page, which shows nothing by itself: it asks for the token.
pub(crate) fn is_page(path: &str) -> bool {
    let serial = path.strip_prefix("/api/v2/printers/").and_then(|it| it.strip_suffix("/camera/"));
    serial.is_some_and(|serial| !serial.is_empty() && !serial.contains('/'))
}

pub(super) async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let is_socket = headers.contains_key(header::UPGRADE);
    // A page of others can open a WebSocket here and read it: no browser asks us first.
    if (is_socket || !guard.has_token) && !is_ours(headers) {
        let next = "pages of other servers may not look through the camera; open its own page, \
                    or ask for it without an Origin";
        return ApiError::forbidden(next).with("cause", "origin").into_response();
    }
    if !guard.has_token && !guard.knows(headers) {
        let next = "this server is not known by that name; ask for it by its address, write the \
                    name into tls_names under [server], or set a token";
        return ApiError::forbidden(next).with("cause", "host").into_response();
    }
    next.run(request).await
}

impl Guard {
    /// A name of others can be made to lead here, and a page under it would then be ours to a browser.
    fn knows(&self, headers: &HeaderMap) -> bool {
        let Some(host) = headers.get(header::HOST) else { return true };
        let host = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
        let Some(host) = host else { return false };
        let name = host.host().trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        !name.is_empty()
            && (name.parse::<IpAddr>().is_ok()
                || !name.contains('.')
                || LOCAL.iter().any(|end| name.ends_with(end))
                || self.names.iter().any(|own| own.eq_ignore_ascii_case(&name)))
    }
}

/// Whether the request comes from no page, or from one of this server.
fn is_ours(headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return true };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok();
    let Some((host, origin)) = host.zip(origin).filter(|_| origins.next().is_none()) else {
        return false;
    };
    let at = |scheme| origin.strip_prefix(scheme);
    at("http://").or_else(|| at("https://")).is_some_and(|it| it.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (header::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_page_of_this_server_is_told_from_those_of_others() {
        let host = ("host", "127.0.0.1:8081");
        assert!(is_ours(&headers(&[host])));
        for ours in ["http://127.0.0.1:8081", "https://127.0.0.1:8081"] {
            assert!(is_ours(&headers(&[host, ("origin", ours)])), "{ours}");
        }
        for other in
            ["http://127.0.0.1:8082", "http://127.0.0.1", "null", "", "ftp://127.0.0.1:8081"]
        {
            assert!(!is_ours(&headers(&[host, ("origin", other)])), "{other}");
        }
        assert!(!is_ours(&headers(&[("origin", "http://127.0.0.1:8081")])));
        let two = headers(&[host, ("origin", "http://127.0.0.1:8081"), ("origin", "http://b")]);
        assert!(
            is_ours(&headers(&[host]))
                && (two.get_all("origin").iter().count() < 2 || !is_ours(&two))
        );
    }

    #[test]
    fn a_name_that_anybody_can_have_lead_here_is_not_ours() {
        let guard = Guard { has_token: false, names: Arc::from(["cam.example.org".to_owned()]) };
        let knows = |host: &str| guard.knows(&headers(&[("host", host)]));
        for ours in [
            "127.0.0.1:1",
            "[::1]:1",
            "192.0.2.7",
            "localhost:1",
            "nas:1",
            "pi.local",
            "CAM.example.org",
        ] {
            assert!(knows(ours), "{ours}");
        }
        for other in ["evil.example:8081", "127.0.0.1.evil.example", "localhost.evil.example", ""] {
            assert!(!knows(other), "{other}");
        }
        assert!(guard.knows(&HeaderMap::new()));
    }

    #[test]
    fn only_a_page_is_shown_to_those_without_a_token() {
        assert!(is_page("/api/v2/printers/01P00A000000001/camera/"));
        for other in [
            "/api/v2/printers/A/camera",
            "/api/v2/printers/A/camera/live",
            "/api/v2/printers//camera/",
            "/api/v2/printers/a/b/camera/",
        ] {
            assert!(!is_page(other), "{other}");
        }
    }
}
