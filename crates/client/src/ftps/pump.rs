//! Bytes from a source to a data connection, counted, with their MD5; nothing is held but one chunk.

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use md5::{Digest as _, Md5};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use super::{
    FtpsError, Transfer,
    data::Data,
    place::Place,
    transfer::{CHUNK, hex, local},
};

/// Why nothing more is sent.
pub(super) enum Broken {
    /// What is to be sent cannot be read.
    Source(FtpsError),
    /// The data connection ended.
    Data,
    /// Nothing moved for as long as it may.
    Still,
}

/// Sends `length` bytes and the end of TLS, with their MD5.
pub(super) async fn pump(
    source: &mut (impl AsyncRead + Unpin),
    data: &mut Data,
    length: u64,
    how: &Transfer,
    done: &AtomicU64,
    place: &Place,
) -> Result<String, Broken> {
    let mut buffer = vec![0; CHUNK];
    let mut md5 = Md5::new();
    let mut left = length;
    how.tell(0, length);
    while left > 0 {
        let chunk = fill(source, &mut buffer, left).await.map_err(Broken::Source)?;
        if chunk.is_empty() {
            let error = FtpsError::Changed { done: length - left, of: length };
            return Err(Broken::Source(error));
        }
        left -= chunk.len() as u64;
        md5.update(chunk);
        let mut rest = chunk;
        while !rest.is_empty() {
            let written = timeout(how.stall, data.write(rest)).await.map_err(|_| Broken::Still)?;
            let written = written.ok().filter(|written| *written > 0).ok_or(Broken::Data)?;
            rest = rest.get(written..).unwrap_or_default();
            let moved = written as u64;
            place.touch();
            how.tell(done.fetch_add(moved, Ordering::Relaxed) + moved, length);
            // A fast line never lets the one who waits for this have a look.
            if how.cancel.is_cancelled() {
                return Err(Broken::Source(FtpsError::Cancelled));
            }
        }
    }
    // The closing word of TLS, and the end of TCP in this direction; the printer's own closing is
    // not waited for.
    let closed = timeout(how.stall, data.shutdown()).await.map_err(|_| Broken::Still)?;
    closed.map_err(|_| Broken::Data)?;
    Ok(hex(md5))
}

/// The MD5 of what is not sent.
pub(super) async fn digest(
    source: &mut (impl AsyncRead + Unpin),
    length: u64,
    how: &Transfer,
) -> Result<String, FtpsError> {
    let mut buffer = vec![0; CHUNK];
    let (mut md5, mut left) = (Md5::new(), length);
    while left > 0 {
        if how.cancel.is_cancelled() {
            return Err(FtpsError::Cancelled);
        }
        let chunk = fill(source, &mut buffer, left).await?;
        if chunk.is_empty() {
            return Err(FtpsError::Changed { done: length - left, of: length });
        }
        left -= chunk.len() as u64;
        md5.update(chunk);
    }
    how.tell(length, length);
    Ok(hex(md5))
}

/// As much as the buffer holds and is left; less only at the end of the source.
async fn fill<'b>(
    source: &mut (impl AsyncRead + Unpin),
    buffer: &'b mut [u8],
    left: u64,
) -> Result<&'b [u8], FtpsError> {
    let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
    let mut filled = 0;
    while let Some(room) = buffer.get_mut(filled..wanted).filter(|room| !room.is_empty()) {
        match source.read(room).await.map_err(|error| local(Path::new(""), error))? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(buffer.get(..filled).unwrap_or_default())
}
