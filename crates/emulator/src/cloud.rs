//! The simulated cloud: who has an account, which printers are bound to whom, which tokens live.
//!
//! `cloud/http.rs` answers REST, `cloud/store.rs` takes files, `cloud/print.rs` starts prints; `cloud/rules.rs` guards the broker, `cloud/switchboard.rs` feeds
//! it; `world.rs` puts printers in.

pub mod account;
mod bound;
pub mod counts;
mod dialect;
mod history;
pub mod http;
mod letters;
pub mod library;
mod print;
pub mod rules;
pub mod sessions;
mod signing_in;
pub mod store;
pub mod switchboard;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use bambu_protocol::{Firmware, Serial};

use crate::{
    faults::{Fault, Faults},
    machine::Machine,
    simulator::{EndedJob, Summary},
};
use account::{Account, Accounts};
use bound::Tickets;
use counts::Counts;
use library::Library;
use sessions::Sessions;
use store::Store;

pub use bound::Bound;
pub use dialect::{Dialect, UnknownDialect};

/// A machine that can be bound to an account.
pub trait Listed: Machine {
    /// What the cloud tells about it now.
    fn summary(&self) -> Summary;

    /// The firmware installed, if known.
    fn firmware(&self) -> Option<Firmware>;

    /// Whether its Developer Mode is off, so that it wants signatures.
    fn locked(&self) -> bool {
        self.faults().is_on(Fault::DeveloperModeOff)
    }

    /// Takes one payload that the cloud itself sends; it needs no signature of a client's.
    fn order(&self, payload: &[u8]) {
        self.request(payload);
    }

    /// The last cloud jobs that ended, oldest first.
    fn ended_jobs(&self) -> Vec<EndedJob> {
        Vec::new()
    }
}

/// The cloud of one simulated world. Its printers never change; their owners and state do.
pub struct Cloud {
    accounts: Accounts,
    sessions: Mutex<Sessions>,
    printers: Vec<Bound>,
    by_serial: HashMap<Serial, usize>,
    tickets: Tickets,
    library: Library,
    dialect: Dialect,
    faults: Faults,
    counts: Counts,
    store: Option<Arc<Store>>,
}

impl Cloud {
    /// A cloud with these accounts; each printer comes with the account that owns it.
    pub fn new(accounts: Accounts, printers: Vec<(Arc<Account>, Arc<dyn Listed>)>) -> Self {
        let sessions = Mutex::new(Sessions::new(&accounts, Instant::now()));
        let printers: Vec<Bound> =
            printers.into_iter().map(|(owner, printer)| Bound::new(owner, printer)).collect();
        let serials = printers.iter().map(|bound| bound.printer().serial().clone());
        let by_serial = serials.enumerate().map(|(at, serial)| (serial, at)).collect();
        let library = Library::new(accounts.ready.token_seed);
        let (tickets, dialect, faults, counts, store) = Default::default();
        Self {
            accounts,
            sessions,
            printers,
            by_serial,
            tickets,
            library,
            dialect,
            faults,
            counts,
            store,
        }
    }

    /// The same, answering in another dialect.
    #[must_use]
    pub fn in_dialect(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }

    /// The same, with these faults, which others may hold, too.
    #[must_use]
    pub fn with_faults(self, faults: Faults) -> Self {
        Self { faults, ..self }
    }

    /// The same, counting into these numbers, which others may hold, too.
    #[must_use]
    pub fn counting(self, counts: Counts) -> Self {
        Self { counts, ..self }
    }

    /// The same, with an object store; without one, no account has cloud storage.
    #[must_use]
    pub fn with_store(self, store: Arc<Store>) -> Self {
        Self { store: Some(store), ..self }
    }

    /// How it answers.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// What goes wrong with the cloud on purpose; the printers have their own.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// How often it was asked what.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Where files are uploaded to, if anywhere.
    pub fn store(&self) -> Option<&Arc<Store>> {
        self.store.as_ref()
    }

    /// What its accounts have beside printers.
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// The accounts.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The printers bound to this account, in the order in which the world has them.
    pub fn printers_of<'a>(&'a self, account: &'a Account) -> impl Iterator<Item = &'a Bound> {
        self.printers.iter().filter(|bound| bound.is_of(account))
    }

    /// All printers, whoever owns them.
    pub fn printers(&self) -> impl Iterator<Item = &Bound> {
        self.printers.iter()
    }

    /// The printer with this serial number, whoever owns it.
    pub fn printer(&self, serial: &Serial) -> Option<&Bound> {
        self.by_serial.get(serial).and_then(|at| self.printers.get(*at))
    }

    /// The account that a token belongs to; `None` for an unknown or revoked one.
    pub fn account_of(&self, token: &str) -> Option<Arc<Account>> {
        self.sessions().account_of(token)
    }

    /// A token of this account that lives from the start of the world.
    pub fn first_token(&self, account: &Account) -> String {
        sessions::first_token(account)
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
