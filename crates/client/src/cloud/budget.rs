//! How often the cloud is asked: one budget per host and account, for the whole process.
//!
//! How a budget is written in a setting is in `budget/written.rs`; the broker's own limit is in
//! `link/budget.rs`.

mod written;

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reqwest::Method;
use tokio::time::{Instant, sleep_until};

use super::CloudError;
use crate::token::Token;

pub use written::InvalidBudget;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
/// Calls are counted when they leave; this much later the cloud counts them at the latest.
const TRAVEL: Duration = Duration::from_millis(500);
/// So many calls of one window are remembered.
const MOST: u32 = 10_000;
/// So many hosts and accounts are remembered before those with nothing to remember are dropped.
const ACCOUNTS: usize = 256;

/// Kinds of calls that have a limit of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Group {
    /// Logins and the sending of codes: 5 a minute. [D]
    Login,
    /// New tokens for old ones: 10 an hour. [D]
    Refresh,
    /// The account itself: 60 a minute. [D]
    Profile,
    /// Printers: 120 a minute. [D]
    Devices,
    /// Uploads, and projects that are made: 10 an hour. [D]
    Upload,
    /// Everything else: 1000 an hour. [D]
    General,
}

/// So many calls in any span of so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    calls: u32,
    per: Duration,
}

/// How often the cloud may be asked, per group; shared by all [`Cloud`](super::Cloud)s of this
/// process that ask the same host for the same account with the same budget.
///
/// The limits are the documented ones, which nobody has measured. [D]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Budget {
    rates: [Option<Rate>; Group::ALL.len()],
    patience: Duration,
}

/// What was asked for, by one account of one host.
#[derive(Debug)]
pub(super) struct Ledger {
    budget: Budget,
    windows: [Mutex<Window>; Group::ALL.len()],
}

/// The calls of one group: those made within the span, and those that wait for their turn.
#[derive(Debug, Default)]
struct Window {
    turns: VecDeque<Instant>,
    held_until: Option<Instant>,
}

impl Group {
    const ALL: [Self; 6] =
        [Self::Login, Self::Refresh, Self::Profile, Self::Devices, Self::Upload, Self::General];

    /// The group of a route that names none.
    pub(super) fn of(method: &Method, route: &str) -> Self {
        let has = |parts: &[&str]| parts.iter().any(|part| route.contains(part));
        let makes = *method == Method::POST;
        if has(&["user/refreshtoken"]) {
            Self::Refresh
        } else if has(&["user/login", "/tfa", "sendemail/code", "sendsmscode", "user/ticket"]) {
            Self::Login
        } else if has(&["my/profile", "my/preference"]) {
            Self::Profile
        } else if has(&["user/bind", "user/device", "user/print", "user/ttcode"]) {
            Self::Devices
        } else if has(&["user/upload"]) || (makes && route.ends_with("user/project")) {
            Self::Upload
        } else {
            Self::General
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Login => "login",
            Self::Refresh => "refresh",
            Self::Profile => "profile",
            Self::Devices => "devices",
            Self::Upload => "upload",
            Self::General => "general",
        })
    }
}

impl Rate {
    /// So many calls (1 to 10,000) in any span of so long.
    pub const fn new(calls: u32, per: Duration) -> Self {
        let calls = if calls < 1 { 1 } else { calls };
        Self { calls: if calls > MOST { MOST } else { calls }, per }
    }
}

impl Budget {
    /// No limit at all, except what the cloud itself asks for.
    pub fn off() -> Self {
        Self { rates: [None; Group::ALL.len()], patience: Duration::from_secs(30) }
    }

    /// These limits and no others.
    pub fn custom(rates: impl IntoIterator<Item = (Group, Rate)>) -> Self {
        let mut budget = Self::off();
        for (group, rate) in rates {
            if let Some(place) = budget.rates.get_mut(group as usize) {
                *place = Some(rate);
            }
        }
        budget
    }

    /// The same with another patience: a call whose turn is further away than this (30 s by
    /// default) is [`CloudError::OverBudget`] at once.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    fn rate(&self, group: Group) -> Option<Rate> {
        self.rates.get(group as usize).copied().flatten()
    }
}

impl Default for Budget {
    /// The documented limits.
    fn default() -> Self {
        Self::custom([
            (Group::Login, Rate::new(5, MINUTE)),
            (Group::Refresh, Rate::new(10, HOUR)),
            (Group::Profile, Rate::new(60, MINUTE)),
            (Group::Devices, Rate::new(120, MINUTE)),
            (Group::Upload, Rate::new(10, HOUR)),
            (Group::General, Rate::new(1000, HOUR)),
        ])
    }
}

impl Ledger {
    /// The ledger of an account at a host; without a token, that of the host alone.
    pub(super) fn shared(host: &str, token: Option<&Token>, budget: Budget) -> Arc<Self> {
        type Key = (String, u64, Budget);
        static LEDGERS: LazyLock<Mutex<HashMap<Key, Arc<Ledger>>>> = LazyLock::new(Mutex::default);
        static HASH: LazyLock<RandomState> = LazyLock::new(RandomState::new);

        let account = token.map_or(0, |token| match token.uid() {
            Some(uid) => HASH.hash_one(uid),
            None => HASH.hash_one(token.reveal()),
        });
        let mut ledgers = LEDGERS.lock().unwrap_or_else(PoisonError::into_inner);
        if ledgers.len() >= ACCOUNTS {
            ledgers.retain(|_, ledger| Arc::strong_count(ledger) > 1 || !ledger.is_blank());
        }
        let ledger = ledgers.entry((host.to_owned(), account, budget));
        ledger.or_insert_with(|| Arc::new(Self::new(budget))).clone()
    }

    fn new(budget: Budget) -> Self {
        Self { budget, windows: Default::default() }
    }

    /// Waits for the turn of one call.
    ///
    /// # Errors
    /// [`CloudError::OverBudget`] at once when that is longer than the patience.
    pub(super) async fn turn(&self, group: Group) -> Result<(), CloudError> {
        let now = Instant::now();
        let impatient = now + self.budget.patience;
        let rate = self.budget.rate(group);
        let taken = self.lock(group).take_turn(rate, now, impatient);
        let mut at = taken.map_err(|at| over(group, at))?;
        let mut place = Place { ledger: self, group, at: Some(at).filter(|_| rate.is_some()) };
        while at > Instant::now() {
            sleep_until(at).await;
            // The cloud may have asked for quiet meanwhile.
            at = match self.lock(group).held_until {
                Some(until) if until > impatient => return Err(over(group, until)),
                Some(until) => until,
                None => break,
            };
        }
        place.at = None;
        Ok(())
    }

    /// Takes the turn of a call that leaves at once.
    ///
    /// # Errors
    /// [`CloudError::OverBudget`] when its turn is later; nothing is counted then.
    pub(super) fn take(&self, group: Group) -> Result<(), CloudError> {
        let (rate, now) = (self.budget.rate(group), Instant::now());
        let taken = self.lock(group).take_turn(rate, now, now);
        taken.map(drop).map_err(|at| over(group, at))
    }

    /// Nothing of this group is sent for so long, since the cloud wants it.
    pub(super) fn hold(&self, group: Group, wait: Duration) {
        let mut window = self.lock(group);
        window.held_until = window.held_until.max(Instant::now().checked_add(wait));
    }

    fn is_blank(&self) -> bool {
        let now = Instant::now();
        Group::ALL.into_iter().all(|group| {
            let mut window = self.lock(group);
            window.forget(self.budget.rate(group), now);
            window.turns.is_empty() && window.held_until.is_none_or(|until| until <= now)
        })
    }

    fn lock(&self, group: Group) -> MutexGuard<'_, Window> {
        // The array has a place for each group.
        let window = self.windows.get(group as usize).unwrap_or(&self.windows[0]);
        window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    /// When one more call may leave; taken only if that is not after `impatient`.
    fn take_turn(
        &mut self,
        rate: Option<Rate>,
        now: Instant,
        impatient: Instant,
    ) -> Result<Instant, Instant> {
        self.forget(rate, now);
        let mut at = self.held_until.filter(|until| *until > now).unwrap_or(now);
        if let Some(rate) = rate
            && let Some(nth) = self.turns.len().checked_sub(rate.calls as usize)
            && let Some(before) = self.turns.get(nth)
        {
            at = at.max(*before + rate.per + TRAVEL);
        }
        if at > impatient {
            return Err(at);
        }
        if rate.is_some() {
            self.turns.push_back(at);
        }
        Ok(at)
    }

    /// Drops what no longer counts.
    fn forget(&mut self, rate: Option<Rate>, now: Instant) {
        let counts = rate.map_or(Duration::ZERO, |rate| rate.per + TRAVEL);
        while self.turns.front().is_some_and(|turn| *turn + counts <= now) {
            self.turns.pop_front();
        }
    }
}

fn over(group: Group, at: Instant) -> CloudError {
    CloudError::OverBudget { group, retry_in: at.saturating_duration_since(Instant::now()) }
}

/// A turn that is waited for; whoever stops waiting gives it back.
struct Place<'a> {
    ledger: &'a Ledger,
    group: Group,
    at: Option<Instant>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(at) = self.at {
            let mut window = self.ledger.lock(self.group);
            if let Some(index) = window.turns.iter().rposition(|turn| *turn == at) {
                window.turns.remove(index);
            }
        }
    }
}

#[cfg(test)]
mod tests;
