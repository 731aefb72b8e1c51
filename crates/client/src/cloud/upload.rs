//! Storing a file in the account's cloud storage: `user/upload`, and two `PUT`s to what it answers.
//!
//! `upload/source.rs` is the file, `put.rs` one attempt, `send.rs` when there is another one. What
//! prints a file is in [`print`](super::print).

mod error;
mod put;
mod remembered;
mod send;
mod source;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bambu_protocol::{
    FileKind,
    cloud::{SignedUrl, UploadUrls},
};
use bytes::Bytes;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{Answer, Call, Cloud, CloudError, print::Step};

pub use error::UploadError;

pub(super) use put::Content;
pub(super) use remembered::Uploads;
pub(super) use send::Manner;
pub(super) use source::LocalFile;

/// What the documentation says a file is sent as, where the signature wants a type. [D]
pub(super) const FILE_TYPE: &str = "application/octet-stream";
/// The same for its size. [D]
const SIZE_TYPE: &str = "text/plain";

/// How a file is uploaded.
#[derive(Debug, Clone)]
pub struct UploadOptions {
    /// What the cloud is to call it; its own name by default. The ending tells the kind.
    pub name: Option<String>,
    /// A file of at most so many bytes has its MD5 computed on the way, as a print of it by its
    /// address takes it; 256 MiB by default, more than sliced files have. Of larger ones it takes
    /// longer than sending them over a fast line.
    pub md5_up_to: u64,
    /// Who is told how far it is.
    pub progress: OnProgress,
    /// Ends it before it is complete: nothing of it is used then. Dropping the future does, too.
    pub cancel: CancellationToken,
    /// How long nothing may move before it is given up; 100 s by default, enough for 20 kB/s. The
    /// whole may take as long as it takes.
    pub stall: Duration,
}

/// A file that is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Uploaded {
    /// What the cloud calls it.
    pub file_name: String,
    /// In bytes.
    pub size_bytes: u64,
    /// Where it is. The query is a secret, which only [`SignedUrl::reveal`] tells.
    pub file_url: SignedUrl,
    /// What the store answered: 200, 201 or 204.
    pub status_code: u16,
    /// MD5 of what was sent, up to [`UploadOptions::md5_up_to`]: 32 upper-case hex digits.
    pub md5: Option<String>,
}

/// What happens while a file is uploaded or a print is started.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// The next step of a cloud print begins.
    Step(Step),
    /// So many bytes of so many are on their way. Starts over when it is sent again.
    Sent {
        /// Bytes taken from the file.
        bytes: u64,
        /// Bytes of the file.
        of: u64,
    },
}

/// Somebody who is told of [`Progress`]; nobody by default. Must not take long.
#[derive(Clone, Default)]
pub struct OnProgress(Option<Arc<dyn Fn(Progress) + Send + Sync>>);

impl OnProgress {
    /// This one is told.
    pub fn new(told: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(told)))
    }

    pub(super) fn tell(&self, progress: Progress) {
        if let Some(told) = &self.0 {
            told(progress);
        }
    }
}

impl fmt::Debug for OnProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "OnProgress(..)" } else { "OnProgress(nobody)" })
    }
}

impl Default for UploadOptions {
    fn default() -> Self {
        Self {
            name: None,
            md5_up_to: 256 << 20,
            progress: OnProgress::default(),
            cancel: CancellationToken::new(),
            stall: Duration::from_secs(100),
        }
    }
}

impl Cloud {
    /// Where a file of this name and size goes: `GET user/upload`. No address means that the
    /// account has no cloud storage. [L]
    ///
    /// # Errors
    /// [`CloudError`].
    #[doc(alias = "get_upload_url")]
    pub async fn upload_url(
        &self,
        file_name: &str,
        size_bytes: u64,
    ) -> Result<Answer<UploadUrls>, CloudError> {
        let call = Call::get("/v1/iot-service/api/user/upload")
            .query("filename", file_name)
            .query("size", size_bytes);
        self.call(call).await
    }

    /// Stores a 3MF, G-code, STL or STEP file, streamed from disk. The size, which the cloud takes
    /// for the sign that a file is complete, is stored last.
    ///
    /// A store cannot go on where an upload broke. Up to 256 MiB are sent again by itself.
    ///
    /// # Errors
    /// [`UploadError`]; nothing that is incomplete is ever announced to the cloud.
    pub async fn upload_file(
        &self,
        path: impl AsRef<Path>,
        options: UploadOptions,
    ) -> Result<Uploaded, UploadError> {
        let cancel = options.cancel.clone();
        let path: PathBuf = path.as_ref().to_owned();
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(UploadError::Cancelled),
            result = self.upload(path, options) => result,
        }
    }

    async fn upload(&self, path: PathBuf, options: UploadOptions) -> Result<Uploaded, UploadError> {
        let file = LocalFile::open(&path, options.name.as_deref()).await?;
        if file.kind == FileKind::ThreeMf {
            // One that is cut short is of no use to anybody.
            file.plates().await?;
        }
        let manner =
            Manner { roots: &self.roots, patience: options.stall, progress: &options.progress };
        let mut places = self.places(&file).await?;
        let md5 = file.size <= options.md5_up_to;
        let content = Content::File { file: &file, md5 };
        let mut url = places.file().cloned().ok_or(UploadError::NoCloudStorage)?;
        let stored = match manner.put(&url, content, FILE_TYPE).await {
            Err(UploadError::Expired) => {
                places = self.places(&file).await?;
                url = places.file().cloned().ok_or(UploadError::NoCloudStorage)?;
                manner.put(&url, content, FILE_TYPE).await?
            }
            other => other?,
        };
        file.unchanged().await?;
        if let Some(place) = places.size() {
            let size = Bytes::from(file.size.to_string());
            let quiet = Manner { progress: &OnProgress::default(), ..manner };
            let put = match quiet.put(place, Content::Bytes(&size), SIZE_TYPE).await {
                // A long upload outlives it; the new one leads to the same account and size.
                Err(UploadError::Expired) => {
                    let places = self.places(&file).await?;
                    let place = places.size().ok_or(UploadError::Expired)?;
                    quiet.put(place, Content::Bytes(&size), SIZE_TYPE).await
                }
                other => other,
            };
            put.map_err(|error| match error {
                UploadError::Refused { status, code } => UploadError::SizeRefused { status, code },
                other => other,
            })?;
        }
        let uploaded = Uploaded {
            md5: stored.md5,
            size_bytes: file.size,
            file_url: url,
            status_code: stored.status,
            file_name: file.name,
        };
        self.uploads.remember(&uploaded);
        Ok(uploaded)
    }

    async fn places(&self, file: &LocalFile) -> Result<UploadUrls, UploadError> {
        Ok(self.upload_url(&file.name, file.size).await?.value)
    }
}
