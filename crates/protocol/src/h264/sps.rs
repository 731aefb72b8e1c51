//! The parameters of a sequence (SPS): size with its cropping, and what a browser calls the codec.

use super::{NalKind, bits::Bits};

/// The longest side that is believed, in pixels.
const LONGEST: u32 = 16_384;
/// Profiles whose SPS tells about colours and scaling.
const WITH_CHROMA: [u8; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

/// What an SPS says about the pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sps {
    /// `profile_idc`: 66 baseline, 77 main, 100 high.
    pub profile: u8,
    /// The byte of constraint flags.
    pub constraints: u8,
    /// `level_idc`: ten times the level.
    pub level: u8,
    /// In pixels, as shown.
    pub width: u32,
    /// In pixels, as shown.
    pub height: u32,
}

/// Why an SPS cannot be used: the stream is damaged, or no H.264.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSps {
    /// It is another kind of NAL unit.
    #[error("no SPS")]
    OtherKind,
    /// It ends early, or a number in it makes no sense.
    #[error("an SPS that cannot be read")]
    Unreadable,
    /// Its size is none that a camera has.
    #[error("an SPS with an impossible size")]
    Size,
}

impl Sps {
    /// Reads the NAL unit of an SPS, its first byte included.
    ///
    /// # Errors
    /// [`BadSps`].
    pub fn parse(unit: &[u8]) -> Result<Self, BadSps> {
        if NalKind::of(unit) != Some(NalKind::Sps) {
            return Err(BadSps::OtherKind);
        }
        let read = read(unit.get(1..).unwrap_or_default()).ok_or(BadSps::Unreadable)?;
        let fits = |side| (1..=LONGEST).contains(&side);
        if fits(read.width) && fits(read.height) { Ok(read) } else { Err(BadSps::Size) }
    }

    /// The codec as browsers name it, such as `avc1.64001f` (RFC 6381).
    pub fn codec(&self) -> String {
        format!("avc1.{:02x}{:02x}{:02x}", self.profile, self.constraints, self.level)
    }
}

/// `None` where it ends early or is out of range. A size that makes no sense comes out as 0.
fn read(payload: &[u8]) -> Option<Sps> {
    let [profile, constraints, level, ..] = *payload else { return None };
    let mut bits = Bits::new(payload);
    bits.bits(24)?;
    bits.unsigned()?; // seq_parameter_set_id
    let mut chroma = 1;
    if WITH_CHROMA.contains(&profile) {
        chroma = chroma_and_scaling(&mut bits)?;
    }
    bits.unsigned()?; // log2_max_frame_num_minus4
    picture_order(&mut bits)?;
    bits.unsigned()?; // max_num_ref_frames
    bits.flag()?; // gaps_in_frame_num_value_allowed_flag
    let columns = bits.unsigned()?.checked_add(1)?;
    let rows = bits.unsigned()?.checked_add(1)?;
    let frames_only = bits.flag()?;
    if !frames_only {
        bits.flag()?; // mb_adaptive_frame_field_flag
    }
    bits.flag()?; // direct_8x8_inference_flag
    let fields = if frames_only { 1 } else { 2 };
    let (unit_x, unit_y) = match chroma {
        1 => (2, 2 * fields),
        2 => (2, fields),
        _ => (1, fields),
    };
    let (mut crop_x, mut crop_y) = (0_u32, 0_u32);
    if bits.flag()? {
        crop_x = bits.unsigned()?.checked_add(bits.unsigned()?)?.checked_mul(unit_x)?;
        crop_y = bits.unsigned()?.checked_add(bits.unsigned()?)?.checked_mul(unit_y)?;
    }
    let width = columns.checked_mul(16)?.saturating_sub(crop_x);
    let height = rows.checked_mul(16)?.checked_mul(fields)?.saturating_sub(crop_y);
    Some(Sps { profile, constraints, level, width, height })
}

/// `ChromaArrayType`.
fn chroma_and_scaling(bits: &mut Bits<'_>) -> Option<u32> {
    let format = bits.unsigned().filter(|format| *format <= 3)?;
    let separate = format == 3 && bits.flag()?;
    bits.unsigned()?; // bit_depth_luma_minus8
    bits.unsigned()?; // bit_depth_chroma_minus8
    bits.flag()?; // qpprime_y_zero_transform_bypass_flag
    if bits.flag()? {
        for list in 0..if format == 3 { 12 } else { 8 } {
            if bits.flag()? {
                scaling_list(bits, if list < 6 { 16 } else { 64 })?;
            }
        }
    }
    Some(if separate { 0 } else { format })
}

fn scaling_list(bits: &mut Bits<'_>, size: usize) -> Option<()> {
    let mut last = 8;
    for _ in 0..size {
        last = (last + bits.signed()?).rem_euclid(256);
        if last == 0 {
            break;
        }
    }
    Some(())
}

fn picture_order(bits: &mut Bits<'_>) -> Option<()> {
    match bits.unsigned()? {
        0 => {
            bits.unsigned()?;
        }
        1 => {
            bits.flag()?;
            bits.signed()?;
            bits.signed()?;
            for _ in 0..bits.unsigned().filter(|count| *count <= 255)? {
                bits.signed()?;
            }
        }
        2 => {}
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As x264 writes them; sizes and profiles as ffprobe tells them.
    const KNOWN: [(&str, u32, u32, &str); 8] = [
        ("6742c028d900780227e5c044000003000400000300f03c60c920", 1920, 1080, "avc1.42c028"), // constrained baseline
        ("674d401feca02802dd8088000003000800000301e078c18cb0", 1280, 720, "avc1.4d401f"),    // main
        ("6764001facd9404905bb0110000003001000000303c0f1831960", 1168, 720, "avc1.64001f"),  // high
        ("67640028acd940780227e5c044000003000400000300f03c60c658", 1920, 1080, "avc1.640028"), // high
        ("67f4000d919b282a10f1f1f80880000003008000001e078a14cb", 322, 242, "avc1.f4000d"), // 4:4:4
        ("677a000dbcd94151fe23c044000003000400000300f03c50a658", 322, 240, "avc1.7a000d"), // 4:2:2
        ("676e001ea6cd940a02ff970110000003001000000303c0f162d960", 640, 360, "avc1.6e001e"), // 10 bit
        ("67640028acd94078044fde0220000003002000000783e2c5b2c0", 1920, 1080, "avc1.640028"), // interlaced
    ];

    fn bytes(hex: &str) -> Vec<u8> {
        hex.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    #[test]
    fn sizes_are_those_that_ffprobe_tells() {
        for (unit, width, height, codec) in KNOWN {
            let sps = Sps::parse(&bytes(unit)).unwrap();
            assert_eq!((sps.width, sps.height, sps.codec().as_str()), (width, height, codec));
        }
    }

    #[test]
    fn an_sps_that_is_cut_off_is_an_error() {
        for (unit, ..) in KNOWN {
            assert_eq!(Sps::parse(&bytes(&unit[..12])), Err(BadSps::Unreadable));
        }
        assert_eq!(Sps::parse(&[0x68, 1, 2]), Err(BadSps::OtherKind));
        assert_eq!(Sps::parse(&[]), Err(BadSps::OtherKind));
    }
}
