//! The broker's rules in the cloud: `u_<uid>` with a token, own printers only, no wildcards.
//!
//! Reports come to the broker by `switchboard.rs`.

use std::sync::Arc;

use bambu_protocol::mqtt::{Connect, login, topic};
use bytes::Bytes;

use super::{Bound, Cloud};
use crate::mqtt::{ConnectRefusal, Hooks, User};

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
        let owner = bound.owner()?;
        (kind == wanted && user_name(owner.uid) == **user).then_some(bound)
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
        let told = bound.online() && bound.owner().is_some();
        if told { bound.printer().full_report() } else { None }
    }

    fn routes(&self, _topic: &str) -> bool {
        false
    }
}

fn user_name(uid: u64) -> String {
    login::cloud_user(&uid.to_string())
}
