//! What a 3MF holds, as far as a cloud print must know: which plates are sliced, and the small part
//! of it that the cloud makes its picture and list of settings from.
//!
//! Only names are read, within bounds. Whether a file is a 3MF at all is in
//! [`file_kind`](crate::file_kind).

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use zip::{ZipArchive, ZipWriter, result::ZipError};

/// Entries of an archive that are looked at; a project of a hundred plates has some 700.
const MOST_ENTRIES: usize = 10_000;
/// What reading the list of entries may cost, in bytes.
const MOST_LISTED: u64 = 16 << 20;
/// The largest configuration part that is made, in bytes; slicers make some 200 KB. [V]
const MOST_CONFIG: u64 = 8 << 20;

/// Why a file is no 3MF that can be read.
#[derive(Debug, thiserror::Error)]
pub enum BadThreeMf {
    /// It is damaged, or cut short: export it again.
    #[error("the archive is damaged or cut short; export it again from the slicer")]
    Damaged(#[source] ZipError),
    /// It lists more than a project has: it is none.
    #[error("the archive lists more than any project has; export it again from the slicer")]
    TooMany,
    /// It cannot be read.
    #[error("the file cannot be read; check it and its permissions")]
    Unreadable(#[source] io::Error),
}

/// The plates of a 3MF that have G-code: their numbers, from 1, in order. None in one that was
/// never sliced.
///
/// # Errors
/// [`BadThreeMf`].
pub fn sliced_plates(file: impl Read + Seek) -> Result<Vec<u32>, BadThreeMf> {
    let archive = open(file)?;
    let mut plates: Vec<u32> = archive.file_names_raw().filter_map(plate_of).collect();
    plates.sort_unstable();
    plates.dedup();
    Ok(plates)
}

/// The part of a 3MF that tells about it: settings and pictures, without G-code and meshes, as an
/// archive of its own. Nothing is unpacked. `None` when it would be larger than it ever should.
///
/// # Errors
/// [`BadThreeMf`].
pub fn config_part(file: impl Read + Seek) -> Result<Option<Vec<u8>>, BadThreeMf> {
    let mut archive = open(file)?;
    let mut part = ZipWriter::new(Cursor::new(Vec::new()));
    let mut size = 0u64;
    for at in 0..archive.len() {
        let entry = archive.by_index_raw(at).map_err(bad)?;
        let name = entry.name_raw();
        let told = name.starts_with(b"Metadata/") || name == b"[Content_Types].xml";
        let told = told || name.starts_with(b"_rels/");
        let gcode = name.ends_with(b".gcode") || name.ends_with(b".gcode.md5");
        if !told || gcode || entry.is_dir() {
            continue;
        }
        size = size.saturating_add(entry.compressed_size());
        if size > MOST_CONFIG {
            return Ok(None);
        }
        part.raw_copy_file(entry).map_err(bad)?;
    }
    Ok(Some(part.finish().map_err(bad)?.into_inner()))
}

/// `Metadata/plate_3.gcode` is plate 3.
fn plate_of(name: &[u8]) -> Option<u32> {
    let name = str::from_utf8(name).ok()?;
    let number = name.strip_prefix("Metadata/plate_")?.strip_suffix(".gcode")?;
    let plain = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    number.parse().ok().filter(|_| plain)
}

fn open<R: Read + Seek>(file: R) -> Result<ZipArchive<Bounded<R>>, BadThreeMf> {
    let bounded = Bounded { inner: file, left: MOST_LISTED };
    let archive = ZipArchive::new(bounded).map_err(bad)?;
    if archive.len() > MOST_ENTRIES {
        return Err(BadThreeMf::TooMany);
    }
    Ok(archive)
}

fn bad(error: ZipError) -> BadThreeMf {
    match error {
        ZipError::Io(error) if error.kind() == io::ErrorKind::QuotaExceeded => BadThreeMf::TooMany,
        ZipError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            BadThreeMf::Unreadable(error)
        }
        other => BadThreeMf::Damaged(other),
    }
}

/// Ends reading where a hostile list of entries would have it go on.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(into.len());
        let read = self.inner.read(into.get_mut(..most).unwrap_or_default())?;
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }
}

impl<R: Seek> Seek for Bounded<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(entries: &[(&str, usize)]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let stored =
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        for (name, size) in entries {
            zip.start_file(*name, stored).unwrap();
            zip.write_all(&vec![b'x'; *size]).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    const PROJECT: [(&str, usize); 8] = [
        ("[Content_Types].xml", 10),
        ("_rels/.rels", 10),
        ("3D/3dmodel.model", 5000),
        ("Metadata/plate_10.gcode", 3000),
        ("Metadata/plate_2.gcode", 3000),
        ("Metadata/plate_2.gcode.md5", 32),
        ("Metadata/plate_2.png", 300),
        ("Metadata/plate_02.gcode", 1),
    ];

    #[test]
    fn the_plates_with_gcode_are_told_in_order() {
        assert_eq!(sliced_plates(Cursor::new(archive(&PROJECT))).unwrap(), [2, 10]);
        let unsliced = archive(&[("3D/3dmodel.model", 5), ("Metadata/plate_1.png", 5)]);
        assert!(sliced_plates(Cursor::new(unsliced)).unwrap().is_empty());
    }

    #[test]
    fn the_configuration_part_has_settings_and_pictures_only() {
        let part = config_part(Cursor::new(archive(&PROJECT))).unwrap().unwrap();
        let names = ZipArchive::new(Cursor::new(&part)).unwrap();
        let names: Vec<_> = names.file_names_raw().map(String::from_utf8_lossy).collect();
        assert_eq!(names, ["[Content_Types].xml", "_rels/.rels", "Metadata/plate_2.png"]);
    }

    #[test]
    fn a_configuration_part_that_is_too_large_is_not_made() {
        let large = archive(&[("Metadata/auxiliary.bin", 9 << 20)]);
        assert!(config_part(Cursor::new(large)).unwrap().is_none());
    }

    #[test]
    fn a_damaged_archive_is_told_and_never_a_panic() {
        let whole = archive(&PROJECT);
        for length in (0..whole.len()).step_by(97) {
            let cut = Cursor::new(&whole[..length]);
            assert!(matches!(sliced_plates(cut), Err(BadThreeMf::Damaged(_))), "{length}");
        }
        for at in (0..whole.len()).step_by(31) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xFF;
            let _ = (sliced_plates(Cursor::new(&bytes)), config_part(Cursor::new(&bytes)));
        }
    }
}
