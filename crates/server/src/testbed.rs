//! A cloud for tests of this crate: a broker over TLS and the few REST routes that links need. The
//! simulator is better at all of it, but lives in a crate that this one does not know.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, http::StatusCode, routing::get};
use bambu_protocol::{
    Serial,
    mqtt::{ConnAck, ConnectCode, Limits, Packet, Publish, QoS, SubAck, decode, encode, topic},
};
use bambulab::{
    BrokerAddress, Endpoint, Options, Region, Roots, Timing, Token,
    cloud::{Budget, Manners},
};
use bytes::{Bytes, BytesMut};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::broadcast,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use crate::accounts::Accounts;

/// Longer than anything here should take, so that a fault ends a test and does not hang it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What happens to all connections of the broker.
#[derive(Clone)]
enum Word {
    Report(Serial, Bytes),
    HangUp,
}

/// What a test sees of it.
pub(crate) struct World {
    pub(crate) endpoint: Endpoint,
    pub(crate) options: Options,
    seen: Arc<Seen>,
    words: broadcast::Sender<Word>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Seen {
    sessions: AtomicUsize,
    listings: AtomicUsize,
    names: AtomicUsize,
    refuse: AtomicBool,
    fails: AtomicBool,
    topics: Mutex<BTreeSet<String>>,
}

impl World {
    /// A cloud whose account has the printers `A` and `B`.
    pub(crate) async fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        let leaf_key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let leaf = leaf.signed_by(&leaf_key, &issuer).unwrap();
        let leaf_key = PrivateKeyDer::Pkcs8(leaf_key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], leaf_key)
            .unwrap();
        let seen = Arc::new(Seen::default());
        let words = broadcast::Sender::new(1024);
        let mut tasks = JoinSet::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tasks.spawn(broker(listener, Arc::new(tls), seen.clone(), words.clone()));
        let rest = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api_url = format!("http://{}", rest.local_addr().unwrap());
        let asked = seen.clone();
        let bind = get(move || async move {
            asked.listings.fetch_add(1, Ordering::Relaxed);
            if asked.fails.load(Ordering::Relaxed) {
                return Err(StatusCode::BAD_GATEWAY);
            }
            Ok(Json(json!({"message": "success", "code": null, "error": null, "devices": [
                {"dev_id": "A", "name": "Alpha"}, {"dev_id": "B", "name": "Beta"}]})))
        });
        let named = seen.clone();
        let me = get(move || async move {
            named.names.fetch_add(1, Ordering::Relaxed);
            Json(json!({"uid": 123}))
        });
        let routes = Router::new()
            .route("/v1/iot-service/api/user/bind", bind)
            .route("/v1/design-user-service/my/preference", me);
        tasks.spawn(async move { axum::serve(rest, routes).await.unwrap() });
        let endpoint = Endpoint {
            api_url,
            mqtt: BrokerAddress { host: "127.0.0.1".into(), port },
            ..Region::Global.endpoint()
        };
        let timing = Timing {
            retry_first: Duration::from_millis(50),
            retry_max: Duration::from_millis(100),
            ..Timing::default()
        };
        let roots = Roots::public().with_pem(pem.as_bytes(), "test").unwrap();
        let options = Options { roots, timing, ..Options::default() };
        Self { endpoint, options, seen, words, _tasks: tasks }
    }

    pub(crate) fn accounts(&self) -> Accounts {
        let manners = Manners { budget: Budget::off(), retries: 0, ..Manners::default() };
        let (roots, options) = (&self.options.roots, self.options.clone());
        Accounts::new(&self.endpoint, roots, options, manners, Vec::new()).unwrap()
    }

    /// Reports this percentage of the job, in full.
    pub(crate) fn report(&self, serial: &str, percent: u32) {
        let _ = self.words.send(Word::Report(serial.parse().unwrap(), full(percent)));
    }

    /// Ends all connections and lets nobody in until [`World::heal`].
    pub(crate) fn hang_up(&self) {
        self.seen.refuse.store(true, Ordering::Relaxed);
        let _ = self.words.send(Word::HangUp);
    }

    pub(crate) fn heal(&self) {
        self.seen.refuse.store(false, Ordering::Relaxed);
    }

    /// From now on the account's printers are not told.
    pub(crate) fn fail(&self) {
        self.seen.fails.store(true, Ordering::Relaxed);
    }

    /// How many sessions the broker was asked for.
    pub(crate) fn sessions(&self) -> usize {
        self.seen.sessions.load(Ordering::Relaxed)
    }

    /// How often the account's printers were asked for.
    pub(crate) fn listings(&self) -> usize {
        self.seen.listings.load(Ordering::Relaxed)
    }

    /// How often it was asked who the account is.
    pub(crate) fn names(&self) -> usize {
        self.seen.names.load(Ordering::Relaxed)
    }

    /// Whether somebody listens to this printer.
    pub(crate) fn is_watched(&self, serial: &str) -> bool {
        let topic = topic::report(&serial.parse().unwrap());
        self.seen.topics.lock().unwrap().contains(&topic)
    }
}

/// A token of the account.
pub(crate) fn token() -> Token {
    Token::new("AQAtoken")
}

/// Waits until something is so.
pub(crate) async fn until(wanted: impl Fn() -> bool) {
    let waiting = async {
        while !wanted() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it never came to that");
}

fn full(percent: u32) -> Bytes {
    let report = json!({"print": {"command": "push_status", "msg": 0, "gcode_state": "RUNNING",
        "mc_percent": percent, "key_of_tomorrow": percent, "net": {"info": [{"ip": 117_440_522}]},
        "ipcam": {"rtsp_url": "rtsps://10.0.0.7/x"}}});
    report.to_string().into()
}

async fn broker(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    seen: Arc<Seen>,
    words: broadcast::Sender<Word>,
) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        if !seen.refuse.load(Ordering::Relaxed) {
            connections.spawn(connection(stream, tls.clone(), seen.clone(), words.subscribe()));
        }
    }
}

async fn connection(
    stream: TcpStream,
    tls: Arc<ServerConfig>,
    seen: Arc<Seen>,
    mut words: broadcast::Receiver<Word>,
) {
    let Ok(mut stream) = TlsAcceptor::from(tls).accept(stream).await else { return };
    let (mut inbox, mut topics) = (BytesMut::new(), BTreeSet::new());
    loop {
        let mut out = BytesMut::new();
        while let Ok(Some(packet)) = decode(&mut inbox, &Limits { max_packet: 1 << 20 }) {
            answer(packet, &seen, &mut topics, &mut out);
        }
        if stream.write_all(&out).await.is_err() || stream.flush().await.is_err() {
            break;
        }
        tokio::select! {
            read = stream.read_buf(&mut inbox) => if matches!(read, Err(_) | Ok(0)) { break },
            word = words.recv() => match word {
                Ok(Word::Report(serial, payload)) if topics.contains(&topic::report(&serial)) => {
                    let mut out = BytesMut::new();
                    encode(&publish(&serial, payload), &mut out).unwrap();
                    let _ = stream.write_all(&out).await;
                }
                Ok(Word::Report(..)) => {}
                _ => break,
            },
        }
    }
    seen.topics.lock().unwrap().retain(|topic| !topics.contains(topic));
}

fn answer(packet: Packet, seen: &Seen, topics: &mut BTreeSet<String>, out: &mut BytesMut) {
    let answer = match packet {
        Packet::Connect(_) => {
            seen.sessions.fetch_add(1, Ordering::Relaxed);
            Packet::ConnAck(ConnAck { session_present: false, code: ConnectCode::Accepted })
        }
        Packet::Subscribe(subscribe) => {
            let granted = vec![Some(QoS::AtMostOnce); subscribe.filters.len()];
            for (filter, _) in subscribe.filters {
                seen.topics.lock().unwrap().insert(filter.clone());
                topics.insert(filter);
            }
            Packet::SubAck(SubAck { packet_id: subscribe.packet_id, granted })
        }
        Packet::Unsubscribe(unsubscribe) => {
            for filter in unsubscribe.filters {
                seen.topics.lock().unwrap().remove(&filter);
                topics.remove(&filter);
            }
            return;
        }
        Packet::PingReq => Packet::PingResp,
        Packet::Publish(request) if request.payload.windows(7).any(|part| part == b"pushall") => {
            let (serial, _) = topic::parse(&request.topic).unwrap();
            publish(&serial, full(1))
        }
        _ => return,
    };
    encode(&answer, out).unwrap();
}

fn publish(serial: &Serial, payload: Bytes) -> Packet {
    Packet::Publish(Publish {
        topic: topic::report(serial),
        payload,
        qos: QoS::AtMostOnce,
        retain: false,
        dup: false,
        packet_id: None,
    })
}
