//! A storage in a directory of this machine. Nothing leads out of it: names come from
//! [`Place`](super::Place), and symbolic links count as nothing.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::Timestamp;

use super::{Entry, FOLDERS, Place, Reader, StorageError, Writer, sample::samples};

/// Deepest folder that counts when the room is measured; no place is deeper.
const DEEPEST: u32 = 40;

/// Files and folders in a directory.
pub(super) struct OnDisk {
    root: PathBuf,
    capacity: u64,
    used: Arc<AtomicU64>,
}

impl OnDisk {
    /// Makes what is missing; the sample only in a directory that is new.
    pub(super) fn open(root: &Path, capacity: u64) -> io::Result<Self> {
        let is_new = !root.exists();
        for folder in FOLDERS {
            fs::create_dir_all(root.join(folder))?;
        }
        // Not behind a link that somebody made for the root itself, which is his own matter.
        let root = fs::canonicalize(root)?;
        if is_new {
            for (path, content) in samples() {
                fs::write(root.join(path), content)?;
            }
        }
        let used = Arc::new(AtomicU64::new(size_of(&root, DEEPEST)));
        Ok(Self { root, capacity, used })
    }

    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    pub(super) fn look(&self, place: &Place) -> Result<Entry, StorageError> {
        let (_, found) = self.find(place)?;
        entry(place.name().to_owned(), &found).ok_or(StorageError::NotFound)
    }

    pub(super) fn list(&self, folder: &Place) -> Result<Vec<Entry>, StorageError> {
        let path = self.folder(folder)?;
        let children = fs::read_dir(path)?.filter_map(|child| {
            let child = child.ok()?;
            // What no client could name is not shown.
            let name = child.file_name().into_string().ok()?;
            folder.join(&name).ok().filter(|place| place.name() == name)?;
            entry(name, &fs::symlink_metadata(child.path()).ok()?)
        });
        let mut children: Vec<Entry> = children.collect();
        children.sort_by(|a, b| (a.modified, &a.name).cmp(&(b.modified, &b.name)));
        Ok(children)
    }

    pub(super) fn read(&self, place: &Place) -> Result<Box<dyn Reader>, StorageError> {
        let (path, found) = self.find(place)?;
        if found.is_dir() {
            return Err(StorageError::WrongKind);
        }
        Ok(Box::new(fs::File::open(path)?))
    }

    pub(super) fn write(&self, place: &Place) -> Result<Box<dyn Writer>, StorageError> {
        let folder = self.folder(&place.parent().ok_or(StorageError::WrongKind)?)?;
        let mut options = OpenOptions::new();
        match self.find(place) {
            Ok((_, found)) if found.is_dir() => return Err(StorageError::WrongKind),
            Ok((_, found)) => {
                self.give_back(found.len());
                options.write(true).truncate(true)
            }
            // A link that leads elsewhere is in the way of a new file, too.
            Err(StorageError::NotFound) => options.write(true).create_new(true),
            Err(other) => return Err(other),
        };
        let file = options.open(folder.join(place.name()))?;
        Ok(Box::new(Appending { file, capacity: self.capacity, used: Arc::clone(&self.used) }))
    }

    pub(super) fn make_folder(&self, place: &Place) -> Result<(), StorageError> {
        let folder = self.folder(&place.parent().ok_or(StorageError::InTheWay)?)?;
        fs::create_dir(folder.join(place.name())).map_err(StorageError::from)
    }

    pub(super) fn remove(&self, place: &Place) -> Result<(), StorageError> {
        let (path, found) = self.find(place)?;
        if found.is_dir() {
            return Err(StorageError::WrongKind);
        }
        fs::remove_file(path)?;
        self.give_back(found.len());
        Ok(())
    }

    pub(super) fn remove_folder(&self, place: &Place) -> Result<(), StorageError> {
        let path = self.folder(place)?;
        if place.is_root() {
            return Err(StorageError::InTheWay);
        }
        fs::remove_dir(path).map_err(StorageError::from)
    }

    pub(super) fn rename(&self, from: &Place, to: &Place) -> Result<(), StorageError> {
        let (old, found) = self.find(from)?;
        let folder = self.folder(&to.parent().ok_or(StorageError::InTheWay)?)?;
        if from == to {
            return Ok(());
        }
        let replaced = match self.find(to) {
            Ok((_, there)) if found.is_dir() || there.is_dir() => {
                return Err(StorageError::InTheWay);
            }
            Ok((_, there)) => there.len(),
            Err(StorageError::NotFound) => 0,
            Err(other) => return Err(other),
        };
        if to.is_below(from) || from.is_root() {
            return Err(StorageError::InTheWay);
        }
        fs::rename(old, folder.join(to.name()))?;
        self.give_back(replaced);
        Ok(())
    }

    /// What is at a place; a link on the way there or at it is nothing.
    fn find(&self, place: &Place) -> Result<(PathBuf, fs::Metadata), StorageError> {
        let mut path = self.root.clone();
        let mut found = fs::symlink_metadata(&path)?;
        for name in place.names() {
            if !found.is_dir() {
                return Err(StorageError::NotFound);
            }
            path.push(name);
            found = fs::symlink_metadata(&path)?;
            if !found.is_dir() && !found.is_file() {
                return Err(StorageError::NotFound);
            }
        }
        Ok((path, found))
    }

    fn folder(&self, place: &Place) -> Result<PathBuf, StorageError> {
        let (path, found) = self.find(place)?;
        if found.is_dir() { Ok(path) } else { Err(StorageError::WrongKind) }
    }

    fn give_back(&self, bytes: u64) {
        let less = |used: u64| Some(used.saturating_sub(bytes));
        let _ = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

/// `None` for what is neither file nor folder.
fn entry(name: String, found: &fs::Metadata) -> Option<Entry> {
    let modified = found.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
    let size = if found.is_file() { found.len() } else { 0 };
    (found.is_file() || found.is_dir()).then(|| Entry {
        name,
        is_folder: found.is_dir(),
        size,
        modified: modified.unwrap_or(Timestamp::UNIX_EPOCH),
    })
}

fn size_of(folder: &Path, deepest: u32) -> u64 {
    let Ok(children) = fs::read_dir(folder) else { return 0 };
    let sizes = children.flatten().map(|child| match fs::symlink_metadata(child.path()) {
        Ok(found) if found.is_file() => found.len(),
        Ok(found) if found.is_dir() && deepest > 0 => size_of(&child.path(), deepest - 1),
        _ => 0,
    });
    sizes.fold(0, u64::saturating_add)
}

struct Appending {
    file: fs::File,
    capacity: u64,
    used: Arc<AtomicU64>,
}

impl Writer for Appending {
    fn append(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        let size = bytes.len() as u64;
        let fits = |used: u64| used.checked_add(size).filter(|sum| *sum <= self.capacity);
        let counted = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        counted.map_err(|_| StorageError::Full)?;
        self.file.write_all(bytes).map_err(StorageError::from)
    }
}
