//! RTCP (RFC 3550, section 6): the sender's reports are read, the receiver's written.

mod reception;

pub use reception::Reception;

/// One packet of those that travel together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rtcp {
    /// 200: how much the sender has sent.
    SenderReport(SenderReport),
    /// 203: the stream of these sources ends; the first is named.
    Bye(Option<u32>),
    /// Anything else, by its number.
    Other(u8),
}

/// What a sender says about its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderReport {
    /// Whose stream it is.
    pub source: u32,
    /// The sender's clock, seconds since 1900 in the upper half.
    pub ntp: u64,
    /// The same moment in units of the stream's clock.
    pub timestamp: u32,
    /// How many were sent; begins anew after 2^32.
    pub packets: u32,
    /// Bytes of payload; begins anew after 2^32.
    pub bytes: u32,
}

impl SenderReport {
    /// As it goes out, without blocks about other senders.
    pub fn encode(&self) -> [u8; 28] {
        let mut out = [0; 28];
        let words = [
            0x80c8_0006,
            self.source,
            (self.ntp >> 32) as u32,
            self.ntp as u32,
            self.timestamp,
            self.packets,
            self.bytes,
        ];
        for (place, word) in out.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_be_bytes());
        }
        out
    }
}

/// The packets in one frame. Ends at the first that is damaged.
pub fn parse(bytes: &[u8]) -> impl Iterator<Item = Rtcp> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let [first, kind, high, low] = *rest.first_chunk::<4>()?;
        if first >> 6 != 2 {
            return None;
        }
        let length = 4 * (usize::from(u16::from_be_bytes([high, low])) + 1);
        let (packet, after) = rest.split_at_checked(length)?;
        rest = after;
        let word = |index: usize| {
            let bytes = packet.get(4 * index..)?.first_chunk::<4>()?;
            Some(u32::from_be_bytes(*bytes))
        };
        Some(match kind {
            200 => sender_report(word).map_or(Rtcp::Other(kind), Rtcp::SenderReport),
            203 => Rtcp::Bye(if first & 31 > 0 { word(1) } else { None }),
            _ => Rtcp::Other(kind),
        })
    })
}

fn sender_report(word: impl Fn(usize) -> Option<u32>) -> Option<SenderReport> {
    Some(SenderReport {
        source: word(1)?,
        ntp: u64::from(word(2)?) << 32 | u64::from(word(3)?),
        timestamp: word(4)?,
        packets: word(5)?,
        bytes: word(6)?,
    })
}

/// What a receiver has got of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Whose stream it is.
    pub source: u32,
    /// Of 256, since the last report.
    pub fraction_lost: u8,
    /// Since the beginning; 24 bits are sent.
    pub lost: u32,
    /// How often the numbers began anew in the upper half, the highest in the lower.
    pub highest: u32,
    /// In units of the stream's clock.
    pub jitter: u32,
    /// The middle of the time in the last sender report; 0 before one came.
    pub last_report: u32,
    /// Time since then in 1/65536 s.
    pub since_report: u32,
}

/// A receiver report with the name of who sends it (SDES), as both always travel together.
pub fn receiver_report(own: u32, name: &str, block: Option<&Block>) -> Vec<u8> {
    let mut words = vec![0x80c9_0001, own];
    if let Some(block) = block {
        words = vec![
            0x81c9_0007,
            own,
            block.source,
            u32::from(block.fraction_lost) << 24 | block.lost.min(0x7f_ffff),
            block.highest,
            block.jitter,
            block.last_report,
            block.since_report,
        ];
    }
    // A chunk ends with at least one zero, on a boundary of four bytes.
    let name: Vec<u8> = name.bytes().take(255).collect();
    let mut item = vec![1, name.len() as u8];
    item.extend(name);
    item.push(0);
    item.resize(item.len().next_multiple_of(4), 0);
    words.push(0x81ca_0000 | (1 + item.len() as u32 / 4));
    words.push(own);
    let mut out: Vec<u8> = words.into_iter().flat_map(u32::to_be_bytes).collect();
    out.extend(item);
    out
}
