//! Access units of H.264 from RTP packets (RFC 6184): single units, several in one, one in several.
//!
//! Time stamps do not matter, since some printers stamp all packets alike [L]: an access unit ends
//! with the marker, or where the next one visibly begins.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};

use super::rtp::{Header, Packet};
use crate::h264::{Found, NalKind, Parameters, begins_picture, push_unit};

/// Largest access unit in bytes; a key frame of 1080p has some 200 kB.
pub const MAX_ACCESS_UNIT: usize = 4 << 20;
/// Packets that are behind by this much are copies; what is further off has begun anew.
const LATE: u16 = 1000;

/// One picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessUnit {
    /// Its NAL units, each with its length before it in four bytes: pictures and remarks (SEI).
    /// Delimiters, filling and ends are left out, and so are SPS and PPS as `parameters` has them,
    /// but for PPS that take the place of others, and further ones before a key frame.
    pub data: Bytes,
    /// Whether it can be shown without others.
    pub is_key: bool,
    /// Of its last packet, in units of the stream's clock.
    pub timestamp: u32,
    /// What a decoder has to know before; the same one until it changes.
    pub parameters: Arc<Parameters>,
}

/// What did not become a picture, since the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Losses {
    /// Packets that are missing by their numbers.
    pub packets: u64,
    /// Access units that were damaged or too large, or could not be shown before the next key frame;
    /// those before the first one do not count.
    pub access_units: u64,
}

/// Makes access units of the packets of one stream. Begins, and after a loss goes on, with a key
/// frame. Holds at most one access unit of [`MAX_ACCESS_UNIT`].
#[derive(Debug, Default)]
pub struct Depacketizer {
    parameters: Found,
    last: Option<Header>,
    /// Of the access unit that is being put together.
    data: BytesMut,
    has_picture: bool,
    is_key: bool,
    is_damaged: bool,
    timestamp: u32,
    /// Where the unit that comes in parts has its length in `data`.
    parted: Option<usize>,
    /// Whether a key frame has to come first, and whether it is the first of all.
    waits: bool,
    is_new: bool,
    losses: Losses,
    ready: Vec<AccessUnit>,
}

impl Depacketizer {
    /// Begins with what the description told, if it did.
    pub fn new(parameter_sets: &[Bytes]) -> Self {
        let mut new = Self { waits: true, is_new: true, ..Self::default() };
        for set in parameter_sets {
            new.parameters.take(set);
        }
        new
    }

    /// Takes the next packet and gives what is whole with it: none or one as a rule.
    pub fn push(&mut self, packet: &Packet) -> impl Iterator<Item = AccessUnit> + use<'_> {
        if self.follow(&packet.header) {
            self.timestamp = packet.header.timestamp;
            self.payload(&packet.payload);
            if packet.header.marker {
                self.damage_parted();
                self.finish();
            }
        }
        self.ready.drain(..)
    }

    /// What was lost so far.
    pub fn losses(&self) -> Losses {
        self.losses
    }

    /// Whether a key frame has to come before anything is shown.
    pub fn waits_for_key(&self) -> bool {
        self.waits
    }

    /// Whether the packet is the next one, or at least one after a gap.
    fn follow(&mut self, header: &Header) -> bool {
        let Some(last) = self.last.replace(*header) else { return true };
        if header.source != last.source {
            let was_between = !self.has_picture && !self.is_damaged;
            self.lose();
            self.is_damaged = !was_between;
            self.data.clear();
            return true;
        }
        let ahead = header.sequence.wrapping_sub(last.sequence.wrapping_add(1));
        if ahead == 0 {
            return true;
        }
        if ahead >= u16::MAX - LATE {
            self.last = Some(last);
            return false;
        }
        if ahead < 0x8000 {
            self.losses.packets = self.losses.packets.saturating_add(u64::from(ahead));
        }
        self.lose();
        true
    }

    /// What is being put together is damaged, and so is all that stands on it. What was lost may be
    /// its end: the next access unit is told by its beginning then.
    fn lose(&mut self) {
        self.is_damaged = true;
        self.waits = true;
        self.parted = None;
    }

    fn payload(&mut self, payload: &[u8]) {
        let Some((first, rest)) = payload.split_first() else { return };
        match first & 31 {
            24 => self.several(rest),
            28 => self.part(*first, rest),
            // Out of order (25 to 27, 29) is not agreed on, and the others mean nothing.
            0 | 25..=31 => {}
            _ => self.unit(payload),
        }
    }

    fn several(&mut self, mut rest: &[u8]) {
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            let Some((unit, after)) = after.split_at_checked(u16::from_be_bytes(*length).into())
            else {
                return self.lose();
            };
            self.unit(unit);
            rest = after;
        }
    }

    fn unit(&mut self, unit: &[u8]) {
        self.damage_parted();
        let Some(kind) = NalKind::of(unit) else { return };
        self.begin(kind, unit);
        if self.fits(unit.len()) {
            let at = self.data.len();
            push_unit(&mut self.data, unit);
            self.end_unit(at);
        }
    }

    fn part(&mut self, indicator: u8, rest: &[u8]) {
        let Some((header, data)) = rest.split_first() else { return };
        let (starts, ends) = (header & 0x80 != 0, header & 0x40 != 0);
        if starts {
            self.damage_parted();
            let first = indicator & 0xe0 | header & 31;
            self.begin(NalKind::from_wire(first), &[first, data.first().copied().unwrap_or(0)]);
            if self.fits(1) {
                self.parted = Some(self.data.len());
                self.data.put_u32(0);
                self.data.put_u8(first);
            }
        }
        let Some(at) = self.parted else {
            // Its beginning is lost, whatever the numbers say.
            if !starts {
                self.lose();
            }
            return;
        };
        if !self.fits(data.len()) {
            return;
        }
        self.data.put_slice(data);
        if ends {
            self.parted = None;
            let length = self.data.len().saturating_sub(at).saturating_sub(4) as u32;
            if let Some(place) = self.data.get_mut(at..).and_then(|d| d.first_chunk_mut::<4>()) {
                *place = length.to_be_bytes();
            }
            self.end_unit(at);
        }
    }

    /// A unit that has no end is none.
    fn damage_parted(&mut self) {
        if self.parted.is_some() {
            self.lose();
        }
    }

    /// Ends the access unit before this unit, if one has to end here.
    fn begin(&mut self, kind: NalKind, unit: &[u8]) {
        let is_next = match kind {
            // 14 to 18 stand before a picture, too.
            NalKind::Delimiter | NalKind::Sps | NalKind::Pps | NalKind::Sei => true,
            NalKind::Other(14..=18) => true,
            _ => begins_picture(unit),
        };
        if is_next && (self.has_picture || self.is_damaged) {
            self.finish();
        }
        if kind.is_picture() {
            if !self.has_picture && !begins_picture(unit) {
                self.lose();
            }
            // Only a picture that is a key frame in all its parts is one.
            self.is_key = kind == NalKind::Idr && (self.is_key || !self.has_picture);
            self.has_picture = true;
        }
    }

    fn fits(&mut self, more: usize) -> bool {
        let fits = self.data.len().saturating_add(more).saturating_add(4) <= MAX_ACCESS_UNIT;
        if !fits || self.is_damaged {
            self.lose();
            self.data.clear();
        }
        fits && !self.is_damaged
    }

    /// A unit stands whole at the end of `data`, from `at`.
    fn end_unit(&mut self, at: usize) {
        let unit = self.data.get(at + 4..).unwrap_or_default();
        let stays = match NalKind::of(unit) {
            Some(kind @ (NalKind::Sps | NalKind::Pps)) => {
                let was_whole = self.parameters.parameters().is_some();
                self.parameters.take(unit) && was_whole && kind == NalKind::Pps
            }
            Some(NalKind::Delimiter | NalKind::End | NalKind::Filler) | None => false,
            Some(NalKind::Other(0 | 24..)) => false,
            Some(_) => true,
        };
        if !stays {
            self.data.truncate(at);
        }
    }

    fn finish(&mut self) {
        if !self.has_picture && !self.is_damaged {
            // Parameters or remarks with a marker: they belong to what comes.
            return;
        }
        let data = std::mem::take(&mut self.data).freeze();
        let is_key = std::mem::take(&mut self.is_key);
        let was_damaged = std::mem::take(&mut self.is_damaged);
        let shown =
            std::mem::take(&mut self.has_picture) && !was_damaged && (is_key || !self.waits);
        let Some(parameters) = self.parameters.parameters().filter(|_| shown).cloned() else {
            self.waits = true;
            self.losses.access_units =
                self.losses.access_units.saturating_add(u64::from(!self.is_new));
            return;
        };
        (self.waits, self.is_new) = (false, false);
        let data = if is_key { with_more(&parameters, data) } else { data };
        self.ready.push(AccessUnit { data, is_key, timestamp: self.timestamp, parameters });
    }
}

/// A key frame with the PPS that do not stand in the first place.
fn with_more(parameters: &Parameters, data: Bytes) -> Bytes {
    if parameters.more.is_empty() {
        return data;
    }
    let mut whole = BytesMut::new();
    parameters.more.iter().for_each(|unit| push_unit(&mut whole, unit));
    whole.extend_from_slice(&data);
    whole.freeze()
}
