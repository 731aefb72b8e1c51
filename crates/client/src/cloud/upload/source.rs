//! The file that is uploaded: looked at once, read in chunks, unchanged until the end.

use std::{
    fs::File,
    io::{self, BufReader, Read as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use bambu_protocol::{
    file_kind::{FileKind, HEAD, LARGEST},
    threemf,
};
use bytes::Bytes;
use md5::{Digest as _, Md5};
use tokio::{sync::mpsc, task::JoinHandle};

use super::UploadError;

/// How much is read at a time; with two of them waiting for the network, all that is ever in
/// memory.
const CHUNK: usize = 256 << 10;
/// Longest name of an object.
const LONGEST_NAME: usize = 255;

/// A file on this machine that is what its name says.
#[derive(Debug, Clone)]
pub(in crate::cloud) struct LocalFile {
    path: PathBuf,
    /// What the cloud calls it.
    pub(in crate::cloud) name: String,
    /// In bytes.
    pub(in crate::cloud) size: u64,
    pub(in crate::cloud) kind: FileKind,
    modified: Option<SystemTime>,
}

/// The chunks of one pass over the file, and how it ended.
pub(super) struct Pass {
    pub(super) chunks: mpsc::Receiver<io::Result<Bytes>>,
    /// Nothing unless the file was exactly as long as it was when it was looked at.
    pub(super) end: JoinHandle<Option<Whole>>,
}

/// All of the file was read.
pub(super) struct Whole {
    /// 32 upper-case hex digits, where they were wanted.
    pub(super) md5: Option<String>,
}

impl LocalFile {
    /// Looks at a file; `name` is what the cloud is to call it, by default what it is called here.
    ///
    /// # Errors
    /// [`UploadError`]: it cannot be read, is too large, or is not what its name says.
    pub(in crate::cloud) async fn open(
        path: &Path,
        name: Option<&str>,
    ) -> Result<Self, UploadError> {
        let name = match name.map(str::to_owned).or_else(|| own_name(path)) {
            Some(name) if is_name(&name) => name,
            _ => return Err(UploadError::BadName),
        };
        let path = path.to_owned();
        blocking(path.clone(), move || Self::look(path, name)).await
    }

    fn look(path: PathBuf, name: String) -> Result<Self, UploadError> {
        let unreadable = |source| UploadError::Unreadable { path: path.clone(), source };
        // To open a pipe would wait for whoever writes into it, deaf to Ctrl-C.
        let data = std::fs::metadata(&path).map_err(unreadable)?;
        if !data.is_file() {
            return Err(unreadable(io::Error::other("it is no file")));
        }
        let file = File::open(&path).map_err(unreadable)?;
        if data.len() > LARGEST {
            return Err(UploadError::TooLarge { name, size: data.len() });
        }
        let mut head = Vec::with_capacity(HEAD);
        file.take(HEAD as u64).read_to_end(&mut head).map_err(unreadable)?;
        let kind = FileKind::of(&name, &head)?;
        Ok(Self { path, name, size: data.len(), kind, modified: data.modified().ok() })
    }

    /// Whether it is the same as when it was looked at, as far as size and time tell.
    ///
    /// # Errors
    /// [`UploadError::Changed`], or it cannot be read any more.
    pub(in crate::cloud) async fn unchanged(&self) -> Result<(), UploadError> {
        let data = tokio::fs::metadata(&self.path).await;
        let data =
            data.map_err(|source| UploadError::Unreadable { path: self.path.clone(), source })?;
        if data.len() != self.size || data.modified().ok() != self.modified {
            return Err(UploadError::Changed { name: self.name.clone() });
        }
        Ok(())
    }

    /// The plates that are sliced.
    ///
    /// # Errors
    /// [`UploadError::ThreeMf`].
    pub(in crate::cloud) async fn plates(&self) -> Result<Vec<u32>, UploadError> {
        self.archive(threemf::sliced_plates).await
    }

    /// Its settings and pictures, as an archive of their own; `None` when they are too large.
    ///
    /// # Errors
    /// [`UploadError::ThreeMf`].
    pub(in crate::cloud) async fn config_part(&self) -> Result<Option<Vec<u8>>, UploadError> {
        self.archive(threemf::config_part).await
    }

    async fn archive<T: Send + 'static>(
        &self,
        read: impl FnOnce(BufReader<File>) -> Result<T, threemf::BadThreeMf> + Send + 'static,
    ) -> Result<T, UploadError> {
        let (path, name) = (self.path.clone(), self.name.clone());
        blocking(path.clone(), move || {
            let file =
                File::open(&path).map_err(|source| UploadError::Unreadable { path, source })?;
            read(BufReader::new(file)).map_err(|source| UploadError::ThreeMf { name, source })
        })
        .await
    }

    /// Reads the whole file once, from the start, on a thread of its own: hashing a file takes longer
    /// than sending it over a fast line. It ends when nobody takes the chunks any more.
    pub(super) fn pass(&self, md5: bool) -> Pass {
        let (sender, chunks) = mpsc::channel(2);
        let (path, size) = (self.path.clone(), self.size);
        let end = tokio::task::spawn_blocking(move || {
            let failed = |error| {
                let _ = sender.blocking_send(Err(error));
                None
            };
            let mut file = match File::open(path) {
                Ok(file) => file,
                Err(error) => return failed(error),
            };
            let mut hash = md5.then(Md5::new);
            let mut left = size;
            while left > 0 {
                let mut chunk = vec![0; usize::try_from(left).unwrap_or(CHUNK).min(CHUNK)];
                if let Err(error) = file.read_exact(&mut chunk) {
                    return failed(error);
                }
                left -= chunk.len() as u64;
                if let Some(hash) = &mut hash {
                    hash.update(&chunk);
                }
                if sender.blocking_send(Ok(chunk.into())).is_err() {
                    return None;
                }
            }
            // Something was added since: what was sent is not the file.
            match file.read(&mut [0]) {
                Ok(0) => Some(Whole { md5: hash.map(|hash| upper_hex(&hash.finalize())) }),
                _ => None,
            }
        });
        Pass { chunks, end }
    }
}

/// Upper-case hex digits, as the cloud wants an MD5.
fn upper_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn own_name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_str()?.to_owned())
}

/// A name of one object: no folders, nothing that steers.
fn is_name(name: &str) -> bool {
    let bad = |c: char| c.is_control() || matches!(c, '/' | '\\');
    !name.is_empty() && name.len() <= LONGEST_NAME && !name.contains(bad)
}

async fn blocking<T: Send + 'static>(
    path: PathBuf,
    work: impl FnOnce() -> Result<T, UploadError> + Send + 'static,
) -> Result<T, UploadError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(UploadError::Unreadable { path, source: io::Error::other(error) }),
    }
}
