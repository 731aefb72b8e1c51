//! Video for browsers: fragmented MP4 with one track of H.264, a fragment for each picture.
//!
//! Pictures are access units of NAL units behind 4-byte lengths. Their times are in
//! `fmp4/timeline.rs`, boxes as bytes in `fmp4/boxes.rs`. Layout: ISO/IEC 14496-12 and -15. [D]

mod boxes;
mod timeline;

#[cfg(test)]
mod tests;

use boxes::Boxes;

pub use timeline::{Timed, Timeline};

/// Ticks per second of all times in here.
pub const TIMESCALE: u32 = 90_000;

/// The largest picture that is taken, in bytes: beyond any real one.
pub const LARGEST_PICTURE: usize = 16 << 20;

/// What all pictures of a stream have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Track<'a> {
    /// The sequence parameter set, a NAL unit without its length.
    pub sps: &'a [u8],
    /// The picture parameter set, a NAL unit without its length.
    pub pps: &'a [u8],
    /// Width in pixels, 1 to 65535.
    pub width: u32,
    /// Height in pixels, 1 to 65535.
    pub height: u32,
}

/// A picture with its place on the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture<'a> {
    /// Number of the fragment; a gap tells a reader that it missed some.
    pub number: u32,
    /// When it is decoded and shown, in ticks.
    pub time: u64,
    /// How long it is shown, in ticks, never 0.
    pub duration: u32,
    /// Whether it can be decoded without the pictures before it.
    pub is_key: bool,
    /// Its NAL units, each behind its length in 4 bytes.
    pub data: &'a [u8],
}

/// Why there is no such segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// These parameter sets are no H.264.
    #[error("the camera's parameter sets are no H.264; look at the stream with another player")]
    ParameterSets,
    /// A side is 0 or beyond 65535 pixels.
    #[error("a picture of {width}x{height} does not fit into an MP4; ask the camera for another")]
    Size {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// A picture is larger than [`LARGEST_PICTURE`].
    #[error("a picture of {0} bytes is larger than any real one; look at the stream")]
    TooLarge(usize),
}

/// The first segment, which every reader needs before any fragment: `ftyp` and `moov`.
///
/// # Errors
/// [`Unfit`]: parameter sets that are none, a size that has no place in the format.
pub fn first_segment(track: &Track<'_>) -> Result<Vec<u8>, Unfit> {
    let Track { width, height, .. } = *track;
    let side = |side: u32| u16::try_from(side).ok().filter(|side| *side > 0);
    let (wide, high) = side(width).zip(side(height)).ok_or(Unfit::Size { width, height })?;
    let record = boxes::decoder_configuration(track.sps, track.pps)?;
    let mut out = Boxes::default();
    out.within(b"ftyp", |ftyp| {
        ftyp.bytes(b"iso5");
        ftyp.u32(512);
        ftyp.bytes(b"iso5iso6avc1mp41");
    });
    out.within(b"moov", |moov| boxes::movie(moov, wide, high, &record));
    Ok(out.finish())
}

/// One picture as a segment of its own: `moof` and `mdat`.
///
/// # Errors
/// [`Unfit::TooLarge`].
pub fn fragment(picture: &Picture<'_>) -> Result<Vec<u8>, Unfit> {
    let length = picture.data.len();
    let size = u32::try_from(length).ok().filter(|_| length <= LARGEST_PICTURE);
    let size = size.ok_or(Unfit::TooLarge(length))?;
    let mut out = Boxes::with_capacity(length + 128);
    let place = out.within(b"moof", |moof| boxes::fragment_header(moof, picture, size));
    // Where the picture begins, counted from the first byte of `moof`: behind the head of `mdat`.
    out.patch(place, 8);
    out.within(b"mdat", |mdat| mdat.bytes(picture.data));
    Ok(out.finish())
}
