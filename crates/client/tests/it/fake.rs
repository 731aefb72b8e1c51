//! A broker that says what a test tells it to, over TLS with certificates made for the run.

use std::{sync::Arc, time::Duration};

use bambulab::{
    BrokerAddress, Connection, LanTarget, Link, Options, Roots, Snapshot, Timing, Token,
    connect_lan,
    protocol::{
        AccessCode, Serial,
        mqtt::{
            ConnAck, Connect, ConnectCode, Limits, Packet, Publish, QoS, SubAck, decode, encode,
            topic,
        },
    },
};
use bytes::{Bytes, BytesMut};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// Longer than anything here should take, so that a fault ends a test and does not hang it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const SERIAL: &str = "01P00A000000001";
pub(crate) const FULL: &str = r#"{"print":{"command":"push_status","msg":0,"sequence_id":"9",
    "gcode_state":"RUNNING","mc_percent":45,"nozzle_temper":219.5}}"#;
pub(crate) const VERSION: &str =
    r#"{"info":{"command":"get_version","sequence_id":"1","module":[{"name":"ota"}]}}"#;
pub(crate) const DELTA: &str =
    r#"{"print":{"command":"push_status","msg":1,"sequence_id":"10","mc_percent":46}}"#;

pub(crate) struct Ca {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Ca {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Test CA");
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    pub(crate) fn roots(&self) -> Roots {
        Roots::public().with_pem(self.pem.as_bytes(), "test").unwrap()
    }

    /// For those who read it from a file.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate as a printer has it: the serial as common name, no other name.
    pub(crate) fn printer(&self, common_name: &str) -> Arc<ServerConfig> {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common_name);
        self.config(&params)
    }

    pub(crate) fn cloud(&self) -> Arc<ServerConfig> {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        self.config(&CertificateParams::new(names).unwrap())
    }

    fn config(&self, params: &CertificateParams) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .unwrap();
        Arc::new(config)
    }
}

pub(crate) struct Broker {
    listener: TcpListener,
    tls: Arc<ServerConfig>,
}

impl Broker {
    pub(crate) async fn new(tls: Arc<ServerConfig>) -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap(), tls }
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    pub(crate) fn address(&self) -> BrokerAddress {
        BrokerAddress { host: "127.0.0.1".into(), port: self.port() }
    }

    /// The next client, welcomed.
    pub(crate) async fn accept(&self) -> Peer {
        self.answer(ConnectCode::Accepted).await
    }

    /// The next client, answered with a code.
    pub(crate) async fn answer(&self, code: ConnectCode) -> Peer {
        let mut peer = Peer::shake_hands(self.take().await, self.tls.clone()).await;
        match peer.packet().await {
            Some(Packet::Connect(connect)) => peer.connect = Some(connect),
            other => panic!("no CONNECT but {other:?}"),
        }
        peer.send(&Packet::ConnAck(ConnAck { session_present: false, code })).await;
        peer
    }

    /// The next client, told nothing.
    pub(crate) async fn take(&self) -> TcpStream {
        timeout(PATIENCE, self.listener.accept()).await.unwrap().unwrap().0
    }

    /// Lets clients fail at TLS for as long as this is awaited.
    pub(crate) async fn shake_hands(&self) {
        loop {
            let (stream, _) = self.listener.accept().await.unwrap();
            let _ = TlsAcceptor::from(self.tls.clone()).accept(stream).await;
        }
    }

    /// Whether nobody connects for a while.
    pub(crate) async fn is_quiet_for(&self, time: Duration) -> bool {
        timeout(time, self.listener.accept()).await.is_err()
    }
}

pub(crate) struct Peer {
    stream: TlsStream<TcpStream>,
    inbox: BytesMut,
    connect: Option<Connect>,
    pub(crate) filters: Vec<String>,
}

impl Peer {
    pub(crate) async fn shake_hands(stream: TcpStream, tls: Arc<ServerConfig>) -> Self {
        let stream = TlsAcceptor::from(tls).accept(stream).await.unwrap();
        Self { stream, inbox: BytesMut::new(), connect: None, filters: Vec::new() }
    }

    pub(crate) fn connect(&self) -> &Connect {
        self.connect.as_ref().unwrap()
    }

    /// The next packet; `None` when the client hung up.
    pub(crate) async fn packet(&mut self) -> Option<Packet> {
        loop {
            if let Some(packet) = decode(&mut self.inbox, &Limits { max_packet: 1 << 20 }).unwrap()
            {
                return Some(packet);
            }
            let read = timeout(PATIENCE, self.stream.read_buf(&mut self.inbox)).await.unwrap();
            if matches!(read, Err(_) | Ok(0)) {
                return None;
            }
        }
    }

    pub(crate) async fn send(&mut self, packet: &Packet) {
        let mut out = BytesMut::new();
        encode(packet, &mut out).unwrap();
        self.raw(&out).await;
    }

    /// Sends bytes. A client that has hung up is no fault: [`Peer::packet`] tells of it.
    pub(crate) async fn raw(&mut self, bytes: &[u8]) {
        if self.stream.write_all(bytes).await.is_ok() {
            let _ = self.stream.flush().await;
        }
    }

    /// The next request of the client; answers subscriptions and pings on the way.
    pub(crate) async fn request(&mut self) -> Option<(String, Value)> {
        loop {
            match self.packet().await? {
                Packet::Publish(publish) => {
                    let (serial, kind) = topic::parse(&publish.topic).unwrap();
                    assert_eq!(kind, topic::Kind::Request);
                    let json = serde_json::from_slice(&publish.payload).unwrap();
                    return Some((serial.to_string(), json));
                }
                Packet::Subscribe(subscribe) => {
                    let granted = vec![Some(QoS::AtMostOnce); subscribe.filters.len()];
                    self.filters.extend(subscribe.filters.into_iter().map(|(filter, _)| filter));
                    let packet_id = subscribe.packet_id;
                    self.send(&Packet::SubAck(SubAck { packet_id, granted })).await;
                }
                Packet::PingReq => self.send(&Packet::PingResp).await,
                Packet::Disconnect => return None,
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next request, which must be this command.
    pub(crate) async fn expect(&mut self, command: &str) -> Value {
        let (_, json) = self.request().await.expect("a request, but the client hung up");
        let (_, body) = json.as_object().unwrap().iter().next().unwrap();
        assert_eq!(body["command"], command, "{json}");
        body.clone()
    }

    pub(crate) async fn report(&mut self, serial: &str, payload: &str) {
        let serial = Serial::new(serial).unwrap();
        self.send(&Packet::Publish(Publish {
            topic: topic::report(&serial),
            payload: Bytes::copy_from_slice(payload.as_bytes()),
            qos: QoS::AtMostOnce,
            retain: false,
            dup: false,
            packet_id: None,
        }))
        .await;
    }

    /// The next request of this command, acknowledged with `result`.
    pub(crate) async fn obey(&mut self, command: &str, result: &str) -> Value {
        let body = self.expect(command).await;
        let id = body["sequence_id"].as_str().unwrap();
        let answer = format!(
            r#"{{"print":{{"command":"{command}","sequence_id":"{id}","result":"{result}"}}}}"#
        );
        self.report(SERIAL, &answer).await;
        body
    }

    /// Answers the first two requests so that the printer is online.
    pub(crate) async fn bring_online(&mut self) {
        self.expect("get_version").await;
        self.expect("pushall").await;
        self.report(SERIAL, FULL).await;
    }
}

/// Waits that fit a test; each may be changed by it.
pub(crate) fn options(ca: &Ca) -> Options {
    let timing = Timing {
        retry_first: Duration::from_millis(50),
        retry_max: Duration::from_millis(100),
        ..Timing::default()
    };
    Options { roots: ca.roots(), timing, ..Options::default() }
}

/// A link to a printer that is online, the broker that it is on, and the other end.
pub(crate) async fn online(timing: impl FnOnce(&mut Timing)) -> (Broker, Link, Peer) {
    let ca = Ca::new();
    let broker = Broker::new(ca.printer(SERIAL)).await;
    let mut options = options(&ca);
    timing(&mut options.timing);
    let link = connect_lan(target(broker.port()), options);
    let mut peer = broker.accept().await;
    peer.bring_online().await;
    until(&link, |s| s.connection == Connection::Online).await;
    (broker, link, peer)
}

pub(crate) fn target(port: u16) -> LanTarget {
    let serial = Serial::new(SERIAL).unwrap();
    let target = LanTarget::new(serial, "127.0.0.1", AccessCode::new("12345678"));
    LanTarget { port, name: Some("Bench".into()), ..target }
}

pub(crate) fn login(broker: &Broker) -> bambulab::CloudLogin {
    let token = Token::new("AQAtoken");
    bambulab::CloudLogin { uid: "123".into(), token, broker: broker.address() }
}

/// The first snapshot that `wanted` likes.
pub(crate) async fn until(link: &Link, wanted: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
    let mut updates = link.updates();
    let found = timeout(PATIENCE, updates.wait_for(|snapshot| wanted(snapshot))).await;
    found
        .unwrap_or_else(|_| panic!("never came; now {:?}", link.snapshot().connection))
        .unwrap()
        .clone()
}
