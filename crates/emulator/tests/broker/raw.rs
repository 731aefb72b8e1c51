//! A client of bytes: sends what it is told, shows what comes back.

use std::{net::SocketAddr, time::Duration};

use bambu_protocol::mqtt::{
    self, ConnAck, Connect, ConnectCode, Limits, Packet, Publish, QoS, Subscribe,
};
use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// Longest wait for anything; only a failing test waits that long.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Raw<S = TcpStream> {
    pub(crate) io: S,
    buf: BytesMut,
}

pub(crate) fn hello(client_id: &str) -> Connect {
    Connect {
        client_id: client_id.to_owned(),
        clean_session: true,
        keep_alive: 0,
        username: Some("maker".to_owned()),
        password: Some(Bytes::from_static(b"secret")),
        will: None,
    }
}

pub(crate) fn message(topic: &str, payload: &[u8], qos: QoS, id: u16) -> Packet {
    Packet::Publish(Publish {
        topic: topic.to_owned(),
        payload: Bytes::copy_from_slice(payload),
        qos,
        retain: false,
        dup: false,
        packet_id: (qos != QoS::AtMostOnce).then_some(id),
    })
}

impl Raw {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).await.unwrap())
    }

    /// A client that has been let in.
    pub(crate) async fn connected(address: SocketAddr, client_id: &str) -> Self {
        let mut client = Self::open(address).await;
        client.enter(hello(client_id)).await;
        client
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    pub(crate) fn new(io: S) -> Self {
        Self { io, buf: BytesMut::new() }
    }

    pub(crate) async fn enter(&mut self, connect: Connect) {
        self.send(&Packet::Connect(connect)).await;
        let accepted = ConnAck { session_present: false, code: ConnectCode::Accepted };
        assert_eq!(self.next().await, Some(Packet::ConnAck(accepted)));
    }

    pub(crate) async fn send(&mut self, packet: &Packet) {
        let mut out = BytesMut::new();
        mqtt::encode(packet, &mut out).unwrap();
        self.io.write_all(&out).await.unwrap();
        self.io.flush().await.unwrap();
    }

    /// The next packet; `None` when the broker has closed the connection.
    pub(crate) async fn next(&mut self) -> Option<Packet> {
        let read = async {
            loop {
                let limits = Limits { max_packet: 1 << 21 };
                if let Some(packet) = mqtt::decode(&mut self.buf, &limits).unwrap() {
                    return Some(packet);
                }
                match self.io.read_buf(&mut self.buf).await {
                    Ok(0) | Err(_) => return None,
                    Ok(_) => {}
                }
            }
        };
        timeout(PATIENCE, read).await.expect("the broker answers or closes")
    }

    /// The next packet, which is a message: its topic and payload. Acknowledged when it wants that.
    pub(crate) async fn message(&mut self) -> (String, Bytes) {
        match self.next().await {
            Some(Packet::Publish(publish)) => {
                if let Some(id) = publish.packet_id {
                    self.send(&Packet::PubAck(id)).await;
                }
                (publish.topic, publish.payload)
            }
            other => panic!("a message, not {other:?}"),
        }
    }

    pub(crate) async fn subscribe(&mut self, filter: &str, qos: QoS) -> Option<QoS> {
        let filters = vec![(filter.to_owned(), qos)];
        self.send(&Packet::Subscribe(Subscribe { packet_id: 9, filters })).await;
        match self.next().await {
            Some(Packet::SubAck(ack)) => {
                assert_eq!((ack.packet_id, ack.granted.len()), (9, 1));
                ack.granted[0]
            }
            other => panic!("SUBACK, not {other:?}"),
        }
    }

    /// Asks for a sign of life, so that all that was sent before has been handled.
    pub(crate) async fn ping(&mut self) {
        self.send(&Packet::PingReq).await;
        assert_eq!(self.next().await, Some(Packet::PingResp));
    }
}
