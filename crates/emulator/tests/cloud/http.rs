//! A cloud on real sockets, and just enough HTTP by hand to ask it.

use std::sync::Arc;

use bambu_emulator::{
    cloud::{Cloud, Listed, account::Accounts, http, rules::Rules, switchboard::Switchboard},
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
    api_port: u16,
    _tasks: Vec<AbortOnDropHandle<()>>,
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
        let accounts = Accounts::from_seed(1);
        let printer = |serial: &str, model| {
            let serial = Serial::new(serial).unwrap();
            Printer::new(PrinterSpec::new(serial, model, AccessCode::new("12345678")))
        };
        let printers = vec![printer(MINE, Model::P1S), printer(FOREIGN, Model::X1C)];
        let owners = [accounts.ready.clone(), accounts.plain.clone()];
        let bound = owners.into_iter().zip(&printers);
        let bound = bound.map(|(owner, p)| (owner, Arc::clone(p) as Arc<dyn Listed>)).collect();
        let cloud = Arc::new(Cloud::new(accounts, bound));
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
        for printer in &printers {
            let serial = printer.spec().serial.clone();
            tasks.push(tokio::spawn(switchboard.clone().carry(serial, stop.clone())));
        }
        let tasks = tasks.into_iter().map(AbortOnDropHandle::new).collect();
        Self { cloud, switchboard, printers, mqtt_port, api_port, _tasks: tasks }
    }

    /// The ready account's token.
    pub(crate) fn token(&self) -> String {
        self.cloud.first_token(&self.cloud.accounts().ready)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let authorization = format!("Authorization: Bearer {}", self.token());
        self.ask("GET", path, &[&authorization], "").await
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
    body: &str,
) -> Answer {
    let mut tcp = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: cloud\r\nConnection: close\r\n");
    for header in headers {
        request.push_str(&format!("{header}\r\n"));
    }
    request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    // A refused body may close the connection before all of it is taken.
    let _ = tcp.write_all(request.as_bytes()).await;
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
