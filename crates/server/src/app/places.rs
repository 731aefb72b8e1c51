//! How many connections may be open: in all, and from one address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::limits::Key;

/// The places of a process; a clone counts into the same ones.
#[derive(Debug, Clone)]
pub(super) struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    most: usize,
    most_per_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_address: HashMap<Key, usize>,
}

/// A place that is taken, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    address: Key,
}

impl Places {
    pub(super) fn new(most: usize, most_per_address: usize) -> Self {
        Self(Arc::new(Inner { most, most_per_address, taken: Mutex::default() }))
    }

    /// A place for a connection from there; `None` when there is none left.
    pub(super) fn take(&self, from: IpAddr) -> Option<Place> {
        let address = Key::peer(from);
        let mut taken = self.taken();
        if taken.all >= self.0.most {
            return None;
        }
        let own = taken.by_address.entry(address).or_default();
        if *own >= self.0.most_per_address {
            return None;
        }
        *own += 1;
        taken.all += 1;
        drop(taken);
        Some(Place { places: self.clone(), address })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all = taken.all.saturating_sub(1);
        if let Some(own) = taken.by_address.get_mut(&self.address) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_once_it_is_dropped() {
        let places = Places::new(2, 2);
        let [one, other] = ["10.0.0.1", "10.0.0.2"].map(|text| text.parse().unwrap());
        let first = places.take(one).unwrap();
        let _second = places.take(other).unwrap();
        assert!(places.take(one).is_none());
        drop(first);
        assert!(places.take(other).is_some());
        assert_eq!(places.taken().by_address.len(), 1);
    }

    #[test]
    fn one_address_cannot_take_all_places_and_a_whole_ipv6_network_counts_as_one() {
        let places = Places::new(10, 1);
        let _first = places.take("2001:db8::1".parse().unwrap()).unwrap();
        assert!(places.take("2001:db8::2".parse().unwrap()).is_none());
        assert!(places.take("2001:db8:0:1::2".parse().unwrap()).is_some());
        let _v4 = places.take("::ffff:10.0.0.1".parse().unwrap()).unwrap();
        assert!(places.take("10.0.0.1".parse().unwrap()).is_none());
    }
}
