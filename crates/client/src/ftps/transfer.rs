//! How a file goes over, and what came of it.

use std::{fmt, io, path::Path, sync::Arc, time::Duration};

use bambu_protocol::ftp::SLOWEST;
use md5::{Digest as _, Md5};
use tokio_util::sync::CancellationToken;

use super::FtpsError;

/// Told how far a transfer is: bytes done, bytes in all (0 where that is not known). Called from
/// the transfer itself, so it has to be quick.
pub type TransferProgress = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// How a file goes over. The default replaces what is there and tells nobody.
#[derive(Clone)]
pub struct Transfer {
    /// Who is told how far it is.
    pub progress: Option<TransferProgress>,
    /// Cancelled to give up; what was left of an upload is removed then.
    pub cancel: CancellationToken,
    /// What happens to a file of that name that is on the printer already.
    pub existing: Existing,
    /// How long nothing may move, 60 s.
    pub stall: Duration,
    /// What the whole has to reach at least, in bytes per second, beside one `stall`.
    pub slowest: u64,
}

/// What happens to a file of that name that is on the printer already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Existing {
    /// It is replaced once the new one is complete.
    #[default]
    Replace,
    /// It stays if it has the same size and is taken for the same file: how an upload that was
    /// complete is not made again. Another size is replaced.
    KeepSameSize,
    /// It stays, and the upload fails with [`FtpsError::Exists`].
    Refuse,
}

/// What is at the other end now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Path on the printer.
    pub path: String,
    /// In bytes.
    pub size: u64,
    /// MD5 of what was sent or received, upper-case hex.
    pub md5: String,
    /// Whether it was stored under another name first, so that nobody saw half a file.
    pub renamed: bool,
    /// Whether it was there already and nothing was sent.
    pub kept: bool,
}

impl Transfer {
    /// How long `size` bytes may take in all.
    pub(super) fn deadline(&self, size: u64) -> Duration {
        let seconds = size / self.slowest.max(1);
        // A year is enough, and no moment plus it overflows.
        self.stall.saturating_add(Duration::from_secs(seconds)).min(Duration::from_secs(31_536_000))
    }

    pub(super) fn tell(&self, done: u64, of: u64) {
        if let Some(progress) = &self.progress {
            progress(done, of);
        }
    }
}

impl Default for Transfer {
    fn default() -> Self {
        Self {
            progress: None,
            cancel: CancellationToken::new(),
            existing: Existing::Replace,
            stall: Duration::from_secs(60),
            slowest: SLOWEST,
        }
    }
}

impl fmt::Debug for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transfer")
            .field("existing", &self.existing)
            .field("stall", &self.stall)
            .field("slowest", &self.slowest)
            .finish_non_exhaustive()
    }
}

/// What is read and sent at a time.
pub(super) const CHUNK: usize = 256 << 10;

/// Upper-case hex, as printers want it.
pub(super) fn hex(md5: Md5) -> String {
    md5.finalize().0.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Of a file of this machine; the path is empty for a stream.
pub(super) fn local(path: &Path, source: io::Error) -> FtpsError {
    FtpsError::Local { path: path.to_owned(), source }
}
