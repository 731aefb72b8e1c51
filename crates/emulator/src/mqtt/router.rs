//! Who wants which topic: exact filters in a table, the few with wildcards in a list.

use std::{collections::HashMap, sync::Arc};

use bambu_protocol::mqtt::{QoS, topic};

use super::client::Client;

/// The subscriptions of all clients.
#[derive(Default)]
pub(super) struct Router {
    exact: HashMap<Box<str>, Vec<(Arc<Client>, QoS)>>,
    wildcards: Vec<(Box<str>, Arc<Client>, QoS)>,
}

impl Router {
    /// Adds a subscription, or changes the level of one that is there; true when it is new.
    pub(super) fn add(&mut self, filter: &str, client: &Arc<Client>, qos: QoS) -> bool {
        let known = if topic::has_wildcard(filter) {
            let mut all = self.wildcards.iter_mut();
            all.find(|(known, of, _)| known.as_ref() == filter && of.key == client.key)
                .map(|(_, _, level)| *level = qos)
        } else {
            let mut all = self.exact.get_mut(filter).into_iter().flatten();
            all.find(|(of, _)| of.key == client.key).map(|(_, level)| *level = qos)
        };
        if known.is_some() {
            return false;
        }
        if topic::has_wildcard(filter) {
            self.wildcards.push((filter.into(), Arc::clone(client), qos));
        } else {
            self.exact.entry(filter.into()).or_default().push((Arc::clone(client), qos));
        }
        true
    }

    /// Ends a subscription; true when there was one.
    pub(super) fn remove(&mut self, filter: &str, key: u64) -> bool {
        if topic::has_wildcard(filter) {
            let at = self
                .wildcards
                .iter()
                .position(|(known, of, _)| known.as_ref() == filter && of.key == key);
            return at.map(|at| self.wildcards.swap_remove(at)).is_some();
        }
        let Some(clients) = self.exact.get_mut(filter) else { return false };
        let found = clients.iter().position(|(of, _)| of.key == key);
        found.map(|at| clients.swap_remove(at));
        if clients.is_empty() {
            self.exact.remove(filter);
        }
        found.is_some()
    }

    /// Ends all subscriptions to exactly this topic.
    pub(super) fn clear(&mut self, topic: &str) {
        self.exact.remove(topic);
    }

    /// Calls `visit` once for each client that wants `topic`, with its highest level.
    pub(super) fn visit(&self, topic: &str, mut visit: impl FnMut(&Arc<Client>, QoS)) {
        let exact = self.exact.get(topic).map(Vec::as_slice).unwrap_or_default();
        let mut matching =
            self.wildcards.iter().filter(|(f, ..)| topic::matches(f, topic)).peekable();
        if matching.peek().is_none() {
            exact.iter().for_each(|(client, qos)| visit(client, *qos));
            return;
        }
        let wild = matching.map(|(_, client, qos)| (client, *qos));
        let mut all: Vec<_> =
            exact.iter().map(|(client, qos)| (client, *qos)).chain(wild).collect();
        all.sort_unstable_by_key(|(client, qos)| (client.key, std::cmp::Reverse(*qos)));
        all.dedup_by_key(|(client, _)| client.key);
        all.into_iter().for_each(|(client, qos)| visit(client, qos));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(router: &Router, topic: &str) -> Vec<(u64, QoS)> {
        let mut found = Vec::new();
        router.visit(topic, |client, qos| found.push((client.key, qos)));
        found.sort_unstable();
        found
    }

    #[test]
    fn a_client_is_visited_once_with_its_highest_level() {
        let mut router = Router::default();
        let (one, two) = (Arc::new(Client::new(1, "u", "a")), Arc::new(Client::new(2, "u", "b")));
        assert!(router.add("a/b", &one, QoS::AtMostOnce));
        assert!(!router.add("a/b", &one, QoS::AtMostOnce));
        assert!(router.add("a/+", &one, QoS::AtLeastOnce));
        assert!(router.add("#", &two, QoS::AtMostOnce));
        assert_eq!(keys(&router, "a/b"), [(1, QoS::AtLeastOnce), (2, QoS::AtMostOnce)]);
        assert_eq!(keys(&router, "x"), [(2, QoS::AtMostOnce)]);
        assert!(router.remove("a/+", 1) && !router.remove("a/+", 1));
        assert!(router.remove("#", 2));
        assert_eq!(keys(&router, "a/b"), [(1, QoS::AtMostOnce)]);
        assert!(router.remove("a/b", 1) && !router.remove("a/b", 1));
        assert!(router.exact.is_empty());
    }
}
