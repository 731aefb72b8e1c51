//! Who watches which printer, and for how long. A session belongs to one token and one printer; the
//! link below is shared by all of them and ends with the last.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, UNIX_EPOCH},
};

use bambu_protocol::Serial;
use bambulab::{Connection, Link};
use tokio::time::Instant;

use crate::{
    auth::Caller,
    config::TokenDigest,
    faces::proxy::admin::{RealtimeSession, Session as Told},
};

/// How long an ended session is remembered.
const REMEMBERED: Duration = Duration::from_secs(30);
/// So many sessions there are at the most.
const MOST: usize = 4096;

/// Whose session it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// The caller's token and the one that it stands for: given another meaning, it is another one.
    owner: [TokenDigest; 2],
    serial: Serial,
}

struct Session {
    /// Gone when it has ended.
    link: Option<Link>,
    started: Instant,
    expires: Instant,
    readers: usize,
}

/// What became of a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opened {
    Started,
    Extended,
    Full,
}

/// A session that runs.
pub(super) struct Running {
    pub(super) link: Link,
    pub(super) age: Duration,
    pub(super) expires_in: Duration,
}

/// What there is under a key.
pub(super) enum Found {
    Running(Running),
    Expired,
    Nothing,
}

/// All sessions of a process.
pub(super) struct Sessions {
    duration: Duration,
    sessions: Mutex<HashMap<Key, Session>>,
}

/// Somebody reads a session's stream: it does not end before.
pub(super) struct Reading {
    sessions: Arc<Sessions>,
    key: Key,
}

impl Key {
    pub(super) fn of(caller: &Caller, serial: Serial) -> Self {
        Self { owner: [caller.digest, TokenDigest::of(caller.real.reveal())], serial }
    }

    pub(super) fn serial(&self) -> &Serial {
        &self.serial
    }
}

impl Sessions {
    pub(super) fn new(duration: Duration) -> Self {
        Self { duration, sessions: Mutex::default() }
    }

    pub(super) fn duration(&self) -> Duration {
        self.duration
    }

    /// Gives a session that runs its whole time again; whether there is one.
    pub(super) fn extend(&self, key: &Key) -> bool {
        let now = Instant::now();
        self.lock().get_mut(key).is_some_and(|session| session.extend(now, self.duration))
    }

    /// Starts a session on this link, unless one was started meanwhile.
    pub(super) fn open(&self, key: Key, link: Link) -> Opened {
        let started = Instant::now();
        let expires = started + self.duration;
        let mut sessions = self.lock();
        if sessions.get_mut(&key).is_some_and(|session| session.extend(started, self.duration)) {
            return Opened::Extended;
        }
        if sessions.len() >= MOST && !sessions.contains_key(&key) {
            return Opened::Full;
        }
        sessions.insert(key, Session { link: Some(link), started, expires, readers: 0 });
        Opened::Started
    }

    pub(super) fn find(&self, key: &Key) -> Found {
        let now = Instant::now();
        let sessions = self.lock();
        match sessions.get(key) {
            None => Found::Nothing,
            Some(session) => match &session.link {
                Some(link) if session.runs(now) => Found::Running(Running {
                    link: link.clone(),
                    age: now.duration_since(session.started),
                    expires_in: session.expires_in(now, self.duration),
                }),
                _ if session.is_remembered(now) => Found::Expired,
                _ => Found::Nothing,
            },
        }
    }

    /// Keeps the session for as long as the answer is held.
    pub(super) fn read(self: &Arc<Self>, key: Key) -> Reading {
        if let Some(session) = self.lock().get_mut(&key) {
            session.readers += 1;
        }
        Reading { sessions: self.clone(), key }
    }

    /// Lets go of what has ended; how many still run.
    pub(super) fn tend(&self) -> usize {
        let now = Instant::now();
        let mut sessions = self.lock();
        for session in sessions.values_mut().filter(|session| !session.runs(now)) {
            session.link = None;
        }
        sessions.retain(|_, session| session.runs(now) || session.is_remembered(now));
        sessions.values().filter(|session| session.runs(now)).count()
    }

    /// Ends all of them.
    pub(super) fn close(&self) {
        self.lock().clear();
    }

    /// How many run.
    pub(super) fn len(&self) -> usize {
        let now = Instant::now();
        self.lock().values().filter(|session| session.runs(now)).count()
    }

    /// What `/admin/mqtt` tells of them, the ended ones that are remembered too.
    pub(super) fn list(&self) -> Vec<Told> {
        let now = Instant::now();
        let sessions = self.lock();
        sessions.iter().map(|(key, session)| session.told(key, now, self.duration)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn extend(&mut self, now: Instant, duration: Duration) -> bool {
        let runs = self.runs(now);
        if runs {
            self.expires = now + duration;
        }
        runs
    }

    fn runs(&self, now: Instant) -> bool {
        self.readers > 0 || now < self.expires
    }

    fn is_remembered(&self, now: Instant) -> bool {
        now < self.expires + REMEMBERED
    }

    /// With a reader it begins anew all the time.
    fn expires_in(&self, now: Instant, duration: Duration) -> Duration {
        if self.readers > 0 { duration } else { self.expires.saturating_duration_since(now) }
    }

    fn told(&self, key: &Key, now: Instant, duration: Duration) -> Told {
        let [token, _] = key.owner;
        let snapshot = self.link.as_ref().map(Link::snapshot);
        let heard = snapshot.as_ref().and_then(|snapshot| snapshot.heard);
        let over = if self.runs(now) { Duration::ZERO } else { now.duration_since(self.expires) };
        let told = RealtimeSession {
            connected: snapshot.as_ref().is_some_and(|snapshot| {
                matches!(snapshot.connection, Connection::Online | Connection::Stale)
            }),
            message_count: snapshot.as_ref().map_or(0, |snapshot| snapshot.reports),
            last_update: heard
                .and_then(|heard| heard.at.duration_since(UNIX_EPOCH).ok())
                .map(|at| at.as_secs_f64()),
            has_data: snapshot.is_some_and(|snapshot| snapshot.complete),
            expires_in: self.expires_in(now, duration).as_secs_f64() - over.as_secs_f64(),
            session_age: now.duration_since(self.started).as_secs_f64(),
            // Counted where those of several tokens are put together.
            tokens: 0,
        };
        Told { token, serial: key.serial.to_string(), told }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let now = Instant::now();
        let expires = now + self.sessions.duration;
        if let Some(session) = self.sessions.lock().get_mut(&self.key) {
            session.readers = session.readers.saturating_sub(1);
            if session.readers == 0 {
                session.expires = expires;
            }
        }
    }
}
