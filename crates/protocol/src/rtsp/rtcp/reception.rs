//! Counting what came of a stream, as its sender is told (RFC 3550, appendix A.3 and A.8).

use std::time::Duration;

use super::{Block, SenderReport};
use crate::rtsp::rtp::Header;

/// What came of one source. Times are since any fixed moment.
#[derive(Debug, Clone)]
pub struct Reception {
    source: u32,
    clock: u32,
    base: u32,
    highest: u32,
    received: u32,
    expected_before: u32,
    received_before: u32,
    /// Between sending and arriving, in units of the clock; begins anew after 2^32.
    transit: u32,
    /// Times 16.
    jitter: u32,
    reported: Option<(u32, Duration)>,
}

impl Reception {
    /// Begins with the first packet; `clock` is in Hz.
    pub fn new(first: &Header, clock: u32, now: Duration) -> Self {
        let sequence = u32::from(first.sequence);
        Self {
            source: first.source,
            clock,
            base: sequence,
            highest: sequence,
            received: 1,
            expected_before: 0,
            received_before: 0,
            transit: units(now, clock).wrapping_sub(first.timestamp),
            jitter: 0,
            reported: None,
        }
    }

    /// Whose stream it is.
    pub fn source(&self) -> u32 {
        self.source
    }

    /// Counts one more packet of this source.
    pub fn packet(&mut self, header: &Header, now: Duration) {
        let ahead = header.sequence.wrapping_sub(self.highest as u16);
        if ahead < 0x8000 {
            self.highest = self.highest.wrapping_add(u32::from(ahead));
        }
        self.received = self.received.wrapping_add(1);
        let transit = units(now, self.clock).wrapping_sub(header.timestamp);
        let change = transit.wrapping_sub(self.transit).cast_signed().unsigned_abs();
        self.transit = transit;
        let decay = (self.jitter + 8) >> 4;
        self.jitter = self.jitter.saturating_add(change).saturating_sub(decay);
    }

    /// Remembers when a report of the sender came.
    pub fn reported(&mut self, report: &SenderReport, now: Duration) {
        self.reported = Some(((report.ntp >> 16) as u32, now));
    }

    /// What to tell the sender now. The fraction is that since the last call.
    pub fn block(&mut self, now: Duration) -> Block {
        let expected = self.highest.wrapping_sub(self.base).wrapping_add(1);
        let expected_now = expected.wrapping_sub(self.expected_before);
        let received_now = self.received.wrapping_sub(self.received_before);
        (self.expected_before, self.received_before) = (expected, self.received);
        let lost_now = u64::from(expected_now.saturating_sub(received_now));
        let fraction = (lost_now << 8).checked_div(u64::from(expected_now)).unwrap_or(0);
        let (last_report, since_report) = match self.reported {
            Some((middle, at)) => (middle, units(now.saturating_sub(at), 65_536)),
            None => (0, 0),
        };
        Block {
            source: self.source,
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            lost: expected.saturating_sub(self.received),
            highest: self.highest,
            jitter: self.jitter >> 4,
            last_report,
            since_report,
        }
    }
}

/// A time in units of a clock, beginning anew after 2^32.
fn units(time: Duration, clock: u32) -> u32 {
    (time.as_micros().wrapping_mul(u128::from(clock)) / 1_000_000) as u32
}
