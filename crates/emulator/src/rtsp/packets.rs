//! Pictures as RTP packets inside of the RTSP connection, and the sender's reports beside them.

use jiff::Timestamp;

/// Most bytes of a picture in one packet, as live555 cuts them [G].
const MOST: usize = 1400;
/// The payload type of the description.
pub(super) const PAYLOAD_TYPE: u8 = 96;
/// Types of NAL units that carry others: several in one packet, one in several.
const STAP_A: u8 = 24;
const FU_A: u8 = 28;
/// Seconds from 1900 to 1970.
const NTP_OFFSET: i64 = 2_208_988_800;

/// The packets of one stream.
pub(super) struct Packets {
    channel: u8,
    source: u32,
    sequence: u16,
    packets: u32,
    octets: u32,
}

impl Packets {
    /// On this channel and, for reports, the next; numbers begin anywhere, as they should.
    pub(super) fn new(channel: u8) -> Self {
        let (source, sequence) = (rand::random(), rand::random());
        Self { channel, source, sequence, packets: 0, octets: 0 }
    }

    /// The number of the next packet.
    pub(super) fn sequence(&self) -> u16 {
        self.sequence
    }

    /// The packets of one picture; its last slice ends it.
    pub(super) fn picture(&mut self, sets: &[Vec<u8>], slice: &[u8], stamp: u32) -> Vec<u8> {
        let mut out = Vec::with_capacity(slice.len() + slice.len() / 64 + 256);
        if !sets.is_empty() {
            let mut several = vec![0x60 | STAP_A];
            for unit in sets {
                several.extend_from_slice(&(unit.len() as u16).to_be_bytes());
                several.extend_from_slice(unit);
            }
            self.packet(&mut out, &[], &several, stamp, false);
        }
        match slice.split_first() {
            Some((head, rest)) if slice.len() > MOST => {
                let mut parts = rest.chunks(MOST).peekable();
                let mut is_first = true;
                while let Some(part) = parts.next() {
                    let is_last = parts.peek().is_none();
                    let flags = u8::from(is_first) << 7 | u8::from(is_last) << 6;
                    let of_part = [head & 0xE0 | FU_A, flags | head & 0x1F];
                    self.packet(&mut out, &of_part, part, stamp, is_last);
                    is_first = false;
                }
            }
            _ => self.packet(&mut out, &[], slice, stamp, true),
        }
        out
    }

    fn packet(&mut self, out: &mut Vec<u8>, head: &[u8], body: &[u8], stamp: u32, is_last: bool) {
        let length = 12 + head.len() + body.len();
        out.extend_from_slice(&[b'$', self.channel]);
        out.extend_from_slice(&(length as u16).to_be_bytes());
        out.extend_from_slice(&[0x80, u8::from(is_last) << 7 | PAYLOAD_TYPE]);
        out.extend_from_slice(&self.sequence.to_be_bytes());
        out.extend_from_slice(&stamp.to_be_bytes());
        out.extend_from_slice(&self.source.to_be_bytes());
        out.extend_from_slice(head);
        out.extend_from_slice(body);
        self.sequence = self.sequence.wrapping_add(1);
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add((head.len() + body.len()) as u32);
    }

    /// A sender report: which time stamp is now, and how much was sent.
    pub(super) fn report(&self, stamp: u32, now: Timestamp) -> Vec<u8> {
        let seconds = now.as_second().saturating_add(NTP_OFFSET) as u32;
        let fraction = (i64::from(now.subsec_nanosecond().max(0)) << 32) / 1_000_000_000;
        let mut report = vec![0x80, 200, 0, 6];
        let numbers = [self.source, seconds, fraction as u32, stamp, self.packets, self.octets];
        report.extend(numbers.into_iter().flat_map(u32::to_be_bytes));
        // The name of the source, padded to whole words.
        let name = b"live555\0\0\0";
        report.extend_from_slice(&[0x81, 202, 0, 4]);
        report.extend_from_slice(&self.source.to_be_bytes());
        report.extend_from_slice(&[1, 7]);
        report.extend_from_slice(name);
        self.framed(&report)
    }

    /// The end of the stream.
    pub(super) fn goodbye(&self) -> Vec<u8> {
        let mut goodbye = vec![0x81, 203, 0, 1];
        goodbye.extend_from_slice(&self.source.to_be_bytes());
        self.framed(&goodbye)
    }

    /// On the channel of reports.
    fn framed(&self, packet: &[u8]) -> Vec<u8> {
        let mut out = vec![b'$', self.channel.wrapping_add(1)];
        out.extend_from_slice(&(packet.len() as u16).to_be_bytes());
        out.extend_from_slice(packet);
        out
    }
}
