//! Light MQTT clients over TLS 1.2: many subscribers, one publisher, deliveries counted and checked.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bambu_protocol::mqtt::{self, Connect, Limits, Packet, Publish, QoS, Subscribe};
use bytes::{Bytes, BytesMut};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Notify,
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{Error, subject::Subject};

/// The topic of all messages.
const TOPIC: &str = "device/01P00A000000001/report";

/// Messages on their way at once: more would measure how brokers drop, not how they send.
const WINDOW: u64 = 32;

/// Longest wait for a run.
const PATIENCE: Duration = Duration::from_secs(120);

const LIMITS: Limits = Limits { max_packet: 1 << 20 };

/// One connected client.
pub struct Client {
    io: TlsStream<TcpStream>,
    buf: BytesMut,
}

/// What a fan-out took.
#[derive(Debug, Clone, Copy)]
pub struct FanOut {
    /// Messages that arrived, over all subscribers.
    pub deliveries: u64,
    /// From the first publish to the last arrival.
    pub took: Duration,
    /// Processor time of the broker meanwhile, in seconds.
    pub processor_seconds: f64,
}

/// Takes any certificate: the cost of checking it is not what is measured.
#[derive(Debug)]
struct AnyCertificate(CryptoProvider);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// TLS 1.2 for all clients of a run.
///
/// # Errors
/// When rustls does not take the settings.
pub fn tls() -> Result<TlsConnector, Error> {
    let provider = rustls::crypto::ring::default_provider();
    let verifier = Arc::new(AnyCertificate(provider.clone()));
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS12])?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    // Every client pays a full handshake, at both brokers.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(TlsConnector::from(Arc::new(config)))
}

impl Client {
    /// Connects and logs in.
    ///
    /// # Errors
    /// When the broker is not there or refuses.
    pub async fn connect(address: SocketAddr, tls: &TlsConnector, id: &str) -> Result<Self, Error> {
        let tcp = TcpStream::connect(address).await?;
        tcp.set_nodelay(true)?;
        let io = tls.connect(ServerName::try_from("localhost")?, tcp).await?;
        let mut client = Self { io, buf: BytesMut::new() };
        let connect = Connect {
            client_id: id.to_owned(),
            clean_session: true,
            keep_alive: 0,
            username: None,
            password: None,
            will: None,
        };
        client.send(&Packet::Connect(connect)).await?;
        match client.next().await? {
            Packet::ConnAck(_) => Ok(client),
            other => Err(format!("CONNACK, not {other:?}").into()),
        }
    }

    /// Connects and subscribes to the topic of the run.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub async fn subscriber(
        address: SocketAddr,
        tls: &TlsConnector,
        id: &str,
    ) -> Result<Self, Error> {
        let mut client = Self::connect(address, tls, id).await?;
        let filters = vec![(TOPIC.to_owned(), QoS::AtMostOnce)];
        client.send(&Packet::Subscribe(Subscribe { packet_id: 1, filters })).await?;
        match client.next().await? {
            Packet::SubAck(ack) if ack.granted == [Some(QoS::AtMostOnce)] => {}
            other => return Err(format!("SUBACK, not {other:?}").into()),
        }
        client.buf = BytesMut::new();
        Ok(client)
    }

    async fn send(&mut self, packet: &Packet) -> Result<(), Error> {
        let mut out = BytesMut::new();
        mqtt::encode(packet, &mut out)?;
        self.io.write_all(&out).await?;
        Ok(self.io.flush().await?)
    }

    async fn next(&mut self) -> Result<Packet, Error> {
        loop {
            if let Some(packet) = mqtt::decode(&mut self.buf, &LIMITS)? {
                return Ok(packet);
            }
            self.buf.reserve(64 << 10);
            if self.io.read_buf(&mut self.buf).await? == 0 {
                return Err("the broker has closed the connection".into());
            }
        }
    }

    /// Counts messages until `messages` have come, each of `size` bytes and in order.
    async fn receive(mut self, messages: u64, size: usize, seen: Arc<Seen>) -> Result<(), Error> {
        for expected in 0..messages {
            let Packet::Publish(publish) = self.next().await? else {
                return Err("no message".into());
            };
            let number = publish.payload.first_chunk();
            if publish.payload.len() != size || number != Some(&expected.to_be_bytes()) {
                return Err(format!("message {expected} is lost or damaged").into());
            }
            seen.one_more();
        }
        Ok(())
    }
}

/// Deliveries so far, and the publisher who waits for them.
struct Seen {
    total: AtomicU64,
    subscribers: u64,
    publisher: Notify,
}

impl Seen {
    fn one_more(&self) {
        let total = self.total.fetch_add(1, Ordering::Relaxed) + 1;
        if total.is_multiple_of(self.subscribers) {
            self.publisher.notify_one();
        }
    }
}

/// Opens `count` subscribers, a few at a time.
///
/// # Errors
/// As [`Client::connect`].
pub async fn subscribers(
    address: SocketAddr,
    tls: &TlsConnector,
    count: usize,
) -> Result<Vec<Client>, Error> {
    let mut clients = Vec::with_capacity(count);
    let mut opening = JoinSet::new();
    // Names differ between calls, or the second call would throw out the clients of the first.
    let run = Instant::now();
    for number in 0..count {
        let (tls, id) = (tls.clone(), format!("{run:?}-{number}"));
        opening.spawn(async move { Client::subscriber(address, &tls, &id).await });
        if opening.len() >= 16
            && let Some(client) = opening.join_next().await
        {
            clients.push(client??);
        }
    }
    while let Some(client) = opening.join_next().await {
        clients.push(client??);
    }
    Ok(clients)
}

/// Publishes `messages` payloads of `size` bytes, all different, and counts them at `count` subscribers.
///
/// # Errors
/// When a message is lost, damaged or late.
pub async fn fan_out(
    subject: &Subject,
    tls: &TlsConnector,
    count: usize,
    messages: u64,
    size: usize,
) -> Result<FanOut, Error> {
    let address = subject.address;
    let mut publisher = Client::connect(address, tls, "publisher").await?;
    let clients = subscribers(address, tls, count).await?;
    let subscribers = clients.len() as u64;
    let seen = Arc::new(Seen { total: AtomicU64::new(0), subscribers, publisher: Notify::new() });
    let mut receiving = JoinSet::new();
    for client in clients {
        receiving.spawn(client.receive(messages, size, Arc::clone(&seen)));
    }
    let busy = subject.processor_seconds()?;
    let start = Instant::now();
    let run = async {
        for number in 0..messages {
            while seen.total.load(Ordering::Relaxed) + WINDOW * subscribers < number * subscribers {
                seen.publisher.notified().await;
            }
            publisher.send(&message(number, size)).await?;
        }
        while let Some(received) = receiving.join_next().await {
            received??;
        }
        Ok::<(), Error>(())
    };
    timeout(PATIENCE, run).await??;
    Ok(FanOut {
        deliveries: seen.total.load(Ordering::Relaxed),
        took: start.elapsed(),
        processor_seconds: subject.processor_seconds()? - busy,
    })
}

fn message(number: u64, size: usize) -> Packet {
    let mut payload = vec![0; size];
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for byte in &mut payload {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        *byte = state as u8;
    }
    if let Some(place) = payload.get_mut(..8) {
        place.copy_from_slice(&number.to_be_bytes());
    }
    Packet::Publish(Publish {
        topic: TOPIC.to_owned(),
        payload: Bytes::from(payload),
        qos: QoS::AtMostOnce,
        retain: false,
        dup: false,
        packet_id: None,
    })
}
