//! What a printer has stored: folders and files, in memory or in a directory of this machine, and the
//! room that there is for them.
//!
//! `ftps.rs` shows it to others; a job of `simulator` reads its file from it. Everything here blocks,
//! for as long as a local disk takes.

mod folder;
mod memory;
mod place;
mod sample;

use std::{
    fmt,
    io::{self, Read, Seek},
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use jiff::Timestamp;

use self::{folder::OnDisk, memory::InMemory};
pub use self::{
    place::{InvalidName, Place},
    sample::sample,
};
use crate::faults::{Fault, Faults};

/// Bytes that a printer stores in memory when nobody says otherwise.
pub const DEFAULT_CAPACITY: u64 = 256 << 20;

/// The folders that are there from the start [L].
const FOLDERS: [&str; 8] =
    ["cache", "image", "ipcam", "logger", "model", "recorder", "timelapse", "timelapse/thumbnail"];
/// The storage of one printer. A clone is the same one.
///
/// As on the observed server, a file is there under its name from its first byte on, and what came
/// stays when the rest does not [V].
#[derive(Clone)]
pub struct Storage(Arc<Inner>);

struct Inner {
    faults: Faults,
    /// `None`: in memory.
    directory: Option<PathBuf>,
    capacity: u64,
    /// Made when somebody looks: a thousand printers are rarely all asked.
    shelf: OnceLock<Result<Shelf, io::ErrorKind>>,
}

enum Shelf {
    Memory(InMemory),
    Disk(OnDisk),
}

/// A file or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its own name, without folders.
    pub name: String,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// Size in bytes; 0 for a folder.
    pub size: u64,
    /// When it was changed last.
    pub modified: Timestamp,
}

/// What a file is read through.
pub trait Reader: Read + Seek + Send {}
impl<R: Read + Seek + Send> Reader for R {}

/// What a file is written through.
pub trait Writer: Send {
    /// Adds these bytes at the end.
    ///
    /// # Errors
    /// [`StorageError::Full`] when not all of them have a place; none of them is written then.
    fn append(&mut self, bytes: &[u8]) -> Result<(), StorageError>;
}

/// Why the storage did not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// No card or stick is in.
    #[error("there is no storage in the printer")]
    Absent,
    /// Nothing has this name, or a folder on the way is missing.
    #[error("no such file or folder")]
    NotFound,
    /// It is a folder where a file was wanted, or the other way round.
    #[error("it is not of this kind")]
    WrongKind,
    /// There is something of this name, or it is the root.
    #[error("something is in the way")]
    InTheWay,
    /// The folder holds something.
    #[error("the folder is not empty")]
    NotEmpty,
    /// There is no room.
    #[error("the storage is full")]
    Full,
    /// The system says no.
    #[error("the storage cannot do it: {0}")]
    System(io::ErrorKind),
}

impl Storage {
    /// One in memory that holds so many bytes, with the folders and the sample from the start.
    pub fn in_memory(capacity: u64, faults: Faults) -> Self {
        Self(Arc::new(Inner { faults, directory: None, capacity, shelf: OnceLock::new() }))
    }

    /// One in this directory, which is made when it is first used; what lies there counts. Symbolic
    /// links in it are not followed and not shown.
    pub fn in_directory(directory: PathBuf, capacity: u64, faults: Faults) -> Self {
        let directory = Some(directory);
        Self(Arc::new(Inner { faults, directory, capacity, shelf: OnceLock::new() }))
    }

    fn shelf(&self) -> Result<&Shelf, StorageError> {
        if self.0.faults.is_on(Fault::NoStorage) {
            return Err(StorageError::Absent);
        }
        let made = self.0.shelf.get_or_init(|| self.0.make().map_err(|error| error.kind()));
        made.as_ref().map_err(|kind| StorageError::System(*kind))
    }

    /// Whether a card or stick is in.
    pub fn is_present(&self) -> bool {
        !self.0.faults.is_on(Fault::NoStorage)
    }

    /// Bytes that are free.
    ///
    /// # Errors
    /// [`StorageError::Absent`] and [`StorageError::System`].
    pub fn free(&self) -> Result<u64, StorageError> {
        let used = match self.shelf()? {
            Shelf::Memory(memory) => memory.used(),
            Shelf::Disk(disk) => disk.used(),
        };
        let full = self.0.faults.is_on(Fault::StorageFull);
        Ok(if full { 0 } else { self.0.capacity.saturating_sub(used) })
    }

    /// What is at this place.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] among others.
    pub fn look(&self, place: &Place) -> Result<Entry, StorageError> {
        match self.shelf()? {
            Shelf::Memory(memory) => memory.look(place),
            Shelf::Disk(disk) => disk.look(place),
        }
    }

    /// What is in a folder, in the order in which it came there.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] and [`StorageError::WrongKind`] among others.
    pub fn list(&self, folder: &Place) -> Result<Vec<Entry>, StorageError> {
        match self.shelf()? {
            Shelf::Memory(memory) => memory.list(folder),
            Shelf::Disk(disk) => disk.list(folder),
        }
    }

    /// A file as it is now, to be read.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] and [`StorageError::WrongKind`] among others.
    pub fn read(&self, place: &Place) -> Result<Box<dyn Reader>, StorageError> {
        match self.shelf()? {
            Shelf::Memory(memory) => memory.read(place),
            Shelf::Disk(disk) => disk.read(place),
        }
    }

    /// A file to be written, empty from now on.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] without its folder, [`StorageError::WrongKind`] where a folder is,
    /// [`StorageError::Full`].
    pub fn write(&self, place: &Place) -> Result<Box<dyn Writer>, StorageError> {
        let shelf = self.shelf()?;
        if self.0.faults.is_on(Fault::StorageFull) {
            return Err(StorageError::Full);
        }
        match shelf {
            Shelf::Memory(memory) => memory.write(place),
            Shelf::Disk(disk) => disk.write(place),
        }
    }

    /// Makes a folder.
    ///
    /// # Errors
    /// [`StorageError::InTheWay`], [`StorageError::NotFound`] without the folder above it, and more.
    pub fn make_folder(&self, place: &Place) -> Result<(), StorageError> {
        match self.shelf()? {
            Shelf::Memory(memory) => memory.make_folder(place),
            Shelf::Disk(disk) => disk.make_folder(place),
        }
    }

    /// Removes a file.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] and [`StorageError::WrongKind`] among others.
    pub fn remove(&self, place: &Place) -> Result<(), StorageError> {
        match self.shelf()? {
            Shelf::Memory(memory) => memory.remove(place),
            Shelf::Disk(disk) => disk.remove(place),
        }
    }

    /// Removes an empty folder.
    ///
    /// # Errors
    /// [`StorageError::NotEmpty`] among others.
    pub fn remove_folder(&self, place: &Place) -> Result<(), StorageError> {
        match self.shelf()? {
            Shelf::Memory(memory) => memory.remove_folder(place),
            Shelf::Disk(disk) => disk.remove_folder(place),
        }
    }

    /// Gives a file or folder another name or place; a file there is replaced.
    ///
    /// # Errors
    /// [`StorageError::InTheWay`] where a folder is, and into itself; more.
    pub fn rename(&self, from: &Place, to: &Place) -> Result<(), StorageError> {
        match self.shelf()? {
            Shelf::Memory(memory) => memory.rename(from, to),
            Shelf::Disk(disk) => disk.rename(from, to),
        }
    }
}

impl From<io::Error> for StorageError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound,
            io::ErrorKind::AlreadyExists => Self::InTheWay,
            io::ErrorKind::DirectoryNotEmpty => Self::NotEmpty,
            io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => Self::WrongKind,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            kind => Self::System(kind),
        }
    }
}

impl Inner {
    fn make(&self) -> io::Result<Shelf> {
        Ok(match &self.directory {
            None => Shelf::Memory(InMemory::new(self.capacity)),
            Some(directory) => Shelf::Disk(OnDisk::open(directory, self.capacity)?),
        })
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage").field("directory", &self.0.directory).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
