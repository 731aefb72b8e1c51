//! Answers that are shared: equal requests at the same time make one call, what came is given again for
//! a while, and stands in when the cloud fails. Nothing of this happens unless the owner wants it.
//!
//! What is kept is what the cloud said; each caller's mask comes later, in `forward.rs`.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use tokio::time::Instant;

use super::answer::Whole;
use crate::{config::TokenDigest, faces::proxy::failure::Failure};

/// How long an answer may stand in for one that the cloud does not give.
const STANDS_IN: Duration = Duration::from_secs(60 * 60);
/// The largest body that is kept, in bytes; larger ones are streamed to each caller.
pub(super) const LARGEST: usize = 4 << 20;
/// All bodies together, in bytes.
const ALL: usize = 64 << 20;
/// How many answers are kept.
const MOST: usize = 1024;

/// What makes two requests equal: the account, the target, and what the caller can read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// The real token's digest.
    pub(super) account: TokenDigest,
    /// Path and query.
    pub(super) target: String,
    /// `Accept` and `Accept-Language`.
    pub(super) accepts: [Option<Vec<u8>>; 2],
}

/// An answer in one piece, as the cloud gave it.
pub(super) struct Kept {
    pub(super) whole: Whole,
    /// When it came.
    pub(super) at: Instant,
}

/// Where an answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// From the cloud, now.
    Cloud,
    /// From the cloud, now, for somebody else's request.
    Shared,
    /// From the cloud, a while ago.
    Kept,
    /// From the cloud, too long ago; it fails now.
    Stale,
}

/// One answer for all that ask; `None` is one that is too large to be kept.
type Outcome = Result<Option<Arc<Kept>>, Failure>;
type Flight = BoxFuture<'static, Outcome>;

/// The answers of a process.
pub(super) struct Cache {
    fresh: Duration,
    entries: Mutex<HashMap<Key, Entry>>,
}

struct Entry {
    kept: Option<Arc<Kept>>,
    /// When it turned out to be too large.
    large: Option<Instant>,
    flight: Option<WeakShared<Flight>>,
    /// Which flight may still write here.
    number: u64,
    /// When it was used last.
    used: Instant,
}

impl Cache {
    /// Answers are given again for so long.
    pub(super) fn new(fresh: Duration) -> Self {
        Self { fresh, entries: Mutex::default() }
    }

    /// How long an answer is fresh.
    pub(super) fn fresh(&self) -> Duration {
        self.fresh
    }

    /// The answer to a request: kept, or that of the one call under way, which `ask` makes when there
    /// is none. `None` when it is too large to be shared.
    ///
    /// # Errors
    /// [`Failure`] of the call, when nothing can stand in for it.
    pub(super) async fn answer<A>(
        &self,
        key: &Key,
        ask: impl FnOnce() -> A,
    ) -> Result<Option<(Arc<Kept>, Source)>, Failure>
    where
        A: Future<Output = Outcome> + Send + 'static,
    {
        let (flight, number, source) = match self.look(key, ask) {
            Look::Kept(kept) => return Ok(Some((kept, Source::Kept))),
            Look::Large => return Ok(None),
            Look::Flight(flight, number, source) => (flight, number, source),
        };
        match flight.await {
            Ok(outcome) => {
                self.store(key, number, outcome.clone());
                Ok(outcome.map(|kept| (kept, source)))
            }
            Err(failure) if failure.cause.is_outage() => {
                let kept = self.lock().get(key).and_then(|entry| entry.kept.clone());
                let kept = kept.filter(|kept| kept.at.elapsed() < self.fresh + STANDS_IN);
                kept.map(|kept| Some((kept, Source::Stale))).ok_or(failure)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Nothing that was kept for an account counts any more: something was changed.
    pub(super) fn forget(&self, account: &TokenDigest) {
        self.lock().retain(|key, _| key.account != *account);
    }

    fn look<A>(&self, key: &Key, ask: impl FnOnce() -> A) -> Look
    where
        A: Future<Output = Outcome> + Send + 'static,
    {
        let now = Instant::now();
        let is_fresh = |at: Instant| now.duration_since(at) < self.fresh;
        let mut entries = self.lock();
        if !entries.contains_key(key) {
            make_room(&mut entries);
        }
        let entry = entries.entry(key.clone()).or_insert_with(|| Entry {
            kept: None,
            large: None,
            flight: None,
            number: rand::random(),
            used: now,
        });
        entry.used = now;
        if let Some(kept) = entry.kept.as_ref().filter(|kept| is_fresh(kept.at)) {
            return Look::Kept(kept.clone());
        }
        if entry.large.is_some_and(is_fresh) {
            return Look::Large;
        }
        let running = entry.flight.as_ref().and_then(WeakShared::upgrade);
        if let Some(flight) = running.filter(|flight| flight.peek().is_none()) {
            return Look::Flight(flight, entry.number, Source::Shared);
        }
        let flight = ask().boxed().shared();
        entry.flight = flight.downgrade();
        entry.number = entry.number.wrapping_add(1);
        Look::Flight(flight, entry.number, Source::Cloud)
    }

    fn store(&self, key: &Key, number: u64, outcome: Option<Arc<Kept>>) {
        let mut entries = self.lock();
        // An entry that was forgotten meanwhile stays so.
        let Some(entry) = entries.get_mut(key).filter(|entry| entry.number == number) else {
            return;
        };
        match outcome {
            Some(kept) if kept.whole.status.is_success() => {
                (entry.kept, entry.large) = (Some(kept), None)
            }
            Some(_) => {}
            None => (entry.kept, entry.large) = (None, Some(Instant::now())),
        }
        make_room(&mut entries);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Look {
    Kept(Arc<Kept>),
    Large,
    Flight(Shared<Flight>, u64, Source),
}

/// Drops what was not used for the longest time, until all bounds are kept with room for one more.
fn make_room(entries: &mut HashMap<Key, Entry>) {
    let size = |entry: &Entry| entry.kept.as_ref().map_or(0, |kept| kept.whole.body.len());
    let mut all: usize = entries.values().map(size).sum();
    while entries.len() >= MOST || all > ALL {
        let oldest = entries.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| key.clone());
        let Some(entry) = oldest.and_then(|key| entries.remove(&key)) else {
            return;
        };
        all = all.saturating_sub(size(&entry));
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.lock().len();
        f.debug_struct("Cache").field("fresh", &self.fresh).field("entries", &entries).finish()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, StatusCode};
    use hyper::body::Bytes;

    use super::*;
    use crate::faces::proxy::failure::Cause;

    fn key(target: &str) -> Key {
        let account = TokenDigest::of("AQAreal");
        Key { account, target: target.to_owned(), accepts: [None, None] }
    }

    fn kept(body: &str) -> Outcome {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let whole = Whole { status: StatusCode::OK, headers: HeaderMap::new(), body };
        Ok(Some(Arc::new(Kept { whole, at: Instant::now() })))
    }

    async fn got(cache: &Cache, target: &str, outcome: Outcome) -> Result<(Bytes, Source), Cause> {
        let found = cache.answer(&key(target), || async { outcome }).await;
        let found = found.map_err(|failure| failure.cause)?;
        Ok(found.map(|(kept, source)| (kept.whole.body.clone(), source)).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_fresh_for_its_time_stands_in_for_an_hour_and_is_gone_then() {
        let cache = Cache::new(Duration::from_secs(5));
        let failed = || Err(Failure::new(Cause::Timeout, "x"));
        assert_eq!(got(&cache, "/a", kept("one")).await, Ok(("one".into(), Source::Cloud)));
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(got(&cache, "/a", kept("two")).await, Ok(("one".into(), Source::Kept)));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(got(&cache, "/a", failed()).await, Ok(("one".into(), Source::Stale)));
        let refused = Err(Failure::new(Cause::Refused, "x"));
        assert_eq!(got(&cache, "/a", refused).await, Err(Cause::Refused));
        tokio::time::advance(STANDS_IN).await;
        assert_eq!(got(&cache, "/a", failed()).await, Err(Cause::Timeout));
        assert_eq!(got(&cache, "/a", kept("two")).await, Ok(("two".into(), Source::Cloud)));
    }

    #[tokio::test]
    async fn what_was_asked_before_a_write_is_not_kept_after_it() {
        let cache = Cache::new(Duration::from_secs(60));
        let account = TokenDigest::of("AQAreal");
        let during = async {
            cache.forget(&account);
            kept("old").unwrap()
        };
        // The call itself forgets, as a write that overtakes it would.
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let wanted = key("/a");
        let asked = cache.answer(&wanted, || async move { Ok(receiver.await.unwrap()) });
        let (found, ()) = tokio::join!(asked, async { drop(sender.send(during.await)) });
        assert!(found.is_ok());
        assert_eq!(got(&cache, "/a", kept("new")).await, Ok(("new".into(), Source::Cloud)));
    }

    #[tokio::test]
    async fn memory_is_bounded_by_number_and_size() {
        let cache = Cache::new(Duration::from_secs(60));
        for number in 0..MOST + 50 {
            got(&cache, &format!("/{number}"), kept("x")).await.unwrap();
        }
        assert!(cache.lock().len() <= MOST);
        let large = "x".repeat(LARGEST);
        for number in 0..20 {
            got(&cache, &format!("/large{number}"), kept(&large)).await.unwrap();
        }
        let bodies = |entry: &Entry| entry.kept.as_ref().map_or(0, |kept| kept.whole.body.len());
        assert!(cache.lock().values().map(bodies).sum::<usize>() <= ALL);
        assert_eq!(got(&cache, "/large19", kept("y")).await.unwrap().1, Source::Kept);
    }
}
