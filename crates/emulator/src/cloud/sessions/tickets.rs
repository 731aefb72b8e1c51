//! Tickets of six characters that stand for an account for a short while: a browser's, to sign in a
//! program, and a program's, to sign in a browser.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use rand::{SeedableRng, rngs::StdRng};

use crate::cloud::{
    account::{Account, Accounts},
    letters::word,
};

/// How long a ticket counts; one of the ready file counts until it is used [G].
const TICKET_LIFE: Duration = Duration::from_secs(5 * 60);
/// Tickets that count at once; the oldest goes.
const MAX_TICKETS: usize = 256;
/// What they are made of.
const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
/// Their length [L].
const LENGTH: usize = 6;

/// The tickets that count.
pub(in crate::cloud) struct Tickets(VecDeque<Ticket>);

struct Ticket {
    text: String,
    account: Arc<Account>,
    kind: Kind,
    /// `None`: from the ready file.
    issued: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A browser got it and hands it to a program.
    Browser,
    /// A program got it and hands it to a browser; it counts once the program has said so.
    Program { approved: bool },
}

/// The ticket that an account has from the start of the world.
pub(in crate::cloud) fn first_ticket(account: &Account) -> String {
    word(&mut StdRng::seed_from_u64(account.token_seed ^ 0x71C_CE75), LETTERS, LENGTH)
}

impl Tickets {
    /// Every account has one of a browser.
    pub(super) fn new(accounts: &Accounts) -> Self {
        let first = |account: &Arc<Account>| Ticket {
            text: first_ticket(account),
            account: Arc::clone(account),
            kind: Kind::Browser,
            issued: None,
        };
        Self(accounts.all().into_iter().map(first).collect())
    }

    /// One of a program.
    pub(in crate::cloud) fn of_program(&mut self, account: &Arc<Account>, now: Instant) -> String {
        self.add(account, Kind::Program { approved: false }, now)
    }

    /// The program says that its ticket may be used; false when it has none such.
    pub(in crate::cloud) fn approve(
        &mut self,
        account: &Account,
        text: &str,
        now: Instant,
    ) -> bool {
        self.forget_old(now);
        let mine = |of: &&mut Ticket| {
            of.text == text && of.account.uid == account.uid && of.kind != Kind::Browser
        };
        let found = self.0.iter_mut().find(mine);
        found.map(|ticket| ticket.kind = Kind::Program { approved: true }).is_some()
    }

    /// Uses a browser's ticket up.
    pub(in crate::cloud) fn use_in_program(
        &mut self,
        text: &str,
        now: Instant,
    ) -> Option<Arc<Account>> {
        self.take(text, Kind::Browser, now)
    }

    /// Uses a program's ticket up, if the program has said that it may be used.
    pub(in crate::cloud) fn use_in_browser(
        &mut self,
        text: &str,
        now: Instant,
    ) -> Option<Arc<Account>> {
        self.take(text, Kind::Program { approved: true }, now)
    }

    fn add(&mut self, account: &Arc<Account>, kind: Kind, now: Instant) -> String {
        self.forget_old(now);
        if self.0.len() >= MAX_TICKETS {
            self.0.pop_front();
        }
        let text = word(&mut rand::rng(), LETTERS, LENGTH);
        let (issued, account) = (Some(now), Arc::clone(account));
        self.0.push_back(Ticket { text: text.clone(), account, kind, issued });
        text
    }

    fn take(&mut self, text: &str, kind: Kind, now: Instant) -> Option<Arc<Account>> {
        self.forget_old(now);
        let at = self.0.iter().position(|of| of.text == text && of.kind == kind)?;
        self.0.remove(at).map(|ticket| ticket.account)
    }

    fn forget_old(&mut self, now: Instant) {
        let young = |at: Instant| now.saturating_duration_since(at) <= TICKET_LIFE;
        self.0.retain(|ticket| ticket.issued.is_none_or(young));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_counts_once_for_its_purpose_and_for_some_minutes() {
        let (accounts, now) = (Accounts::from_seed(1), Instant::now());
        let mut tickets = Tickets::new(&accounts);
        let first = first_ticket(&accounts.plain);
        let late = now + TICKET_LIFE + Duration::from_secs(1);
        assert!(tickets.use_in_browser(&first, now).is_none());
        assert_eq!(tickets.use_in_program(&first, late).unwrap().uid, accounts.plain.uid);
        assert!(tickets.use_in_program(&first, late).is_none());

        let ticket = tickets.of_program(&accounts.plain, now);
        assert!(tickets.use_in_browser(&ticket, now).is_none());
        assert!(!tickets.approve(&accounts.ready, &ticket, now));
        assert!(tickets.approve(&accounts.plain, &ticket, now));
        assert!(tickets.use_in_program(&ticket, now).is_none());
        assert!(tickets.use_in_browser(&ticket, now).is_some());
        let old = tickets.add(&accounts.plain, Kind::Browser, now);
        assert!(tickets.use_in_program(&old, late).is_none());
    }
}
