//! The zip archive that a 3MF is: opened only when nothing in it is a trick, and its parts read
//! within bounds. What is in the parts is read in the neighbours.

use std::{
    cell::Cell,
    io::{self, Read, Seek, SeekFrom},
    rc::Rc,
};

use zip::{CompressionMethod, ZipArchive, read::ZipFile, result::ZipError};

use super::BadThreeMf;

/// Entries of an archive that are looked at; a project of a hundred plates has some 700.
const MOST_ENTRIES: usize = 10_000;
/// What reading the list of entries may cost, in bytes.
const MOST_LISTED: u64 = 16 << 20;
/// The largest part, and all of them together, unpacked, in bytes.
const MOST_UNPACKED: u64 = 16 << 30;
/// Parts above this size, in bytes, may not have shrunk more than [`MOST_RATIO`] to one.
const SMALL: u64 = 1 << 20;
/// G-code shrinks to a fifth, meshes to a tenth; a bomb of zeros to a thousandth.
const MOST_RATIO: u64 = 200;
/// The end of an archive is looked for in so many bytes: a comment of 64 KiB, and what is around it.
const TAIL: u64 = (1 << 16) + 128;

/// An archive whose list of entries holds.
pub(super) type Archive<R> = ZipArchive<Bounded<R>>;

/// Opens an archive: every name, size and place in it is looked at, no part is unpacked.
pub(super) fn open<R: Read + Seek>(mut file: R) -> Result<Archive<R>, BadThreeMf> {
    check_counts(&mut file)?;
    let left = Rc::new(Cell::new(MOST_LISTED));
    let mut archive =
        ZipArchive::new(Bounded { inner: file, left: Rc::clone(&left) }).map_err(bad)?;
    if archive.len() > MOST_ENTRIES {
        return Err(BadThreeMf::TooMany);
    }
    if archive.has_duplicate_names() {
        return Err(BadThreeMf::Twice { part: "a part".into() });
    }
    let mut names = std::collections::HashSet::new();
    let (mut total, mut first) = (0u64, u64::MAX);
    for at in 0..archive.len() {
        let entry = archive.by_index_data(at).map_err(bad)?;
        let part = shown(entry.name_raw());
        check_name(entry.name_raw(), &part)?;
        // Names of parts do not tell case apart (ECMA-376).
        if !names.insert(entry.name_raw().to_ascii_lowercase()) {
            return Err(BadThreeMf::Twice { part });
        }
        if entry.encrypted() {
            return Err(BadThreeMf::Encrypted { part });
        }
        let (packed, unpacked) = (entry.compressed_size(), entry.size());
        match entry.compression() {
            CompressionMethod::Stored if packed == unpacked => {}
            CompressionMethod::Deflated => {}
            CompressionMethod::Stored => return Err(BadThreeMf::Size { part }),
            _ => return Err(BadThreeMf::Method { part }),
        }
        total = total.saturating_add(unpacked);
        let shrunk = unpacked > SMALL && unpacked / MOST_RATIO > packed;
        if shrunk || total > MOST_UNPACKED {
            return Err(BadThreeMf::Bomb { part });
        }
        first = first.min(entry.header_start());
    }
    if archive.offset() > 0 || (first > 0 && !archive.is_empty()) {
        return Err(BadThreeMf::Prepended);
    }
    if archive.has_overlapping_entries().map_err(bad)? {
        return Err(BadThreeMf::Overlapping);
    }
    left.set(u64::MAX);
    Ok(archive)
}

/// One part, to be read as a stream; `None` when there is none of that name. Reading ends in an
/// error after `most` bytes, and at the end when its checksum is wrong.
pub(super) fn part<'a, R: Read + Seek>(
    archive: &'a mut Archive<R>,
    name: &str,
    most: u64,
) -> Result<Option<Part<ZipFile<'a, Bounded<R>>>>, BadThreeMf> {
    let Some(at) = archive.index_for_name_raw(name.as_bytes()) else { return Ok(None) };
    let entry = archive.by_index(at).map_err(bad)?;
    let size = entry.size();
    if size > most {
        return Err(BadThreeMf::PartTooLarge { part: name.to_owned(), most });
    }
    Ok(Some(Part { inner: entry, left: size }))
}

/// A part as a whole.
pub(super) fn whole<R: Read + Seek>(
    archive: &mut Archive<R>,
    name: &str,
    most: u64,
) -> Result<Option<Vec<u8>>, BadThreeMf> {
    let Some(mut part) = part(archive, name, most)? else { return Ok(None) };
    let mut bytes = Vec::new();
    part.read_to_end(&mut bytes).map_err(|error| damaged(name, error))?;
    Ok(Some(bytes))
}

/// The first bytes of a part, `most` of them at the most; the rest is not unpacked.
pub(super) fn head<R: Read + Seek>(
    archive: &mut Archive<R>,
    name: &str,
    most: u64,
) -> Result<Option<Vec<u8>>, BadThreeMf> {
    let Some(part) = part(archive, name, u64::MAX)? else { return Ok(None) };
    let mut bytes = Vec::new();
    part.take(most).read_to_end(&mut bytes).map_err(|error| damaged(name, error))?;
    Ok(Some(bytes))
}

/// A failure while a part was read.
pub(super) fn damaged(part: &str, source: io::Error) -> BadThreeMf {
    match source.kind() {
        io::ErrorKind::QuotaExceeded => BadThreeMf::Size { part: part.to_owned() },
        io::ErrorKind::InvalidData
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::UnexpectedEof
        | io::ErrorKind::Other => BadThreeMf::PartDamaged { part: part.to_owned(), source },
        _ => BadThreeMf::Unreadable(source),
    }
}

/// A part that may have as many bytes as the archive says, and not one more or less.
pub(super) struct Part<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Part<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        let ends_early = read == 0 && !into.is_empty() && self.left > 0;
        self.left = match self.left.checked_sub(read as u64) {
            Some(left) if !ends_early => left,
            _ => return Err(io::ErrorKind::QuotaExceeded.into()),
        };
        Ok(read)
    }
}

/// A 64-bit directory may claim billions of entries, for which room would be made at once.
fn check_counts<R: Read + Seek>(file: &mut R) -> Result<(), BadThreeMf> {
    let length = file.seek(SeekFrom::End(0)).map_err(BadThreeMf::Unreadable)?;
    let start = length.saturating_sub(TAIL);
    file.seek(SeekFrom::Start(start)).map_err(BadThreeMf::Unreadable)?;
    let mut tail = Vec::new();
    file.by_ref().take(TAIL).read_to_end(&mut tail).map_err(BadThreeMf::Unreadable)?;
    let locators = tail.windows(20).filter(|bytes| bytes.starts_with(b"PK\x06\x07"));
    for locator in locators.take(8) {
        let Some(at) = number(locator, 8) else { continue };
        if at >= length {
            return Err(BadThreeMf::Damaged(ZipError::InvalidArchive(
                "the 64-bit directory is not where the archive says".into(),
            )));
        }
        file.seek(SeekFrom::Start(at)).map_err(BadThreeMf::Unreadable)?;
        let mut end = Vec::new();
        file.by_ref().take(56).read_to_end(&mut end).map_err(BadThreeMf::Unreadable)?;
        if number(&end, 32).is_none_or(|count| count > MOST_ENTRIES as u64) {
            return Err(BadThreeMf::TooMany);
        }
    }
    file.seek(SeekFrom::Start(0)).map_err(BadThreeMf::Unreadable)?;
    Ok(())
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes)
}

/// Names that would lead elsewhere if somebody unpacked them.
fn check_name(name: &[u8], part: &str) -> Result<(), BadThreeMf> {
    let text = str::from_utf8(name).unwrap_or("\\");
    let drive = text.as_bytes().get(1) == Some(&b':');
    let climbs = text.split('/').any(|piece| piece == ".." || piece == ".");
    let odd = text.is_empty() || text.contains('\\') || text.chars().any(char::is_control);
    if odd || drive || climbs || text.starts_with('/') || text.contains("//") {
        return Err(BadThreeMf::Name { part: part.to_owned() });
    }
    Ok(())
}

/// A name for a message.
fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).chars().filter(|c| !c.is_control()).take(100).collect()
}

/// A failure of the archive itself.
pub(super) fn bad(error: ZipError) -> BadThreeMf {
    match error {
        ZipError::Io(error) if error.kind() == io::ErrorKind::QuotaExceeded => BadThreeMf::TooMany,
        ZipError::Io(error)
            if !matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData
            ) =>
        {
            BadThreeMf::Unreadable(error)
        }
        other => BadThreeMf::Damaged(other),
    }
}

/// Ends reading where a hostile list of entries would have it go on.
pub(super) struct Bounded<R> {
    inner: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        if left == 0 {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(into.len());
        let read = self.inner.read(into.get_mut(..most).unwrap_or_default())?;
        self.left.set(left.saturating_sub(read as u64));
        Ok(read)
    }
}

impl<R: Seek> Seek for Bounded<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}
