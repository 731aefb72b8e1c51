//! A file on this machine as it was when it was looked into.

use std::{
    fs::{self, File},
    io::{self, BufReader},
    path::Path,
    time::SystemTime,
};

use bambu_protocol::threemf::{self, Md5Check, SlicedFile};

use super::PrintJobError;

#[derive(Debug)]
pub(super) struct Inspected {
    pub(super) file: SlicedFile,
    pub(super) length: u64,
    modified: Option<SystemTime>,
}

impl Inspected {
    /// Looks into it, and at the G-code of one plate. Blocks.
    pub(super) fn of(path: &Path, plate: u32) -> Result<Self, PrintJobError> {
        let unreadable = |source| PrintJobError::Unreadable { path: path.to_owned(), source };
        let name = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bad = |source| PrintJobError::BadFile { name: name(), source };
        let opened = File::open(path).map_err(unreadable)?;
        let about = opened.metadata().map_err(unreadable)?;
        if about.is_dir() {
            return Err(unreadable(io::ErrorKind::IsADirectory.into()));
        }
        let (length, modified) = state(&about);
        let mut reader = BufReader::new(opened);
        let file = threemf::inspect(&mut reader).map_err(bad)?;
        if !file.is_sliced() {
            return Err(PrintJobError::NotSliced { name: name() });
        }
        if file.plates.iter().any(|it| it.index == plate) {
            let check = threemf::check_gcode_md5(&mut reader, plate).map_err(bad)?;
            if matches!(check, Md5Check::Differs { .. }) {
                return Err(PrintJobError::WrongMd5 { plate });
            }
        }
        Ok(Self { file, length, modified })
    }

    /// Whether the file is still the same, by size and time.
    pub(super) fn is_still(&self, path: &Path) -> io::Result<bool> {
        Ok(state(&fs::metadata(path)?) == (self.length, self.modified))
    }
}

fn state(metadata: &fs::Metadata) -> (u64, Option<SystemTime>) {
    (metadata.len(), metadata.modified().ok())
}
