//! One printer as a person thinks of it: its status, what happens to it, and commands of which is
//! told whether they took effect.
//!
//! How it is reached is the [`Link`] below; what a command becomes on the wire is in
//! [`protocol::command`](crate::protocol::command), how its effect is judged in
//! [`protocol::verify`](crate::protocol::verify).

mod events;
mod named;
mod send;

use std::{sync::Arc, time::Duration};

use bambu_protocol::{
    Serial,
    command::{Command, Refusal},
    report::Ack,
    request::{Raw, RawError, Request},
    status::Status,
    verify::Outcome,
};
use tokio::sync::watch;

use crate::{
    link::{LanTarget, Link, Reason, SendError, Snapshot, connect_lan},
    options::Options,
};

pub use events::Events;

/// One printer, however it is reached; cheap to clone.
///
/// Everything may be called at once and from many tasks. A future that is dropped before it is done
/// takes nothing back: what was sent was sent.
#[derive(Debug, Clone)]
pub struct Printer {
    link: Link,
}

/// How a command is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SendOptions {
    /// Send it although something speaks against it, where [`Refusal::can_be_forced`].
    pub force: bool,
    /// How long the effect may take after the printer's answer; `None` what the command needs.
    pub wait: Option<Duration>,
}

/// Why a command was not sent. Once anything was sent, there is an [`Outcome`].
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// This printer will not or should not do it now: see the refusal.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no way to the printer now: see the reason.
    #[error(transparent)]
    NotSent(#[from] SendError),
}

/// Why raw JSON had no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// It is no request: correct it. Nothing was sent.
    #[error(transparent)]
    NoRequest(#[from] RawError),
    /// It was not sent, or not answered.
    #[error(transparent)]
    Unanswered(#[from] SendError),
}

impl Printer {
    /// Connects to a printer on the local network. Returns at once; [`Printer::ready`] waits.
    ///
    /// Must be called inside a tokio runtime. A printer in the cloud, or on both ways, is made
    /// `from` its [`Link`].
    pub fn connect(target: LanTarget, options: Options) -> Self {
        connect_lan(target, options).into()
    }

    /// The connection below.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Its serial number.
    pub fn serial(&self) -> &Serial {
        self.link.serial()
    }

    /// The status as last known; it is live while its `online` is true.
    pub fn status(&self) -> Arc<Status> {
        self.link.snapshot().status.clone()
    }

    /// The status, and how the connection is.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.link.snapshot()
    }

    /// What is known, and every change of it; a slow reader sees the newest only.
    pub fn updates(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.link.updates()
    }

    /// What happens from now on: job started, paused, finished, filament ran out …
    pub fn events(&self) -> Events {
        let each = self.link.each();
        Events::new(&self.link.snapshot(), each)
    }

    /// Waits for the first whole status.
    ///
    /// # Errors
    /// The [`Reason`] as soon as one is fatal.
    pub async fn ready(&self) -> Result<Arc<Status>, Reason> {
        Ok(self.link.ready().await?.status.clone())
    }

    /// Sends a command and waits for its effect.
    ///
    /// It becomes the requests that this printer obeys, is refused where something speaks against
    /// it, and is sent once: never again by itself, and on one way only.
    ///
    /// # Errors
    /// [`CommandError`]: nothing was sent.
    pub async fn send(&self, command: impl Into<Command>) -> Result<Outcome, CommandError> {
        self.send_with(command, SendOptions::default()).await
    }

    /// The same although something speaks against it, where that can be forced.
    ///
    /// # Errors
    /// [`CommandError`]: nothing was sent.
    pub async fn send_forced(&self, command: impl Into<Command>) -> Result<Outcome, CommandError> {
        self.send_with(command, SendOptions { force: true, wait: None }).await
    }

    /// The same, told how.
    ///
    /// # Errors
    /// [`CommandError`]: nothing was sent.
    pub async fn send_with(
        &self,
        command: impl Into<Command>,
        options: SendOptions,
    ) -> Result<Outcome, CommandError> {
        send::send(&self.link, &command.into(), options).await
    }

    /// Publishes a request as somebody wrote it, `{"print":{"command":"pause"}}`, and waits for the
    /// printer's answer. Nothing is checked, and nobody looks for an effect.
    ///
    /// # Errors
    /// [`PublishError`].
    pub async fn publish(&self, json: &str) -> Result<Ack, PublishError> {
        Ok(self.link.send(Request::Raw(Raw::parse(json)?)).await?)
    }

    /// Ends the connection, with all printers on it, and waits until the other end was told.
    pub async fn close(&self) {
        self.link.close().await;
    }
}

impl From<Link> for Printer {
    fn from(link: Link) -> Self {
        Self { link }
    }
}
