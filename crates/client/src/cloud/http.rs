//! HTTP as the cloud needs it: bounded in time and size, the token in one header only.

use std::time::Duration;

use bytes::BytesMut;
use reqwest::{
    Client, Response,
    header::{AUTHORIZATION, HeaderValue},
    redirect::Policy,
};
use url::Url;

use super::CloudError;
use crate::{endpoint::Endpoint, tls::Roots, token::Token};

/// Largest body that is read. A device list of a thousand printers has 0.5 MB.
const MAX_BODY: usize = 8 << 20;
const CONNECT: Duration = Duration::from_secs(10);
/// The whole call, body included.
const CALL: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
pub(super) struct Http {
    client: Client,
    base: Url,
}

impl Http {
    pub(super) fn new(endpoint: &Endpoint, roots: &Roots) -> Result<Self, CloudError> {
        let base =
            Url::parse(&endpoint.api_url).map_err(|error| CloudError::Setup(Box::new(error)))?;
        let tls = roots.cloud_config().map_err(|error| CloudError::Setup(Box::new(error)))?;
        let mut client = Client::builder()
            .tls_backend_preconfigured((*tls).clone())
            .user_agent(concat!("bambu/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(CALL)
            .redirect(Policy::none());
        if crate::endpoint::is_this_machine(&base) {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| CloudError::Setup(Box::new(error)))?;
        Ok(Self { client, base })
    }

    /// One GET; the body of a success.
    pub(super) async fn read(
        &self,
        path: &'static str,
        query: &[(&str, &str)],
        token: &Token,
    ) -> Result<BytesMut, CloudError> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.reveal()))
            .map_err(|_| CloudError::LoginWanted)?;
        bearer.set_sensitive(true);
        let host = self.host();
        let reply = self
            .client
            .get(url)
            .query(query)
            .header(AUTHORIZATION, bearer)
            .send()
            .await
            .map_err(|error| CloudError::of_transport(error, &host))?;
        let status = reply.status();
        let is_challenge = (status == 403 && reply.headers().contains_key("cf-mitigated"))
            || (status == 503 && reply.headers().contains_key("cf-ray"));
        let body = self.body(reply, path).await;
        if status.is_success() {
            return body;
        }
        // What a refusal is does not depend on the rest of an endless body.
        let body = body.unwrap_or_default();
        // A server that repeats what it was sent must not get the token into a message.
        let told = String::from_utf8_lossy(&body).replace(token.reveal(), "********");
        Err(CloudError::of_reply(path, status.as_u16(), is_challenge, told.as_bytes()))
    }

    async fn body(&self, mut reply: Response, path: &'static str) -> Result<BytesMut, CloudError> {
        let mut body = BytesMut::new();
        let next = async |reply: &mut Response| {
            reply.chunk().await.map_err(|error| {
                if error.is_decode() && !error.is_timeout() {
                    CloudError::BadBody { path, source: None }
                } else {
                    CloudError::of_transport(error, &self.host())
                }
            })
        };
        while let Some(chunk) = next(&mut reply).await? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(CloudError::TooLarge { path, limit: MAX_BODY });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn host(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        self.base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}
