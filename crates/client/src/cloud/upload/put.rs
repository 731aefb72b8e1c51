//! One `PUT` to an address that is signed for it: the headers that the signature allows, a body
//! from disk, and how far it is.
//!
//! When it is made again is in [`send`](super::send).

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bambu_protocol::cloud::SignedUrl;
use bytes::Bytes;
use futures_util::stream;
use reqwest::{
    Body, Client, Response,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use super::{LocalFile, UploadError};
use crate::{
    cloud::{
        CloudError,
        http::{CONNECT, client_for},
    },
    endpoint::is_this_machine,
    tls::Roots,
};

/// What a store says when it refuses has some hundred bytes.
const LONGEST_REFUSAL: usize = 64 << 10;
/// After the last byte, what the system still holds has to get through, and the store to answer.
const ANSWER: u32 = 3;

/// What is put.
#[derive(Debug, Clone, Copy)]
pub(in crate::cloud) enum Content<'a> {
    /// A file, and whether its MD5 is wanted.
    File {
        file: &'a LocalFile,
        md5: bool,
    },
    Bytes(&'a Bytes),
}

/// How one attempt ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// It is stored; the MD5 of a file where it was wanted.
    Stored { status: u16, md5: Option<String> },
    /// The store refused, in its short word and its long one.
    Refused { status: u16, code: Option<String>, text: Option<String> },
    /// It broke or stalled after so many bytes.
    Lost { error: UploadError, sent: u64 },
}

/// The store behind a signed address: connections of its own, without the interface's headers.
pub(super) struct Store {
    client: Client,
    url: Url,
    host: String,
}

impl Content<'_> {
    pub(super) fn size(self) -> u64 {
        match self {
            Self::File { file, .. } => file.size,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }
}

impl Store {
    /// Only https, or plain HTTP on this machine, and only what can be sent as it was received:
    /// another spelling has another signature.
    ///
    /// # Errors
    /// [`UploadError::UnsafePlace`], or TLS cannot be set up.
    pub(super) fn at(url: &SignedUrl, roots: &Roots) -> Result<Self, UploadError> {
        let text = url.reveal();
        let url = Url::parse(text).map_err(|_| UploadError::UnsafePlace)?;
        let safe = match url.scheme() {
            "https" => true,
            "http" => is_this_machine(&url),
            _ => false,
        };
        let plain = url.username().is_empty() && url.password().is_none();
        if !safe || !plain || url.query() != text.split_once('?').map(|(_, query)| query) {
            return Err(UploadError::UnsafePlace);
        }
        // No agent, no token, no type. The library's `Accept` stays; it is not signed.
        let client = client_for(&url, roots)?
            .gzip(false)
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|error| CloudError::Setup(Box::new(error)))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        Ok(Self { client, url, host })
    }

    /// One attempt. `moved` is told how many bytes were taken; the attempt is given up when that
    /// number stands still for `patience`, however long the whole takes.
    pub(super) async fn put(
        &self,
        content: Content<'_>,
        content_type: Option<&'static str>,
        patience: Duration,
        moved: impl Fn(u64) + Send + Sync + 'static,
    ) -> Ended {
        let size = content.size();
        let sent = Arc::new(AtomicU64::new(0));
        let (body, pass) = match content {
            Content::Bytes(bytes) => (one_chunk(bytes.clone(), &sent, moved), None),
            Content::File { file, md5 } => {
                let pass = file.pass(md5);
                (chunks(pass.chunks, sent.clone(), moved), Some((file, pass.end)))
            }
        };
        let mut request = self.client.put(self.url.clone()).header(CONTENT_LENGTH, size).body(body);
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        let lost =
            |error, sent: &AtomicU64| Ended::Lost { error, sent: sent.load(Ordering::Relaxed) };
        let reply = match self.watched(request.send(), &sent, size, patience).await {
            Ok(reply) => reply,
            Err(error) => {
                // A file that cannot be read to its end breaks the connection from this side.
                if let Some((file, end)) = pass
                    && let Err(changed) = file.unchanged().await
                {
                    end.abort();
                    return lost(changed, &sent);
                }
                return lost(error, &sent);
            }
        };
        let status = reply.status().as_u16();
        if !reply.status().is_success() {
            let (code, text) = refusal(reply, patience).await;
            return Ended::Refused { status, code, text };
        }
        let Some((file, end)) = pass else { return Ended::Stored { status, md5: None } };
        // A store that is content before it has all of it has stored something else.
        match end.await {
            Ok(Some(whole)) if sent.load(Ordering::Relaxed) == size => {
                Ended::Stored { status, md5: whole.md5 }
            }
            _ => lost(UploadError::Changed { name: file.name.clone() }, &sent),
        }
    }

    async fn watched(
        &self,
        reply: impl Future<Output = Result<Response, reqwest::Error>>,
        sent: &AtomicU64,
        size: u64,
        patience: Duration,
    ) -> Result<Response, UploadError> {
        let mut reply = std::pin::pin!(reply);
        let (mut seen, mut since) = (0, Instant::now());
        loop {
            tokio::select! {
                biased;
                reply = &mut reply => return reply.map_err(|error| self.broken(error, sent, size)),
                () = sleep(patience / 8) => {}
            }
            let now = sent.load(Ordering::Relaxed);
            if now != seen {
                (seen, since) = (now, Instant::now());
            }
            let patience = if now >= size { patience * ANSWER } else { patience };
            if since.elapsed() >= patience {
                let host = self.host.clone();
                return Err(UploadError::Stalled { host, sent: now, size, patience });
            }
        }
    }

    fn broken(&self, error: reqwest::Error, sent: &AtomicU64, size: u64) -> UploadError {
        if error.is_connect() {
            return UploadError::Cloud(CloudError::of_transport(error, &self.host));
        }
        UploadError::Broken {
            host: self.host.clone(),
            sent: sent.load(Ordering::Relaxed),
            size,
            source: Box::new(error.without_url()),
        }
    }
}

fn chunks(
    from: tokio::sync::mpsc::Receiver<io::Result<Bytes>>,
    sent: Arc<AtomicU64>,
    moved: impl Fn(u64) + Send + Sync + 'static,
) -> Body {
    Body::wrap_stream(stream::unfold((from, sent, moved), async |(mut from, sent, moved)| {
        let chunk = from.recv().await?;
        if let Ok(chunk) = &chunk {
            let more = chunk.len() as u64;
            moved(sent.fetch_add(more, Ordering::Relaxed) + more);
        }
        Some((chunk, (from, sent, moved)))
    }))
}

fn one_chunk(bytes: Bytes, sent: &AtomicU64, moved: impl Fn(u64)) -> Body {
    sent.store(bytes.len() as u64, Ordering::Relaxed);
    moved(bytes.len() as u64);
    Body::from(bytes)
}

/// `Code` and `Message` of the store's XML; what cannot be read in time is no reason to wait.
async fn refusal(mut reply: Response, patience: Duration) -> (Option<String>, Option<String>) {
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(chunk)) = reply.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST_REFUSAL {
                break;
            }
        }
    };
    let _ = timeout(patience.min(CONNECT), read).await;
    let text = String::from_utf8_lossy(&body);
    (element(&text, "Code"), element(&text, "Message"))
}

fn element(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (inner, _) = rest.split_once(&format!("</{name}>"))?;
    let plain = inner.chars().filter(|c| !c.is_control()).take(200).collect::<String>();
    Some(plain).filter(|plain| !plain.is_empty())
}
