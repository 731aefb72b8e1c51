//! The broker's rules in the cloud: `u_<uid>` with a token, own printers only, no wildcards.
//!
//! [`Switchboard`] carries reports and requests between printers and broker.

use std::sync::Arc;

use bambu_protocol::{
    Serial,
    mqtt::{Connect, topic},
};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::{Bound, Cloud};
use crate::mqtt::{Broker, ConnectRefusal, Hooks, User};

/// Decides who may do what on the cloud's broker.
#[derive(Clone)]
pub struct Rules {
    cloud: Arc<Cloud>,
}

impl Rules {
    /// The rules of this cloud.
    pub fn new(cloud: Arc<Cloud>) -> Self {
        Self { cloud }
    }

    /// The printer behind a topic of the wanted kind, if it is the user's own.
    fn own(&self, user: &User, topic: &str, wanted: topic::Kind) -> Option<&Bound> {
        let (serial, kind) = topic::parse(topic)?;
        let bound = self.cloud.printer(&serial)?;
        (kind == wanted && user_name(bound.owner().uid) == **user).then_some(bound)
    }
}

impl Hooks for Rules {
    fn connect(&self, connect: &Connect) -> Result<User, ConnectRefusal> {
        let refused = ConnectRefusal::NotAuthorized;
        let password = connect.password.as_deref().ok_or(refused)?;
        let token = std::str::from_utf8(password).map_err(|_| refused)?;
        let account = self.cloud.account_of(token).ok_or(refused)?;
        let user = user_name(account.uid);
        if connect.username.as_deref() == Some(&user) { Ok(user.into()) } else { Err(refused) }
    }

    fn may_subscribe(&self, user: &User, filter: &str) -> bool {
        self.own(user, filter, topic::Kind::Report).is_some()
    }

    fn may_publish(&self, user: &User, topic: &str) -> bool {
        self.own(user, topic, topic::Kind::Request).is_some()
    }

    fn published(&self, user: &User, topic: &str, payload: &Bytes) {
        if let Some(bound) = self.own(user, topic, topic::Kind::Request)
            && bound.online()
        {
            bound.printer().request(payload);
        }
    }

    fn full_report(&self, topic: &str) -> Option<Bytes> {
        let (serial, _) = topic::parse(topic)?;
        let bound = self.cloud.printer(&serial)?;
        if bound.online() { bound.printer().full_report() } else { None }
    }

    fn routes(&self, _topic: &str) -> bool {
        false
    }
}

/// The broker of the cloud with the printers on their side of it.
#[derive(Clone)]
pub struct Switchboard {
    cloud: Arc<Cloud>,
    broker: Broker,
}

impl Switchboard {
    /// Joins printers and broker; [`Switchboard::carry`] moves the reports.
    pub fn new(cloud: Arc<Cloud>, broker: Broker) -> Self {
        Self { cloud, broker }
    }

    /// Cuts a printer off from the cloud or lets it back; its owner's clients are told [L].
    ///
    /// Tells whether that was news. While it is off, its reports and requests go nowhere.
    pub fn set_online(&self, serial: &Serial, online: bool) -> bool {
        let Some(bound) = self.cloud.printer(serial) else { return false };
        if !bound.set_online(online) {
            return false;
        }
        let now = Timestamp::now().as_millisecond();
        let event = if online {
            json!({"event": {"event": "client.connected", "connected_at": now}})
        } else {
            json!({"event": {"event": "client.disconnected", "disconnected_at": now}})
        };
        self.broker.publish(&topic::report(serial), event.to_string());
        true
    }

    /// Carries one printer's reports to the broker until `shutdown`.
    pub async fn carry(self, serial: Serial, shutdown: CancellationToken) {
        let Some(bound) = self.cloud.printer(&serial) else { return };
        let topic = topic::report(&serial);
        let mut reports = bound.printer().reports();
        loop {
            let next = tokio::select! {
                () = shutdown.cancelled() => return,
                next = reports.recv() => next,
            };
            match next {
                Ok(report) if bound.online() => {
                    self.broker.publish(&topic, report);
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => self.broker.resync(&topic),
                Err(RecvError::Closed) => return,
            }
        }
    }
}

fn user_name(uid: u64) -> String {
    format!("u_{uid}")
}
