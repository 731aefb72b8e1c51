//! Sequence ids: how an answer finds its request.

use std::fmt;

const FIRST: u16 = 20_000;
const COUNT: u16 = 10_000;

/// The id of one request: decimal text on the wire, 20000 to 29999 as the vendor's slicer uses.
///
/// Start at a random one: signed paths refuse ids that an earlier process used [L].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SequenceId(u16);

impl SequenceId {
    /// The id that a random number picks; this crate has no randomness of its own.
    pub fn from_random(random: u64) -> Self {
        Self(FIRST + u16::try_from(random % u64::from(COUNT)).unwrap_or(0))
    }

    /// The one after it; 29999 is followed by 20000.
    #[must_use]
    pub fn next(self) -> Self {
        Self(FIRST + (self.0 - FIRST + 1) % COUNT)
    }

    /// The id as a number.
    pub fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for SequenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
