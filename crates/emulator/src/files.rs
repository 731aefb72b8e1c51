//! Files with secrets: made whole, readable by their owner alone. What they hold is said where they
//! are written: `certs/files.rs`, `world/ready.rs`.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

/// Replaces a file in one step, readable by its owner alone: a reader sees all of it or none.
///
/// # Errors
/// What the system says: no such directory, no permission, disk full. The old file is still there.
pub fn replace_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}-{:08x}.new", std::process::id(), rand::random::<u32>()));
    let new = path.with_file_name(name);
    let written = write_new(&new, content, 0o600).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        // The failure that is told is the first one.
        let _ = fs::remove_file(&new);
    }
    written
}

/// Writes a file that must not be there yet, down to the disk, with this Unix mode.
pub(crate) fn write_new(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_that_others_could_read_is_replaced_by_one_that_they_cannot() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("env");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        replace_private(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
