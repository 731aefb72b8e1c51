//! Names and paths that a printer's storage takes.

use md5::{Digest as _, Md5};

/// Longest path in bytes, well below what a line of the dialect carries.
const LONGEST_PATH: usize = 1024;
/// Longest name in bytes: what FAT and ext4 keep.
const LONGEST_NAME: usize = 255;

/// A path that is not sent to a printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPath {
    /// No name in it.
    #[error("it is empty")]
    Empty,
    /// It would end the command line, or mean something else to the printer's terminal.
    #[error("it has control characters")]
    Control,
    /// `.` or `..` in it.
    #[error("it has . or .. as a part")]
    Dots,
    /// More than 255 bytes in a name, or 1024 in all.
    #[error("it is too long")]
    TooLong,
}

/// A path in the one form that is sent: from the root, without doubled or closing slashes.
///
/// # Errors
/// [`BadPath`].
pub fn remote_path(path: &str) -> Result<String, BadPath> {
    if path.is_empty() {
        return Err(BadPath::Empty);
    }
    if path.chars().any(char::is_control) {
        return Err(BadPath::Control);
    }
    let mut clean = String::with_capacity(path.len() + 1);
    for part in path.split('/').filter(|part| !part.is_empty()) {
        match part {
            "." | ".." => return Err(BadPath::Dots),
            _ if part.len() > LONGEST_NAME => return Err(BadPath::TooLong),
            _ => {
                clean.push('/');
                clean.push_str(part);
            }
        }
    }
    if clean.len() > LONGEST_PATH {
        return Err(BadPath::TooLong);
    }
    if clean.is_empty() {
        clean.push('/');
    }
    Ok(clean)
}

/// The folder that a path of [`remote_path`] is in; of the root the root.
pub fn folder_of(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some((folder, _)) if !folder.is_empty() => folder,
        _ => "/",
    }
}

/// The last part of a path; empty for the root.
pub fn name_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Where an upload to `path` stands until it is complete: beside it, under a name that no printer
/// offers for printing. Always the same for one path, so that a second try overwrites what a first
/// one left behind.
pub fn partial_path(path: &str) -> String {
    let digest = Md5::digest(name_of(path).as_bytes());
    let [a, b, c, d, ..] = digest.0;
    let folder = folder_of(path).trim_end_matches('/');
    format!("{folder}/bambu-{a:02x}{b:02x}{c:02x}{d:02x}.part")
}

/// The name under which a project is stored: as the vendor cleans it, no slashes, no control
/// characters, no dots, slashes or spaces before it, no dots or spaces after it. Empty when nothing
/// is left. [L]
pub fn upload_name(name: &str) -> String {
    let clean: String = name
        .trim_start_matches(['.', '/', '\\', ' '])
        .trim_end_matches([' ', '.'])
        .chars()
        .map(|c| if matches!(c, '/' | '\\') || c.is_control() { '_' } else { c })
        .collect();
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_form_and_cannot_smuggle_a_command() {
        for (path, clean) in [
            ("cube.3mf", "/cube.3mf"),
            ("/a//b/", "/a/b"),
            ("/", "/"),
            ("two  spaces Ü", "/two  spaces Ü"),
            ("...", "/..."),
        ] {
            assert_eq!(remote_path(path).as_deref(), Ok(clean));
        }
        for (path, why) in [
            ("", BadPath::Empty),
            ("a\r\nDELE b", BadPath::Control),
            ("a\0", BadPath::Control),
            ("../a", BadPath::Dots),
            ("/a/./b", BadPath::Dots),
            (&"a".repeat(256), BadPath::TooLong),
            (&"a/".repeat(600), BadPath::TooLong),
        ] {
            assert_eq!(remote_path(path), Err(why), "{path:?}");
        }
    }

    #[test]
    fn a_path_has_a_folder_and_a_name() {
        assert_eq!((folder_of("/a/b"), name_of("/a/b")), ("/a", "b"));
        assert_eq!((folder_of("/b"), name_of("/b")), ("/", "b"));
        assert_eq!((folder_of("/"), name_of("/")), ("/", ""));
    }

    #[test]
    fn a_partial_file_lies_beside_its_target_and_is_no_print_file() {
        let partial = partial_path("/cache/cube.gcode.3mf");
        assert!(partial.starts_with("/cache/bambu-") && partial.ends_with(".part"), "{partial}");
        assert_eq!(partial, partial_path("/cache/cube.gcode.3mf"));
        assert_ne!(partial, partial_path("/cache/other.gcode.3mf"));
        assert!(partial_path("/cube.3mf").starts_with("/bambu-"));
    }

    #[test]
    fn a_project_name_is_cleaned_as_the_vendor_does() {
        for (name, clean) in [
            ("../.. /a/b\\c.gcode.3mf", "a_b_c.gcode.3mf"),
            (" .hidden. .", "hidden"),
            ("a\nb", "a_b"),
            ("Ümlaut und Raum", "Ümlaut und Raum"),
            ("...", ""),
        ] {
            assert_eq!(upload_name(name), clean, "{name:?}");
        }
    }
}
