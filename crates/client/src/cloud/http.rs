//! HTTP as the cloud needs it: one attempt, bounded in time and size, the token in one header only.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::{
    Client, ClientBuilder, Response,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
    redirect::Policy,
};
use url::Url;

use super::{
    CloudError, Possession,
    call::{Call, Origin, Reply},
};
use crate::{
    endpoint::{Endpoint, is_this_machine},
    tls::Roots,
    token::Token,
};

/// Largest body that is read, after it was unpacked. A list of a thousand printers has 0.5 MB.
const MAX_BODY: usize = 8 << 20;
/// How long a connection may take to stand.
pub(super) const CONNECT: Duration = Duration::from_secs(10);

#[derive(Debug, Clone)]
pub(super) struct Http {
    client: Client,
    api: Url,
    web: Url,
}

impl Http {
    pub(super) fn new(endpoint: &Endpoint, roots: &Roots) -> Result<Self, CloudError> {
        let url = |text| Url::parse(text).map_err(|error| CloudError::Setup(Box::new(error)));
        let (api, web) = (url(&endpoint.api_url)?, url(&endpoint.web_url)?);
        let client = client_for(&api, roots)?
            .user_agent(concat!("bambu/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| CloudError::Setup(Box::new(error)))?;
        Ok(Self { client, api, web })
    }

    /// Host and port of the REST interface.
    pub(super) fn api_host(&self) -> String {
        host(&self.api)
    }

    /// One attempt: what came, whatever its status is.
    pub(super) async fn send(
        &self,
        call: &Call,
        token: Option<&Token>,
        possession: Option<&Possession>,
    ) -> Result<Reply, CloudError> {
        let token = match token.filter(|token| !token.is_empty()) {
            _ if call.is_public => None,
            Some(token) => Some(token),
            None => return Err(CloudError::NoToken),
        };
        let base = match call.origin {
            Origin::Api => &self.api,
            Origin::Web => &self.web,
        };
        let mut url = base.clone();
        url.set_path(&format!("{}{}", base.path().trim_end_matches('/'), call.path()?));
        let mut request = self.client.request(call.method.clone(), url).query(&call.query);
        request = request.timeout(call.within).headers(call.headers.clone());
        if let Some(token) = token {
            let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.reveal()))
                .map_err(|_| CloudError::LoginWanted)?;
            bearer.set_sensitive(true);
            request = request.header(AUTHORIZATION, bearer);
        }
        if let Some(possession) = possession.filter(|_| call.is_possession_shown) {
            request = request.headers(possession.headers()?);
        }
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        let host = host(base);
        let reply = request.send().await.map_err(|error| CloudError::of_transport(error, &host))?;
        let (status, headers) = (reply.status(), reply.headers().clone());
        let read = body(reply, call.route, &host).await;
        let body = if status.is_success() {
            read?
        } else {
            // What a refusal is does not depend on the rest of an endless body.
            read.unwrap_or_default()
        };
        let secrets = call.secrets(token);
        Ok(Reply { status: status.as_u16(), headers, body, route: call.route, secrets })
    }
}

/// Connections to this address: our own TLS, no redirects, no proxy for this machine.
pub(super) fn client_for(url: &Url, roots: &Roots) -> Result<ClientBuilder, CloudError> {
    let tls = roots.cloud_config().map_err(|error| CloudError::Setup(Box::new(error)))?;
    let client = Client::builder()
        .tls_backend_preconfigured((*tls).clone())
        .connect_timeout(CONNECT)
        .redirect(Policy::none());
    Ok(if is_this_machine(url) { client.no_proxy() } else { client })
}

async fn body(mut reply: Response, route: &'static str, host: &str) -> Result<Bytes, CloudError> {
    let mut body = BytesMut::new();
    let failure = |error| CloudError::of_transport(error, host);
    while let Some(chunk) = reply.chunk().await.map_err(failure)? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(CloudError::TooLarge { route, limit: MAX_BODY });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

pub(super) fn host(base: &Url) -> String {
    let host = base.host_str().unwrap_or_default();
    base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
