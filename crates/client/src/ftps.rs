//! A printer's storage on the local network: FTP over implicit TLS.
//!
//! What is said on the wire is in `bambu_protocol::ftp`. Files go over in `ftps/upload.rs` and
//! `ftps/download.rs`, folders in `ftps/folder.rs`; below them `ftps/data.rs` is one data
//! connection, `ftps/control.rs` the session, `ftps/open.rs` how it begins.

mod control;
mod data;
mod download;
mod error;
mod folder;
mod open;
mod place;
mod pump;
mod transfer;
mod upload;

use std::{fmt, sync::Arc};

use bambu_protocol::{Model, Serial, ftp::Reply};
use tokio::sync::OwnedSemaphorePermit;

pub use bambu_protocol::ftp::Entry;
pub use error::FtpsError;
pub use transfer::{Existing, Stored, Transfer, TransferProgress};

use crate::{LanTarget, Options};
use control::Control;
use place::{Place, Protection};

/// A session with a printer's storage.
///
/// There is one at a time per printer in this process, since printers bear no more: [`connect`]
/// waits for its turn, for a session that is at work as long as it takes. One that nobody has used
/// for five minutes is not waited for any longer ([`FtpsError::InUse`]), so that whoever holds a
/// session and asks for another one of the same printer does not wait for himself for ever. An idle session that the printer dropped is opened again once for the next
/// request. Every method may be given up (its future dropped); the next one starts on a fresh
/// session then.
///
/// [`connect`]: Ftps::connect
pub struct Ftps {
    target: LanTarget,
    options: Options,
    place: Arc<Place>,
    _turn: OwnedSemaphorePermit,
    control: Option<Control>,
    /// It knows no `EPSV`.
    plain_passive: bool,
    /// Whether it renames what it stored; `None` while nobody knows.
    renames: Option<bool>,
}

/// The name of [`Ftps`] in the Python tools.
pub type LocalFTPClient = Ftps;

impl Ftps {
    /// Waits for its turn with this printer, connects and logs in. The printer's certificate is
    /// remembered once it has accepted the access code.
    ///
    /// # Errors
    /// [`FtpsError`]: unreachable, untrusted, wrong access code, no storage service there, in use
    /// by another session of this process that does nothing.
    pub async fn connect(target: &LanTarget, options: &Options) -> Result<Self, FtpsError> {
        let place = Place::of(&target.serial);
        let in_use = || FtpsError::InUse { serial: target.serial.clone() };
        let turn = place.turn().await.ok_or_else(in_use)?;
        let mut session = Self {
            target: target.clone(),
            options: options.clone(),
            place,
            _turn: turn,
            control: None,
            plain_passive: false,
            renames: None,
        };
        let control = session.control().await?;
        session.control = Some(control);
        Ok(session)
    }

    /// The printer's serial number.
    pub fn serial(&self) -> &Serial {
        &self.target.serial
    }

    /// Says good-bye. Dropping the session ends it, too, without a word.
    pub async fn close(mut self) {
        if let Some(control) = self.control.take() {
            control.quit().await;
        }
    }

    fn model(&self) -> Option<Model> {
        self.target.model.or_else(|| Model::from_serial(&self.target.serial))
    }

    /// A session that answers: the one there is, else a new one. Whoever takes it gives it back
    /// when it is of further use.
    async fn control(&mut self) -> Result<Control, FtpsError> {
        self.place.touch();
        if let Some(mut control) = self.control.take() {
            if control.is_alive().await {
                return Ok(control);
            }
            tracing::debug!(serial = %self.target.serial, "the idle session is gone; opening it again");
        }
        match self.open(self.place.protection()).await {
            Err(FtpsError::Refused { command: "PROT", code, text })
                if self.place.may_be_clear(self.model()) =>
            {
                tracing::warn!(code, text, "PROT P is refused; data goes in the clear");
                self.open(Protection::Clear).await
            }
            opened => opened,
        }
    }

    async fn open(&self, protection: Protection) -> Result<Control, FtpsError> {
        // Boxed: a handshake is large, and every method here holds one.
        Box::pin(open::open(&self.target, &self.options, protection)).await
    }

    /// One command without data.
    async fn ask(&mut self, command: &str) -> Result<Reply, FtpsError> {
        let mut control = self.control().await?;
        let reply = control.ask(command).await?;
        self.keep(control, &reply)?;
        Ok(reply)
    }
}

impl fmt::Debug for Ftps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ftps")
            .field("serial", &self.target.serial)
            .field("is_open", &self.control.is_some())
            .finish_non_exhaustive()
    }
}
