//! A broker on a free port with rules to test.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bambu_emulator::mqtt::{Broker, ConnectRefusal, Counters, Hooks, Limits, User};
use bambu_protocol::mqtt::Connect;
use bytes::Bytes;
use rustls::ServerConfig;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// `maker` with `secret` comes in; what starts with `private` is forbidden.
#[derive(Default)]
pub(crate) struct Rules {
    pub(crate) heard: Mutex<Vec<(String, Bytes)>>,
    pub(crate) latest: AtomicU64,
}

impl Hooks for Rules {
    fn connect(&self, connect: &Connect) -> Result<User, ConnectRefusal> {
        match (connect.username.as_deref(), connect.password.as_deref()) {
            (Some(user @ ("maker" | "other")), Some(b"secret")) => Ok(user.into()),
            (Some("maker"), _) => Err(ConnectRefusal::BadCredentials),
            _ => Err(ConnectRefusal::NotAuthorized),
        }
    }

    fn may_subscribe(&self, _: &User, filter: &str) -> bool {
        !filter.starts_with("private")
    }

    fn may_publish(&self, _: &User, topic: &str) -> bool {
        !topic.starts_with("private")
    }

    fn published(&self, _: &User, topic: &str, payload: &Bytes) {
        self.heard.lock().unwrap().push((topic.to_owned(), payload.clone()));
    }

    fn full_report(&self, topic: &str) -> Option<Bytes> {
        let latest = self.latest.load(Ordering::SeqCst);
        (topic == "counted").then(|| Bytes::from(format!("full {latest}")))
    }
}

pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) broker: Broker,
    pub(crate) rules: Arc<Rules>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) running: JoinHandle<()>,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(Limits::default(), None).await
    }

    pub(crate) async fn with(limits: Limits, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let rules = Arc::new(Rules::default());
        let broker = Broker::new(Arc::clone(&rules) as Arc<dyn Hooks>, limits);
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(broker.run(listener, tls, shutdown.clone()));
        Self { address, broker, rules, shutdown, running }
    }

    /// Waits until the counters are as wanted.
    pub(crate) async fn until(&self, wanted: impl Fn(Counters) -> bool) {
        for _ in 0..2000 {
            if wanted(self.broker.counters()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{:?}", self.broker.counters());
    }
}
