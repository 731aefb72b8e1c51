//! RTP packets (RFC 3550, section 5): the header, and what stands behind it.

use bytes::Bytes;

/// The fixed part of a header, in bytes.
pub const HEADER: usize = 12;

/// One packet of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// What its header says.
    pub header: Header,
    /// Without header, extension and padding.
    pub payload: Bytes,
}

/// The fixed part of a packet's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The last packet of an access unit has it.
    pub marker: bool,
    /// As the SDP says; below 128.
    pub payload_type: u8,
    /// One more with each packet, and 0 after 65535.
    pub sequence: u16,
    /// In units of the clock, 90 kHz for video. Some printers stamp all packets nearly alike [L].
    pub timestamp: u32,
    /// Whose stream it is.
    pub source: u32,
}

/// Why bytes are no RTP packet: let it go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPacket {
    /// Another version than 2.
    #[error("no RTP packet of version 2")]
    Version,
    /// Header, extension or padding reach beyond its end.
    #[error("an RTP packet that is cut off")]
    CutOff,
}

impl Packet {
    /// Reads a packet, skipping sources, extension and padding.
    ///
    /// # Errors
    /// [`BadPacket`].
    pub fn parse(bytes: &Bytes) -> Result<Self, BadPacket> {
        let [first, second, s0, s1, t0, t1, t2, t3, r0, r1, r2, r3] =
            *bytes.first_chunk::<HEADER>().ok_or(BadPacket::CutOff)?;
        if first >> 6 != 2 {
            return Err(BadPacket::Version);
        }
        let mut start = HEADER + 4 * usize::from(first & 15);
        if first & 0x10 != 0 {
            let head = bytes.get(start..).and_then(|rest| rest.first_chunk::<4>());
            let [_, _, high, low] = *head.ok_or(BadPacket::CutOff)?;
            start += 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
        }
        let mut end = bytes.len();
        if first & 0x20 != 0 {
            let padding = usize::from(*bytes.last().ok_or(BadPacket::CutOff)?);
            end = end.checked_sub(padding).filter(|_| padding > 0).ok_or(BadPacket::CutOff)?;
        }
        if start > end {
            return Err(BadPacket::CutOff);
        }
        let header = Header {
            marker: second & 0x80 != 0,
            payload_type: second & 0x7f,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            source: u32::from_be_bytes([r0, r1, r2, r3]),
        };
        Ok(Self { header, payload: bytes.slice(start..end) })
    }
}

impl Header {
    /// As it stands before a payload, without sources, extension and padding.
    pub fn encode(&self) -> [u8; HEADER] {
        let second = self.payload_type & 0x7f | if self.marker { 0x80 } else { 0 };
        let [s0, s1] = self.sequence.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [r0, r1, r2, r3] = self.source.to_be_bytes();
        [0x80, second, s0, s1, t0, t1, t2, t3, r0, r1, r2, r3]
    }
}
