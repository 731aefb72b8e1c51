//! Bytes to packets. `encode` beside this is the way back.

use bytes::{Buf, BytesMut};

use super::{
    ConnAck, Connect, ConnectCode, Limits, Packet, Publish, QoS, SubAck, Subscribe, Unsubscribe,
    Will, field::Body, topic,
};

/// Why bytes are no MQTT 3.1.1 packet. The connection is to be closed after any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The length field has more than four bytes: not MQTT, close.
    #[error("the length field of a packet has more than 4 bytes")]
    LengthField,
    /// Larger than [`Limits::max_packet`]: raise the limit if the peer is trusted.
    #[error("a packet of {size} bytes is over the limit of {limit}")]
    TooLarge {
        /// Size that the header claims, in bytes, the header included.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Packet type 0 or 15: not MQTT 3.1.1, close.
    #[error("packet type {0} does not exist in MQTT 3.1.1")]
    UnknownType(u8),
    /// The lower half of the first byte is not what this packet type wants: close.
    #[error("wrong header flags {flags:#06b} for packet type {packet_type}")]
    HeaderFlags {
        /// Number of the packet type.
        packet_type: u8,
        /// The four flag bits.
        flags: u8,
    },
    /// A field reaches over the end of its packet: close.
    #[error("a packet ends inside a field")]
    Truncated,
    /// Bytes follow the last field of a packet: close.
    #[error("bytes follow the last field of a packet")]
    TrailingBytes,
    /// A packet id is zero: close.
    #[error("a packet id is zero")]
    ZeroPacketId,
    /// A quality of service of 3: close.
    #[error("a quality of service of 3")]
    QoS,
    /// A text is not UTF-8: close.
    #[error("a text is not UTF-8")]
    MalformedText,
    /// A text holds NUL, another control character or a non-character: close.
    #[error("a text holds a control character or a non-character")]
    ForbiddenCharacter,
    /// A topic to publish to is empty, too deep or has a wildcard: close.
    #[error("a topic to publish to is empty, too deep or has a wildcard")]
    Topic,
    /// A topic filter is empty, too deep or has a misplaced wildcard: close.
    #[error("a topic filter is empty, too deep or has a misplaced wildcard")]
    Filter,
    /// A SUBSCRIBE or UNSUBSCRIBE without a filter, or a SUBACK without a code: close.
    #[error("an empty list of filters")]
    NoFilters,
    /// A CONNECT that does not say `MQTT`: close without an answer.
    #[error("the protocol name of CONNECT is not MQTT")]
    ProtocolName,
    /// A CONNECT of another version: answer [`ConnectCode::UnacceptableProtocol`], then close.
    #[error("protocol level {0} is not 4 (MQTT 3.1.1)")]
    ProtocolLevel(u8),
    /// CONNECT flags that contradict each other, or the reserved bit: close.
    #[error("the CONNECT flags {0:#010b} contradict each other")]
    ConnectFlags(u8),
    /// A CONNACK or SUBACK code that does not exist, or session present with a refusal: close.
    #[error("an acknowledgement with the reserved code {0}")]
    Code(u8),
}

/// Takes one packet from the front of `buf`; `Ok(None)` means more bytes are needed.
///
/// Never allocates for a packet that is not there yet: the type, the header flags and the length
/// are judged as soon as they arrive. Payloads are slices of `buf`'s memory, see
/// [`Publish::payload`].
///
/// # Errors
/// [`DecodeError`]: the stream cannot be read further.
pub fn decode(buf: &mut BytesMut, limits: &Limits) -> Result<Option<Packet>, DecodeError> {
    let Some(&first) = buf.first() else {
        return Ok(None);
    };
    let (packet_type, flags) = (first >> 4, first & 0x0f);
    check_flags(packet_type, flags)?;
    let Some((header, remaining)) = length(buf)? else {
        return Ok(None);
    };
    let size = header + remaining;
    if size > limits.max_packet {
        return Err(DecodeError::TooLarge { size, limit: limits.max_packet });
    }
    if buf.len() < size {
        return Ok(None);
    }
    let mut whole = buf.split_to(size);
    whole.advance(header);
    read(packet_type, flags, Body(whole.freeze())).map(Some)
}

/// Length of the header and of the body; `None` when the length field is not complete.
fn length(buf: &[u8]) -> Result<Option<(usize, usize)>, DecodeError> {
    let mut value = 0_usize;
    for (position, byte) in buf.iter().skip(1).take(4).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * position);
        if byte & 0x80 == 0 {
            return Ok(Some((position + 2, value)));
        }
    }
    if buf.len() > 4 { Err(DecodeError::LengthField) } else { Ok(None) }
}

fn check_flags(packet_type: u8, flags: u8) -> Result<(), DecodeError> {
    match packet_type {
        0 | 15 => Err(DecodeError::UnknownType(packet_type)),
        3 if flags & 0b0110 == 0b0110 => Err(DecodeError::QoS),
        3 if flags & 0b1110 == 0b1000 => Err(DecodeError::HeaderFlags { packet_type, flags }),
        3 => Ok(()),
        6 | 8 | 10 if flags == 0b0010 => Ok(()),
        6 | 8 | 10 => Err(DecodeError::HeaderFlags { packet_type, flags }),
        _ if flags != 0 => Err(DecodeError::HeaderFlags { packet_type, flags }),
        _ => Ok(()),
    }
}

fn read(packet_type: u8, flags: u8, mut body: Body) -> Result<Packet, DecodeError> {
    let packet = match packet_type {
        1 => Packet::Connect(connect(&mut body)?),
        2 => Packet::ConnAck(conn_ack(&mut body)?),
        3 => return publish(flags, body).map(Packet::Publish),
        4 => Packet::PubAck(body.packet_id()?),
        5 => Packet::PubRec(body.packet_id()?),
        6 => Packet::PubRel(body.packet_id()?),
        7 => Packet::PubComp(body.packet_id()?),
        8 => Packet::Subscribe(subscribe(&mut body)?),
        9 => Packet::SubAck(sub_ack(&mut body)?),
        10 => Packet::Unsubscribe(unsubscribe(&mut body)?),
        11 => Packet::UnsubAck(body.packet_id()?),
        12 => Packet::PingReq,
        13 => Packet::PingResp,
        14 => Packet::Disconnect,
        other => return Err(DecodeError::UnknownType(other)),
    };
    body.end()?;
    Ok(packet)
}

fn connect(body: &mut Body) -> Result<Connect, DecodeError> {
    let name = body.bytes()?;
    if name != "MQTT" && name != "MQIsdp" {
        return Err(DecodeError::ProtocolName);
    }
    let level = body.byte()?;
    if level != 4 {
        return Err(DecodeError::ProtocolLevel(level));
    }
    if name != "MQTT" {
        return Err(DecodeError::ProtocolName);
    }
    let flags = body.byte()?;
    let has = |bit: u8| flags & (1 << bit) != 0;
    let contradiction = DecodeError::ConnectFlags(flags);
    let (will, username, password) = (has(2), has(7), has(6));
    if has(0) || (!will && flags & 0b0011_1000 != 0) || (password && !username) {
        return Err(contradiction);
    }
    let will_qos = QoS::from_wire(flags >> 3 & 3).ok_or(DecodeError::QoS)?;
    let keep_alive = body.word()?;
    let client_id = body.string()?;
    let will = if will {
        let topic = publish_topic(body)?;
        Some(Will { topic, payload: body.bytes()?, qos: will_qos, retain: has(5) })
    } else {
        None
    };
    let username = if username { Some(body.string()?) } else { None };
    let password = if password { Some(body.bytes()?) } else { None };
    Ok(Connect { client_id, clean_session: has(1), keep_alive, username, password, will })
}

fn conn_ack(body: &mut Body) -> Result<ConnAck, DecodeError> {
    let flags = body.byte()?;
    let number = body.byte()?;
    let code = ConnectCode::from_wire(number).ok_or(DecodeError::Code(number))?;
    match (flags, code) {
        (0, _) => Ok(ConnAck { session_present: false, code }),
        (1, ConnectCode::Accepted) => Ok(ConnAck { session_present: true, code }),
        _ => Err(DecodeError::Code(number)),
    }
}

fn publish_topic(body: &mut Body) -> Result<String, DecodeError> {
    let topic = body.string()?;
    if topic::valid_topic(&topic) { Ok(topic) } else { Err(DecodeError::Topic) }
}

fn filter(body: &mut Body) -> Result<String, DecodeError> {
    let filter = body.string()?;
    if topic::valid_filter(&filter) { Ok(filter) } else { Err(DecodeError::Filter) }
}

fn publish(flags: u8, mut body: Body) -> Result<Publish, DecodeError> {
    let qos = QoS::from_wire(flags >> 1 & 3).ok_or(DecodeError::QoS)?;
    let topic = publish_topic(&mut body)?;
    let packet_id = if qos == QoS::AtMostOnce { None } else { Some(body.packet_id()?) };
    let (retain, dup) = (flags & 1 != 0, flags & 8 != 0);
    Ok(Publish { topic, payload: body.rest(), qos, retain, dup, packet_id })
}

fn subscribe(body: &mut Body) -> Result<Subscribe, DecodeError> {
    let packet_id = body.packet_id()?;
    let mut filters = Vec::new();
    while !body.is_empty() {
        let filter = filter(body)?;
        let qos = QoS::from_wire(body.byte()?).ok_or(DecodeError::QoS)?;
        filters.push((filter, qos));
    }
    if filters.is_empty() {
        return Err(DecodeError::NoFilters);
    }
    Ok(Subscribe { packet_id, filters })
}

fn sub_ack(body: &mut Body) -> Result<SubAck, DecodeError> {
    let packet_id = body.packet_id()?;
    let mut granted = Vec::new();
    while !body.is_empty() {
        granted.push(match body.byte()? {
            0x80 => None,
            number => Some(QoS::from_wire(number).ok_or(DecodeError::Code(number))?),
        });
    }
    if granted.is_empty() {
        return Err(DecodeError::NoFilters);
    }
    Ok(SubAck { packet_id, granted })
}

fn unsubscribe(body: &mut Body) -> Result<Unsubscribe, DecodeError> {
    let packet_id = body.packet_id()?;
    let mut filters = Vec::new();
    while !body.is_empty() {
        filters.push(filter(body)?);
    }
    if filters.is_empty() {
        return Err(DecodeError::NoFilters);
    }
    Ok(Unsubscribe { packet_id, filters })
}
