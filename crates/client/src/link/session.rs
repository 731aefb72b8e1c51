//! What the task of one connection holds: who logs in, the printers it carries, how often it
//! failed. The task itself is `link/task.rs`, the login `link/login.rs`.

use std::{collections::HashMap, sync::Arc};

use bambu_protocol::{Serial, request::SequenceId};
use tokio::{sync::mpsc, time::Instant};

use super::{
    Connection, SendError,
    backoff::Backoff,
    both::Both,
    budget::Budget,
    hub::{Command, Feed, Hub},
    login::Login,
    tracked::Tracked,
};
use crate::options::{Options, Timing};

/// What the task of a connection holds.
pub(super) struct Session {
    pub(super) login: Login,
    pub(super) options: Options,
    pub(super) hub: Arc<Hub>,
    pub(super) commands: mpsc::Receiver<Box<Command>>,
    /// Boxed: a map has room for more than are in it, for four at the least.
    pub(super) printers: HashMap<Serial, Box<Tracked>>,
    /// The LAN's way and the other one, for a printer that is reached over both.
    pub(super) both: Option<Box<Both>>,
    ids: SequenceId,
    /// What a printer that is added now is told.
    pub(super) standing: Connection,
    pub(super) backoff: Backoff,
    pub(super) budget: Budget,
}

/// Which printers came and went.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) added: Vec<Serial>,
    pub(super) removed: Vec<Serial>,
}

impl Session {
    pub(super) fn new(
        login: Login,
        mut options: Options,
        hub: Arc<Hub>,
        commands: mpsc::Receiver<Box<Command>>,
        both: Option<Box<Both>>,
    ) -> Self {
        options.timing = options.timing.bounded();
        Self {
            login,
            options,
            hub,
            commands,
            printers: HashMap::new(),
            both,
            ids: SequenceId::from_random(rand::random()),
            standing: Connection::Connecting,
            backoff: Backoff::default(),
            budget: Budget::default(),
        }
    }

    pub(super) fn timing(&self) -> &Timing {
        &self.options.timing
    }

    /// Whether this is the connection of one printer alone.
    pub(super) fn is_lan(&self) -> bool {
        self.login.printer.is_some()
    }

    pub(super) fn next_id(&mut self) -> SequenceId {
        self.ids = self.ids.next();
        self.ids
    }

    /// Takes over the printers that handles were made for, and leaves those that nobody watches.
    pub(super) fn adopt(&mut self) -> Changes {
        let now = Instant::now();
        let wanted: HashMap<Serial, Arc<Feed>> =
            self.hub.feeds().into_iter().map(|feed| (feed.serial.clone(), feed)).collect();
        let mut changes = Changes::default();
        self.printers.retain(|serial, printer| {
            let stays = wanted.get(serial).is_some_and(|feed| Arc::ptr_eq(feed, &printer.feed));
            if !stays {
                printer.pending.fail(&SendError::Lost);
                changes.removed.push(serial.clone());
            }
            stays
        });
        for (serial, feed) in wanted {
            if !self.printers.contains_key(&serial) {
                feed.set_connection(self.standing.clone());
                self.printers.insert(serial.clone(), Box::new(Tracked::new(feed, now)));
                changes.added.push(serial);
            }
        }
        changes
    }
}

/// Serves the printer's other way, if there is one. May be dropped at any time.
pub(super) async fn other_way(both: &mut Option<Box<Both>>) {
    match both {
        Some(both) => both.changed().await,
        None => std::future::pending().await,
    }
}
