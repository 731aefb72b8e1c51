//! Folders and names: what is there, and what becomes of it.

use bambu_protocol::ftp::{Reply, entries, folder_of, name_of, remote_path};
use tokio::{
    io::AsyncReadExt as _,
    time::{Duration, timeout},
};

use super::{
    Entry, Ftps, FtpsError,
    data::{Asked, Begun, demanded},
};

/// Longest listing that is read, in bytes.
const LONGEST_LISTING: usize = 8 << 20;
/// Longest silence within a listing.
const SILENCE: Duration = Duration::from_secs(60);
/// Folders that a printer makes by itself on every storage. [L]
const OWN_FOLDERS: [&str; 7] =
    ["cache", "image", "ipcam", "logger", "model", "recorder", "timelapse"];

impl Ftps {
    /// What is in a folder, in the printer's order; `/` is the root.
    ///
    /// # Errors
    /// [`FtpsError::NotFound`], [`FtpsError::NoStorage`], or the session failed.
    pub async fn list(&mut self, folder: &str) -> Result<Vec<Entry>, FtpsError> {
        let folder = clean(folder)?;
        match self.entries(&folder).await? {
            Ok(entries) => Ok(entries),
            Err(reply) => Err(self.absent("LIST", &folder, &reply).await),
        }
    }

    /// The size of a file in bytes; `None` when there is no such file.
    ///
    /// # Errors
    /// The session failed.
    pub async fn size(&mut self, path: &str) -> Result<Option<u64>, FtpsError> {
        self.size_of(&clean(path)?).await
    }

    /// Removes a file.
    ///
    /// # Errors
    /// [`FtpsError::NotFound`], [`FtpsError::IsFolder`], [`FtpsError::NoStorage`], or the printer
    /// refuses.
    pub async fn delete(&mut self, path: &str) -> Result<(), FtpsError> {
        let path = clean_file(path)?;
        let reply = self.ask(&format!("DELE {path}")).await?;
        if reply.is_done() {
            return Ok(());
        }
        if reply.code == 550 && self.size_of(&path).await?.is_none() {
            return Err(self.absent("DELE", &path, &reply).await);
        }
        Err(FtpsError::refused("DELE", &reply))
    }

    /// Gives a file or folder another name, or another place. What has that name already is
    /// replaced or not, as the printer likes.
    ///
    /// # Errors
    /// [`FtpsError::NotFound`], [`FtpsError::NameRefused`], or the printer refuses.
    pub async fn rename(&mut self, from: &str, to: &str) -> Result<(), FtpsError> {
        let (from, to) = (clean_file(from)?, clean_file(to)?);
        let reply = self.ask(&format!("RNFR {from}")).await?;
        match reply.code {
            350 => {}
            550 => return Err(self.absent("RNFR", &from, &reply).await),
            _ => return Err(FtpsError::refused("RNFR", &reply)),
        }
        let reply = self.ask(&format!("RNTO {to}")).await?;
        if reply.is_done() { Ok(()) } else { Err(refused_name("RNTO", &to, &reply)) }
    }

    /// Makes a folder.
    ///
    /// # Errors
    /// [`FtpsError::Exists`], [`FtpsError::NotFound`] of the folder around it,
    /// [`FtpsError::NameRefused`], or the printer refuses.
    pub async fn make_folder(&mut self, path: &str) -> Result<(), FtpsError> {
        let path = clean(path)?;
        let reply = self.ask(&format!("MKD {path}")).await?;
        if reply.is_done() {
            return Ok(());
        }
        if reply.code != 550 {
            return Err(refused_name("MKD", &path, &reply));
        }
        if self.is_folder(&path).await? || self.size_of(&path).await?.is_some() {
            return Err(FtpsError::Exists { path });
        }
        let around = folder_of(&path);
        if self.is_folder(around).await? {
            return Err(FtpsError::refused("MKD", &reply));
        }
        Err(self.absent("MKD", around, &reply).await)
    }

    /// Removes an empty folder.
    ///
    /// # Errors
    /// [`FtpsError::NotEmpty`], [`FtpsError::NotFound`], [`FtpsError::IsFile`], or the printer refuses.
    pub async fn remove_folder(&mut self, path: &str) -> Result<(), FtpsError> {
        let path = clean(path)?;
        let reply = self.ask(&format!("RMD {path}")).await?;
        if reply.is_done() {
            return Ok(());
        }
        if reply.code == 550 {
            match self.entries(&path).await? {
                Ok(entries) if !entries.is_empty() => return Err(FtpsError::NotEmpty { path }),
                Ok(_) => {}
                Err(reply) => return Err(self.absent("RMD", &path, &reply).await),
            }
        }
        Err(FtpsError::refused("RMD", &reply))
    }

    /// Free space in bytes, where the printer tells (`AVBL`, or a line of `STAT`); most do not. [D]
    ///
    /// # Errors
    /// The session failed.
    pub async fn free_space(&mut self) -> Result<Option<u64>, FtpsError> {
        let reply = self.ask("AVBL /").await?;
        if let (213, Some(free)) = (reply.code, reply.number()) {
            return Ok(Some(free));
        }
        let reply = self.ask("STAT").await?;
        Ok(reply.is_done().then(|| reply.lines.iter().find_map(|line| free_in(line))).flatten())
    }

    /// The entries of a folder, or the printer's refusal.
    pub(super) async fn entries(
        &mut self,
        folder: &str,
    ) -> Result<Result<Vec<Entry>, Reply>, FtpsError> {
        // Without an argument: printers take one for a pattern, or for options.
        let asked = Asked { folder: Some(folder), verb: "LIST", argument: "" };
        let (mut control, mut data) = match self.begin(asked).await? {
            Begun::Going(both) => *both,
            Begun::Refused { reply, .. } if reply.code == 550 => return Ok(Err(reply)),
            Begun::Refused { reply, is_folder } => {
                let verb = if is_folder { "CWD" } else { "LIST" };
                return Err(demanded(&reply).unwrap_or_else(|| FtpsError::refused(verb, &reply)));
            }
        };
        let mut listing = Vec::new();
        let cut = loop {
            let read = timeout(SILENCE, data.read_buf(&mut listing)).await;
            match read {
                Ok(Ok(0)) => break false,
                Ok(Ok(_)) if listing.len() <= LONGEST_LISTING => {}
                Ok(Ok(_)) => {
                    return Err(FtpsError::Malformed { why: "a listing without an end".into() });
                }
                // Without a closing word of TLS; the answer tells whether that was all.
                Ok(Err(_)) | Err(_) => break true,
            }
        };
        drop(data);
        let reply = timeout(control.within, control.reply()).await;
        let reply = reply.map_err(|_| super::control::silent()).flatten()?;
        self.keep(control, &reply)?;
        match reply.is_done() {
            true => Ok(Ok(entries(&listing))),
            false if reply.code == 550 => Ok(Err(reply)),
            false => Err(demanded(&reply).unwrap_or_else(|| match cut {
                true => FtpsError::Cut { done: listing.len() as u64, of: 0 },
                false => FtpsError::refused("LIST", &reply),
            })),
        }
    }

    /// The size of a file, by a path that is clean.
    pub(super) async fn size_of(&mut self, path: &str) -> Result<Option<u64>, FtpsError> {
        let reply = self.ask(&format!("SIZE {path}")).await?;
        if let (213, Some(size)) = (reply.code, reply.number()) {
            return Ok(Some(size));
        }
        match reply.code {
            450 | 501 | 550 | 553 => return Ok(None),
            _ if !reply.is_unknown_command() => return Err(FtpsError::refused("SIZE", &reply)),
            _ => {}
        }
        self.listed(path).await
    }

    /// The size of a file as its folder lists it.
    pub(super) async fn listed(&mut self, path: &str) -> Result<Option<u64>, FtpsError> {
        let entries = self.entries(folder_of(path)).await?.unwrap_or_default();
        let wanted = |entry: &&Entry| !entry.is_folder && entry.name == name_of(path);
        Ok(entries.iter().find(wanted).map(|entry| entry.size))
    }

    pub(super) async fn is_folder(&mut self, path: &str) -> Result<bool, FtpsError> {
        Ok(self.ask(&format!("CWD {path}")).await?.is_done())
    }

    /// Why something is not there. A printer without storage says 550 to everything, or shows an
    /// empty root without the folders that it makes by itself. [L]
    pub(super) async fn absent(
        &mut self,
        command: &'static str,
        path: &str,
        reply: &Reply,
    ) -> FtpsError {
        if reply.code != 550 {
            return FtpsError::refused(command, reply);
        }
        let root = match path {
            "/" => None,
            _ => match self.entries("/").await {
                Ok(root) => root.ok(),
                Err(error) => return error,
            },
        };
        let first = path.split('/').nth(1).unwrap_or_default();
        match root {
            Some(root) if !root.is_empty() || !OWN_FOLDERS.contains(&first) => {
                self.other_kind(command, path).await
            }
            _ => FtpsError::NoStorage,
        }
    }

    /// What is not there as a file may be there as a folder, and the other way round.
    async fn other_kind(&mut self, command: &str, path: &str) -> FtpsError {
        let path = path.to_owned();
        match command {
            "DELE" | "RETR" if self.is_folder(&path).await.unwrap_or(false) => {
                FtpsError::IsFolder { path }
            }
            "LIST" | "RMD" | "STOR" if matches!(self.size_of(&path).await, Ok(Some(_))) => {
                FtpsError::IsFile { path }
            }
            _ => FtpsError::NotFound { path },
        }
    }
}

/// A path in the form that is sent.
pub(super) fn clean(path: &str) -> Result<String, FtpsError> {
    remote_path(path).map_err(|why| FtpsError::bad_path(path, why))
}

/// The same for a file: the root is none.
pub(super) fn clean_file(path: &str) -> Result<String, FtpsError> {
    match clean(path)? {
        path if path == "/" => Err(FtpsError::IsFolder { path }),
        path => Ok(path),
    }
}

/// A refusal of something that gives a name: 553 and 501 mean the name. [V]
pub(super) fn refused_name(command: &'static str, path: &str, reply: &Reply) -> FtpsError {
    match reply.code {
        501 | 553 => FtpsError::NameRefused { path: path.to_owned(), why: reply.text() },
        _ => FtpsError::refused(command, reply),
    }
}

/// `Free space: 12.5 GB` and its like: a number and a unit in a line that speaks of what is free. [G]
fn free_in(line: &str) -> Option<u64> {
    let line = line.to_ascii_lowercase();
    let (_, after) = ["free", "avail"].iter().find_map(|word| line.split_once(word))?;
    let from = after.find(|c: char| c.is_ascii_digit())?;
    let after = after.get(from..)?;
    let end = after.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(after.len());
    let (number, unit) = after.split_at_checked(end)?;
    let factor = match unit.trim_start().chars().next() {
        Some('k') => 1u64 << 10,
        Some('m') => 1 << 20,
        Some('g') => 1 << 30,
        Some('t') => 1 << 40,
        Some('b') | None => 1,
        Some(_) => return None,
    };
    let bytes = number.parse::<f64>().ok()? * factor as f64;
    // Saturates; nothing here is negative.
    Some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::free_in;

    #[test]
    fn free_space_is_read_from_a_line_that_speaks_of_it() {
        assert_eq!(free_in("Free space: 1024"), Some(1024));
        assert_eq!(free_in("     Available 1.5 GB"), Some(3 << 29));
        assert_eq!(free_in("free: 12 sheep"), None);
        assert_eq!(free_in("Session timeout in seconds is 300"), None);
        assert_eq!(free_in("free"), None);
    }
}
