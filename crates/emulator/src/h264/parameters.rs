//! The parameter sets of the streams that `h264.rs` writes.

use super::{BLOCK, bits::Bits};

/// Constrained Baseline.
const PROFILE: u8 = 66;
const CONSTRAINTS: u8 = 0xC0;
/// Largest picture of level 3.1, in macroblocks; beyond it level 4 is told.
const LEVEL_3_1: usize = 3600;
/// The quantizer of flat areas, which the steps in `h264.rs` come from.
const QUANTIZER: i32 = 20;

/// `profile-level-id` of SDP, six hexadecimal digits.
pub(crate) fn profile_and_level(pixels: (usize, usize)) -> String {
    format!("{PROFILE:02X}{CONSTRAINTS:02X}{:02X}", level(pixels))
}

fn level((width, height): (usize, usize)) -> u8 {
    let blocks = width.div_ceil(BLOCK) * height.div_ceil(BLOCK);
    if blocks <= LEVEL_3_1 { 31 } else { 40 }
}

/// The sequence parameter set, a NAL unit without a start code.
pub(crate) fn sequence_parameters(pixels: (usize, usize), per_second: u32) -> Vec<u8> {
    let (width, height) = pixels;
    let (wide, high) = (width.div_ceil(BLOCK), height.div_ceil(BLOCK));
    let mut bits = Bits::default();
    bits.bytes(&[PROFILE, CONSTRAINTS, level(pixels)]);
    // Frames count modulo 16, are shown in the order they come, and refer to the one before.
    for value in [0, 0, 2, 1] {
        bits.unsigned(value);
    }
    bits.put(0, 1);
    bits.unsigned(wide as u32 - 1);
    bits.unsigned(high as u32 - 1);
    // Frames only; the other flag is about B slices.
    bits.put(0b11, 2);
    let cropped = high * BLOCK - height;
    bits.put(u32::from(cropped > 0), 1);
    if cropped > 0 {
        for value in [0, 0, 0, cropped as u32 / 2] {
            bits.unsigned(value);
        }
    }
    usability(&mut bits, per_second);
    bits.nal_unit(0x67)
}

/// The VUI: video range, BT.709, the frame rate, and that nothing is reordered.
fn usability(bits: &mut Bits, per_second: u32) {
    bits.put(1, 1);
    bits.put(0b00, 2);
    // Video signal: format unknown, video range, colours described as BT.709 three times.
    bits.put(0b11_0101, 6);
    for _ in 0..3 {
        bits.put(1, 8);
    }
    bits.put(0, 1);
    bits.put(1, 1);
    bits.put(1, 32);
    bits.put(per_second * 2, 32);
    // A fixed rate, no buffer models, no picture structures; restrictions follow.
    bits.put(0b1_0001, 5);
    bits.put(1, 1);
    for value in [0, 0, 0, 0, 0, 1] {
        bits.unsigned(value);
    }
}

/// The picture parameter set, a NAL unit without a start code.
pub(crate) fn picture_parameters() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.unsigned(0);
    bits.unsigned(0);
    // CAVLC.
    bits.put(0b00, 2);
    for _ in 0..3 {
        bits.unsigned(0);
    }
    bits.put(0, 3);
    bits.signed(QUANTIZER - 26);
    bits.signed(0);
    bits.signed(0);
    // Slices say how they are deblocked.
    bits.put(0b100, 3);
    bits.nal_unit(0x68)
}
