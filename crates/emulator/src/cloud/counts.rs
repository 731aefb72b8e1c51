//! How often the cloud was asked what, for those who judge how much work a program makes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Most routes that are told apart; there are far fewer.
const MAX_ROUTES: usize = 512;
/// Where everything else is counted.
const OTHER: &str = "other";

/// Counts requests by route and status. A clone counts into the same numbers.
#[derive(Debug, Clone, Default)]
pub struct Counts(Arc<Mutex<BTreeMap<String, BTreeMap<u16, u64>>>>);

impl Counts {
    /// Counts one request; the route is method and template, such as `GET /v1/…/user/bind`.
    pub fn add(&self, route: &str, status: u16) {
        let mut counts = self.lock();
        let known = counts.contains_key(route) || counts.len() < MAX_ROUTES;
        let route = if known { route } else { OTHER };
        let count = counts.entry(route.to_owned()).or_default().entry(status).or_default();
        *count = count.saturating_add(1);
    }

    /// The numbers: route, then status.
    pub fn all(&self) -> BTreeMap<String, BTreeMap<u16, u64>> {
        self.lock().clone()
    }

    /// Begins anew.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, BTreeMap<u16, u64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_route_and_status_and_the_routes_are_bounded() {
        let counts = Counts::default();
        counts.clone().add("GET /a", 200);
        counts.add("GET /a", 200);
        counts.add("GET /a", 401);
        assert_eq!(counts.all()["GET /a"], BTreeMap::from([(200, 2), (401, 1)]));
        for at in 0..2000 {
            counts.add(&format!("GET /{at}"), 404);
        }
        assert!(counts.all().len() <= MAX_ROUTES + 1);
        assert!(counts.all()[OTHER][&404] > 1000);
        counts.clear();
        assert!(counts.all().is_empty());
    }
}
