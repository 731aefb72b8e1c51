//! Files from the printer: whole ones only, since printers go on nowhere. [L]

use md5::{Digest as _, Md5};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::{sleep, timeout},
};

use super::{
    Ftps, FtpsError, Stored, Transfer,
    data::{Asked, Begun, demanded},
    folder::clean_file,
    place::Place,
    transfer::{CHUNK, hex, local},
};

impl Ftps {
    /// Fetches a file whole. `existing` of the transfer says nothing here.
    ///
    /// # Errors
    /// [`FtpsError`]; what was written until then is of no use.
    pub async fn download(
        &mut self,
        path: &str,
        mut into: impl AsyncWrite + Unpin,
        how: &Transfer,
    ) -> Result<Stored, FtpsError> {
        let path = clean_file(path)?;
        let size = self.size_of(&path).await?;
        let asked = Asked { folder: None, verb: "RETR", argument: &path };
        let (mut control, mut data) = match self.begin(asked).await? {
            Begun::Going(both) => *both,
            Begun::Refused { reply, .. } => {
                return Err(match demanded(&reply) {
                    Some(error) => error,
                    None => self.absent("RETR", &path, &reply).await,
                });
            }
        };
        // Asked before, and never longer: what grows while it is fetched is not a whole file.
        let Some(of) = size else { return Err(FtpsError::NotFound { path }) };
        let mut done = 0;
        let whole = how.deadline(of);
        let fetched = tokio::select! {
            biased;
            () = how.cancel.cancelled() => Err(FtpsError::Cancelled),
            fetched = fetch(&mut data, &mut into, of, how, &mut done, &self.place) => fetched,
            () = sleep(whole) => Err(FtpsError::Stalled { done: 0, of, waited: whole }),
        };
        drop(data);
        let md5 = fetched.map_err(|error| match error {
            FtpsError::Stalled { waited, .. } => FtpsError::Stalled { done, of, waited },
            error => error,
        })?;
        let reply = timeout(how.stall, control.reply()).await;
        let reply = reply.map_err(|_| super::control::silent()).flatten();
        if let Ok(reply) = &reply {
            self.keep(control, reply).ok();
        }
        // All of it is here, whatever is said to it; else its words tell why not.
        if done == of {
            return Ok(Stored { path, size: of, md5, renamed: false, kept: false });
        }
        let refusal = reply.ok().as_ref().and_then(demanded);
        Err(refusal.unwrap_or(FtpsError::Cut { done, of }))
    }
}

/// Reads until the end, or one byte too many.
async fn fetch(
    data: &mut (impl AsyncRead + Unpin),
    into: &mut (impl AsyncWrite + Unpin),
    of: u64,
    how: &Transfer,
    done: &mut u64,
    place: &Place,
) -> Result<String, FtpsError> {
    let here = |error| local(std::path::Path::new(""), error);
    let mut buffer = vec![0; CHUNK];
    let mut md5 = Md5::new();
    how.tell(0, of);
    loop {
        let read = timeout(how.stall, data.read(&mut buffer)).await;
        let stalled = FtpsError::Stalled { done: *done, of, waited: how.stall };
        let chunk = match read.map_err(|_| stalled)? {
            // Without a closing word of TLS; the size tells whether that was all.
            Ok(0) | Err(_) => break,
            Ok(read) => buffer.get(..read).unwrap_or_default(),
        };
        *done += chunk.len() as u64;
        place.touch();
        if *done > of {
            return Err(FtpsError::Cut { done: *done, of });
        }
        md5.update(chunk);
        into.write_all(chunk).await.map_err(here)?;
        how.tell(*done, of);
        if how.cancel.is_cancelled() {
            return Err(FtpsError::Cancelled);
        }
    }
    into.flush().await.map_err(here)?;
    Ok(hex(md5))
}
