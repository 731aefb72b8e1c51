//! The task of one connection: connects, serves, waits, connects again.

use std::sync::Arc;

use bambu_protocol::{AccessCode, Serial};
use bytes::Bytes;
use tokio::sync::mpsc;

use super::{
    CloudLogin, QUEUE,
    hub::{Command, Hub, Owner},
};
use crate::{endpoint::BrokerAddress, options::Options};

/// Who logs in where.
pub(super) struct Login {
    pub(super) address: BrokerAddress,
    pub(super) username: String,
    pub(super) password: Bytes,
    /// The printer whose certificate is expected; `None` for the cloud.
    pub(super) printer: Option<Serial>,
}

impl Login {
    pub(super) fn lan(address: BrokerAddress, printer: Serial, code: &AccessCode) -> Self {
        let password = Bytes::copy_from_slice(code.reveal().as_bytes());
        Self { address, username: "bblp".into(), password, printer: Some(printer) }
    }

    pub(super) fn cloud(login: CloudLogin) -> Self {
        let password = Bytes::copy_from_slice(login.token.reveal().as_bytes());
        let username = format!("u_{}", login.uid.trim().trim_start_matches("u_"));
        Self { address: login.broker, username, password, printer: None }
    }

    pub(super) fn is_lan(&self) -> bool {
        self.printer.is_some()
    }
}

/// The task's own state.
pub(super) struct Session {
    login: Login,
    options: Options,
    hub: Arc<Hub>,
    commands: mpsc::Receiver<Command>,
}

impl Session {
    /// Starts the task and returns what its handles hold.
    pub(super) fn spawn(login: Login, options: Options) -> Arc<Owner> {
        let hub = Arc::new(Hub::new());
        let (sender, commands) = mpsc::channel(QUEUE);
        let session = Self { login, options, hub: hub.clone(), commands };
        Owner::new(hub, sender, tokio::spawn(session.run()))
    }

    async fn run(self) {
        self.hub.closing.cancelled().await;
    }
}
