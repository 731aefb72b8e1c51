//! How single values read to a person. What is not known reads `-`.

use std::time::Duration;

use bambu_protocol::{format, request::TrayId};

pub(crate) use bambu_protocol::format::{UNKNOWN, percentage as percent, temperature};

/// Minutes as `45m`, `2h 05m` or `3d 04h`.
pub(crate) fn minutes(minutes: Option<u32>) -> String {
    format::time_remaining(minutes.map(|it| Duration::from_secs(u64::from(it) * 60)))
}

/// A heater as `220/220°C`, or `24°C` while it is off.
pub(crate) fn heater(current: Option<f64>, target: Option<f64>) -> String {
    match (current, target) {
        (Some(current), Some(target)) if target > 0.0 => {
            format!("{current:.0}/{}", temperature(Some(target)))
        }
        (current, _) => temperature(current),
    }
}

/// A progress bar of `width` cells.
pub(crate) fn bar(percent: Option<u8>, width: usize) -> String {
    let filled = usize::from(percent.unwrap_or(0).min(100)) * width / 100;
    let rest = width.saturating_sub(filled);
    format!("{}{}", "█".repeat(filled), "░".repeat(rest))
}

/// A unit as the printer's screen names it: A to D, HT-A to HT-H; a number where it has no letter.
pub(crate) fn ams_unit(unit: u16) -> String {
    let letter = |at: u16| char::from(b'A' + at.min(25) as u8);
    match unit {
        0..=3 => letter(unit).to_string(),
        128..=135 => format!("HT-{}", letter(unit - 128)),
        other => other.to_string(),
    }
}

/// A tray as the printer's screen names it, and as `control` takes it: `A1`, `HT-A`.
pub(crate) fn tray(unit: u16, slot: u8) -> String {
    TrayId { unit, slot }.to_string()
}

/// A name of the status document as words: `heating_bed` as `heating bed`.
pub(crate) fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// Bytes as `812 B`, `1.2 MB`, `3.4 GB`: steps of a thousand.
pub(crate) fn bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 999.5 {
            let digits = usize::from(unit != "B" && value < 99.5);
            return format!("{value:.digits$} {unit}");
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

/// The text in lines of at most `cells`, broken between words where that is possible.
pub(crate) fn wrap(text: &str, cells: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if width(line) + 1 + width(word) <= cells {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.iter().map(|line| cut(line.trim_end(), cells)).collect()
}

/// The text without control characters, so that a name cannot steer the terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// What a name is sorted by: without case, and numbers in it by their value.
pub(crate) fn sort_key(name: &str) -> String {
    let mut key = String::new();
    let mut digits = String::new();
    for c in name.chars().flat_map(char::to_lowercase).chain(['\0']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if !digits.is_empty() {
            key.push_str(&format!("{digits:0>12}"));
            digits.clear();
        }
        key.push(c);
    }
    key
}

/// Cells a text takes on a terminal, wide East Asian characters and emoji counted twice.
pub(crate) fn width(text: &str) -> usize {
    let wide = |c: char| {
        matches!(u32::from(c), 0x1100..=0x115F | 0x2E80..=0xA4CF
        | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFE30..=0xFE4F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1F64F | 0x1F900..=0x1F9FF | 0x20000..=0x3FFFD)
    };
    let bare = |c: char| matches!(u32::from(c), 0x300..=0x36F | 0x200B..=0x200F | 0xFE00..=0xFE0F);
    text.chars().map(|c| if bare(c) { 0 } else { 1 + usize::from(wide(c)) }).sum()
}

/// The text cut to `cells`, with `…` where something is missing.
pub(crate) fn cut(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if width(&kept) + width(c.encode_utf8(&mut [0; 4])) >= cells {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_a_person_says_them() {
        assert_eq!((bytes(812), bytes(1_234_567)), ("812 B".into(), "1.2 MB".into()));
        assert_eq!((bytes(250_000), bytes(64 << 30)), ("250 kB".into(), "68.7 GB".into()));
        assert_eq!(minutes(Some(59)), "59m");
        assert_eq!(minutes(Some(125)), "2h 05m");
        assert_eq!(minutes(Some(3000)), "2d 02h");
        assert_eq!(heater(Some(219.6), Some(220.0)), "220/220°C");
        assert_eq!(heater(Some(24.1), Some(0.0)), "24°C");
        assert_eq!(heater(None, Some(60.0)), "-");
        assert_eq!(percent(Some(45)), "45%");
        assert_eq!(bar(Some(50), 4), "██░░");
        assert_eq!(bar(Some(255), 2), "██");
    }

    #[test]
    fn the_second_printer_stands_before_the_tenth() {
        let mut names = ["A1 mini 10", "P1S 1", "a1 mini 2", "A1 10", "A1"];
        names.sort_by_key(|name| sort_key(name));
        assert_eq!(names, ["A1", "A1 10", "a1 mini 2", "A1 mini 10", "P1S 1"]);
    }

    #[test]
    fn a_sentence_is_broken_between_words() {
        assert_eq!(wrap("it is off; switch it on", 11), ["it is off;", "switch it", "on"]);
        assert_eq!(wrap("", 11), [""]);
        assert_eq!(wrap("unbreakable", 5), ["unbr…"]);
        assert_eq!((tray(1, 2), ams_unit(128)), ("B3".into(), "HT-A".into()));
    }

    #[test]
    fn a_long_name_is_cut_by_cells_not_bytes() {
        assert_eq!(cut("cube.gcode.3mf", 20), "cube.gcode.3mf");
        assert_eq!(cut("cube.gcode.3mf", 6), "cube.…");
        assert_eq!(cut("测试测试", 5), "测试…");
    }
}
