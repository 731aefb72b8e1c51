//! The object store of the simulated cloud: it takes files at signed URLs, as S3 does.
//!
//! `store/face.rs` is what it says over HTTP, `shelf.rs` where the files are, `signature.rs` what
//! is signed. Who gets which URL is decided in `http/upload.rs` and `http/projects.rs`.

mod connection;
mod error;
mod face;
mod shelf;
mod signature;

use std::{
    fmt, io,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use rand::{SeedableRng, rngs::StdRng};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::{
    shelf::Shelf,
    signature::{Signed, encoded, sign},
};
use super::{counts::Counts, letters::word};
use crate::{faults::Faults, simulator::Download};

pub use self::shelf::Object;

/// The bucket that uploads go to [L].
pub const BUCKET: &str = "or-cloud-upload-prod";
/// Bytes of all objects together, unless said otherwise.
pub const DEFAULT_CAPACITY: u64 = 4 << 30;
/// How long a URL for an upload counts; how long the service's do is not known [G].
pub const UPLOAD_LIFE: Duration = Duration::from_secs(60 * 60);
/// How long a URL for a download counts [L].
pub const DOWNLOAD_LIFE: Duration = Duration::from_secs(5 * 60);

/// What a store is made from.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Where [`Store::run`] listens, without a slash at the end.
    pub url: String,
    /// Decides the key pair.
    pub seed: u64,
    /// Bytes of all objects together, such as [`DEFAULT_CAPACITY`].
    pub capacity: u64,
    /// What goes wrong on purpose.
    pub faults: Faults,
    /// Where requests are counted, as `PUT (store)`.
    pub counts: Counts,
}

/// An object store with one bucket and one key pair.
pub struct Store {
    url: String,
    access_key_id: String,
    secret_access_key: String,
    faults: Faults,
    counts: Counts,
    shelf: Mutex<Shelf>,
    /// Numbers the requests.
    asked: AtomicU64,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Store {
    /// An empty store whose files are in `dir`; what an earlier one left there is removed.
    ///
    /// # Errors
    /// What the system says when the directory cannot be emptied or made.
    pub fn open(dir: &Path, setup: Setup) -> io::Result<Self> {
        let Setup { url, seed, capacity, faults, counts } = setup;
        let mut rng = StdRng::seed_from_u64(seed ^ 0x0B1E_C757);
        let shelf = Mutex::new(Shelf::open(dir, capacity)?);
        Ok(Self {
            url,
            access_key_id: format!("AKIA{}", word(&mut rng, UPPER, 16)),
            secret_access_key: word(&mut rng, ALL, 40),
            faults,
            counts,
            shelf,
            asked: AtomicU64::new(0),
        })
    }

    /// Serves it until `shutdown`.
    ///
    /// # Errors
    /// What the system says when the listener fails for good.
    pub async fn run(
        self: Arc<Self>,
        listener: TcpListener,
        shutdown: CancellationToken,
    ) -> io::Result<()> {
        face::serve(self, listener, shutdown).await
    }

    /// Where it is, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The id of its one key pair.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The secret of its one key pair.
    pub fn secret_access_key(&self) -> &str {
        &self.secret_access_key
    }

    /// A URL that takes a file once or more, with an empty `Content-Type` signed [L].
    pub fn presign_put(&self, key: &str) -> String {
        self.presign_put_of(key, "")
    }

    /// A URL that takes a file sent with this `Content-Type` and no other, as the documents have
    /// it [D].
    pub fn presign_put_of(&self, key: &str, content_type: &str) -> String {
        self.signed("PUT", key, UPLOAD_LIFE, content_type)
    }

    /// A URL that gives an object.
    pub fn presign_get(&self, key: &str) -> String {
        self.presign("GET", key, DOWNLOAD_LIFE)
    }

    /// A URL of signature version 2 for one method and one key, good for so long.
    pub fn presign(&self, method: &str, key: &str, life: Duration) -> String {
        self.signed(method, key, life, "")
    }

    fn signed(&self, method: &str, key: &str, life: Duration, content_type: &str) -> String {
        let life = i64::try_from(life.as_secs()).unwrap_or(i64::MAX);
        let expires = Timestamp::now().as_second().saturating_add(life).to_string();
        let path = format!("/{BUCKET}/{}", encoded(key, true));
        let (amz, query) = (&[][..], &[][..]);
        let signed =
            Signed { method, md5: "", content_type, expires: &expires, amz, path: &path, query };
        let signature = encoded(&sign(&self.secret_access_key, &signed.text()), false);
        let id = &self.access_key_id;
        format!("{}{path}?AWSAccessKeyId={id}&Expires={expires}&Signature={signature}", self.url)
    }

    /// The object with this key, if it has been stored.
    pub fn object(&self, key: &str) -> Option<Object> {
        self.shelf().object(key)
    }

    /// The key that a URL of this store names, whatever its query.
    pub fn key_of(&self, url: &str) -> Option<String> {
        let rest = url.strip_prefix(&self.url)?.strip_prefix('/')?;
        let path = rest.split(['?', '#']).next().unwrap_or(rest);
        signature::decoded(path.strip_prefix(BUCKET)?.strip_prefix('/')?, false)
    }

    /// What a URL gives that is to have this MD5 in hex, which may be empty; one that is not of this
    /// store gives a file, as nobody knows better.
    pub fn download(&self, url: &str, md5: &str) -> Download {
        let Some(key) = self.key_of(url) else { return Download::Unseen };
        let right = |object: &Object| md5.is_empty() || object.md5_hex().eq_ignore_ascii_case(md5);
        self.object(&key).filter(right).map_or(Download::Nothing, Download::File)
    }

    /// Keeps this key's object however full the store gets: somebody refers to it.
    pub fn keep(&self, key: &str) {
        self.shelf().keep(key);
    }

    /// Takes [`Store::keep`] back.
    pub fn release(&self, key: &str) {
        self.shelf().release(key);
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request_id(&self) -> String {
        format!("{:016X}", self.asked.fetch_add(1, Ordering::Relaxed).wrapping_add(0x5EED_0001))
    }
}

const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ALL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
