//! What happens to a printer, as a stream without a task of its own.

use std::{collections::VecDeque, sync::Arc};

use bambu_protocol::{
    event::{Event, Watcher},
    status::Status,
};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::link::{Connection, Reason, Snapshot};

/// What happens to one printer, each thing told once, across reconnects and lost reports.
///
/// It looks at whole and live statuses only. What is already so when it begins is no event. A
/// reader that is more than 64 reports late misses what came and went in the oldest ones.
#[derive(Debug)]
pub struct Events {
    each: broadcast::Receiver<Arc<Snapshot>>,
    watcher: Watcher,
    /// The last live status while it is live; it is told once more, as offline, when it ends.
    live: Option<Arc<Status>>,
    waiting: VecDeque<Event>,
    closed: bool,
}

impl Events {
    /// `now` is what is known when `each` begins.
    pub(super) fn new(now: &Snapshot, each: broadcast::Receiver<Arc<Snapshot>>) -> Self {
        let (watcher, waiting) = (Watcher::new(), VecDeque::new());
        let mut events = Self { each, watcher, live: None, waiting, closed: false };
        events.observe(now);
        events
    }

    /// The same with another step of progress in percent, 1 to 100; 0 tells no progress.
    #[must_use]
    pub fn with_progress_step(mut self, percent: u8) -> Self {
        self.watcher = self.watcher.with_progress_step(percent);
        self
    }

    /// The next event; `None` when the link was closed or its last handle dropped.
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.closed {
                return None;
            }
            match self.each.recv().await {
                Ok(snapshot) => self.observe(&snapshot),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => self.closed = true,
            }
        }
    }

    fn observe(&mut self, snapshot: &Snapshot) {
        self.closed |= snapshot.connection == Connection::Offline(Reason::Closed);
        if snapshot.connection == Connection::Online && snapshot.complete {
            self.live = Some(snapshot.status.clone());
            self.waiting.extend(self.watcher.observe(&snapshot.status));
        } else if let Some(mut last) = self.live.take() {
            Arc::make_mut(&mut last).online = Some(false);
            self.waiting.extend(self.watcher.observe(&last));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(connection: Connection, percent: u8) -> Arc<Snapshot> {
        let mut status = Status {
            online: Some(connection == Connection::Online),
            state: bambu_protocol::status::PrinterState::Running,
            ..Status::default()
        };
        status.job.progress_percent = Some(percent);
        Arc::new(Snapshot {
            status: Arc::new(status),
            connection,
            reports: 1,
            complete: true,
            heard: None,
        })
    }

    async fn names(events: &mut Events) -> Vec<&'static str> {
        let mut names = Vec::new();
        while let Ok(Some(event)) =
            tokio::time::timeout(std::time::Duration::from_millis(20), events.next()).await
        {
            names.push(event.name());
        }
        names
    }

    #[tokio::test]
    async fn only_live_statuses_are_looked_at_and_coming_and_going_is_told_once() {
        let lost = Connection::Offline(Reason::Lost("x".into()));
        let (sender, each) = broadcast::channel(8);
        let mut events = Events::new(&snapshot(Connection::Connecting, 0), each);
        assert!(names(&mut events).await.is_empty());
        let _ = sender.send(snapshot(Connection::Online, 5));
        assert!(!names(&mut events).await.contains(&"print.progress"));
        let _ = sender.send(snapshot(Connection::Stale, 5));
        assert_eq!(names(&mut events).await, ["device.offline"]);
        let _ = sender.send(snapshot(lost, 99));
        let _ = sender.send(snapshot(Connection::Connecting, 99));
        assert!(names(&mut events).await.is_empty());
        let _ = sender.send(snapshot(Connection::Online, 12));
        assert_eq!(names(&mut events).await, ["device.online", "print.progress"]);
        let _ = sender.send(snapshot(Connection::Offline(Reason::Closed), 12));
        assert_eq!(events.next().await.map(|event| event.name()), Some("device.offline"));
        assert!(events.next().await.is_none());
    }
}
