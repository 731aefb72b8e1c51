//! Files that upload URLs were issued for (`user/upload`). What is stored there is `store`'s.

use jiff::Timestamp;

use super::{Library, make_room};

/// Uploads kept per account; the oldest goes.
const MOST: usize = 500;
/// Longest name kept, in characters.
const LONGEST_NAME: usize = 255;

/// A file that was, or is to be, uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Uid of the account.
    pub owner: u64,
    /// Counts up in this world; the documented dialect's `file_id`.
    pub id: u64,
    /// Name, without directories.
    pub name: String,
    /// Size in bytes, as announced; 0 when it was not.
    pub size: u64,
    /// Key of the file in the object store.
    pub key: String,
    /// Key of the text that repeats the size.
    pub size_key: String,
    /// When its URLs were issued.
    pub created: Timestamp,
}

impl Library {
    /// A new upload of this name (its last path segment) and size, with keys of its own.
    pub fn add_upload(&self, owner: u64, name: &str, size: u64, now: Timestamp) -> Upload {
        let mut shelves = self.shelves();
        let shelves = &mut *shelves;
        shelves.last.upload = shelves.last.upload.saturating_add(1);
        let id = shelves.last.upload;
        let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
        let name: String = name.chars().take(LONGEST_NAME).collect();
        let stamp = format!("{}-{}", now.strftime("%Y-%m-%d-%H-%M-%S"), shelves.hex(8));
        let upload = Upload {
            owner,
            id,
            key: format!("users/{owner}/filename/{stamp}/{name}"),
            size_key: format!("users/{owner}/size/{stamp}/{size}"),
            name,
            size,
            created: now,
        };
        make_room(&mut shelves.uploads, MOST, |of| of.owner == owner);
        shelves.uploads.push(upload.clone());
        upload
    }

    /// The account's uploads, newest first.
    pub fn uploads(&self, owner: u64) -> Vec<Upload> {
        let shelves = self.shelves();
        shelves.uploads.iter().rev().filter(|of| of.owner == owner).cloned().collect()
    }

    /// The account's upload with this number.
    pub fn upload(&self, owner: u64, id: u64) -> Option<Upload> {
        self.shelves().uploads.iter().find(|of| of.owner == owner && of.id == id).cloned()
    }
}
