//! Why a file is no 3MF that can be read, by kind.

use std::io;

use zip::result::ZipError;

/// Why a file is no 3MF that can be read. The text tells the cause and the next step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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
    /// A zip archive of something else.
    #[error("the archive holds neither a model nor G-code; export a 3MF from the slicer")]
    NotThreeMf,
    /// Something stands in front of the archive.
    #[error("something stands in front of the archive; export it again from the slicer")]
    Prepended,
    /// Two parts lie in the same bytes, as in a zip bomb.
    #[error("parts of the archive lie over one another; export it again from the slicer")]
    Overlapping,
    /// A part needs a password.
    #[error("{part} is encrypted; export the project without a password")]
    Encrypted {
        /// Its name.
        part: String,
    },
    /// A part is packed in a way that printers do not unpack: neither stored nor deflated.
    #[error("{part} is packed in a way that printers do not know; export it from the slicer")]
    Method {
        /// Its name.
        part: String,
    },
    /// A name that leads out of the archive, or is none.
    #[error("a part is named {part:?}, which is no name in a 3MF; export it from the slicer")]
    Name {
        /// It.
        part: String,
    },
    /// Two parts have one name, so that two programs would read two files.
    #[error("{part} is in the archive twice; export it again from the slicer")]
    Twice {
        /// Its name.
        part: String,
    },
    /// A part unpacks to far more than any project has.
    #[error("{part} unpacks to far more than a project holds; do not open this file")]
    Bomb {
        /// Its name.
        part: String,
    },
    /// A part that is read whole is too large for that.
    #[error("{part} has more than {} MiB, which no slicer writes; export it again", most >> 20)]
    PartTooLarge {
        /// Its name.
        part: String,
        /// What it may have, in bytes.
        most: u64,
    },
    /// A part has other than the bytes that the archive says.
    #[error("{part} is not as long as the archive says; export it again from the slicer")]
    Size {
        /// Its name.
        part: String,
    },
    /// A part cannot be unpacked, or its checksum is wrong.
    #[error("{part} is damaged; export it again from the slicer, or copy the file again")]
    PartDamaged {
        /// Its name.
        part: String,
        /// How.
        source: io::Error,
    },
    /// A part cannot be understood: broken XML or JSON, entities, text that is no UTF-8.
    #[error("{part} cannot be understood: {why}; export it again from the slicer")]
    Syntax {
        /// Its name.
        part: String,
        /// What is wrong.
        why: String,
    },
    /// The file has no such plate.
    #[error("the file has no sliced plate {plate} ({}); name one that it has", had(plates))]
    NoPlate {
        /// What was asked for.
        plate: u32,
        /// What there is.
        plates: Vec<u32>,
    },
}

fn had(plates: &[u32]) -> String {
    match plates {
        [] => "none is sliced".into(),
        [one] => format!("it has plate {one}"),
        [first, .., last] if plates.len() > 8 => {
            format!("it has {} plates from {first} to {last}", plates.len())
        }
        some => {
            let some: Vec<_> = some.iter().map(u32::to_string).collect();
            format!("it has plates {}", some.join(", "))
        }
    }
}
