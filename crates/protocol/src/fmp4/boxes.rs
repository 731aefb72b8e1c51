//! The boxes of both segments, byte by byte.

use super::{Picture, TIMESCALE, Unfit};

/// A sample that others are decoded from, and one that needs those before it.
const KEY: u32 = 0x0200_0000;
const NOT_KEY: u32 = 0x0101_0000;

/// No rotation, no scaling.
const MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/// Boxes as they are written, with lengths that are filled in when a box ends.
#[derive(Debug, Default)]
pub(super) struct Boxes(Vec<u8>);

impl Boxes {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// A box and what is in it.
    pub(super) fn within<T>(&mut self, name: &[u8; 4], fill: impl FnOnce(&mut Self) -> T) -> T {
        let start = self.0.len();
        self.u32(0);
        self.bytes(name);
        let done = fill(self);
        let length = self.0.len().saturating_sub(start);
        self.put(start, u32::try_from(length).unwrap_or(u32::MAX));
        done
    }

    /// A box with a version and flags.
    fn full<T>(
        &mut self,
        name: &[u8; 4],
        version_and_flags: u32,
        fill: impl FnOnce(&mut Self) -> T,
    ) -> T {
        self.within(name, |inside| {
            inside.u32(version_and_flags);
            fill(inside)
        })
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.bytes(&value.to_be_bytes());
    }

    fn zeros(&mut self, count: usize) {
        self.0.resize(self.0.len() + count, 0);
    }

    /// Writes what has been written so far, and `more`, as the number at this place.
    pub(super) fn patch(&mut self, place: usize, more: u32) {
        let written = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.put(place, written.saturating_add(more));
    }

    fn put(&mut self, place: usize, value: u32) {
        if let Some(slot) = self.0.get_mut(place..place + 4) {
            slot.copy_from_slice(&value.to_be_bytes());
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// What is in `moov`: one track without samples, which come in fragments.
pub(super) fn movie(moov: &mut Boxes, width: u16, height: u16, record: &[u8]) {
    moov.full(b"mvhd", 0, |mvhd| {
        mvhd.zeros(8);
        mvhd.u32(TIMESCALE);
        mvhd.u32(0);
        mvhd.u32(0x1_0000);
        mvhd.u16(0x0100);
        mvhd.zeros(10);
        MATRIX.iter().for_each(|value| mvhd.u32(*value));
        mvhd.zeros(24);
        mvhd.u32(2);
    });
    moov.within(b"trak", |trak| {
        // Enabled, in the movie, in the preview.
        trak.full(b"tkhd", 7, |tkhd| {
            tkhd.zeros(8);
            tkhd.u32(1);
            tkhd.zeros(24);
            MATRIX.iter().for_each(|value| tkhd.u32(*value));
            tkhd.u32(u32::from(width) << 16);
            tkhd.u32(u32::from(height) << 16);
        });
        trak.within(b"mdia", |mdia| {
            mdia.full(b"mdhd", 0, |mdhd| {
                mdhd.zeros(8);
                mdhd.u32(TIMESCALE);
                mdhd.u32(0);
                // No language.
                mdhd.u16(0x55c4);
                mdhd.u16(0);
            });
            mdia.full(b"hdlr", 0, |hdlr| {
                hdlr.u32(0);
                hdlr.bytes(b"vide");
                hdlr.zeros(12);
                hdlr.bytes(b"camera\0");
            });
            mdia.within(b"minf", |minf| media(minf, width, height, record));
        });
    });
    moov.within(b"mvex", |mvex| {
        mvex.full(b"trex", 0, |trex| [1, 1, 0, 0, 0].into_iter().for_each(|it| trex.u32(it)));
    });
}

fn media(minf: &mut Boxes, width: u16, height: u16, record: &[u8]) {
    minf.full(b"vmhd", 1, |vmhd| vmhd.zeros(8));
    minf.within(b"dinf", |dinf| {
        dinf.full(b"dref", 0, |dref| {
            dref.u32(1);
            // The samples are in this very stream.
            dref.full(b"url ", 1, |_| ());
        });
    });
    minf.within(b"stbl", |stbl| {
        stbl.full(b"stsd", 0, |stsd| {
            stsd.u32(1);
            stsd.within(b"avc1", |avc1| {
                avc1.zeros(6);
                avc1.u16(1);
                avc1.zeros(16);
                avc1.u16(width);
                avc1.u16(height);
                // 72 dots per inch, both ways.
                avc1.u32(0x48_0000);
                avc1.u32(0x48_0000);
                avc1.u32(0);
                avc1.u16(1);
                avc1.zeros(32);
                avc1.u16(0x18);
                avc1.u16(0xffff);
                avc1.within(b"avcC", |avcc| avcc.bytes(record));
            });
        });
        for name in [b"stts", b"stsc", b"stco"] {
            stbl.full(name, 0, |table| table.u32(0));
        }
        stbl.full(b"stsz", 0, |stsz| stsz.zeros(8));
    });
}

/// What is in `moof`; the place where its distance to the picture is to be written.
pub(super) fn fragment_header(moof: &mut Boxes, picture: &Picture<'_>, size: u32) -> usize {
    moof.full(b"mfhd", 0, |mfhd| mfhd.u32(picture.number));
    moof.within(b"traf", |traf| {
        // Places count from the start of `moof`.
        traf.full(b"tfhd", 0x02_0000, |tfhd| tfhd.u32(1));
        traf.full(b"tfdt", 0x0100_0000, |tfdt| tfdt.u64(picture.time));
        // With its place, and for each sample its duration, size and flags.
        traf.full(b"trun", 0x00_0701, |trun| {
            trun.u32(1);
            let place = trun.0.len();
            trun.u32(0);
            trun.u32(picture.duration.max(1));
            trun.u32(size);
            trun.u32(if picture.is_key { KEY } else { NOT_KEY });
            place
        })
    })
}

/// `avcC`: what a decoder needs before the first picture.
pub(super) fn decoder_configuration(sps: &[u8], pps: &[u8]) -> Result<Vec<u8>, Unfit> {
    let [first, profile, compatible, level, ..] = *sps else { return Err(Unfit::ParameterSets) };
    let is_pps = pps.first().is_some_and(|first| first & 0x1f == 8);
    let length = |set: &[u8]| u16::try_from(set.len()).map_err(|_| Unfit::ParameterSets);
    if first & 0x1f != 7 || !is_pps {
        return Err(Unfit::ParameterSets);
    }
    let mut out = Boxes::with_capacity(sps.len() + pps.len() + 16);
    // Lengths of NAL units have 4 bytes; one set of each kind.
    out.bytes(&[1, profile, compatible, level, 0xff, 0xe1]);
    out.u16(length(sps)?);
    out.bytes(sps);
    out.bytes(&[1]);
    out.u16(length(pps)?);
    out.bytes(pps);
    if matches!(profile, 100 | 110 | 122 | 144) {
        let [chroma, luma_depth, chroma_depth] = color_format(sps).ok_or(Unfit::ParameterSets)?;
        out.bytes(&[0xfc | chroma, 0xf8 | luma_depth, 0xf8 | chroma_depth, 0]);
    }
    Ok(out.finish())
}

/// Chroma format, depth of luma and of chroma above 8 bits, of a high profile.
fn color_format(sps: &[u8]) -> Option<[u8; 3]> {
    let mut bits = Bits { bytes: sps.get(4..)?, at: 0 };
    let _id = bits.number()?;
    let chroma = bits.number()?;
    if chroma == 3 {
        bits.bit()?;
    }
    let [luma_depth, chroma_depth] = [bits.number()?, bits.number()?];
    let in_range = chroma <= 3 && luma_depth <= 6 && chroma_depth <= 6;
    in_range.then_some([chroma, luma_depth, chroma_depth])
}

/// Reads small Exp-Golomb numbers. These come before anything that may need an escape byte.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit)
    }

    /// Up to 126.
    fn number(&mut self) -> Option<u8> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 6 {
                return None;
            }
        }
        let mut value = 1u8;
        for _ in 0..zeros {
            value = value << 1 | self.bit()?;
        }
        Some(value - 1)
    }
}
