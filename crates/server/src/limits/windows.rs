//! The windows themselves: a bounded number, in shards so that requests do not wait for each other.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher as _,
    net::{IpAddr, Ipv4Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{Group, Key, WINDOW};

const SHARDS: usize = 16;
/// Addresses with a window of their own, per shard; the others share one. 16,384 in all.
pub(super) const ADDRESSES: usize = 1024;
/// How often windows that are over are looked for, at most.
const SWEEP: Duration = Duration::from_secs(1);
/// Those for whom there is no window left.
const REST: Key = Key::Address(IpAddr::V4(Ipv4Addr::UNSPECIFIED));

/// All windows.
#[derive(Debug)]
pub(super) struct Windows {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Shard {
    windows: HashMap<(Key, Group), Window>,
    /// Windows of addresses among them, without the one that the rest shares.
    addresses: usize,
    swept: Option<Instant>,
    /// How many windows there may be before those that are over are looked for.
    sweep_at: usize,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    start: Instant,
    used: u32,
}

impl Default for Windows {
    fn default() -> Self {
        Self { shards: Default::default(), hasher: RandomState::new() }
    }
}

impl Windows {
    /// Counts one; how many are left after it, `None` when there was none, and when the window ends.
    pub(super) fn take(
        &self,
        who: Key,
        group: Group,
        limit: u32,
        now: Instant,
    ) -> (Option<u32>, Duration) {
        let index = usize::try_from(self.hasher.hash_one(who) % SHARDS as u64).unwrap_or_default();
        let [first, ..] = &self.shards;
        let shard = self.shards.get(index).unwrap_or(first);
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let window = shard.window(who, group, now);
        let reset = WINDOW.saturating_sub(now.saturating_duration_since(window.start));
        if window.used >= limit {
            return (None, reset);
        }
        window.used += 1;
        (Some(limit - window.used), reset)
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap().windows.len()).sum()
    }
}

impl Shard {
    fn window(&mut self, who: Key, group: Group, now: Instant) -> &mut Window {
        let mut key = (who, group);
        if !self.windows.contains_key(&key) {
            self.make_room(now);
            if matches!(who, Key::Address(_)) {
                if self.addresses < ADDRESSES {
                    self.addresses += 1;
                } else {
                    key = (REST, group);
                }
            }
        }
        let window = self.windows.entry(key).or_insert(Window { start: now, used: 0 });
        if window.is_over(now) {
            *window = Window { start: now, used: 0 };
        }
        window
    }

    fn make_room(&mut self, now: Instant) {
        let full = self.addresses >= ADDRESSES || self.windows.len() >= self.sweep_at;
        let lately = self.swept.is_some_and(|then| now.saturating_duration_since(then) < SWEEP);
        if !full || lately {
            return;
        }
        self.swept = Some(now);
        self.windows.retain(|_, window| !window.is_over(now));
        let own = |key: &&(Key, Group)| matches!(key.0, Key::Address(_)) && key.0 != REST;
        self.addresses = self.windows.keys().filter(own).count();
        self.sweep_at = ADDRESSES.max(2 * self.windows.len());
    }
}

impl Window {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.start) >= WINDOW
    }
}
