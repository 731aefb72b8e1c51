//! One session with the cloud's broker, carrying all printers of an account.

use std::sync::Arc;

use bambu_protocol::{Model, Serial};

use super::{Link, Owner, login::Login, task};
use crate::{endpoint::BrokerAddress, options::Options, token::Token};

/// Who logs in to the cloud's broker.
#[derive(Debug, Clone)]
pub struct CloudLogin {
    /// User id, digits only; the broker's user name is `u_<uid>`.
    pub uid: String,
    /// The access token.
    pub token: Token,
    /// The broker.
    pub broker: BrokerAddress,
}

/// One session with the cloud's broker for all printers of an account, however many.
///
/// It ends when it and the last [`Link`] made from it are dropped, or by [`CloudSession::close`].
#[derive(Debug)]
pub struct CloudSession(Arc<Owner>);

impl CloudSession {
    /// Starts a session. Returns at once; it connects as soon as there is a printer to watch.
    ///
    /// Must be called inside a tokio runtime.
    pub fn connect(login: CloudLogin, options: Options) -> Self {
        Self(task::spawn(Login::cloud(login), options, None))
    }

    /// The link to one printer; the same one when it is asked for twice. May be called at any
    /// time; the printer is left again when its last link is dropped.
    pub fn printer(&self, serial: Serial, name: Option<String>, model: Option<Model>) -> Link {
        Link(self.0.printer(serial, name, model))
    }

    pub(super) fn owner(&self) -> Arc<Owner> {
        self.0.clone()
    }

    /// Ends the session with all its links and waits until the broker was told.
    pub async fn close(self) {
        self.0.close().await;
    }
}
