//! Colours as far as the terminal has them: filament colours and the paints of the tables.

use ratatui::style::{Color, Modifier, Style};

use crate::output::{self, Paint};

/// How many colours there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Palette {
    /// None: `NO_COLOR` is set, or standard output is no terminal.
    None,
    /// The eight of every terminal.
    Eight,
    /// The cube of 256.
    Cube,
    /// All of them.
    True,
}

impl Palette {
    /// What this terminal says about itself.
    pub(super) fn here() -> Self {
        let word = |name: &str| std::env::var(name).unwrap_or_default();
        Self::of(output::colour(), &word("COLORTERM"), &word("TERM"))
    }

    fn of(colour: bool, colorterm: &str, term: &str) -> Self {
        match (colour, colorterm) {
            (false, _) => Self::None,
            (true, "truecolor" | "24bit") => Self::True,
            _ if term.contains("direct") => Self::True,
            _ if term.contains("256color") => Self::Cube,
            _ => Self::Eight,
        }
    }

    /// The style of a paint of the tables.
    pub(super) fn style(self, paint: Paint) -> Style {
        let plain = Style::new();
        match paint {
            Paint::Plain => plain,
            Paint::Bold => plain.add_modifier(Modifier::BOLD),
            Paint::Dim => plain.add_modifier(Modifier::DIM),
            _ if self == Self::None => plain,
            Paint::Green => plain.fg(Color::Green),
            Paint::Yellow => plain.fg(Color::Yellow),
            Paint::Red => plain.fg(Color::Red),
            Paint::Cyan => plain.fg(Color::Cyan),
        }
    }

    /// A filament colour, `RRGGBBAA` as on the wire; `None` where it can only be written.
    pub(super) fn filament(self, wire: &str) -> Option<Color> {
        let byte = |at: usize| u8::from_str_radix(wire.get(at..at + 2)?, 16).ok();
        let (red, green, blue) = (byte(0)?, byte(2)?, byte(4)?);
        match self {
            Self::None => None,
            Self::True => Some(Color::Rgb(red, green, blue)),
            Self::Cube => Some(Color::Indexed(cube(red, green, blue))),
            Self::Eight => Some(eight(red, green, blue)),
        }
    }
}

/// The nearest of the cube of 216, or of the greys beside it.
fn cube(red: u8, green: u8, blue: u8) -> u8 {
    let (least, most) = (red.min(green).min(blue), red.max(green).max(blue));
    if most - least < 12 {
        return match most {
            0..=7 => 16,
            248.. => 231,
            grey => 232 + ((u16::from(grey) - 8) * 24 / 240).min(23) as u8,
        };
    }
    // The steps of the cube are 0, 95, 135, 175, 215, 255.
    let step = |value: u8| match value {
        0..=47 => 0,
        48..=114 => 1,
        more => (more - 35) / 40,
    };
    16 + 36 * step(red) + 6 * step(green) + step(blue)
}

/// The nearest of eight: each part is there or not.
fn eight(red: u8, green: u8, blue: u8) -> Color {
    let most = red.max(green).max(blue);
    let there = |part: u8| part >= 64 && part >= most / 3 * 2;
    match (there(red), there(green), there(blue)) {
        (false, false, false) => Color::Black,
        (true, false, false) => Color::Red,
        (false, true, false) => Color::Green,
        (true, true, false) => Color::Yellow,
        (false, false, true) => Color::Blue,
        (true, false, true) => Color::Magenta,
        (false, true, true) => Color::Cyan,
        (true, true, true) if most < 192 => Color::DarkGray,
        (true, true, true) => Color::White,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filament_keeps_its_colour_as_far_as_the_terminal_can() {
        assert_eq!(Palette::True.filament("FF6A13FF"), Some(Color::Rgb(255, 106, 19)));
        assert_eq!(Palette::Cube.filament("FF0000FF"), Some(Color::Indexed(196)));
        assert_eq!(Palette::Cube.filament("FFFFFFFF"), Some(Color::Indexed(231)));
        assert_eq!(Palette::Cube.filament("000000FF"), Some(Color::Indexed(16)));
        assert_eq!(Palette::Cube.filament("808080FF"), Some(Color::Indexed(244)));
        assert_eq!(Palette::Eight.filament("0A2CA5FF"), Some(Color::Blue));
        assert_eq!(Palette::Eight.filament("FFF144FF"), Some(Color::Yellow));
        assert_eq!(Palette::None.filament("FF0000FF"), None);
        for broken in ["", "FF", "GGGGGG", "äöü€"] {
            assert_eq!(Palette::True.filament(broken), None, "{broken}");
        }
    }

    #[test]
    fn the_terminal_says_how_many_colours_it_has() {
        assert_eq!(Palette::of(false, "truecolor", "xterm-256color"), Palette::None);
        assert_eq!(Palette::of(true, "truecolor", "xterm"), Palette::True);
        assert_eq!(Palette::of(true, "", "xterm-256color"), Palette::Cube);
        assert_eq!(Palette::of(true, "", "linux"), Palette::Eight);
    }
}
