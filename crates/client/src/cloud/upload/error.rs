//! Why an upload failed, by kind. No text here holds an address with its signature.

use std::{io, path::PathBuf, time::Duration};

use bambu_protocol::{file_kind::UnknownKind, threemf::BadThreeMf};

use crate::cloud::CloudError;

/// Why an upload failed. The text tells the cause and the next step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UploadError {
    /// The file cannot be read: check its path.
    #[error("{} cannot be read; check the path and its permissions", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The name cannot be one in the cloud: give another one.
    #[error("the name is empty, too long, or has slashes or control characters; give another one")]
    BadName,
    /// The file is of no kind that the cloud takes, or not what its name says.
    #[error(transparent)]
    Kind(#[from] UnknownKind),
    /// The 3MF cannot be read: export it again.
    #[error("{name} cannot be read as a 3MF; export it again from the slicer")]
    ThreeMf {
        /// The file's name.
        name: String,
        /// Why.
        source: BadThreeMf,
    },
    /// The cloud takes 1 GiB at most; nothing was sent. [V]
    #[error("{name} has {size} bytes and the cloud takes 1 GiB at most; make it smaller")]
    TooLarge {
        /// The file's name.
        name: String,
        /// In bytes.
        size: u64,
    },
    /// The file changed while it was sent: what the cloud has is not it, and is not used.
    #[error("{name} changed while it was sent; send it again once it is complete")]
    Changed {
        /// The file's name.
        name: String,
    },
    /// The account has no cloud storage: the cloud named no place for the file. [D]
    #[error(
        "this account has no cloud storage, the cloud names no place for the file; send it to the \
         printer over the local network"
    )]
    NoCloudStorage,
    /// The cloud named a place that is not safe to send to: not https, or not an address.
    #[error("the cloud names a place for the file that is no https address; check BAMBU_API_URL")]
    UnsafePlace,
    /// The store refused the file: see its words.
    #[error("the store refused the file (HTTP {status}{}); try again later", short(code))]
    Refused {
        /// HTTP status.
        status: u16,
        /// Its short name for the reason, such as `AccessDenied`.
        code: Option<String>,
    },
    /// The file is stored, but its size is not, which the cloud wants besides. [L]
    #[error(
        "the store has the file, but refused its size, which the cloud wants, too (HTTP \
         {status}{}); try again later",
        short(code)
    )]
    SizeRefused {
        /// HTTP status.
        status: u16,
        /// Its short name for the reason.
        code: Option<String>,
    },
    /// The address for the file had expired, and a new one as well: check this machine's network.
    #[error("the place for the file expired before it was complete; try again on a faster line")]
    Expired,
    /// The connection to the store broke. What it had is thrown away: it cannot go on there.
    #[error("the connection to {host} broke after {sent} of {size} bytes; send it again")]
    Broken {
        /// Where.
        host: String,
        /// Bytes that had been taken from the file.
        sent: u64,
        /// Bytes of the file.
        size: u64,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Nothing moved for too long.
    #[error(
        "{host} took nothing for {} s, after {sent} of {size} bytes; check the network and send it \
         again",
        patience.as_secs()
    )]
    Stalled {
        /// Where.
        host: String,
        /// Bytes that had been taken from the file.
        sent: u64,
        /// Bytes of the file.
        size: u64,
        /// How long was waited.
        patience: Duration,
    },
    /// It was cancelled; nothing of it is used by the cloud.
    #[error("cancelled before the file was complete; nothing of it is used")]
    Cancelled,
    /// The cloud refused, or cannot be reached.
    #[error(transparent)]
    Cloud(#[from] CloudError),
}

impl UploadError {
    /// Whether the same upload may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Broken { .. } | Self::Stalled { .. } | Self::Expired | Self::Changed { .. } => {
                true
            }
            Self::Refused { status, .. } | Self::SizeRefused { status, .. } => *status >= 500,
            Self::Cloud(error) => error.is_retryable(),
            _ => false,
        }
    }

    /// What the cloud's interface said, if it was that.
    pub fn cloud(&self) -> Option<&CloudError> {
        match self {
            Self::Cloud(error) => Some(error),
            _ => None,
        }
    }
}

/// The store's short name for its reason, behind a number.
fn short(code: &Option<String>) -> String {
    code.as_ref().map(|code| format!(", {code}")).unwrap_or_default()
}
