//! `GET /metrics`, on every face: this machine reads it as it is, others show a token.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    Extension, Router,
    extract::{ConnectInfo, State},
    http::{
        HeaderMap,
        header::{self, HeaderName},
        uri::Authority,
    },
    response::{IntoResponse, Response},
    routing::get,
};

use crate::{
    auth::{AuthError, Password, Tokens},
    limits::{Group, Key, Limits},
    metrics::{CONTENT_TYPE, Metrics},
    trace::{self, Who},
};

/// A request that another server passes on comes from this machine and is still a stranger's.
const PASSED_ON: [HeaderName; 4] = [
    header::FORWARDED,
    header::VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-real-ip"),
];

/// The page and who may read it.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) metrics: Metrics,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) limits: Arc<Limits>,
    /// The compatibility layer's token lets in, too.
    pub(crate) password: Option<Password>,
    /// Whether everybody may read it.
    pub(crate) open: bool,
}

impl Page {
    pub(crate) fn router(self) -> Router {
        Router::new().route("/metrics", get(read)).with_state(self)
    }

    fn check(&self, peer: SocketAddr, headers: &HeaderMap) -> Result<Arc<str>, AuthError> {
        let passed_on = PASSED_ON.iter().any(|name| headers.contains_key(name));
        if self.open || (peer.ip().is_loopback() && !passed_on && names_this_machine(headers)) {
            return Ok(trace::nobody());
        }
        match self.tokens.check_admin(headers) {
            Ok(caller) => Ok(Arc::clone(&caller.name)),
            Err(error) => {
                let password = self.password.as_ref().ok_or(error)?;
                password.check(headers).map(|()| "compat".into()).map_err(|_| error)
            }
        }
    }
}

/// A page of somebody else's, in a browser on this machine, can have its own name lead here; the
/// browser then says that name.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else { return true };
    let host = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
    host.is_some_and(|host| {
        let name = host.host().trim_matches(['[', ']']);
        name.eq_ignore_ascii_case("localhost")
            || name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
    })
}

async fn read(
    State(page): State<Page>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let group = Group::Health;
    if let Err(exceeded) = page.limits.take(&Key::peer(peer.ip()), group, None) {
        page.metrics.limited(&trace::nobody(), group.name());
        return exceeded.into_response();
    }
    match page.check(peer, &headers) {
        Err(error) => error.into_response(),
        Ok(token) => {
            let who = Extension(Who { token, group: group.name() });
            (who, [(header::CONTENT_TYPE, CONTENT_TYPE)], page.metrics.text()).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use bambulab::Token;
    use tower::ServiceExt as _;

    use super::*;
    use crate::config::RateLimit;

    fn page(open: bool) -> Page {
        Page {
            metrics: Metrics::new(),
            tokens: Arc::new(Tokens::open(None, Vec::new(), None).unwrap()),
            limits: Arc::new(Limits::new(RateLimit::OFF)),
            password: Some(Password::new(&Token::new("let-me-in"))),
            open,
        }
    }

    async fn asked(page: Page, peer: &str, header: Option<(&str, &str)>) -> u16 {
        let mut request = Request::get("/metrics");
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer.parse().unwrap()));
        page.router().oneshot(request).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn this_machine_reads_the_metrics_and_others_show_a_token() {
        let (here, there) = ("127.0.0.1:9", "192.0.2.1:9");
        assert_eq!(asked(page(false), here, None).await, 200);
        assert_eq!(asked(page(false), "[::1]:9", None).await, 200);
        assert_eq!(asked(page(false), there, None).await, 401);
        assert_eq!(asked(page(false), there, Some(("authorization", "Bearer wrong"))).await, 401);
        assert_eq!(asked(page(false), there, Some(("authorization", "let-me-in"))).await, 200);
        assert_eq!(asked(page(true), there, None).await, 200);
    }

    #[tokio::test]
    async fn a_name_that_is_made_to_lead_here_lets_no_page_of_others_read() {
        for name in ["localhost:5001", "LOCALHOST", "127.0.0.1:5001", "[::1]:5001"] {
            assert_eq!(
                asked(page(false), "127.0.0.1:9", Some(("host", name))).await,
                200,
                "{name}"
            );
        }
        for name in ["evil.example", "evil.example:5001", "localhost.evil.example", "", "192.0.2.1"]
        {
            assert_eq!(
                asked(page(false), "127.0.0.1:9", Some(("host", name))).await,
                401,
                "{name}"
            );
        }
    }

    #[tokio::test]
    async fn what_a_proxy_on_this_machine_passes_on_is_a_strangers() {
        for name in ["x-forwarded-for", "forwarded", "via", "x-real-ip"] {
            let status = asked(page(false), "127.0.0.1:9", Some((name, "192.0.2.1"))).await;
            assert_eq!(status, 401, "{name}");
        }
    }
}
