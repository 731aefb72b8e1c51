//! MQTT 3.1.1 packets, both directions, strict: what mosquitto refuses is refused here.
//!
//! [`decode`] and [`encode`] are the whole codec; [`topic`] knows filters and the printers' topics,
//! [`login`] the user names.
//! Sockets live in the client's `mqtt` and the emulator's `mqtt`.

use std::fmt;

use bytes::Bytes;

mod decode;
mod encode;
mod field;
pub mod login;
pub mod topic;

pub use decode::{DecodeError, decode};
pub use encode::{EncodeError, encode};

/// One MQTT control packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// Client to broker, first packet of a connection.
    Connect(Connect),
    /// Broker to client, the answer to [`Packet::Connect`].
    ConnAck(ConnAck),
    /// A message, either way.
    Publish(Publish),
    /// The answer to a publish of [`QoS::AtLeastOnce`], with its packet id.
    PubAck(u16),
    /// First answer to a publish of [`QoS::ExactlyOnce`], with its packet id.
    PubRec(u16),
    /// The sender's answer to [`Packet::PubRec`], with its packet id.
    PubRel(u16),
    /// The answer to [`Packet::PubRel`], with its packet id.
    PubComp(u16),
    /// Client to broker: topics wanted.
    Subscribe(Subscribe),
    /// Broker to client: which of them were granted.
    SubAck(SubAck),
    /// Client to broker: topics no longer wanted.
    Unsubscribe(Unsubscribe),
    /// The answer to [`Packet::Unsubscribe`], with its packet id.
    UnsubAck(u16),
    /// Client to broker: still here.
    PingReq,
    /// The answer to [`Packet::PingReq`].
    PingResp,
    /// Client to broker, last packet of a connection: the will is not to be sent.
    Disconnect,
}

/// How surely a message arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum QoS {
    /// 0: no answer is expected.
    #[default]
    AtMostOnce = 0,
    /// 1: acknowledged, may come twice.
    AtLeastOnce = 1,
    /// 2: acknowledged in two steps.
    ExactlyOnce = 2,
}

impl QoS {
    /// The level of a number on the wire; `None` for 3 and above.
    pub fn from_wire(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::AtMostOnce),
            1 => Some(Self::AtLeastOnce),
            2 => Some(Self::ExactlyOnce),
            _ => None,
        }
    }
}

/// A client's first packet: who it is. `Debug` hides the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Connect {
    /// The client's name; may be empty with `clean_session`, then the broker invents one.
    pub client_id: String,
    /// Whether the broker forgets the subscriptions of an earlier connection.
    pub clean_session: bool,
    /// Longest silence of the client in seconds; 0 turns the check off.
    pub keep_alive: u16,
    /// User name, when sent.
    pub username: Option<String>,
    /// Password, when sent; needs a user name. A slice of the read buffer, as [`Publish::payload`].
    pub password: Option<Bytes>,
    /// The message to publish when the connection breaks.
    pub will: Option<Will>,
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("client_id", &self.client_id)
            .field("clean_session", &self.clean_session)
            .field("keep_alive", &self.keep_alive)
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| "<redacted>"))
            .field("will", &self.will)
            .finish()
    }
}

/// The message that a broker publishes when a client's connection breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Will {
    /// Where it goes.
    pub topic: String,
    /// What it says; at most 65535 bytes.
    pub payload: Bytes,
    /// How surely it arrives.
    pub qos: QoS,
    /// Whether the broker keeps it for later subscribers.
    pub retain: bool,
}

/// The broker's answer to [`Connect`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnAck {
    /// Whether the broker still knew this client; only with [`ConnectCode::Accepted`].
    pub session_present: bool,
    /// Accepted, or why not.
    pub code: ConnectCode,
}

/// What a broker says to a [`Connect`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectCode {
    /// 0: welcome.
    Accepted = 0,
    /// 1: another protocol level than 4 (3.1.1).
    UnacceptableProtocol = 1,
    /// 2: this client id is not allowed.
    IdentifierRejected = 2,
    /// 3: try again later.
    ServerUnavailable = 3,
    /// 4: user name or password is malformed or wrong.
    BadCredentials = 4,
    /// 5: not authorised; what printers and their cloud say to a wrong access code or token [L].
    NotAuthorized = 5,
}

impl ConnectCode {
    /// The code of a number on the wire; `None` for reserved ones.
    pub fn from_wire(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Accepted),
            1 => Some(Self::UnacceptableProtocol),
            2 => Some(Self::IdentifierRejected),
            3 => Some(Self::ServerUnavailable),
            4 => Some(Self::BadCredentials),
            5 => Some(Self::NotAuthorized),
            _ => None,
        }
    }
}

/// A message on a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// Where it goes: no wildcards, not empty.
    pub topic: String,
    /// What it says. After [`decode`] this is a slice of the read buffer, not a copy: it keeps the
    /// whole buffer block alive, so a holder that keeps it long must copy it (`Bytes::copy_from_slice`).
    pub payload: Bytes,
    /// How surely it arrives.
    pub qos: QoS,
    /// Whether the broker keeps it for later subscribers.
    pub retain: bool,
    /// Whether this is a repetition; never with [`QoS::AtMostOnce`].
    pub dup: bool,
    /// Not zero, and there exactly when `qos` is not [`QoS::AtMostOnce`].
    pub packet_id: Option<u16>,
}

/// Topics wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribe {
    /// Not zero.
    pub packet_id: u16,
    /// At least one filter, each with the highest level wanted.
    pub filters: Vec<(String, QoS)>,
}

/// The answer to [`Subscribe`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubAck {
    /// The packet id of the [`Subscribe`].
    pub packet_id: u16,
    /// One entry per filter, in its order: the level granted, `None` when refused (0x80).
    pub granted: Vec<Option<QoS>>,
}

/// Topics no longer wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsubscribe {
    /// Not zero.
    pub packet_id: u16,
    /// At least one filter.
    pub filters: Vec<String>,
}

/// What a reader is ready to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest packet in bytes, its header included.
    pub max_packet: usize,
}

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod tests;
