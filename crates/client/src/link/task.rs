//! The task of one connection: connects, serves (`link/live.rs`), waits, connects again. What it
//! holds is in `link/session.rs`.

use std::sync::Arc;

use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{
    Connection, QUEUE, Reason, SendError, Way,
    backoff::Backoff,
    both::Both,
    hub::{Command, Hub, Owner},
    live::Live,
    login::Login,
    session::{Session, other_way},
};
use crate::{
    mqtt::{OpenError, Socket},
    options::Options,
};

/// Starts the task and returns what its handles hold.
pub(super) fn spawn(login: Login, options: Options, both: Option<Box<Both>>) -> Arc<Owner> {
    let hub = Arc::new(Hub::new());
    let (sender, commands) = mpsc::channel(QUEUE);
    let way = if login.printer.is_some() { Way::Lan } else { Way::Cloud };
    let session = Session::new(login, options, hub.clone(), commands, both);
    Owner::new(way, hub, sender, tokio::spawn(session.run()))
}

impl Session {
    async fn run(mut self) {
        while let Some(reason) = self.connection().await {
            let timing = self.timing();
            let wait = if reason.is_wrong_credentials() {
                Backoff::after_refusal(rand::random(), timing)
            } else {
                let timing = timing.clone();
                self.backoff.next(rand::random(), &timing)
            };
            tracing::debug!(address = %self.login.address, %reason, wait_ms = wait.as_millis(),
                "not connected");
            self.lose(&reason);
            if self.idle_until(Instant::now() + wait).await.is_none() {
                break;
            }
        }
        self.lose(&Reason::Closed);
        self.hub.feeds().iter().for_each(|feed| {
            feed.set_connection(Connection::Offline(Reason::Closed));
        });
        if let Some(both) = self.both {
            both.end();
        }
    }

    /// One connection from its start to its end; `None` when the session is to end.
    async fn connection(&mut self) -> Option<Reason> {
        // A session that nobody uses yet would only hold a slot at the broker.
        self.adopt();
        while self.printers.is_empty() {
            let hub = self.hub.clone();
            self.idle(async move { hub.changed.notified().await }).await?;
            self.adopt();
        }
        if !self.is_lan() {
            let turn = self.budget.next(Instant::now());
            self.idle_until(turn).await?;
            self.budget.start(Instant::now());
        }
        let open = match self.login.open(&self.options) {
            Ok(open) => open,
            Err(reason) => return Some(reason),
        };
        // Boxed, so that it takes no room in the task once the connection stands.
        let socket = match self.idle(Box::pin(open.open())).await? {
            Ok(socket) => socket,
            Err(error) => {
                if matches!(error, OpenError::Unreachable(_)) {
                    self.budget.give_back();
                }
                return Some(self.login.reason(error));
            }
        };
        let start = Instant::now();
        let reason = self.serve(socket).await;
        let timing = self.timing().clone();
        self.backoff.held(start.elapsed(), &timing);
        reason
    }

    async fn serve(&mut self, socket: Socket) -> Option<Reason> {
        self.standing = Connection::Connecting;
        let reason = Live::new(self, socket).serve().await;
        (reason != Reason::Closed).then_some(reason)
    }

    /// Tells everybody that there is no connection; requests that wait fail now.
    fn lose(&mut self, reason: &Reason) {
        self.standing = Connection::Offline(reason.clone());
        self.printers.values_mut().for_each(|printer| printer.lose(reason));
        while let Ok(command) = self.commands.try_recv() {
            self.refuse(*command);
        }
    }

    fn refuse(&self, command: Command) {
        let error = self.standing.check().err().unwrap_or(SendError::Lost);
        let _ = command.answer.send(Err(error));
    }

    async fn idle_until(&mut self, moment: Instant) -> Option<()> {
        self.idle(sleep_until(moment)).await
    }

    /// Does `work` while there is no connection: requests are refused at once, printers come and
    /// go. `None` when the session is to end.
    async fn idle<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let hub = self.hub.clone();
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                () = hub.closing.cancelled() => return None,
                done = &mut work => return Some(done),
                Some(command) = self.commands.recv() => self.refuse(*command),
                () = hub.changed.notified() => {
                    self.adopt();
                }
                () = other_way(&mut self.both) => {}
            }
        }
    }
}
