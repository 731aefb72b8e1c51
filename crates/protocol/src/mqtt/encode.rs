//! Packets to bytes. `decode` beside this is the way back, and reads all that is written here.

use bytes::{BufMut, BytesMut};

use super::{
    Connect, Packet, Publish, QoS, SubAck, Subscribe, Unsubscribe,
    field::{put_bytes, put_packet_id, put_string},
    topic,
};

/// Largest body of a packet in bytes.
const MAX_REMAINING: usize = 268_435_455;

/// Why a packet cannot be written. Nothing was added to the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A text or byte field is over 65535 bytes: shorten it.
    #[error("a field is longer than 65535 bytes")]
    FieldTooLong,
    /// The packet is over 256 MB: shorten the payload.
    #[error("the packet is larger than 268435455 bytes")]
    TooLarge,
    /// A text holds a control character or a non-character: every broker would hang up.
    #[error("a text holds a control character or a non-character")]
    ForbiddenCharacter,
    /// A packet id is zero, missing or not wanted at this quality of service.
    #[error("the packet id does not fit the packet")]
    PacketId,
    /// A topic to publish to is empty, too deep or has a wildcard.
    #[error("a topic to publish to is empty, too deep or has a wildcard")]
    Topic,
    /// A topic filter is empty, too deep or has a misplaced wildcard.
    #[error("a topic filter is empty, too deep or has a misplaced wildcard")]
    Filter,
    /// A list of filters or codes is empty.
    #[error("an empty list of filters")]
    NoFilters,
    /// A password without a user name, `dup` at quality 0, or session present with a refusal.
    #[error("fields of the packet contradict each other")]
    Contradiction,
}

/// Appends `packet` to `out`.
///
/// # Errors
/// [`EncodeError`] for a packet that [`decode`](super::decode) would refuse; `out` is unchanged then.
pub fn encode(packet: &Packet, out: &mut BytesMut) -> Result<(), EncodeError> {
    let start = out.len();
    let result = match packet {
        Packet::Publish(publish) => put_publish(publish, out),
        other => put_small(other, out),
    };
    if result.is_err() {
        out.truncate(start);
    }
    result
}

fn put_header(first: u8, remaining: usize, out: &mut BytesMut) -> Result<(), EncodeError> {
    if remaining > MAX_REMAINING {
        return Err(EncodeError::TooLarge);
    }
    out.put_u8(first);
    let mut left = remaining;
    loop {
        let low = (left & 0x7f) as u8;
        left >>= 7;
        out.put_u8(if left == 0 { low } else { low | 0x80 });
        if left == 0 {
            return Ok(());
        }
    }
}

/// Written straight into `out`: its length is known beforehand, and it is the hot path.
fn put_publish(publish: &Publish, out: &mut BytesMut) -> Result<(), EncodeError> {
    if !topic::valid_topic(&publish.topic) {
        return Err(EncodeError::Topic);
    }
    let at_most_once = publish.qos == QoS::AtMostOnce;
    if publish.dup && at_most_once {
        return Err(EncodeError::Contradiction);
    }
    if publish.packet_id.is_none() != at_most_once {
        return Err(EncodeError::PacketId);
    }
    let flags = u8::from(publish.dup) << 3 | (publish.qos as u8) << 1 | u8::from(publish.retain);
    let id = if at_most_once { 0 } else { 2 };
    let remaining = publish.payload.len().saturating_add(2 + publish.topic.len() + id);
    if remaining <= MAX_REMAINING {
        out.reserve(remaining + 5);
    }
    put_header(0x30 | flags, remaining, out)?;
    put_string(&publish.topic, out)?;
    if let Some(id) = publish.packet_id {
        put_packet_id(id, out)?;
    }
    out.put_slice(&publish.payload);
    Ok(())
}

fn put_small(packet: &Packet, out: &mut BytesMut) -> Result<(), EncodeError> {
    let mut body = BytesMut::new();
    let first = match packet {
        Packet::Connect(connect) => put_connect(connect, &mut body).map(|()| 0x10)?,
        Packet::ConnAck(ack) => {
            if ack.session_present && ack.code as u8 != 0 {
                return Err(EncodeError::Contradiction);
            }
            body.put_slice(&[u8::from(ack.session_present), ack.code as u8]);
            0x20
        }
        Packet::Publish(publish) => return put_publish(publish, out),
        Packet::PubAck(id) => put_packet_id(*id, &mut body).map(|()| 0x40)?,
        Packet::PubRec(id) => put_packet_id(*id, &mut body).map(|()| 0x50)?,
        Packet::PubRel(id) => put_packet_id(*id, &mut body).map(|()| 0x62)?,
        Packet::PubComp(id) => put_packet_id(*id, &mut body).map(|()| 0x70)?,
        Packet::Subscribe(subscribe) => put_subscribe(subscribe, &mut body).map(|()| 0x82)?,
        Packet::SubAck(ack) => put_sub_ack(ack, &mut body).map(|()| 0x90)?,
        Packet::Unsubscribe(unsubscribe) => {
            put_unsubscribe(unsubscribe, &mut body).map(|()| 0xa2)?
        }
        Packet::UnsubAck(id) => put_packet_id(*id, &mut body).map(|()| 0xb0)?,
        Packet::PingReq => 0xc0,
        Packet::PingResp => 0xd0,
        Packet::Disconnect => 0xe0,
    };
    put_header(first, body.len(), out)?;
    out.put_slice(&body);
    Ok(())
}

fn put_connect(connect: &Connect, out: &mut BytesMut) -> Result<(), EncodeError> {
    if connect.password.is_some() && connect.username.is_none() {
        return Err(EncodeError::Contradiction);
    }
    let mut flags = u8::from(connect.clean_session) << 1;
    if let Some(will) = &connect.will {
        flags |= 0b100 | (will.qos as u8) << 3 | u8::from(will.retain) << 5;
    }
    flags |= u8::from(connect.password.is_some()) << 6;
    flags |= u8::from(connect.username.is_some()) << 7;
    put_bytes(b"MQTT", out)?;
    out.put_slice(&[4, flags]);
    out.put_u16(connect.keep_alive);
    put_string(&connect.client_id, out)?;
    if let Some(will) = &connect.will {
        if !topic::valid_topic(&will.topic) {
            return Err(EncodeError::Topic);
        }
        put_string(&will.topic, out)?;
        put_bytes(&will.payload, out)?;
    }
    if let Some(username) = &connect.username {
        put_string(username, out)?;
    }
    if let Some(password) = &connect.password {
        put_bytes(password, out)?;
    }
    Ok(())
}

fn put_filter(filter: &str, out: &mut BytesMut) -> Result<(), EncodeError> {
    if !topic::valid_filter(filter) {
        return Err(EncodeError::Filter);
    }
    put_string(filter, out)
}

fn put_subscribe(subscribe: &Subscribe, out: &mut BytesMut) -> Result<(), EncodeError> {
    put_packet_id(subscribe.packet_id, out)?;
    if subscribe.filters.is_empty() {
        return Err(EncodeError::NoFilters);
    }
    for (filter, qos) in &subscribe.filters {
        put_filter(filter, out)?;
        out.put_u8(*qos as u8);
    }
    Ok(())
}

fn put_sub_ack(ack: &SubAck, out: &mut BytesMut) -> Result<(), EncodeError> {
    put_packet_id(ack.packet_id, out)?;
    if ack.granted.is_empty() {
        return Err(EncodeError::NoFilters);
    }
    for code in &ack.granted {
        out.put_u8(code.map_or(0x80, |qos| qos as u8));
    }
    Ok(())
}

fn put_unsubscribe(unsubscribe: &Unsubscribe, out: &mut BytesMut) -> Result<(), EncodeError> {
    put_packet_id(unsubscribe.packet_id, out)?;
    if unsubscribe.filters.is_empty() {
        return Err(EncodeError::NoFilters);
    }
    for filter in &unsubscribe.filters {
        put_filter(filter, out)?;
    }
    Ok(())
}
