//! H.264 as far as passing it on needs: NAL units in both of their wrappings, the sets of parameters.
//!
//! What an RTP stream makes of them is `rtsp/depacketize.rs`; pictures are decoded by the client.

mod bits;
mod parameters;
mod sps;

use bytes::{BufMut, BytesMut};

pub(crate) use parameters::Found;
pub use parameters::{MAX_MORE, Parameters};
pub use sps::{BadSps, Sps};

/// What a NAL unit holds, from the low five bits of its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NalKind {
    /// 1 to 4: part of a picture that needs others.
    Slice,
    /// 5: part of a picture that stands alone, a key frame.
    Idr,
    /// 6: remarks for the decoder.
    Sei,
    /// 7: the parameters of a sequence, with its size.
    Sps,
    /// 8: the parameters of pictures.
    Pps,
    /// 9: an access unit begins.
    Delimiter,
    /// 10 and 11: a sequence or the stream ends.
    End,
    /// 12: nothing.
    Filler,
    /// Another number, from 0 to 31.
    Other(u8),
}

impl NalKind {
    /// The kind of a NAL unit; `None` when it is empty.
    pub fn of(unit: &[u8]) -> Option<Self> {
        unit.first().map(|first| Self::from_wire(first & 31))
    }

    /// The kind of a number on the wire; higher bits are ignored.
    pub fn from_wire(number: u8) -> Self {
        match number & 31 {
            1..=4 => Self::Slice,
            5 => Self::Idr,
            6 => Self::Sei,
            7 => Self::Sps,
            8 => Self::Pps,
            9 => Self::Delimiter,
            10 | 11 => Self::End,
            12 => Self::Filler,
            number => Self::Other(number),
        }
    }

    /// Whether it is part of a picture.
    pub fn is_picture(self) -> bool {
        matches!(self, Self::Slice | Self::Idr)
    }
}

/// Whether this part of a picture is its first: `first_mb_in_slice` is 0. `false` for anything else.
pub fn begins_picture(unit: &[u8]) -> bool {
    // The number 0 is the single bit 1. Kinds 3 and 4 begin with another number.
    matches!(unit, [first, second, ..] if matches!(first & 31, 1 | 2 | 5) && second & 0x80 != 0)
}

/// The number of a PPS; `None` when it cannot be read.
pub fn pps_id(unit: &[u8]) -> Option<u8> {
    let payload = unit.get(1..)?;
    u8::try_from(bits::Bits::new(payload).unsigned()?).ok()
}

/// The NAL units of an access unit in which each has its length before it, in four bytes. Ends where
/// a length reaches too far.
pub fn units(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (unit, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        rest = after;
        Some(unit)
    })
}

/// Puts a NAL unit behind others, its length before it. One of 4 GiB and more is left out.
pub fn push_unit(data: &mut BytesMut, unit: &[u8]) {
    if let Ok(length) = u32::try_from(unit.len()) {
        data.reserve(unit.len().saturating_add(4));
        data.put_u32(length);
        data.put_slice(unit);
    }
}

/// An access unit with lengths as one with start codes (Annex B), as decoders and files want it.
pub fn to_annex_b(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    for unit in units(data) {
        out.extend_from_slice(&[0, 0, 0, 1]);
        out.extend_from_slice(unit);
    }
    out
}

/// The NAL units of a stream with start codes (Annex B) of three or four bytes.
pub fn annex_b_units(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_start_code(data).map(|(_, after)| after);
    std::iter::from_fn(move || {
        let now = rest?;
        let (unit, after) = match after_start_code(now) {
            Some((unit, after)) => (unit, Some(after)),
            None => (now, None),
        };
        rest = after;
        // The zeros before a start code belong to it, and no unit ends in one.
        let end = unit.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        Some(unit.get(..end).unwrap_or_default())
    })
    .filter(|unit| !unit.is_empty())
}

/// What stands before and behind the first start code.
fn after_start_code(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = data.windows(3).position(|three| three == [0, 0, 1])?;
    Some((data.get(..at)?, data.get(at + 3..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_go_from_start_codes_to_lengths_and_back() {
        let stream = [0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 3, 0, 0, 0, 1, 0x65, 0x88, 0, 0];
        let found: Vec<_> = annex_b_units(&stream).collect();
        assert_eq!(found, [&[0x67, 1, 2][..], &[0x68, 3], &[0x65, 0x88]]);
        let mut data = BytesMut::new();
        found.iter().for_each(|unit| push_unit(&mut data, unit));
        assert_eq!(units(&data).collect::<Vec<_>>(), found);
        let again = to_annex_b(&data);
        assert_eq!(annex_b_units(&again).collect::<Vec<_>>(), found);
    }

    #[test]
    fn a_length_that_reaches_too_far_ends_the_units() {
        let data = [0, 0, 0, 1, 0x65, 0xff, 0xff, 0xff, 0xff, 1, 2];
        assert_eq!(units(&data).collect::<Vec<_>>(), [[0x65]]);
    }

    #[test]
    fn the_first_part_of_a_picture_is_told_by_its_first_macroblock() {
        assert!(begins_picture(&[0x65, 0x88]));
        assert!(!begins_picture(&[0x65, 0x40]));
        assert!(!begins_picture(&[0x67, 0x88]), "parameters are no picture");
        assert!(!begins_picture(&[0x65]));
    }

    #[test]
    fn bytes_without_a_start_code_hold_no_unit() {
        assert_eq!(annex_b_units(&[1, 2, 3]).count(), 0);
        assert_eq!(annex_b_units(&[]).count(), 0);
        assert_eq!(annex_b_units(&[0, 0, 1, 0, 0, 1, 0, 0, 0]).count(), 0);
    }
}
