//! The state directory: the one asked for, or a temporary one that goes with the world.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::WorldError;

/// A directory for certificates and keys.
pub(super) struct StateDir {
    path: PathBuf,
    temporary: bool,
}

impl StateDir {
    /// Makes a temporary directory when none is asked for.
    pub(super) fn open(wanted: Option<PathBuf>) -> Result<Self, WorldError> {
        let temporary = wanted.is_none();
        let path = wanted.unwrap_or_else(|| {
            let name = format!("bambu-world-{}-{:08x}", std::process::id(), rand::random::<u32>());
            std::env::temp_dir().join(name)
        });
        let made = if temporary { private_dir(&path) } else { fs::create_dir_all(&path) };
        let path = match made.and_then(|()| fs::canonicalize(&path)) {
            Ok(path) => path,
            Err(source) => return Err(WorldError::StateDir { path, source }),
        };
        Ok(Self { path, temporary })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for StateDir {
    fn drop(&mut self) {
        if self.temporary
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "cannot remove");
        }
    }
}

#[cfg(unix)]
fn private_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn private_dir(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}
