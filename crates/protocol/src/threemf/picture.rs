//! The pictures of a plate: PNG files of several kinds and sizes.

use std::io::{Read, Seek};

use serde::Serialize;

use super::{
    BadThreeMf,
    archive::{self, Archive},
};

/// The largest picture that is handed out, in bytes.
const MOST_PICTURE: u64 = 16 << 20;

/// What a picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureKind {
    /// The plate as it will look, lit (`plate_N.png`).
    Plate,
    /// The same, small (`plate_N_small.png`).
    Small,
    /// The plate without light (`plate_no_light_N.png`).
    NoLight,
    /// From above (`top_N.png`).
    Top,
    /// From above, each object in the colour of its id (`pick_N.png`): R + (G << 8) + (B << 16).
    Pick,
}

/// A picture that a plate has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Picture {
    /// What it shows.
    pub kind: PictureKind,
    /// Pixels across; 0 when it is no PNG.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The file in bytes.
    pub bytes: u64,
}

impl PictureKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Plate, Self::Small, Self::NoLight, Self::Top, Self::Pick];

    /// The name of the part that holds it.
    fn part(self, plate: u32) -> String {
        match self {
            Self::Plate => format!("Metadata/plate_{plate}.png"),
            Self::Small => format!("Metadata/plate_{plate}_small.png"),
            Self::NoLight => format!("Metadata/plate_no_light_{plate}.png"),
            Self::Top => format!("Metadata/top_{plate}.png"),
            Self::Pick => format!("Metadata/pick_{plate}.png"),
        }
    }
}

/// Which pictures a plate has; of each only its head is read.
pub(super) fn of_plate<R: Read + Seek>(
    archive: &mut Archive<R>,
    plate: u32,
) -> Result<Vec<Picture>, BadThreeMf> {
    let mut pictures = Vec::new();
    for kind in PictureKind::ALL {
        let name = kind.part(plate);
        let Some(at) = archive.index_for_name_raw(name.as_bytes()) else { continue };
        let bytes = archive.by_index_data(at).map_err(archive::bad)?.size();
        let head = archive::head(archive, &name, 24)?.unwrap_or_default();
        let (width, height) = size(&head).unwrap_or((0, 0));
        pictures.push(Picture { kind, width, height, bytes });
    }
    Ok(pictures)
}

/// A picture as it is in the file.
pub(super) fn whole<R: Read + Seek>(
    archive: &mut Archive<R>,
    plate: u32,
    kind: PictureKind,
) -> Result<Option<Vec<u8>>, BadThreeMf> {
    archive::whole(archive, &kind.part(plate), MOST_PICTURE)
}

/// Width and height of a PNG by its first 24 bytes.
fn size(head: &[u8]) -> Option<(u32, u32)> {
    let is_png = head.starts_with(b"\x89PNG\r\n\x1a\n") && head.get(12..16)? == b"IHDR";
    let number = |at: usize| head.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    is_png.then_some((number(16)?, number(20)?))
}
