//! A message encoded once, to be sent to many clients.

use bambu_protocol::mqtt::{self, Packet, Publish, QoS};
use bytes::{Bytes, BytesMut};

/// One PUBLISH on the wire. Clones share its bytes.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    bytes: Bytes,
    topic_start: u32,
    topic_end: u32,
    acknowledged: bool,
}

impl Frame {
    /// Encodes a message; `None` when it cannot be written, as with a wildcard in the topic.
    pub(super) fn new(topic: &str, payload: &Bytes, acknowledged: bool) -> Option<Self> {
        let packet = Packet::Publish(Publish {
            topic: topic.to_owned(),
            payload: payload.clone(),
            qos: if acknowledged { QoS::AtLeastOnce } else { QoS::AtMostOnce },
            retain: false,
            dup: false,
            // A placeholder: each client has its own numbers, see `write`.
            packet_id: acknowledged.then_some(1),
        });
        let mut out = BytesMut::new();
        mqtt::encode(&packet, &mut out).ok()?;
        let id = if acknowledged { 2 } else { 0 };
        let topic_end = out.len().checked_sub(payload.len() + id)?;
        let topic_start = topic_end.checked_sub(topic.len())?;
        Some(Self {
            bytes: out.freeze(),
            topic_start: u32::try_from(topic_start).ok()?,
            topic_end: u32::try_from(topic_end).ok()?,
            acknowledged,
        })
    }

    /// Where it goes.
    pub(super) fn topic(&self) -> &str {
        let range = self.topic_start as usize..self.topic_end as usize;
        self.bytes.get(range).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// Whether its receiver acknowledges it.
    pub(super) fn acknowledged(&self) -> bool {
        self.acknowledged
    }

    /// Size on the wire.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Appends it to `out`, with `id` where it wants one.
    pub(super) fn write(&self, id: u16, out: &mut BytesMut) {
        let start = out.len();
        out.extend_from_slice(&self.bytes);
        let at = start + self.topic_end as usize;
        if self.acknowledged
            && let Some(place) = out.get_mut(at..at + 2)
        {
            place.copy_from_slice(&id.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_gets_its_own_packet_id_in_the_shared_bytes() {
        let payload = Bytes::from(vec![7; 300]);
        let frame = Frame::new("device/x/report", &payload, true).unwrap();
        assert_eq!(frame.topic(), "device/x/report");
        let mut out = BytesMut::from(&[0xc0, 0][..]);
        frame.write(77, &mut out);
        let limits = mqtt::Limits { max_packet: 1000 };
        assert_eq!(mqtt::decode(&mut out, &limits), Ok(Some(Packet::PingReq)));
        let Ok(Some(Packet::Publish(publish))) = mqtt::decode(&mut out, &limits) else { panic!() };
        assert_eq!((publish.packet_id, publish.payload), (Some(77), payload));
        assert!(Frame::new("a/#", &Bytes::new(), false).is_none());
    }
}
