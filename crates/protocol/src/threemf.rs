//! What a 3MF holds: the project, its sliced plates with their filaments, objects, pictures and
//! G-code. Every part is read as a stream, within bounds; nothing is ever unpacked to disk.
//!
//! Whether a file is a 3MF at all is in [`file_kind`](crate::file_kind). Which tray each filament
//! comes from is found in [`map_filaments`].

mod archive;
mod color;
mod error;
mod gcode;
mod inspect;
mod mapping;
mod picture;
mod project;
mod slice_info;
mod sliced;
#[cfg(test)]
mod tests;
mod xml;

use std::io::{Cursor, Read, Seek};

use zip::ZipWriter;

pub use error::BadThreeMf;
pub use gcode::Md5Check;
pub use inspect::{check_gcode_md5, inspect, thumbnail};
pub use mapping::{Mapping, MappingLine, MappingNote, NoFit, Unfit, map_filaments};
pub use picture::{Picture, PictureKind};
pub use sliced::{Object, Plate, PlateFilament, Project, ProjectFilament, SlicedFile, Warning};

use archive::{bad, open};

/// The largest configuration part that is made, in bytes; slicers make some 200 KB. [V]
const MOST_CONFIG: u64 = 8 << 20;

/// The plates of a 3MF that have G-code: their numbers, from 1, in order. None in one that was
/// never sliced.
///
/// # Errors
/// [`BadThreeMf`].
pub fn sliced_plates(file: impl Read + Seek) -> Result<Vec<u32>, BadThreeMf> {
    Ok(inspect::plates(&open(file)?))
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
