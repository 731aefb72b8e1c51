//! The G-code of a plate: what its header says, and whether it is what its MD5 says.

use std::io::{Read, Seek};

use md5::{Digest as _, Md5};

use super::{
    BadThreeMf,
    archive::{self, Archive, damaged},
    slice_info::finite,
};

/// The header is looked for in so many bytes; it takes one or two KiB, the pictures come after it.
const HEADER: u64 = 256 << 10;
/// The largest G-code, unpacked, in bytes.
const MOST_GCODE: u64 = 4 << 30;

/// Whether the G-code of a plate is what the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Md5Check {
    /// It is.
    Equal {
        /// Its MD5, 32 upper-case hex digits.
        md5: String,
    },
    /// It is not: the file was changed after it was sliced, or is damaged.
    Differs {
        /// What the file says.
        told: String,
        /// What the G-code has.
        actual: String,
    },
    /// The file does not say.
    Untold {
        /// Its MD5.
        actual: String,
    },
}

impl Md5Check {
    /// MD5 of the G-code as it is: 32 upper-case hex digits.
    pub fn actual(&self) -> &str {
        match self {
            Self::Equal { md5 } => md5,
            Self::Differs { actual, .. } | Self::Untold { actual } => actual,
        }
    }
}

/// The part that a plate's G-code is.
pub(super) fn part_of(plate: u32) -> String {
    format!("Metadata/plate_{plate}.gcode")
}

/// What the file says the MD5 of a plate is: 32 upper-case hex digits.
pub(super) fn told<R: Read + Seek>(
    archive: &mut Archive<R>,
    plate: u32,
) -> Result<Option<String>, BadThreeMf> {
    let part = part_of(plate) + ".md5";
    let Some(bytes) = archive::whole(archive, &part, 1024)? else { return Ok(None) };
    let text = str::from_utf8(&bytes).unwrap_or_default().trim().to_ascii_uppercase();
    if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(BadThreeMf::Syntax { part, why: "it is no MD5".into() });
    }
    Ok(Some(text))
}

/// The MD5 of a plate's G-code as it is, streamed.
pub(super) fn actual<R: Read + Seek>(
    archive: &mut Archive<R>,
    plate: u32,
) -> Result<Option<String>, BadThreeMf> {
    let name = part_of(plate);
    let Some(mut part) = archive::part(archive, &name, MOST_GCODE)? else { return Ok(None) };
    let mut digest = Md5::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = part.read(&mut buffer).map_err(|error| damaged(&name, error))?;
        if read == 0 {
            break;
        }
        digest.update(buffer.get(..read).unwrap_or_default());
    }
    Ok(Some(digest.finalize().iter().map(|byte| format!("{byte:02X}")).collect()))
}

/// What the header of a G-code says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Header {
    pub(super) layers: Option<u32>,
    pub(super) seconds: Option<u32>,
    pub(super) weight_grams: Option<f64>,
}

/// Reads the header of a plate's G-code; the rest of it is not unpacked.
pub(super) fn header<R: Read + Seek>(
    archive: &mut Archive<R>,
    plate: u32,
) -> Result<Header, BadThreeMf> {
    // Most often 8 KiB hold it.
    for most in [8 << 10, HEADER] {
        let Some(head) = archive::head(archive, &part_of(plate), most)? else { break };
        let whole = (head.len() as u64) < most;
        if let Some(header) = Header::of(&head, whole || most == HEADER) {
            return Ok(header);
        }
    }
    Ok(Header::default())
}

impl Header {
    /// `None` when its end is not in these bytes, unless they are all.
    fn of(head: &[u8], all: bool) -> Option<Self> {
        let mut header = Self::default();
        for line in head.split(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(line);
            let Some(line) = line.trim().strip_prefix(';').map(str::trim) else { continue };
            if line == "HEADER_BLOCK_END" {
                return Some(header);
            }
            // Several stand in one line: `model printing time: 52m 3s; total estimated time: 58m`.
            for piece in line.split(';') {
                let Some((name, value)) = piece.split_once([':', '=']) else { continue };
                match name.trim() {
                    "total layer number" | "total layers count" => {
                        header.layers = value.trim().parse().ok();
                    }
                    "total estimated time" => header.seconds = duration(value),
                    "total filament weight [g]" => {
                        let weights: Vec<f64> = value.split(',').filter_map(finite).collect();
                        let sum = weights.iter().sum::<f64>();
                        header.weight_grams =
                            (!weights.is_empty() && sum.is_finite()).then_some(sum);
                    }
                    _ => {}
                }
            }
        }
        all.then_some(header)
    }
}

/// `1d 2h 3m 4s` in seconds.
fn duration(text: &str) -> Option<u32> {
    let mut seconds = 0u32;
    let mut any = false;
    for word in text.split_ascii_whitespace() {
        let (number, unit) = word.split_at_checked(word.len().checked_sub(1)?)?;
        let unit = match unit {
            "d" => 86_400,
            "h" => 3600,
            "m" => 60,
            "s" => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(number.parse::<u32>().ok()?.checked_mul(unit)?)?;
        any = true;
    }
    any.then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_tells_layers_time_and_weight() {
        let text = "; HEADER_BLOCK_START\n; BambuStudio 02.05.02.51\n; model printing time: 52m 3s; \
                    total estimated time: 1h 58m 9s\n; total layer number: 200\r\n\
                    ; total filament weight [g] : 12.60,1.4\n; HEADER_BLOCK_END\n\
                    ; total layer number: 7\n";
        let header = Header::of(text.as_bytes(), false).unwrap();
        assert_eq!((header.layers, header.seconds), (Some(200), Some(7089)));
        assert_eq!(header.weight_grams, Some(14.0));
        assert_eq!(Header::of(b"G28\n", true), Some(Header::default()));
        assert_eq!(Header::of(b"; total layer number: 2", false), None);
    }

    #[test]
    fn a_time_is_read_in_every_unit_and_never_overflows() {
        assert_eq!(duration(" 1d 2h 3m 4s"), Some(93_784));
        assert_eq!(duration("58m"), Some(3480));
        for odd in ["", "soon", "4", "99999999999s", "60000d", "1 h", "ü"] {
            assert_eq!(duration(odd), None, "{odd}");
        }
    }
}
