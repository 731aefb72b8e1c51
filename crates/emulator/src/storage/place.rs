//! Where something lies in a storage: names from the root on, none of which leads out of it.

use std::fmt;

/// Longest name in bytes, as FAT and ext4 have it.
const LONGEST: usize = 255;
/// Most folders in each other.
const DEEPEST: usize = 32;
/// What no name on a FAT card may hold.
const FORBIDDEN: [char; 8] = ['\\', ':', '*', '?', '"', '<', '>', '|'];

/// A place in a storage. There is no `.`, `..` or empty name in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(Vec<String>);

/// No file can have this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no file can have this name")]
pub struct InvalidName;

impl Place {
    /// The root.
    pub fn root() -> Self {
        Self::default()
    }

    /// Where `path` leads from here: from the root if it begins with `/`. What would lead above the
    /// root stays in it.
    ///
    /// # Errors
    /// [`InvalidName`] for names that no card can hold [G], and too many folders.
    pub fn join(&self, path: &str) -> Result<Self, InvalidName> {
        let mut names = if path.starts_with('/') { Vec::new() } else { self.0.clone() };
        for name in path.split('/') {
            match name {
                "" | "." => {}
                ".." => drop(names.pop()),
                name if is_valid(name) && names.len() < DEEPEST => names.push(name.to_owned()),
                _ => return Err(InvalidName),
            }
        }
        Ok(Self(names))
    }

    /// The folder that it is in; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        let (_, above) = self.0.split_last()?;
        Some(Self(above.to_vec()))
    }

    /// Its own name; empty for the root.
    pub fn name(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// Its names from the root on.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether it is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it lies in `folder`, however deep.
    pub(super) fn is_below(&self, folder: &Self) -> bool {
        self.0.len() > folder.0.len() && self.0.starts_with(&folder.0)
    }
}

fn is_valid(name: &str) -> bool {
    name.len() <= LONGEST && !name.chars().any(|c| c.is_control() || FORBIDDEN.contains(&c))
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_str("/");
        }
        self.0.iter().try_for_each(|name| write!(f, "/{name}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_is_taken_from_here_or_from_the_root() {
        let cache = Place::root().join("cache").unwrap();
        for (path, place) in [
            ("a b.3mf", "/cache/a b.3mf"),
            ("/x", "/x"),
            ("../x", "/x"),
            ("../../../x", "/x"),
            (".", "/cache"),
            ("", "/cache"),
            ("/", "/"),
            ("//model///ü/./", "/model/ü"),
        ] {
            assert_eq!(cache.join(path).unwrap().to_string(), place, "{path}");
        }
        for wrong in ["a\\b", "c:", "x\n", "a\0", &"x".repeat(256), &"x/".repeat(33)] {
            assert_eq!(cache.join(wrong), Err(InvalidName), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn no_path_leads_out_of_the_root(path in ".{0,200}", from in "[a-z/.]{0,20}") {
            let Ok(from) = Place::root().join(&from) else { return Ok(()) };
            if let Ok(place) = from.join(&path) {
                for name in place.names() {
                    let dots = matches!(name.as_str(), "" | "." | "..");
                    prop_assert!(!dots && !name.contains(['/', '\0', '\\']));
                }
            }
        }
    }
}
