//! What a printer finds in a sliced file: how long it prints and of how many layers. Read with a few
//! lines of its own, so that a mistake of the client's reader cannot confirm itself.

use std::io::{BufRead as _, BufReader, Read, Seek};

use zip::ZipArchive;

/// Bytes of G-code that the header is looked for in.
const HEADER: u64 = 256 << 10;
/// Bytes of G-code that are read for what its header does not say.
const BODY: u64 = 8 << 20;
/// Longest line that is looked at.
const LINE: u64 = 16 << 10;
/// Most objects, as slicers have it [V].
const OBJECTS: usize = 64;

/// What the G-code of a plate says; what it does not say is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sliced {
    pub(super) layers: Option<u32>,
    /// Printing time without warm-up.
    pub(super) minutes: Option<f64>,
    pub(super) grams: Option<f64>,
    /// The objects that can be skipped.
    pub(super) objects: Vec<u64>,
}

/// The printer cannot read it: it is no archive, lacks the plate, or is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreadable;

/// Reads the plate of a sliced 3MF.
pub(super) fn read(file: impl Read + Seek, plate: u32) -> Result<Sliced, Unreadable> {
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|_| Unreadable)?;
    let name = format!("Metadata/plate_{plate}.gcode");
    gcode(archive.by_name(&name).map_err(|_| Unreadable)?)
}

/// Reads plain G-code.
pub(super) fn gcode(code: impl Read) -> Result<Sliced, Unreadable> {
    let mut code = BufReader::new(code);
    let (mut said, mut counted, mut shown, mut remaining) = (Sliced::default(), 0_u32, None, None);
    let (mut read, mut line) = (0_u64, Vec::new());
    let missing = |said: &Sliced| said.layers.is_none() || said.minutes.is_none();
    while read < HEADER || read < BODY && missing(&said) {
        line.clear();
        let length = (&mut code).take(LINE).read_until(b'\n', &mut line).map_err(|_| Unreadable)?;
        if length == 0 {
            break;
        }
        read = read.saturating_add(length as u64);
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        if let Some(comment) = line.strip_prefix(';') {
            said.take(comment.trim());
            let change = comment.trim_start();
            if change.starts_with("CHANGE_LAYER") || change.starts_with("LAYER_CHANGE") {
                counted = counted.saturating_add(1);
            }
        } else if let Some(progress) = line.strip_prefix("M73 ") {
            for word in progress.split_whitespace() {
                if let Some(layer) = word.strip_prefix('L') {
                    shown = layer.parse::<u32>().ok().max(shown);
                } else if let Some(minutes) = word.strip_prefix('R') {
                    remaining = remaining.or_else(|| minutes.parse::<f64>().ok());
                }
            }
        }
    }
    let counted = (counted > 0).then_some(counted);
    said.layers = said.layers.or(shown).or(counted).map(|layers| layers.clamp(1, 1_000_000));
    let minutes = said.minutes.or(remaining).filter(|minutes| minutes.is_finite());
    said.minutes = minutes.map(|minutes| minutes.clamp(0.01, 1e6));
    Ok(said)
}

impl Sliced {
    /// One line of the header. The first that says something counts.
    fn take(&mut self, comment: &str) {
        let Some((key, value)) = comment.split_once([':', '=']) else { return };
        let value = value.trim();
        match key.trim() {
            "total layer number" => self.layers = self.layers.or_else(|| value.parse().ok()),
            "model printing time" => {
                let own = value.split(';').next().unwrap_or(value);
                self.minutes = self.minutes.or_else(|| minutes(own));
            }
            // Only where the first line above did not say it: with the warm-up, but the best there is.
            "total estimated time" | "estimated printing time (normal mode)" => {
                self.minutes = self.minutes.or_else(|| minutes(value));
            }
            "total filament weight [g]" if self.grams.is_none() => {
                let each = value.split(',').filter_map(|one| one.trim().parse::<f64>().ok());
                let sum: f64 = each.filter(|grams| *grams >= 0.0).sum();
                self.grams = (sum > 0.0 && sum < 1e6).then_some(sum);
            }
            "model label id" if self.objects.is_empty() => {
                let ids = value.split(',').filter_map(|id| id.trim().parse().ok());
                self.objects = ids.take(OBJECTS).collect();
            }
            _ => {}
        }
    }
}

/// `1d 2h 3m 4s` in minutes.
fn minutes(text: &str) -> Option<f64> {
    let mut sum = None;
    for part in text.split_whitespace() {
        let (number, unit) = part.split_at_checked(part.len().checked_sub(1)?)?;
        let in_minutes = match unit {
            "d" => 1440.0,
            "h" => 60.0,
            "m" => 1.0,
            "s" => 1.0 / 60.0,
            _ => return None,
        };
        sum = Some(sum.unwrap_or(0.0) + f64::from(number.parse::<u32>().ok()?) * in_minutes);
    }
    sum
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_header_says_layers_time_weight_and_objects() {
        let said = read(Cursor::new(crate::storage::sample()), 1).unwrap();
        assert_eq!((said.layers, said.minutes, said.grams), (Some(100), Some(20.0), Some(5.27)));
        let text = "; model printing time: 1d 2h 3m 30s; total estimated time: 2d\n\
                    ; total layer number: 7\n; total filament weight [g] : 1.5,2\n\
                    ; model label id: 206,234\n";
        let said = gcode(text.as_bytes()).unwrap();
        assert_eq!((said.layers, said.minutes), (Some(7), Some(1563.5)));
        assert_eq!((said.grams, said.objects), (Some(3.5), vec![206, 234]));
    }

    #[test]
    fn without_a_header_the_progress_commands_count() {
        let text = "G28\nM73 P0 R12\n; CHANGE_LAYER\nM73 L1\n; CHANGE_LAYER\nM73 P50 R6\nM73 L2\n";
        let said = gcode(text.as_bytes()).unwrap();
        assert_eq!((said.layers, said.minutes), (Some(2), Some(12.0)));
        assert_eq!(gcode(&b"; LAYER_CHANGE\n"[..]).unwrap().layers, Some(1));
        assert_eq!(gcode(&b"G28"[..]), Ok(Sliced::default()));
    }

    #[test]
    fn what_is_no_archive_or_lacks_the_plate_cannot_be_read() {
        assert_eq!(read(Cursor::new(b"PK rubbish"), 1), Err(Unreadable));
        assert_eq!(read(Cursor::new(crate::storage::sample()), 2), Err(Unreadable));
        let whole = crate::storage::sample();
        assert_eq!(read(Cursor::new(whole.slice(..whole.len() / 2)), 1), Err(Unreadable));
    }

    proptest! {
        #[test]
        fn whatever_the_code_holds_is_read(code in prop::collection::vec(any::<u8>(), 0..500)) {
            let _ = gcode(&code[..]);
            let _ = read(Cursor::new(code), 1);
        }
    }
}
