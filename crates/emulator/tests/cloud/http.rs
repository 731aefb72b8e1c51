//! A cloud on real sockets, and just enough HTTP by hand to ask it.

use std::sync::Arc;

use bambu_emulator::{
    cloud::{
        Cloud, Dialect, Listed,
        account::Accounts,
        http,
        rules::Rules,
        store::{Setup, Store},
        switchboard::Switchboard,
    },
    faults::Faults,
    mqtt::{Broker, Limits},
    simulator::{Printer, PrinterSpec},
};
use bambu_protocol::{AccessCode, Model, Serial};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// The ready account's printer.
pub(crate) const MINE: &str = "01P00A000000001";
/// Somebody else's.
pub(crate) const FOREIGN: &str = "00M00A000000009";

/// REST and broker of a cloud with two printers; the broker speaks without TLS.
pub(crate) struct Served {
    pub(crate) cloud: Arc<Cloud>,
    pub(crate) switchboard: Switchboard,
    pub(crate) printers: Vec<Arc<Printer>>,
    pub(crate) mqtt_port: u16,
    pub(crate) faults: Faults,
    api_port: u16,
    _tasks: Vec<AbortOnDropHandle<()>>,
    _store_dir: tempfile::TempDir,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Served {
    pub(crate) async fn start() -> Self {
        Self::speaking(Dialect::Observed).await
    }

    pub(crate) async fn speaking(dialect: Dialect) -> Self {
        let accounts = Accounts::from_seed(1);
        let printer = |serial: &str, model| {
            let serial = Serial::new(serial).unwrap();
            Printer::new(PrinterSpec::new(serial, model, AccessCode::new("12345678")))
        };
        let printers = vec![printer(MINE, Model::P1S), printer(FOREIGN, Model::X1C)];
        let owners = [accounts.ready.clone(), accounts.plain.clone()];
        let bound = owners.into_iter().zip(&printers);
        let bound = bound.map(|(owner, p)| (owner, Arc::clone(p) as Arc<dyn Listed>)).collect();
        let faults = Faults::default();
        let (store_dir, listens) = (tempfile::tempdir().unwrap(), listener().await);
        let url = format!("http://127.0.0.1:{}", port(&listens));
        let (seed, capacity, counts) = (1, 1 << 20, Default::default());
        let setup = Setup { url, seed, capacity, faults: faults.clone(), counts };
        let store = Arc::new(Store::open(store_dir.path(), setup).unwrap());
        let cloud = Cloud::new(accounts, bound).in_dialect(dialect).with_faults(faults.clone());
        let cloud = Arc::new(cloud.with_store(store.clone()));
        let broker = Broker::new(Arc::new(Rules::new(cloud.clone())), Limits::default());
        let switchboard = Switchboard::new(cloud.clone(), broker.clone());
        let stop = CancellationToken::new();
        let (api, mqtt) = (listener().await, listener().await);
        let (api_port, mqtt_port) = (port(&api), port(&mqtt));
        let rest = http::run(api, cloud.clone(), stop.clone());
        let mut tasks = vec![
            tokio::spawn(async move { rest.await.unwrap() }),
            tokio::spawn(broker.run(mqtt, None, stop.clone())),
        ];
        let stored = store.run(listens, stop.clone());
        tasks.push(tokio::spawn(async move { stored.await.unwrap() }));
        for printer in &printers {
            let serial = printer.spec().serial.clone();
            tasks.push(tokio::spawn(switchboard.clone().carry(serial, stop.clone())));
        }
        let tasks = tasks.into_iter().map(AbortOnDropHandle::new).collect();
        Self {
            cloud,
            switchboard,
            printers,
            mqtt_port,
            faults,
            api_port,
            _tasks: tasks,
            _store_dir: store_dir,
        }
    }

    /// The ready account's token.
    pub(crate) fn token(&self) -> String {
        self.cloud.first_token(&self.cloud.accounts().ready)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let authorization = format!("Authorization: Bearer {}", self.token());
        self.ask("GET", path, &[&authorization], "").await
    }

    /// Asks as the ready account.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        let authorization = format!("Authorization: Bearer {}", self.token());
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.ask(method, path, &[&authorization], &body).await
    }

    /// Puts a file to a URL of the store.
    pub(crate) async fn upload(&self, url: &str, body: &str) -> u16 {
        self.upload_as(url, &[], body).await
    }

    pub(crate) async fn upload_as(&self, url: &str, headers: &[&str], body: &str) -> u16 {
        let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let port = host.rsplit_once(':').unwrap().1.parse().unwrap();
        ask(port, "PUT", &format!("/{path}"), headers, body).await.status
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask("POST", path, &[], &body.to_string()).await
    }

    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[&str],
        body: &str,
    ) -> Answer {
        ask(self.api_port, method, path, headers, body).await
    }
}

/// Sends one request on a connection of its own.
pub(crate) async fn ask(
    port: u16,
    method: &str,
    path: &str,
    headers: &[&str],
    body: impl AsRef<[u8]>,
) -> Answer {
    let mut tcp = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: cloud\r\nConnection: close\r\n");
    for header in headers {
        request.push_str(&format!("{header}\r\n"));
    }
    let body = body.as_ref();
    request.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    // A refused body may close the connection before all of it is taken.
    let _ = tcp.write_all(&[request.as_bytes(), body].concat()).await;
    let mut answer = Vec::new();
    let _ = tcp.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The value of a cookie that this answer sets.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let mut lines = self.head.lines();
        lines.find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            let value = key.eq_ignore_ascii_case("set-cookie").then_some(value)?;
            Some(value.strip_prefix(name)?.strip_prefix('=')?.split(';').next()?.to_owned())
        })
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

fn port(listener: &TcpListener) -> u16 {
    listener.local_addr().unwrap().port()
}
