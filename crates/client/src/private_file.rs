//! A file for its owner's eyes alone: read with a bound, replaced in one step, locked by another one.
//!
//! The saved session is in `session.rs`, the proxy tokens are in `proxy_tokens.rs`, known printers in
//! `tls/known/`. What is public here is for programs that keep such a file beside these.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

/// More than this is no file of ours.
const LONGEST: u64 = 4 << 20;
/// Unix mode of a file that its owner alone may read and write.
pub const PRIVATE: u32 = 0o600;

/// Why a file with secrets could not be read or written. The text names the file, never its content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be read: check who may.
    #[error("cannot read {}; check who may read it", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be written; what was there before is still there.
    #[error("cannot write {}, nothing in it was changed; check who may write to its folder", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is a link, which would be replaced by a file: name the file that it leads to.
    #[error("{} is a symbolic link, which is neither replaced nor removed; name the file that it leads to", path.display())]
    Link {
        /// Which file.
        path: PathBuf,
    },
    /// It is not what it should be, so it is left alone.
    #[error("{}, line {line}: this is not {wanted}; move that file away, or name another one", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// Where reading stopped; 0 when nobody can say.
        line: usize,
        /// What it should be.
        wanted: &'static str,
    },
}

impl FileError {
    /// Which file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Read { path, .. }
            | Self::Write { path, .. }
            | Self::Link { path }
            | Self::Foreign { path, .. } => path,
        }
    }
}

/// Its text; `None` when it is not there.
pub(crate) fn read(path: &Path) -> Result<Option<String>, FileError> {
    match text(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(source) => Err(FileError::Read { path: path.to_owned(), source }),
    }
}

/// Its text, of 4 MiB at the most.
///
/// # Errors
/// What the system says, and [`io::ErrorKind::FileTooLarge`].
pub fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let length = File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    if length as u64 > LONGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is over 4 MiB"));
    }
    Ok(text)
}

/// Puts a new file in its place in one step; whoever looks sees the old text or the new one.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), FileError> {
    refuse_link(path)?;
    folder_of(path)
        .and_then(|()| swap(path, text, PRIVATE))
        .map_err(|source| FileError::Write { path: path.to_owned(), source })
}

/// Puts a new file in its place in one step, in a folder that is there and in place of a link, too.
/// It has this Unix mode from its first byte on.
///
/// # Errors
/// What the system says; the old file is still there then.
pub fn swap(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    // A name of its own for each writer, and never one that somebody else has prepared.
    let new = beside(path, &format!("{:08x}.new", rand::random::<u32>()));
    let written = options(mode)
        .create_new(true)
        .open(&new)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

/// Removes it; whether it was there.
pub(crate) fn remove(path: &Path) -> Result<bool, FileError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if is_absent(&error) => Ok(false),
        Err(source) => Err(FileError::Write { path: path.to_owned(), source }),
    }
}

/// Whether others than its owner may read or write it.
#[cfg(unix)]
pub fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
}

/// Whether others than its owner may read or write it; not known here.
#[cfg(not(unix))]
pub fn is_open_to_others(_: &Path) -> bool {
    false
}

/// Opens the lock file beside it; `None` where that cannot be had, because the folder is read-only.
pub(crate) fn lock_file(path: &Path) -> Option<File> {
    folder_of(path).ok()?;
    options(PRIVATE).read(true).create(true).truncate(false).open(beside(path, "lock")).ok()
}

/// Takes the lock, until the file is dropped; `Err` while another process has it. Where the file
/// system knows no locks, everybody gets it.
pub(crate) fn try_lock(file: File) -> Result<File, File> {
    match file.try_lock() {
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(file),
    }
}

/// A link would be replaced by a plain file, behind the back of whoever made it.
pub(crate) fn refuse_link(path: &Path) -> Result<(), FileError> {
    match fs::symlink_metadata(path) {
        Ok(file) if file.is_symlink() => Err(FileError::Link { path: path.to_owned() }),
        _ => Ok(()),
    }
}

/// Whether a file is not there, rather than there and closed to us.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Makes the folder that it is in, if need be, for its owner alone.
///
/// # Errors
/// What the system says.
pub fn folder_of(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => builder.recursive(true).create(folder),
        _ => Ok(()),
    }
}

/// For writing; a file that is made has this Unix mode from its first byte on.
pub(crate) fn options(mode: u32) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{ending}"));
    path.with_file_name(name)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_file_is_for_its_owner_alone_even_where_the_old_one_was_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/er/file");
        assert_eq!(read(&path).unwrap(), None);
        replace(&path, "one").unwrap();
        assert_eq!(mode(&path), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(is_open_to_others(&path));
        replace(&path, "two").unwrap();
        assert!(!is_open_to_others(&path));
        assert_eq!(read(&path).unwrap().as_deref(), Some("two"));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert!(remove(&path).unwrap() && !remove(&path).unwrap());
    }

    #[test]
    fn a_link_is_not_replaced_and_what_it_leads_to_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::write(&real, "old").unwrap();
        symlink(&real, &link).unwrap();
        let error = replace(&link, "new").unwrap_err();
        assert!(matches!(error, FileError::Link { .. }), "{error:?}");
        assert_eq!(read(&link).unwrap().as_deref(), Some("old"));
    }

    #[test]
    fn what_cannot_be_written_keeps_its_old_text() {
        let dir = tempfile::tempdir().unwrap();
        // A folder in its place cannot be replaced, whoever tries.
        let path = dir.path().join("file");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("old"), "old").unwrap();
        let error = replace(&path, "new").unwrap_err();
        assert!(matches!(error, FileError::Write { .. }), "{error:?}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert_eq!(fs::read_to_string(path.join("old")).unwrap(), "old");
    }
}
