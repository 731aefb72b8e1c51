//! A `PUT` until it is done: which failures are worth another attempt, and how many.
//!
//! The store keeps an object only when all of it has arrived, and cannot go on where an attempt
//! broke: what is left to decide is whether to begin again. That is decided by size, since every
//! attempt costs the line what it already carried. An attempt that broke after its last byte may
//! have been stored; the same bytes at the same place again change nothing.

use std::time::Duration;

use bambu_protocol::cloud::SignedUrl;
use tokio::time::sleep;

use super::{
    OnProgress, Progress, UploadError,
    put::{Content, Ended, Store},
};
use crate::tls::Roots;

/// Attempts per address.
const ATTEMPTS: u32 = 3;
/// So many bytes may be sent in vain before a person decides: 256 MiB.
const IN_VAIN: u64 = 256 << 20;

/// How something is put.
#[derive(Debug, Clone, Copy)]
pub(in crate::cloud) struct Manner<'a> {
    pub(in crate::cloud) roots: &'a Roots,
    /// How long nothing may move.
    pub(in crate::cloud) patience: Duration,
    /// Who is told how far it is.
    pub(in crate::cloud) progress: &'a OnProgress,
}

/// What was stored.
#[derive(Debug)]
pub(in crate::cloud) struct Stored {
    pub(in crate::cloud) status: u16,
    /// Upper-case MD5 of a file where it was wanted.
    pub(in crate::cloud) md5: Option<String>,
}

impl Manner<'_> {
    /// Puts it, again where that may help. `documented` is the type that the signature may want
    /// although observed ones do not: it is tried once, after the store said so. [L] [D]
    ///
    /// # Errors
    /// [`UploadError`]; [`UploadError::Expired`] when another address is needed.
    pub(in crate::cloud) async fn put(
        self,
        url: &SignedUrl,
        content: Content<'_>,
        documented: &'static str,
    ) -> Result<Stored, UploadError> {
        let store = Store::at(url, self.roots)?;
        let mut content_type = None;
        let (mut failures, mut in_vain) = (0, 0);
        loop {
            let (progress, of) = (self.progress.clone(), content.size());
            let moved = move |bytes| progress.tell(Progress::Sent { bytes, of });
            let error = match store.put(content, content_type, self.patience, moved).await {
                Ended::Stored { status, md5 } => return Ok(Stored { status, md5 }),
                Ended::Refused { status: 403, code, .. }
                    if content_type.is_none() && is(&code, "SignatureDoesNotMatch") =>
                {
                    tracing::debug!("the store wants the documented Content-Type");
                    content_type = Some(documented);
                    continue;
                }
                Ended::Refused { status, code, text } => {
                    let expired = is(&code, "AccessDenied")
                        && text.is_some_and(|text| text.to_ascii_lowercase().contains("expired"));
                    if expired || is(&code, "ExpiredToken") {
                        return Err(UploadError::Expired);
                    }
                    let busy = status >= 500 || is(&code, "RequestTimeout");
                    let error = UploadError::Refused { status, code };
                    if !busy {
                        return Err(error);
                    }
                    error
                }
                Ended::Lost { error, sent } => {
                    in_vain += sent;
                    if in_vain > IN_VAIN || matches!(error, UploadError::Changed { .. }) {
                        return Err(error);
                    }
                    error
                }
            };
            failures += 1;
            if failures == ATTEMPTS || !error.is_retryable() {
                return Err(error);
            }
            tracing::debug!(%error, failures, "once more");
            sleep(Duration::from_millis(rand::random_range(300..900)) * (1 << (failures - 1)))
                .await;
        }
    }
}

fn is(code: &Option<String>, word: &str) -> bool {
    code.as_deref() == Some(word)
}
