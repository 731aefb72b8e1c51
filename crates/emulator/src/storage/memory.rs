//! A storage in memory.

use std::{
    collections::BTreeMap,
    io::{self, Read, Seek, SeekFrom},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use jiff::Timestamp;

use super::{Entry, FOLDERS, Place, Reader, StorageError, Writer, sample::samples};

/// Most files and folders: an empty one costs memory, too.
const MOST: usize = 20_000;

/// Files and folders in memory.
pub(super) struct InMemory {
    capacity: u64,
    used: Arc<AtomicU64>,
    tree: Mutex<Tree>,
}

struct Tree {
    nodes: BTreeMap<Place, Node>,
    /// Counts what came.
    next: u64,
}

#[derive(Clone)]
struct Node {
    /// `None`: a folder.
    file: Option<Arc<File>>,
    order: u64,
    made: Timestamp,
}

/// A file's bytes; they last as long as somebody reads or writes them.
struct File {
    content: Mutex<Content>,
    used: Arc<AtomicU64>,
}

struct Content {
    pieces: Vec<Bytes>,
    size: u64,
    modified: Timestamp,
}

impl File {
    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let size = self.content().size;
        self.used.fetch_sub(size, Ordering::Relaxed);
    }
}

impl InMemory {
    /// With the folders and files that are there from the start.
    pub(super) fn new(capacity: u64) -> Self {
        let tree = Mutex::new(Tree { nodes: BTreeMap::new(), next: 0 });
        let shelf = Self { capacity, used: Arc::default(), tree };
        let place = |path: &str| Place::root().join(path).unwrap_or_default();
        for folder in FOLDERS {
            let _ = shelf.make_folder(&place(folder));
        }
        for (path, content) in samples() {
            // A store that is smaller than the sample begins without it.
            if let Ok(file) = shelf.create(&place(path))
                && add(&file, content, capacity).is_err()
            {
                let _ = shelf.remove(&place(path));
            }
        }
        shelf
    }

    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    pub(super) fn look(&self, place: &Place) -> Result<Entry, StorageError> {
        let tree = self.tree();
        if place.is_root() {
            let modified = Timestamp::UNIX_EPOCH;
            return Ok(Entry { name: String::new(), is_folder: true, size: 0, modified });
        }
        let node = tree.nodes.get(place).ok_or(StorageError::NotFound)?;
        Ok(entry(place, node))
    }

    pub(super) fn list(&self, folder: &Place) -> Result<Vec<Entry>, StorageError> {
        let tree = self.tree();
        tree.folder(folder)?;
        let children =
            tree.nodes.iter().filter(|(place, _)| place.parent().as_ref() == Some(folder));
        let mut children: Vec<(&Place, &Node)> = children.collect();
        children.sort_by_key(|(_, node)| node.order);
        Ok(children.into_iter().map(|(place, node)| entry(place, node)).collect())
    }

    pub(super) fn read(&self, place: &Place) -> Result<Box<dyn Reader>, StorageError> {
        let node = self.tree().nodes.get(place).cloned();
        let file = node.ok_or(StorageError::NotFound)?.file.ok_or(StorageError::WrongKind)?;
        let content = file.content();
        let pieces = content.pieces.clone();
        drop(content);
        let ends = pieces.iter().scan(0_u64, |end, piece| {
            *end = end.saturating_add(piece.len() as u64);
            Some(*end)
        });
        Ok(Box::new(Pieces { ends: ends.collect(), pieces, at: 0, _file: file }))
    }

    pub(super) fn write(&self, place: &Place) -> Result<Box<dyn Writer>, StorageError> {
        let file = self.create(place)?;
        Ok(Box::new(Appending { file, capacity: self.capacity }))
    }

    fn create(&self, place: &Place) -> Result<Arc<File>, StorageError> {
        let mut tree = self.tree();
        tree.folder(&place.parent().ok_or(StorageError::WrongKind)?)?;
        if tree.nodes.get(place).is_some_and(|node| node.file.is_none()) {
            return Err(StorageError::WrongKind);
        }
        let content = Content { pieces: Vec::new(), size: 0, modified: Timestamp::now() };
        let file = Arc::new(File { content: Mutex::new(content), used: Arc::clone(&self.used) });
        tree.put(place, Some(Arc::clone(&file)))?;
        Ok(file)
    }

    pub(super) fn make_folder(&self, place: &Place) -> Result<(), StorageError> {
        let mut tree = self.tree();
        tree.folder(&place.parent().ok_or(StorageError::InTheWay)?)?;
        if tree.nodes.contains_key(place) {
            return Err(StorageError::InTheWay);
        }
        tree.put(place, None)
    }

    pub(super) fn remove(&self, place: &Place) -> Result<(), StorageError> {
        let mut tree = self.tree();
        let node = tree.nodes.get(place).ok_or(StorageError::NotFound)?;
        if node.file.is_none() {
            return Err(StorageError::WrongKind);
        }
        tree.nodes.remove(place);
        Ok(())
    }

    pub(super) fn remove_folder(&self, place: &Place) -> Result<(), StorageError> {
        let mut tree = self.tree();
        tree.folder(place)?;
        if place.is_root() {
            return Err(StorageError::InTheWay);
        }
        if tree.nodes.keys().any(|other| other.is_below(place)) {
            return Err(StorageError::NotEmpty);
        }
        tree.nodes.remove(place);
        Ok(())
    }

    pub(super) fn rename(&self, from: &Place, to: &Place) -> Result<(), StorageError> {
        let mut tree = self.tree();
        let is_folder = tree.nodes.get(from).ok_or(StorageError::NotFound)?.file.is_none();
        tree.folder(&to.parent().ok_or(StorageError::InTheWay)?)?;
        if from == to {
            return Ok(());
        }
        let in_the_way = tree.nodes.get(to).is_some_and(|node| is_folder || node.file.is_none());
        if in_the_way || to.is_below(from) {
            return Err(StorageError::InTheWay);
        }
        let moved: Vec<Place> = tree
            .nodes
            .keys()
            .filter(|place| *place == from || place.is_below(from))
            .cloned()
            .collect();
        for old in moved {
            let rest = old.names().get(from.names().len()..).unwrap_or_default().join("/");
            let Ok(new) = to.join(&rest) else { return Err(StorageError::InTheWay) };
            if let Some(node) = tree.nodes.remove(&old) {
                tree.nodes.insert(new, node);
            }
        }
        Ok(())
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tree {
    /// Whether there is this folder.
    fn folder(&self, place: &Place) -> Result<(), StorageError> {
        match self.nodes.get(place) {
            _ if place.is_root() => Ok(()),
            None => Err(StorageError::NotFound),
            Some(node) if node.file.is_some() => Err(StorageError::WrongKind),
            Some(_) => Ok(()),
        }
    }

    fn put(&mut self, place: &Place, file: Option<Arc<File>>) -> Result<(), StorageError> {
        if self.nodes.len() >= MOST {
            return Err(StorageError::Full);
        }
        self.next = self.next.saturating_add(1);
        let node = Node { file, order: self.next, made: Timestamp::now() };
        self.nodes.insert(place.clone(), node);
        Ok(())
    }
}

fn entry(place: &Place, node: &Node) -> Entry {
    let (size, modified) = node.file.as_ref().map_or((0, node.made), |file| {
        let content = file.content();
        (content.size, content.modified)
    });
    Entry { name: place.name().to_owned(), is_folder: node.file.is_none(), size, modified }
}

/// Adds bytes to a file if there is room for all of them.
fn add(file: &File, bytes: Bytes, capacity: u64) -> Result<(), StorageError> {
    let size = bytes.len() as u64;
    let fits = |used: u64| used.checked_add(size).filter(|sum| *sum <= capacity);
    let counted = file.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
    counted.map_err(|_| StorageError::Full)?;
    let mut content = file.content();
    content.size = content.size.saturating_add(size);
    content.modified = Timestamp::now();
    content.pieces.push(bytes);
    Ok(())
}

struct Appending {
    file: Arc<File>,
    capacity: u64,
}

impl Writer for Appending {
    fn append(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        add(&self.file, Bytes::copy_from_slice(bytes), self.capacity)
    }
}

/// A file as it was when it was opened.
struct Pieces {
    pieces: Vec<Bytes>,
    /// Where each piece ends.
    ends: Vec<u64>,
    at: u64,
    /// Its room is not given back before.
    _file: Arc<File>,
}

impl Read for Pieces {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let number = self.ends.partition_point(|end| *end <= self.at);
        let (Some(piece), Some(end)) = (self.pieces.get(number), self.ends.get(number)) else {
            return Ok(0);
        };
        let left = usize::try_from(end.saturating_sub(self.at)).unwrap_or(0);
        let mut rest = piece.get(piece.len().saturating_sub(left)..).unwrap_or_default();
        let taken = rest.read(buf)?;
        self.at = self.at.saturating_add(taken as u64);
        Ok(taken)
    }
}

impl Seek for Pieces {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let size = self.ends.last().copied().unwrap_or(0);
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => size.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
