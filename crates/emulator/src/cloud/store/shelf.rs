//! The files of the object store: one per object, under numbers, with the index in memory.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::Timestamp;

/// Most objects at once: an empty one costs memory, too.
const MAX_OBJECTS: usize = 20_000;
/// Most keys that are kept for those who refer to them; the oldest is forgotten.
const MAX_KEPT: usize = 10_000;

/// The objects, and the room for more.
pub(super) struct Shelf {
    dir: PathBuf,
    capacity: u64,
    /// Bytes of all files: of objects, of those on their way in, and of those that still go out.
    used: Arc<AtomicU64>,
    next: u64,
    objects: HashMap<String, Entry>,
    kept: HashSet<String>,
    /// Oldest first.
    kept_since: VecDeque<String>,
}

struct Entry {
    number: u64,
    object: Object,
}

/// An object that is there whole.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its file; gone when the last holder of this drops it after it was replaced or dropped.
    file: Arc<Stored>,
    /// Size in bytes.
    pub size: u64,
    /// MD5 of its bytes.
    pub md5: [u8; 16],
    /// `Content-Type` that it was stored with.
    pub content_type: Option<String>,
    /// When it was stored.
    pub stored: Timestamp,
}

impl Object {
    /// Where its bytes are.
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// Its MD5 in upper-case hex, as the service registers files.
    pub fn md5_hex(&self) -> String {
        self.md5.iter().map(|byte| format!("{byte:02X}")).collect()
    }
}

/// A file that goes with its last holder, and gives its room back.
#[derive(Debug)]
struct Stored {
    path: PathBuf,
    size: u64,
    used: Arc<AtomicU64>,
}

impl Drop for Stored {
    fn drop(&mut self) {
        self.used.fetch_sub(self.size, Ordering::Relaxed);
        if let Err(error) = fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.path.display(), %error, "cannot remove");
        }
    }
}

/// Room for an object on its way in; given back with it unless [`Shelf::put`] takes it.
pub(super) struct Room {
    file: Arc<Stored>,
    number: u64,
}

impl Room {
    pub(super) fn path(&self) -> &Path {
        &self.file.path
    }
}

/// Why there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// It is larger than the whole store.
    TooLarge,
    /// What is there is referred to, or on its way in.
    Busy,
}

impl Shelf {
    pub(super) fn open(dir: &Path, capacity: u64) -> io::Result<Self> {
        match fs::remove_dir_all(dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::create_dir_all(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            capacity,
            used: Arc::default(),
            next: 0,
            objects: HashMap::new(),
            kept: HashSet::new(),
            kept_since: VecDeque::new(),
        })
    }

    pub(super) fn capacity(&self) -> u64 {
        self.capacity
    }

    pub(super) fn object(&self, key: &str) -> Option<Object> {
        self.objects.get(key).map(|entry| entry.object.clone())
    }

    /// Room for so many bytes; the oldest objects that nobody refers to go for it.
    pub(super) fn room(&mut self, size: u64) -> Result<Room, Full> {
        if size > self.capacity {
            return Err(Full::TooLarge);
        }
        while self.used().saturating_add(size) > self.capacity || self.objects.len() >= MAX_OBJECTS
        {
            let free = self.objects.iter().filter(|(key, _)| !self.kept.contains(*key));
            let oldest = free.min_by_key(|(_, entry)| entry.number);
            let oldest = oldest.map(|(key, _)| key.clone()).ok_or(Full::Busy)?;
            self.objects.remove(&oldest);
        }
        self.used.fetch_add(size, Ordering::Relaxed);
        self.next = self.next.wrapping_add(1);
        let path = self.dir.join(self.next.to_string());
        let file = Arc::new(Stored { path, size, used: Arc::clone(&self.used) });
        Ok(Room { file, number: self.next })
    }

    /// Takes in what was written; an older object with this key goes.
    pub(super) fn put(
        &mut self,
        key: &str,
        room: Room,
        md5: [u8; 16],
        content_type: Option<String>,
    ) {
        // Whoever began later wins, as with S3.
        if self.objects.get(key).is_some_and(|entry| entry.number > room.number) {
            return;
        }
        let Room { file, number } = room;
        let size = file.size;
        let object = Object { file, size, md5, content_type, stored: Timestamp::now() };
        self.objects.insert(key.to_owned(), Entry { number, object });
    }

    pub(super) fn keep(&mut self, key: &str) {
        if !self.kept.insert(key.to_owned()) {
            return;
        }
        self.kept_since.push_back(key.to_owned());
        if self.kept_since.len() > MAX_KEPT
            && let Some(oldest) = self.kept_since.pop_front()
        {
            self.kept.remove(&oldest);
        }
    }

    pub(super) fn release(&mut self, key: &str) {
        if self.kept.remove(key) {
            self.kept_since.retain(|kept| kept != key);
        }
    }

    fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(shelf: &mut Shelf, key: &str, size: u64) -> Result<PathBuf, Full> {
        let room = shelf.room(size)?;
        let path = room.path().to_owned();
        fs::write(&path, vec![0; size as usize]).unwrap();
        shelf.put(key, room, [0; 16], None);
        Ok(path)
    }

    #[test]
    fn the_oldest_object_that_nobody_refers_to_makes_room() {
        let dir = tempfile::tempdir().unwrap();
        let mut shelf = Shelf::open(&dir.path().join("store"), 100).unwrap();
        shelf.keep("a");
        let (a, b) = (put(&mut shelf, "a", 40).unwrap(), put(&mut shelf, "b", 40).unwrap());
        put(&mut shelf, "c", 40).unwrap();
        assert!(shelf.object("a").is_some() && shelf.object("c").is_some());
        assert!(shelf.object("b").is_none() && a.exists() && !b.exists());
        shelf.keep("c");
        assert_eq!(put(&mut shelf, "d", 40), Err(Full::Busy));
        assert_eq!(put(&mut shelf, "d", 101), Err(Full::TooLarge));
        shelf.release("a");
        put(&mut shelf, "d", 40).unwrap();
        assert!(!a.exists());
    }

    #[test]
    fn what_did_not_come_in_leaves_neither_room_nor_file() {
        let dir = tempfile::tempdir().unwrap();
        let mut shelf = Shelf::open(&dir.path().join("store"), 100).unwrap();
        let room = shelf.room(100).unwrap();
        let path = room.path().to_owned();
        fs::write(&path, b"half").unwrap();
        assert!(matches!(shelf.room(1), Err(Full::Busy)));
        drop(room);
        assert!(!path.exists());
        let first = put(&mut shelf, "a", 60).unwrap();
        let second = put(&mut shelf, "a", 40).unwrap();
        assert!(!first.exists() && second.exists());
        assert_eq!(shelf.used(), 40);
    }
}
