//! The picture of a camera as H.264, without loss: what did not change is skipped, areas of one
//! colour are predicted with one coefficient a plane, and all else is sent as samples (I_PCM).
//!
//! Constrained Baseline, CAVLC, no deblocking: cheap enough to be drawn and sent by a debug build
//! at 30 frames a second. Bits are in `h264/bits.rs`, parameter sets in `h264/parameters.rs`.

mod bits;
mod parameters;

use self::bits::Bits;
pub(crate) use self::parameters::{picture_parameters, profile_and_level, sequence_parameters};
use crate::picture::{Canvas, Palette, video_range};

/// Width and height of a macroblock.
const BLOCK: usize = 16;
/// Macroblock types of an I slice; in a P slice they are five more.
const I_PCM: u32 = 25;
const INTRA_16X16_DC: u32 = 3;
const IN_P_SLICE: u32 = 5;
/// Residuals of flat areas at the quantizer of `parameters`: steps below 1, so nothing is lost.
const LUMA_STEP: i32 = 26;
const CHROMA_STEP: i32 = 52;

/// One picture on the wire.
pub(crate) struct Coded {
    /// Its only slice, a NAL unit without a start code.
    pub(crate) slice: Vec<u8>,
    /// Whether decoding can begin here.
    pub(crate) is_key: bool,
}

/// Makes a stream of the pictures of one camera.
pub(crate) struct Writer {
    palette: Palette,
    /// Pictures from one key picture to the next.
    period: u32,
    since_key: u32,
    key_id: u32,
    previous: Option<Canvas>,
}

impl Writer {
    /// Begins with a key picture, and sends another after so many pictures.
    pub(crate) fn new(period: u32) -> Self {
        let palette = video_range();
        Self { palette, period: period.max(1), since_key: 0, key_id: 0, previous: None }
    }

    /// The next picture; all have the same size.
    pub(crate) fn write(&mut self, canvas: &Canvas) -> Coded {
        self.since_key = self.since_key.wrapping_add(1);
        let previous = self.previous.take().filter(|_| self.since_key < self.period);
        let is_key = previous.is_none();
        if is_key {
            self.since_key = 0;
            self.key_id = (self.key_id + 1) % 2;
        }
        let mut slice = Slice { canvas, palette: &self.palette, bits: Bits::default() };
        slice.head(is_key, self.since_key, self.key_id);
        slice.blocks(previous.as_ref());
        let kind = if is_key { 0x65 } else { 0x41 };
        let coded = Coded { slice: slice.bits.nal_unit(kind), is_key };
        let kept = match previous {
            Some(mut kept) => {
                kept.clone_from(canvas);
                kept
            }
            None => canvas.clone(),
        };
        self.previous = Some(kept);
        coded
    }
}

/// A slice that is being written: the whole picture.
struct Slice<'a> {
    canvas: &'a Canvas,
    palette: &'a Palette,
    bits: Bits,
}

/// What a flat macroblock needs beside its prediction.
struct Flat {
    /// 1 predicts chroma from the left, 2 from above, 0 from nothing.
    chroma_mode: u32,
    /// The one coefficient of luma and of the two chromas.
    levels: [i32; 3],
}

impl Slice<'_> {
    fn head(&mut self, is_key: bool, number: u32, key_id: u32) {
        let bits = &mut self.bits;
        bits.unsigned(0);
        bits.unsigned(if is_key { 7 } else { 5 });
        bits.unsigned(0);
        bits.put(number % 16, 4);
        if is_key {
            bits.unsigned(key_id);
            // Nothing of before is kept, nor is this one for long.
            bits.put(0, 2);
        } else {
            // The list of references is as usual, and so is how they are kept.
            bits.put(0, 3);
        }
        bits.signed(0);
        // No deblocking.
        bits.unsigned(1);
    }

    fn blocks(&mut self, previous: Option<&Canvas>) {
        let wide = self.canvas.width() / BLOCK;
        let (mut above, mut skipped) = (vec![false; wide], 0);
        for top in (0..self.canvas.height()).step_by(BLOCK) {
            let rows = self.canvas.rows(top, BLOCK);
            let before = previous.map(|previous| previous.rows(top, BLOCK));
            if before == Some(rows) {
                skipped += wide as u32;
                above.fill(false);
                continue;
            }
            let mut left_is_pcm = false;
            for (column, above_is_pcm) in above.iter_mut().enumerate() {
                let left = column * BLOCK;
                if before.is_some_and(|before| self.is_same(rows, before, left)) {
                    skipped += 1;
                    (*above_is_pcm, left_is_pcm) = (false, false);
                    continue;
                }
                if previous.is_some() {
                    self.bits.unsigned(skipped);
                    skipped = 0;
                }
                let base = if previous.is_some() { IN_P_SLICE } else { 0 };
                let is_pcm = match self.flat(left, top) {
                    Some(flat) => {
                        let has_left = (column > 0).then_some(left_is_pcm);
                        let has_above = (top > 0).then_some(*above_is_pcm);
                        self.write_flat(base, &flat, has_left, has_above);
                        false
                    }
                    None => {
                        self.write_samples(base, left, top);
                        true
                    }
                };
                (*above_is_pcm, left_is_pcm) = (is_pcm, is_pcm);
            }
        }
        if skipped > 0 {
            self.bits.unsigned(skipped);
        }
    }

    fn is_same(&self, rows: &[u8], before: &[u8], left: usize) -> bool {
        let width = self.canvas.width();
        let mut lines = rows.chunks_exact(width).zip(before.chunks_exact(width));
        let span = left..left + BLOCK;
        lines.all(|(now, before)| now.get(span.clone()) == before.get(span.clone()))
    }

    /// The colour of a pixel; below the picture it goes on as in its last row.
    fn color(&self, x: usize, y: usize) -> [u8; 3] {
        let row = self.canvas.rows(y.min(self.canvas.height() - 1), 1);
        let ink = row.get(x).copied().unwrap_or_default();
        self.palette.get(usize::from(ink)).copied().unwrap_or([16, 128, 128])
    }

    /// How a macroblock of one colour is written; `None` for any other.
    fn flat(&self, left: usize, top: usize) -> Option<Flat> {
        let rows = self.canvas.rows(top, BLOCK);
        let first = rows.get(left)?;
        let mut lines = rows.chunks_exact(self.canvas.width());
        let of_one = |line: &[u8]| line.get(left..left + BLOCK) == Some(&[*first; BLOCK][..]);
        if !lines.all(of_one) {
            return None;
        }
        let beside = left.checked_sub(1).map(|x| (0..BLOCK).map(move |y| (x, top + y)));
        let above = top.checked_sub(1).map(|y| (0..BLOCK).map(move |x| (left + x, y)));
        let (mut sum, mut count) = (0, 0);
        for (x, y) in
            beside.clone().into_iter().flatten().chain(above.clone().into_iter().flatten())
        {
            sum += i32::from(self.color(x, y)[0]);
            count += 1;
        }
        let luma = if count == 0 { 128 } else { (sum + count / 2) / count };
        // A row or a column of eight samples, each the colour of every other pixel.
        let uniform = |points: &mut dyn Iterator<Item = (usize, usize)>| {
            let mut chromas = points.map(|(x, y)| {
                let [_, blue, red] = self.color(x & !1, y & !1);
                [blue, red]
            });
            let first = chromas.next()?;
            chromas.all(|chroma| chroma == first).then_some(first)
        };
        let (chroma_mode, [blue, red]) = match (beside, above) {
            (None, None) => (0, [128, 128]),
            (beside, above) => {
                let from_left = beside.and_then(|mut points| uniform(&mut points));
                let from_above = || above.and_then(|mut points| uniform(&mut points));
                let chosen = from_left.map(|chroma| (1, chroma));
                chosen.or_else(|| from_above().map(|chroma| (2, chroma)))?
            }
        };
        let [y, cb, cr] = self.color(left, top);
        let levels = [
            level(i32::from(y) - luma, LUMA_STEP),
            level(i32::from(cb) - i32::from(blue), CHROMA_STEP),
            level(i32::from(cr) - i32::from(red), CHROMA_STEP),
        ];
        Some(Flat { chroma_mode, levels })
    }

    /// `left` and `above` say of the neighbours that exist whether they are samples.
    fn write_flat(&mut self, base: u32, flat: &Flat, left: Option<bool>, above: Option<bool>) {
        let [luma, blue, red] = flat.levels;
        let has_chroma = blue != 0 || red != 0;
        let bits = &mut self.bits;
        bits.unsigned(base + INTRA_16X16_DC + if has_chroma { 4 } else { 0 });
        bits.unsigned(flat.chroma_mode);
        bits.signed(0);
        // Samples count as sixteen coefficients; the mean of two neighbours chooses the table.
        let is_busy = left == Some(true) || above == Some(true);
        match (luma, is_busy) {
            (0, false) => bits.put(1, 1),
            (0, true) => bits.put(0b00_0011, 6),
            (1 | -1, false) => bits.put(0b01, 2),
            (1 | -1, true) => bits.put(0b00_0001, 6),
            (_, false) => bits.put(0b00_0101, 6),
            (_, true) => bits.put(0b00_0000, 6),
        }
        bits.coefficient(luma);
        if has_chroma {
            for level in [blue, red] {
                match level {
                    0 => bits.put(0b01, 2),
                    1 | -1 => bits.put(1, 1),
                    _ => bits.put(0b00_0111, 6),
                }
                bits.coefficient(level);
            }
        }
    }

    fn write_samples(&mut self, base: u32, left: usize, top: usize) {
        self.bits.unsigned(base + I_PCM);
        self.bits.align();
        let mut samples = Vec::with_capacity(BLOCK * BLOCK * 3 / 2);
        let mut chromas = [Vec::with_capacity(64), Vec::with_capacity(64)];
        for y in top..top + BLOCK {
            let row = self.canvas.rows(y.min(self.canvas.height() - 1), 1);
            let inks = row.get(left..left + BLOCK).unwrap_or_default();
            for (x, ink) in inks.iter().enumerate() {
                let known = self.palette.get(usize::from(*ink));
                let [luma, blue, red] = known.copied().unwrap_or([16, 128, 128]);
                samples.push(luma);
                if x % 2 == 0 && y % 2 == 0 {
                    let [blues, reds] = &mut chromas;
                    blues.push(blue);
                    reds.push(red);
                }
            }
        }
        self.bits.bytes(&samples);
        chromas.iter().for_each(|chroma| self.bits.bytes(chroma));
    }
}

/// The level whose residual is `wanted` in every sample: `(step * level + 32) >> 6`.
fn level(wanted: i32, step: i32) -> i32 {
    // Steps are below 64, so each residual has a level, next to the plain quotient.
    let near = wanted * 64 / step;
    (near - 2..=near + 2).find(|level| (step * level + 32) >> 6 == wanted).unwrap_or(near)
}

#[cfg(test)]
mod tests;
