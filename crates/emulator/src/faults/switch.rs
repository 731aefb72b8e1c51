//! The switch of the faults of one printer or of the cloud, shared by everybody who obeys them, and
//! the chance in it.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{net::TcpStream, sync::watch};

use super::{FAULTS, Fault, Setting};

/// The faults of one printer or of the cloud, to be switched while it runs. A clone is the same
/// switch.
#[derive(Clone)]
pub struct Faults(Arc<Switches>);

struct Switches {
    seed: AtomicU64,
    each: [Switch; FAULTS.len()],
    /// Counts the changes, for those who wait for one.
    changes: watch::Sender<u64>,
    /// Stalled connections that have ended here, which the other side must not notice.
    kept: Mutex<VecDeque<TcpStream>>,
}

/// Most connections that are kept for the other side.
const MAX_KEPT: usize = 64;

#[derive(Default)]
struct Switch {
    /// The rate's bits.
    rate: AtomicU64,
    /// How often it was asked.
    asked: AtomicU64,
}

impl Default for Faults {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Faults {
    /// All off. The seed decides which occasions a rate below 1 strikes.
    pub fn new(seed: u64) -> Self {
        let (changes, _) = watch::channel(0);
        let each = std::array::from_fn(|_| Switch::default());
        let kept = Mutex::default();
        Self(Arc::new(Switches { seed: seed.into(), each, changes, kept }))
    }

    /// Decides chance from this seed from now on.
    pub fn reseed(&self, seed: u64) {
        self.0.seed.store(seed, Ordering::Relaxed);
    }

    /// Switches a fault; the rate is how many of its occasions it strikes, 0 (off) to 1 (all).
    pub fn set(&self, fault: Fault, rate: f64) {
        let rate = if rate > 0.0 { rate.min(1.0) } else { 0.0 };
        let Some(switch) = self.switch(fault) else { return };
        switch.rate.store(rate.to_bits(), Ordering::Relaxed);
        self.0.changes.send_modify(|count| *count = count.wrapping_add(1));
        if fault == Fault::Stall {
            self.kept().clear();
        }
    }

    /// Switches a fault off.
    pub fn clear(&self, fault: Fault) {
        self.set(fault, 0.0);
    }

    /// Switches all off.
    pub fn clear_all(&self) {
        Fault::all().for_each(|fault| self.clear(fault));
    }

    /// How often it strikes, 0 to 1.
    pub fn rate(&self, fault: Fault) -> f64 {
        self.switch(fault).map_or(0.0, |switch| f64::from_bits(switch.rate.load(Ordering::Relaxed)))
    }

    /// Whether it may strike at all.
    pub fn is_on(&self, fault: Fault) -> bool {
        self.rate(fault) > 0.0
    }

    /// Whether it strikes now: each call is one occasion.
    ///
    /// The same seed gives the same answers in the same order.
    pub fn strikes(&self, fault: Fault) -> bool {
        let rate = self.rate(fault);
        if rate <= 0.0 || rate >= 1.0 {
            return rate >= 1.0;
        }
        let Some(switch) = self.switch(fault) else { return false };
        let asked = switch.asked.fetch_add(1, Ordering::Relaxed);
        let seed = self.0.seed.load(Ordering::Relaxed);
        chance(mix(seed ^ mix(fault as u64 + 1)) ^ asked) < rate
    }

    /// Those that are on.
    pub fn on(&self) -> Vec<Setting> {
        let all = Fault::all().map(|fault| Setting { fault, rate: self.rate(fault) });
        all.filter(|setting| setting.rate > 0.0).collect()
    }

    /// A number that changes whenever a fault is switched.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// Keeps an ended connection open until [`Fault::Stall`] is switched; the oldest goes first.
    pub(crate) fn keep(&self, tcp: TcpStream) {
        let mut kept = self.kept();
        if kept.len() >= MAX_KEPT {
            kept.pop_front();
        }
        kept.push_back(tcp);
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<TcpStream>> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn switch(&self, fault: Fault) -> Option<&Switch> {
        self.0.each.get(fault as usize)
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.on()).finish()
    }
}

/// A number from 0 up to 1 that depends on `at` alone, evenly spread.
fn chance(at: u64) -> f64 {
    (mix(at) >> 11) as f64 / (1_u64 << 53) as f64
}

/// The finisher of splitmix64: every bit of the result depends on every bit of `of`.
fn mix(of: u64) -> u64 {
    let z = of.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_is_the_same_switch_and_its_change_is_heard() {
        let faults = Faults::new(1);
        let other = faults.clone();
        let heard = other.changes();
        assert!(!other.strikes(Fault::Stall));
        faults.set(Fault::Stall, 7.0);
        assert!(other.strikes(Fault::Stall) && heard.has_changed().unwrap());
        assert_eq!(other.on(), [Setting { fault: Fault::Stall, rate: 1.0 }]);
        other.clear_all();
        assert!(!faults.is_on(Fault::Stall) && faults.on().is_empty());
    }

    #[test]
    fn a_rate_strikes_that_often_and_the_same_seed_the_same_times() {
        let strikes = |seed| {
            let faults = Faults::new(seed);
            faults.set(Fault::NoAck, 0.25);
            (0..4000).map(|_| faults.strikes(Fault::NoAck)).collect::<Vec<_>>()
        };
        let first = strikes(5);
        assert_eq!(first, strikes(5));
        assert_ne!(first, strikes(6));
        let count = first.iter().filter(|struck| **struck).count();
        assert!((900..1100).contains(&count), "{count}");
    }
}
