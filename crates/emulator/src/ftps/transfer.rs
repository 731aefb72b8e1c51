//! Commands that move bytes: lists, files to the printer and from it.

use std::{io::Read as _, time::Duration};

use jiff::Timestamp;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{sleep, timeout},
};

use super::{
    data::{self, Data, NoData},
    listing,
    session::{Control, Next, Reply, Session, say, send},
};
use crate::{
    faults::Fault,
    storage::{Entry, StorageError},
};

/// A data connection on which nothing moves for so long is broken.
const STALL: Duration = Duration::from_secs(60);
/// Bytes moved at a time.
const BLOCK: usize = 64 << 10;
/// Bytes of a file after which [`Fault::CutFile`] breaks its connections, if it has so many.
const CUT_AFTER: u64 = 48 << 10;
/// How late [`Fault::Late226`] is.
const LATE: Duration = Duration::from_secs(6);

impl Session {
    pub(super) async fn list(&mut self, path: &str, long: bool, control: &mut Control) -> Next {
        if let Err(refused) = self.may_transfer() {
            return refused;
        }
        let storage = &self.files.storage;
        let place = self.folder.join(path);
        let found = place.as_ref().map_err(|_| StorageError::NotFound).and_then(|place| {
            match storage.look(place)? {
                entry if entry.is_folder => storage.list(place),
                entry => Ok(vec![entry]),
            }
        });
        let missing = found.is_err();
        let entries: Vec<Entry> = match found {
            Ok(entries) => entries,
            // Without a card the root is there and empty [L].
            Err(StorageError::Absent) if !place.is_ok_and(|place| place.is_root()) => {
                return say(550, "Failed to open directory.");
            }
            Err(_) => Vec::new(),
        };
        let text = match long {
            true => listing::long(&entries, Timestamp::now()),
            false if self.habits.prefixes_names && !path.is_empty() => {
                listing::short(&entries, &format!("{}/", path.trim_end_matches('/')))
            }
            false => listing::short(&entries, ""),
        };
        let mut data = match self.open("Here comes the directory listing.", control).await {
            Ok(data) => data,
            Err(next) => return next,
        };
        let written = async {
            data.write_all(text.as_bytes()).await?;
            data.flush().await
        };
        match timeout(STALL, written).await {
            Ok(Ok(())) => {
                data::close(data).await;
                say(
                    226,
                    match missing && self.files.storage.is_present() {
                        true => "Transfer done (but failed to open directory).",
                        false => "Directory send OK.",
                    },
                )
            }
            _ => say(426, "Failure writing network stream."),
        }
    }

    pub(super) async fn store(&mut self, path: &str, control: &mut Control) -> Next {
        if let Err(refused) = self.may_transfer() {
            return refused;
        }
        let Ok(place) = self.named(path) else { return say(553, "Could not create file.") };
        let storage = self.files.storage.clone();
        if storage.free() == Ok(0) {
            return say(552, "Requested file action aborted. Exceeded storage allocation.");
        }
        let mut file = match storage.write(&place) {
            Ok(file) => file,
            Err(StorageError::Absent) => return say(550, "Permission denied."),
            Err(StorageError::Full) => {
                return say(552, "Requested file action aborted. Exceeded storage allocation.");
            }
            Err(_) => return say(553, "Could not create file."),
        };
        let mut data = match self.open("Ok to send data.", control).await {
            Ok(data) => data,
            Err(next) => return next,
        };
        let faults = &self.circumstances.faults;
        let cut = faults.strikes(Fault::CutFile);
        let (mut block, mut got) = (vec![0; BLOCK], 0_u64);
        loop {
            let read = match timeout(STALL, data.read(&mut block)).await {
                Ok(Ok(read)) => read,
                // TLS ended without a goodbye, as many clients end it.
                Ok(Err(error)) if is_end(&error) && !self.habits.wants_goodbye => 0,
                _ => return say(426, "Failure reading network stream."),
            };
            got = got.saturating_add(read as u64);
            if read == 0 && !cut {
                break;
            }
            match file.append(block.get(..read).unwrap_or_default()) {
                Ok(()) => {}
                Err(StorageError::Full) => {
                    return say(552, "Requested file action aborted. Exceeded storage allocation.");
                }
                Err(_) => return say(451, "Failure writing to local file."),
            }
            if cut && (read == 0 || got >= CUT_AFTER) {
                data::reset(&data);
                return Next::Reset;
            }
        }
        drop(file);
        data::close(data).await;
        if faults.strikes(Fault::Late226) {
            sleep(LATE).await;
        }
        match faults.strikes(Fault::False426) {
            true => say(426, "Failure reading network stream."),
            false => say(226, "Transfer complete."),
        }
    }

    pub(super) async fn retrieve(&mut self, path: &str, control: &mut Control) -> Next {
        if let Err(refused) = self.may_transfer() {
            return refused;
        }
        let storage = self.files.storage.clone();
        let found = self.look(path).and_then(|place| {
            let entry = storage.look(&place)?;
            Ok((storage.read(&place)?, entry.size))
        });
        let Ok((mut file, size)) = found else { return say(550, "Failed to open file.") };
        let text = format!("Opening BINARY mode data connection for {path} ({size} bytes).");
        let mut data = match self.open(&text, control).await {
            Ok(data) => data,
            Err(next) => return next,
        };
        let cut = self.circumstances.faults.strikes(Fault::CutFile);
        let (mut block, mut sent) = (vec![0; BLOCK], 0_u64);
        loop {
            let Ok(mut read) = file.read(&mut block) else {
                return say(451, "Failure reading local file.");
            };
            if read == 0 {
                break;
            }
            if cut {
                read = read.min(usize::try_from(size / 2).unwrap_or(read)).max(1);
            }
            let wrote = async {
                data.write_all(block.get(..read).unwrap_or_default()).await?;
                data.flush().await
            };
            if !matches!(timeout(STALL, wrote).await, Ok(Ok(()))) {
                return say(426, "Failure writing network stream.");
            }
            sent = sent.saturating_add(read as u64);
            if cut && sent >= CUT_AFTER.min(size / 2) {
                data::reset(&data);
                return Next::Reset;
            }
        }
        data::close(data).await;
        say(226, "Transfer complete.")
    }

    /// Whether there is a port for a data connection, and TLS where it has to be.
    fn may_transfer(&self) -> Result<(), Next> {
        if self.passive.is_none() {
            return Err(say(425, "Use PORT or PASV first."));
        }
        if !self.is_private && !self.habits.allows_clear {
            return Err(say(522, "Data connections must be encrypted."));
        }
        Ok(())
    }

    /// The data connection: it is there before the 150, its TLS begins after that.
    async fn open(&mut self, text: &str, control: &mut Control) -> Result<Data, Next> {
        let passive = self.passive.take().ok_or_else(|| say(425, "Use PORT or PASV first."))?;
        let Some(wire) = passive.accept(&self.circumstances).await else {
            return Err(say(425, "Failed to establish connection."));
        };
        if send(control, &Reply(150, text.to_owned())).await.is_none() {
            return Err(Next::Reset);
        }
        if !self.is_private || self.circumstances.faults.strikes(Fault::PlainData) {
            return Ok(Data::Right(wire));
        }
        let reuse = self.habits.demands_reuse;
        let secured = data::secure(wire, &self.acceptor, reuse).await;
        secured.map_err(|no| match no {
            NoData::Tls => say(522, "SSL connection failed"),
            NoData::NotResumed => say(
                522,
                "SSL connection failed: session reuse required: see require_ssl_reuse option in \
                 vsftpd.conf man page",
            ),
        })
    }
}

fn is_end(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::UnexpectedEof
}
