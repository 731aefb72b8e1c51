//! Files onto the printer: under another name first, and taken for stored when their size says so.

use std::{
    fs::{self, Metadata},
    path::Path,
    pin::pin,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use bambu_protocol::ftp::{Reply, folder_of, name_of, partial_path};
use tokio::{
    fs::File,
    io::AsyncRead,
    time::{sleep, timeout},
};

use super::{
    Existing, Ftps, FtpsError, Stored, Transfer,
    data::{Asked, Begun, Data, demanded},
    folder::{clean, refused_name},
    pump::{Broken, digest, pump},
    transfer::{CHUNK, local},
};

/// After the last byte, so much may still be on its way in buffers.
const BUFFERED: u64 = 4 << 20;
/// How long the printer's word is waited for once the data connection broke.
const LAST_WORD: Duration = Duration::from_secs(10);

/// How the sending of one file ended on this side.
enum Sent {
    /// All of it is sent. What the printer said, if anything.
    Whole { md5: String, said: Result<Reply, FtpsError> },
    /// The printer spoke first, or the data connection broke.
    Part { said: Result<Reply, FtpsError> },
    /// Given up here.
    Ended(FtpsError),
}

impl Ftps {
    /// Stores `length` bytes under `path`: under another name beside it first, where the printer
    /// renames, so that nobody prints half a file. Takes no more of the source than that.
    ///
    /// # Errors
    /// [`FtpsError`]; what was left on the printer is removed.
    pub async fn upload(
        &mut self,
        source: impl AsyncRead + Unpin,
        length: u64,
        path: &str,
        how: &Transfer,
    ) -> Result<Stored, FtpsError> {
        self.upload_if(source, length, path, how, || true).await
    }

    /// The same, unless what was sent is no longer what it was when all of it is over.
    async fn upload_if(
        &mut self,
        mut source: impl AsyncRead + Unpin,
        length: u64,
        path: &str,
        how: &Transfer,
        is_same: impl Fn() -> bool,
    ) -> Result<Stored, FtpsError> {
        let path = clean(path)?;
        if name_of(&path).is_empty() {
            return Err(FtpsError::NameRefused { path, why: "it names a folder".into() });
        }
        if how.cancel.is_cancelled() {
            return Err(FtpsError::Cancelled);
        }
        if how.existing != Existing::Replace
            && let Some(size) = self.size_of(&path).await?
        {
            if how.existing == Existing::Refuse {
                return Err(FtpsError::Exists { path });
            }
            if size == length {
                let md5 = digest(&mut source, length, how).await?;
                return Ok(Stored { path, size, md5, renamed: false, kept: true });
            }
        }
        let partial = partial_path(&path);
        let renamed = self.renames(&partial).await?;
        let target = if renamed { &partial } else { &path };
        let md5 = self.store(&mut source, length, target, how).await?;
        if !is_same() {
            self.clear(target).await;
            return Err(FtpsError::Changed { done: length, of: length });
        }
        if renamed && let Err(error) = self.settle(&partial, &path).await {
            self.clear(&partial).await;
            return Err(error);
        }
        Ok(Stored { path, size: length, md5, renamed, kept: false })
    }

    /// Stores a file of this machine. Where the printer turns out to rename nothing, it is sent
    /// again under its own name.
    ///
    /// # Errors
    /// As [`Ftps::upload`], [`FtpsError::Local`], and [`FtpsError::Changed`] when somebody wrote to
    /// the file meanwhile.
    pub async fn upload_file(
        &mut self,
        file: &Path,
        path: &str,
        how: &Transfer,
    ) -> Result<Stored, FtpsError> {
        let mut again = true;
        loop {
            let mut source = File::open(file).await.map_err(|error| local(file, error))?;
            let about = source.metadata().await.map_err(|error| local(file, error))?;
            if !about.is_file() {
                return Err(local(file, std::io::ErrorKind::InvalidInput.into()));
            }
            source.set_max_buf_size(CHUNK);
            let state = |about: &Metadata| (about.len(), about.modified().ok());
            let before = state(&about);
            let is_same = || fs::metadata(file).is_ok_and(|about| state(&about) == before);
            match self.upload_if(source, about.len(), path, how, is_same).await {
                Err(FtpsError::RenameRefused { text }) if again => {
                    tracing::debug!(text, "no renaming; sending it again under its own name");
                    again = false;
                }
                Err(FtpsError::Local { source, .. }) => return Err(local(file, source)),
                stored => return stored,
            }
        }
    }

    /// Sends one file to `target` and asks what is there then.
    async fn store(
        &mut self,
        source: &mut (impl AsyncRead + Unpin),
        length: u64,
        target: &str,
        how: &Transfer,
    ) -> Result<String, FtpsError> {
        let asked = Asked { folder: None, verb: "STOR", argument: target };
        let (mut control, mut data) = match self.begin(asked).await? {
            Begun::Going(both) => *both,
            Begun::Refused { reply, .. } => return Err(self.not_stored(target, &reply).await),
        };
        let done = AtomicU64::new(0);
        let sent = {
            let mut said = pin!(control.reply());
            let mut pump = pin!(pump(source, &mut data, length, how, &done, &self.place));
            let whole = how.deadline(length);
            let pumped = tokio::select! {
                biased;
                () = how.cancel.cancelled() => Err(Sent::Ended(FtpsError::Cancelled)),
                pumped = &mut pump => Ok(pumped),
                said = &mut said => Err(Sent::Part { said }),
                () = sleep(whole) => {
                    let done = done.load(Ordering::Relaxed);
                    Err(Sent::Ended(FtpsError::Stalled { done, of: length, waited: whole }))
                }
            };
            let silent = || Err(super::control::silent());
            match pumped {
                Err(sent) => sent,
                Ok(Ok(md5)) => {
                    // Until the printer says so, it may not have closed the file: a print that
                    // begins before that fails.
                    let settle = Duration::from_secs(length.min(BUFFERED) / how.slowest.max(1));
                    let said = timeout(how.stall.saturating_add(settle), said);
                    tokio::select! {
                        biased;
                        () = how.cancel.cancelled() => Sent::Ended(FtpsError::Cancelled),
                        said = said => Sent::Whole { md5, said: said.unwrap_or_else(|_| silent()) },
                    }
                }
                Ok(Err(Broken::Data)) => {
                    let said = timeout(LAST_WORD, said).await.unwrap_or_else(|_| silent());
                    Sent::Part { said }
                }
                Ok(Err(Broken::Source(error))) => Sent::Ended(error),
                Ok(Err(Broken::Still)) => {
                    let done = done.load(Ordering::Relaxed);
                    Sent::Ended(FtpsError::Stalled { done, of: length, waited: how.stall })
                }
            }
        };
        let resumed = data_resumed(&data);
        drop(data);
        let judged = match sent {
            Sent::Whole { md5, said } => {
                if let Ok(reply) = &said {
                    self.keep(control, reply).ok();
                }
                self.judge(said, target, length, resumed).await.map(|()| md5)
            }
            Sent::Part { said } => {
                let refusal = said.ok().and_then(|reply| {
                    self.keep(control, &reply).ok()?;
                    refusal(target, &reply, resumed)
                });
                let done = done.load(Ordering::Relaxed);
                Err(refusal.unwrap_or(FtpsError::Cut { done, of: length }))
            }
            Sent::Ended(error) => {
                // The answer to what was given up is read here, or the session is not used again.
                if let Ok(Ok(reply)) = timeout(Duration::from_secs(3), control.reply()).await {
                    self.keep(control, &reply).ok();
                }
                Err(error)
            }
        };
        if judged.is_err() {
            self.clear(target).await;
        }
        judged
    }

    /// Whether what was sent whole is stored whole. The size decides, whatever was said: some
    /// printers say 426 after a complete transfer, some nothing. [L]
    async fn judge(
        &mut self,
        said: Result<Reply, FtpsError>,
        target: &str,
        length: u64,
        resumed: bool,
    ) -> Result<(), FtpsError> {
        let is_done = match &said {
            Ok(reply) => {
                if let Some(error) = refusal(target, reply, resumed) {
                    return Err(error);
                }
                reply.is_done()
            }
            Err(FtpsError::Lost { .. }) => false,
            Err(_) => return said.map(drop),
        };
        let mut stored = self.size_of(target).await?;
        if stored.is_none() {
            // Some tell no sizes; a listing does.
            stored = self.listed(target).await?;
        }
        match stored {
            Some(stored) if stored == length => {
                if !is_done {
                    tracing::debug!(?said, "the size says that it is complete");
                }
                Ok(())
            }
            stored if said.is_err() => {
                Err(FtpsError::Cut { done: stored.unwrap_or(0), of: length })
            }
            stored => Err(FtpsError::Incomplete { stored, of: length }),
        }
    }

    /// Why nothing was stored, when the printer refused at once.
    async fn not_stored(&mut self, target: &str, reply: &Reply) -> FtpsError {
        // With both of these codes the folder may be missing, with 550 the storage, too.
        let folder = folder_of(target);
        if matches!(reply.code, 550 | 553) && self.is_folder(target).await.unwrap_or(false) {
            return FtpsError::IsFolder { path: target.to_owned() };
        }
        if matches!(reply.code, 550 | 553) && folder != "/" {
            match self.entries(folder).await {
                Ok(Ok(_)) => {}
                Ok(Err(missing)) => return self.absent("STOR", folder, &missing).await,
                Err(error) => return error,
            }
        } else if reply.code == 550 {
            return self.absent("STOR", folder, reply).await;
        }
        refusal(target, reply, true).unwrap_or_else(|| FtpsError::refused("STOR", reply))
    }

    /// Whether the printer renames: one that does answers `RNFR` of what is not there with 550.
    async fn renames(&mut self, partial: &str) -> Result<bool, FtpsError> {
        if let Some(renames) = self.renames {
            return Ok(renames);
        }
        let reply = self.ask(&format!("RNFR {partial}")).await?;
        let renames = matches!(reply.code, 350 | 550);
        self.renames = Some(renames);
        Ok(renames)
    }

    /// Gives a complete file its name.
    async fn settle(&mut self, partial: &str, path: &str) -> Result<(), FtpsError> {
        let mut is_free = false;
        loop {
            let reply = self.ask(&format!("RNFR {partial}")).await?;
            if reply.code != 350 {
                self.renames = Some(false);
                return Err(FtpsError::RenameRefused { text: reply.text() });
            }
            let reply = self.ask(&format!("RNTO {path}")).await?;
            if reply.is_done() {
                return Ok(());
            }
            // Some take a name only when nothing has it.
            if !is_free && reply.is_refusal() && self.size_of(path).await?.is_some() {
                self.delete(path).await?;
                is_free = true;
                continue;
            }
            if reply.is_unknown_command() {
                self.renames = Some(false);
                return Err(FtpsError::RenameRefused { text: reply.text() });
            }
            if reply.is_refusal() && self.is_folder(path).await? {
                return Err(FtpsError::IsFolder { path: path.to_owned() });
            }
            return Err(refused_name("RNTO", path, &reply));
        }
    }

    /// Removes what was left, on a new session if need be; failing that is not told.
    async fn clear(&mut self, target: &str) {
        match self.ask(&format!("DELE {target}")).await {
            Ok(reply) => tracing::debug!(code = reply.code, "removed what was left"),
            Err(error) => tracing::debug!(%error, "what was left may still be there"),
        }
    }
}

/// What the printer refuses by kind; `None` where the size has to tell.
fn refusal(target: &str, reply: &Reply, resumed: bool) -> Option<FtpsError> {
    match reply.code {
        452 | 552 => Some(FtpsError::StorageFull { text: reply.text() }),
        // What vsftpd, which is in many printers, says when it cannot write any more. [V]
        451 if reply.text().contains("writing") => {
            Some(FtpsError::StorageFull { text: reply.text() })
        }
        501 | 553 => Some(refused_name("STOR", target, reply)),
        425 if !resumed => Some(FtpsError::SessionReuseDemanded { text: reply.text() }),
        _ => demanded(reply),
    }
}

fn data_resumed(data: &Data) -> bool {
    match data {
        Data::Left(stream) => {
            stream.get_ref().1.handshake_kind() == Some(rustls::HandshakeKind::Resumed)
        }
        Data::Right(_) => true,
    }
}
