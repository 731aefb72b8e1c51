//! What kind of file somebody wants to print or upload, told by its first bytes.
//!
//! What is inside a 3MF is read in [`threemf`](crate::threemf).

use std::fmt;

/// How many bytes of a file [`FileKind::of`] wants to see; shorter files are shown whole.
pub const HEAD: usize = 4096;

/// The largest file that the cloud takes, in bytes: 1 GiB. [V]
pub const LARGEST: u64 = 1 << 30;

/// A kind of file that the cloud stores. Only a sliced 3MF can be printed from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// A 3MF project, sliced or not: a zip archive.
    ThreeMf,
    /// G-code as text.
    Gcode,
    /// A mesh, binary or text.
    Stl,
    /// A CAD model, ISO 10303-21.
    Step,
}

/// Why a file is none that the cloud stores. `name` is the file's name, without its folders.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownKind {
    /// The name says nothing that is known: name it after what it is.
    #[error("{name}: the cloud takes .3mf, .gcode, .stl and .step files; export it as one of them")]
    Name {
        /// The file's name.
        name: String,
    },
    /// The bytes are not what the name says: export it again.
    #[error("{name} is no {kind}: {found}; export it again from the slicer")]
    Content {
        /// The file's name.
        name: String,
        /// What the name says.
        kind: FileKind,
        /// What its first bytes are.
        found: &'static str,
    },
}

impl FileKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::ThreeMf, Self::Gcode, Self::Stl, Self::Step];

    /// The kind of a file: its name says what it should be, its first [`HEAD`] bytes whether it is.
    ///
    /// # Errors
    /// [`UnknownKind`].
    pub fn of(name: &str, head: &[u8]) -> Result<Self, UnknownKind> {
        let kind = Self::named(name).ok_or_else(|| UnknownKind::Name { name: name.to_owned() })?;
        match kind.fault(head) {
            None => Ok(kind),
            Some(found) => Err(UnknownKind::Content { name: name.to_owned(), kind, found }),
        }
    }

    /// What a name says. `part.gcode.3mf` is a 3MF, as slicers name sliced ones.
    pub fn named(name: &str) -> Option<Self> {
        let (stem, ending) = name.rsplit_once('.')?;
        if stem.is_empty() {
            return None;
        }
        match ending.to_ascii_lowercase().as_str() {
            "3mf" => Some(Self::ThreeMf),
            "gcode" | "gco" | "g" => Some(Self::Gcode),
            "stl" => Some(Self::Stl),
            "step" | "stp" => Some(Self::Step),
            _ => None,
        }
    }

    /// What the first bytes are, where they cannot be the beginning of this kind.
    fn fault(self, head: &[u8]) -> Option<&'static str> {
        let fits = match self {
            Self::ThreeMf => is_zip(head),
            Self::Gcode => is_text(head) && has_gcode(head),
            Self::Stl => !is_page(head) && (is_text_mesh(head) || is_binary_mesh(head)),
            Self::Step => plain_start(head).starts_with(b"ISO-10303-21"),
        };
        (!fits).then(|| what_it_is(head))
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ThreeMf => "3MF",
            Self::Gcode => "G-code",
            Self::Stl => "STL",
            Self::Step => "STEP",
        })
    }
}

/// What somebody who wonders is told about bytes that do not fit.
fn what_it_is(head: &[u8]) -> &'static str {
    match head {
        [] => "it is empty",
        _ if is_zip(head) => "it is a zip archive",
        _ if is_page(head) => "it is a web page",
        _ if plain_start(head).starts_with(b"ISO-10303-21") => "it is a STEP file",
        _ if is_text(head) && has_gcode(head) => "it is G-code",
        _ if is_text_mesh(head) => "it is an STL",
        _ if is_text(head) => "it is some other text",
        _ => "its first bytes say otherwise",
    }
}

fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04")
}

fn is_page(head: &[u8]) -> bool {
    let start = plain_start(head).get(..64).unwrap_or(plain_start(head)).to_ascii_lowercase();
    [&b"<!doctype"[..], b"<html", b"<?xml", b"<head", b"<body"]
        .iter()
        .any(|mark| start.starts_with(mark))
}

/// The bytes after a byte order mark and white space.
fn plain_start(head: &[u8]) -> &[u8] {
    head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start()
}

/// Text in any encoding that keeps ASCII: no control bytes but white space.
fn is_text(head: &[u8]) -> bool {
    head.iter().all(|&byte| byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C))
}

/// A comment or a command of G-code opens one of the first lines.
fn has_gcode(head: &[u8]) -> bool {
    let command = |line: &[u8]| match line.trim_ascii_start() {
        [b';' | b'%', ..] => true,
        [b'G' | b'M' | b'T' | b'g' | b'm' | b't', digit, ..] => digit.is_ascii_digit(),
        _ => false,
    };
    !is_page(head) && plain_start(head).split(|&byte| byte == b'\n').take(20).any(command)
}

fn is_text_mesh(head: &[u8]) -> bool {
    is_text(head) && plain_start(head).get(..5).is_some_and(|word| word == b"solid")
}

/// 80 free bytes, then how many triangles follow at 50 bytes each.
fn is_binary_mesh(head: &[u8]) -> bool {
    let count = head.get(80..84).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
    count.is_some_and(|count| count > 0 && u64::from(count) * 50 <= LARGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binary_mesh(triangles: u32) -> Vec<u8> {
        let mut head = b"exported".to_vec();
        head.resize(80, 0);
        head.extend(triangles.to_le_bytes());
        head
    }

    #[test]
    fn every_kind_is_known_by_name_and_first_bytes() {
        let good: [(&str, &[u8], FileKind); 8] = [
            ("a.3mf", b"PK\x03\x04rest", FileKind::ThreeMf),
            ("A.GCODE.3MF", b"PK\x03\x04", FileKind::ThreeMf),
            ("a.gcode", b"; HEADER_BLOCK_START\n; x\nG28\n", FileKind::Gcode),
            ("a.gco", b"\xEF\xBB\xBFG28\r\n", FileKind::Gcode),
            ("a.stl", b"solid cube\n facet normal 0 0 1\n", FileKind::Stl),
            ("a.stl", &binary_mesh(12), FileKind::Stl),
            ("a.step", b"ISO-10303-21;\nHEADER;", FileKind::Step),
            ("a.STP", b"\r\nISO-10303-21;", FileKind::Step),
        ];
        for (name, head, kind) in good {
            assert_eq!(FileKind::of(name, head), Ok(kind), "{name}");
        }
    }

    #[test]
    fn a_name_does_not_make_a_file_what_it_is_not() {
        let page = b"<!DOCTYPE html><html><body>solid G28".repeat(4);
        let bad: [(&str, &[u8], &str); 9] = [
            ("a.3mf", b"", "it is empty"),
            ("a.3mf", b"G28\n", "it is G-code"),
            ("a.3mf", &page, "it is a web page"),
            ("a.gcode", b"PK\x03\x04\x14", "it is a zip archive"),
            ("a.gcode", b"dear diary\n", "it is some other text"),
            ("a.stl", &page, "it is a web page"),
            ("a.stl", &binary_mesh(0), "its first bytes say otherwise"),
            ("a.stl", &[b'x'; 200], "it is some other text"),
            ("a.step", b"solid cube\n", "it is an STL"),
        ];
        for (name, head, told) in bad {
            let Err(UnknownKind::Content { found, .. }) = FileKind::of(name, head) else {
                panic!("{name} was taken");
            };
            assert_eq!(found, told, "{name}");
        }
        for name in ["a", "a.zip", ".3mf", "3mf", "", "a.3mf.exe"] {
            assert!(matches!(FileKind::of(name, b"PK\x03\x04"), Err(UnknownKind::Name { .. })));
        }
    }
}
