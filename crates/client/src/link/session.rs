//! The task of one connection: connects, serves (`link/live.rs`), waits, connects again.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bambu_protocol::{
    AccessCode, Serial,
    mqtt::{Connect, ConnectCode},
    request::SequenceId,
};
use bytes::Bytes;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{
    CloudLogin, Connection, QUEUE, Reason, SendError,
    backoff::Backoff,
    budget::Budget,
    hub::{Command, Feed, Hub, Owner},
    live::Live,
    tracked::Tracked,
};
use crate::{
    endpoint::BrokerAddress,
    mqtt::{Open, OpenError, Socket, TlsTarget},
    options::{Options, Timing},
    tls::SetupError,
};

/// Who logs in where.
pub(super) struct Login {
    address: BrokerAddress,
    username: String,
    password: Bytes,
    /// The printer whose certificate is expected; `None` for the cloud.
    printer: Option<Serial>,
}

impl Login {
    pub(super) fn lan(address: BrokerAddress, printer: Serial, code: &AccessCode) -> Self {
        let password = Bytes::copy_from_slice(code.reveal().as_bytes());
        Self { address, username: "bblp".into(), password, printer: Some(printer) }
    }

    pub(super) fn cloud(login: CloudLogin) -> Self {
        let password = Bytes::copy_from_slice(login.token.reveal().as_bytes());
        let username = format!("u_{}", login.uid.trim().trim_start_matches("u_"));
        Self { address: login.broker, username, password, printer: None }
    }
}

/// The task's own state.
pub(super) struct Session {
    login: Login,
    options: Options,
    pub(super) hub: Arc<Hub>,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) printers: HashMap<Serial, Tracked>,
    ids: SequenceId,
    /// What a printer that is added now is told.
    standing: Connection,
    backoff: Backoff,
    budget: Budget,
}

/// Which printers came and went.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) added: Vec<Serial>,
    pub(super) removed: Vec<Serial>,
}

impl Session {
    /// Starts the task and returns what its handles hold.
    pub(super) fn spawn(login: Login, mut options: Options) -> Arc<Owner> {
        options.timing = options.timing.bounded();
        let hub = Arc::new(Hub::new());
        let (sender, commands) = mpsc::channel(QUEUE);
        let session = Self {
            login,
            options,
            hub: hub.clone(),
            commands,
            printers: HashMap::new(),
            ids: SequenceId::from_random(rand::random()),
            standing: Connection::Connecting,
            backoff: Backoff::default(),
            budget: Budget::default(),
        };
        Owner::new(hub, sender, tokio::spawn(session.run()))
    }

    pub(super) fn timing(&self) -> &Timing {
        &self.options.timing
    }

    /// Whether this is the connection of one printer alone.
    pub(super) fn is_lan(&self) -> bool {
        self.login.printer.is_some()
    }

    pub(super) fn next_id(&mut self) -> SequenceId {
        self.ids = self.ids.next();
        self.ids
    }

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
        let open = match self.open() {
            Ok(open) => open,
            Err(error) => return Some(Reason::Lost(error.to_string())),
        };
        let socket = match self.idle(open.open()).await? {
            Ok(socket) => socket,
            Err(error) => {
                if matches!(error, OpenError::Unreachable(_)) {
                    self.budget.give_back();
                }
                return Some(self.reason(error));
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

    fn open(&self) -> Result<Open, SetupError> {
        let Login { address, username, password, printer } = &self.login;
        let roots = &self.options.roots;
        let (config, name) = match printer {
            Some(serial) => roots.printer_config(serial)?,
            None => (roots.cloud_config()?, crate::tls::server_name(&address.host)?),
        };
        let keep_alive = self.timing().keep_alive.as_secs().clamp(1, 600);
        Ok(Open {
            address: address.clone(),
            tls: TlsTarget { config, name },
            connect: Connect {
                client_id: format!("bambu-{:016x}", rand::random::<u64>()),
                clean_session: true,
                keep_alive: u16::try_from(keep_alive).unwrap_or(60),
                username: Some(username.clone()),
                password: Some(password.clone()),
                will: None,
            },
            within: self.timing().connect,
        })
    }

    fn reason(&self, error: OpenError) -> Reason {
        let address = self.login.address.clone();
        match error {
            OpenError::Unreachable(why) => Reason::Unreachable { address, why },
            OpenError::Untrusted { why, fingerprint } => Reason::UntrustedCertificate {
                address,
                why,
                fingerprint: fingerprint.map(|print| print.to_string()),
            },
            OpenError::NotABroker(why) => Reason::NotABroker { address, why },
            OpenError::Refused(ConnectCode::BadCredentials | ConnectCode::NotAuthorized) => {
                if self.is_lan() {
                    Reason::WrongAccessCode(address)
                } else {
                    Reason::WrongToken(address)
                }
            }
            OpenError::Refused(ConnectCode::UnacceptableProtocol) => {
                Reason::NotABroker { address, why: "it does not speak MQTT 3.1.1".into() }
            }
            OpenError::Refused(code) => Reason::Busy { address, code },
        }
    }

    /// Tells everybody that there is no connection; requests that wait fail now.
    fn lose(&mut self, reason: &Reason) {
        self.standing = Connection::Offline(reason.clone());
        self.printers.values_mut().for_each(|printer| printer.lose(reason));
        while let Ok(command) = self.commands.try_recv() {
            self.refuse(command);
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
                Some(command) = self.commands.recv() => self.refuse(command),
                () = hub.changed.notified() => {
                    self.adopt();
                }
            }
        }
    }

    /// Takes over the printers that handles were made for, and leaves those that nobody watches.
    pub(super) fn adopt(&mut self) -> Changes {
        let now = Instant::now();
        let wanted: HashMap<Serial, Arc<Feed>> =
            self.hub.feeds().into_iter().map(|feed| (feed.serial.clone(), feed)).collect();
        let mut changes = Changes::default();
        self.printers.retain(|serial, printer| {
            let stays = wanted.get(serial).is_some_and(|feed| Arc::ptr_eq(feed, &printer.feed));
            if !stays {
                printer.pending.fail(&SendError::Lost);
                changes.removed.push(serial.clone());
            }
            stays
        });
        for (serial, feed) in wanted {
            if !self.printers.contains_key(&serial) {
                feed.set_connection(self.standing.clone());
                self.printers.insert(serial.clone(), Tracked::new(feed, now));
                changes.added.push(serial);
            }
        }
        changes
    }
}

/// How long saying goodbye may take.
pub(super) const GOODBYE: Duration = Duration::from_secs(2);
