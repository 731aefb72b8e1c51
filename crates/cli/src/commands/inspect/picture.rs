//! The picture of a plate on a terminal: by the protocols of kitty and iTerm2, else as half blocks
//! in 24-bit colour. Nothing is drawn where no terminal is.

use std::{env, fmt::Write as _, io::Cursor};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use png::{ColorType, Decoder, Limits, Transformations};

use crate::output;

/// How wide a picture is, in cells.
const CELLS: usize = 40;
/// Pictures with more pixels than this, in either direction, are not drawn.
const MOST_PIXELS: u32 = 4096;
/// What decoding one may cost, in bytes.
const MOST_BYTES: usize = 64 << 20;

/// How the picture is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum How {
    /// As this terminal can
    Auto,
    /// Not at all
    Never,
    /// As kitty and Ghostty understand it
    Kitty,
    /// As iTerm2 and WezTerm understand it
    Iterm,
    /// As coloured half blocks
    Blocks,
}

impl How {
    /// How to draw here; `None` where nothing should be.
    pub(super) fn on_this_terminal(self) -> Option<Self> {
        if self == Self::Never || !output::can_redraw() {
            return None;
        }
        if self != Self::Auto {
            return Some(self);
        }
        Self::by(|name| env::var(name).unwrap_or_default()).filter(|_| output::colour_wanted())
    }

    /// What the terminal says that it is.
    fn by(variable: impl Fn(&str) -> String) -> Option<Self> {
        let (term, program) = (variable("TERM"), variable("TERM_PROGRAM"));
        // A multiplexer passes no pictures on.
        let direct = variable("TMUX").is_empty() && !term.starts_with("screen");
        let is_kitty = !variable("KITTY_WINDOW_ID").is_empty()
            || matches!(term.as_str(), "xterm-kitty" | "xterm-ghostty");
        if direct && is_kitty {
            return Some(Self::Kitty);
        }
        if direct && matches!(program.as_str(), "iTerm.app" | "WezTerm") {
            return Some(Self::Iterm);
        }
        let colours = variable("COLORTERM");
        matches!(colours.as_str(), "truecolor" | "24bit").then_some(Self::Blocks)
    }
}

/// The lines to write for a PNG; `None` when it cannot be read.
pub(super) fn draw(bytes: &[u8], how: How) -> Option<String> {
    let picture = Pixels::read(bytes)?;
    match how {
        How::Kitty => Some(kitty(bytes)),
        How::Iterm => {
            let size = bytes.len();
            let text = STANDARD.encode(bytes);
            Some(format!("\x1b]1337;File=inline=1;size={size};width={CELLS}:{text}\x07\n"))
        }
        How::Blocks => Some(picture.blocks(CELLS)),
        How::Auto | How::Never => None,
    }
}

fn kitty(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let mut drawn = String::new();
    let mut rest = text.as_str();
    let mut keys = format!("f=100,a=T,c={CELLS},");
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.len().min(4096));
        let more = u8::from(!after.is_empty());
        let _ = write!(drawn, "\x1b_G{keys}m={more};{piece}\x1b\\");
        keys.clear();
        rest = after;
    }
    drawn.push('\n');
    drawn
}

/// Pixels as red, green, blue and opacity.
struct Pixels {
    width: usize,
    height: usize,
    rgba: Vec<[u8; 4]>,
}

impl Pixels {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut decoder =
            Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MOST_BYTES });
        decoder
            .set_transformations(Transformations::normalize_to_color8() | Transformations::ALPHA);
        let mut reader = decoder.read_info().ok()?;
        let (width, height) = (reader.info().width, reader.info().height);
        if width == 0 || height == 0 || width > MOST_PIXELS || height > MOST_PIXELS {
            return None;
        }
        let mut buffer = vec![0; reader.output_buffer_size().filter(|size| *size <= MOST_BYTES)?];
        let info = reader.next_frame(&mut buffer).ok()?;
        let rgba = match info.color_type {
            ColorType::Rgba => buffer.as_chunks::<4>().0.to_vec(),
            ColorType::GrayscaleAlpha => buffer
                .as_chunks::<2>()
                .0
                .iter()
                .map(|[gray, alpha]| [*gray, *gray, *gray, *alpha])
                .collect(),
            _ => return None,
        };
        Some(Self { width: width as usize, height: height as usize, rgba })
    }

    /// The mean colour of a stretch; `None` where it is mostly clear.
    fn mean(&self, x: (usize, usize), y: (usize, usize)) -> Option<[u8; 3]> {
        let (mut sums, mut opaque, mut count) = ([0u64; 3], 0u64, 0u64);
        for row in y.0..y.1.max(y.0 + 1) {
            for column in x.0..x.1.max(x.0 + 1) {
                let Some([colours @ .., alpha]) = self.rgba.get(row * self.width + column) else {
                    continue;
                };
                for (sum, colour) in sums.iter_mut().zip(colours) {
                    *sum += u64::from(*colour) * u64::from(*alpha);
                }
                opaque += u64::from(*alpha);
                count += 255;
            }
        }
        (opaque > 0 && opaque * 2 >= count)
            .then(|| sums.map(|sum| u8::try_from(sum / opaque).unwrap_or(u8::MAX)))
    }

    /// Two pixels in a cell, one over the other.
    fn blocks(&self, cells: usize) -> String {
        let cells = cells.min(self.width);
        let rows = (self.height * cells / self.width).clamp(1, 2 * CELLS);
        let across = |at: usize| at * self.width / cells;
        let down = |at: usize| at * self.height / rows;
        let mut drawn = String::new();
        for row in (0..rows).step_by(2) {
            for column in 0..cells {
                let x = (across(column), across(column + 1));
                let upper = self.mean(x, (down(row), down(row + 1)));
                let lower = (row + 1 < rows).then(|| self.mean(x, (down(row + 1), down(row + 2))));
                match (upper, lower.flatten()) {
                    (None, None) => drawn.push_str("\x1b[0m "),
                    (Some(one), None) => {
                        let _ = write!(drawn, "\x1b[0;38;2;{}m▀", colour(one));
                    }
                    (None, Some(other)) => {
                        let _ = write!(drawn, "\x1b[0;38;2;{}m▄", colour(other));
                    }
                    (Some(one), Some(other)) => {
                        let (one, other) = (colour(one), colour(other));
                        let _ = write!(drawn, "\x1b[38;2;{one};48;2;{other}m▀");
                    }
                }
            }
            drawn.push_str("\x1b[0m\n");
        }
        drawn
    }
}

fn colour([red, green, blue]: [u8; 3]) -> String {
    format!("{red};{green};{blue}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 4]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(ColorType::Rgba);
        let pixels: Vec<u8> = (0..height)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
            .flat_map(|(x, y)| pixel(x, y))
            .collect();
        encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
        bytes
    }

    #[test]
    fn half_blocks_show_two_pixels_in_a_cell() {
        let bytes = png(2, 2, |_, y| if y == 0 { [255, 0, 0, 255] } else { [0, 0, 255, 255] });
        let drawn = draw(&bytes, How::Blocks).unwrap();
        assert_eq!(drawn, format!("{}\x1b[0m\n", "\x1b[38;2;255;0;0;48;2;0;0;255m▀".repeat(2)));
        let clear = png(4, 4, |_, _| [9, 9, 9, 0]);
        assert_eq!(draw(&clear, How::Blocks).unwrap().matches('▀').count(), 0);
    }

    #[test]
    fn a_picture_goes_to_kitty_in_pieces_and_to_iterm_in_one() {
        // Such as no encoder makes small, whichever is built in.
        let noise = png(64, 64, |x, y| {
            let seed = (x + 64 * y).wrapping_mul(0x9E37_79B1);
            (seed ^ (seed >> 15)).wrapping_mul(0x85EB_CA6B).to_le_bytes()
        });
        let drawn = draw(&noise, How::Kitty).unwrap();
        assert!(drawn.starts_with("\x1b_Gf=100,a=T,c=40,m=1;"));
        assert!(drawn.ends_with("\x1b\\\n") && drawn.contains("\x1b_Gm=0;"));
        assert!(draw(&noise, How::Iterm).unwrap().starts_with("\x1b]1337;File=inline=1;"));
    }

    #[test]
    fn what_is_no_picture_is_not_drawn() {
        let whole = png(8, 8, |_, _| [1, 2, 3, 255]);
        for bytes in [&b""[..], b"\x89PNG\r\n\x1a\n", &whole[..40]] {
            assert!(draw(bytes, How::Blocks).is_none());
        }
    }

    #[test]
    fn the_terminal_tells_what_it_can() {
        let on = |set: &[(&str, &str)]| {
            How::by(|name| set.iter().find(|(key, _)| *key == name).map_or("", |(_, it)| it).into())
        };
        assert_eq!(on(&[("TERM", "xterm-kitty")]), Some(How::Kitty));
        assert_eq!(on(&[("TERM_PROGRAM", "WezTerm")]), Some(How::Iterm));
        assert_eq!(on(&[("COLORTERM", "truecolor")]), Some(How::Blocks));
        let inside = [("TERM", "screen-256color"), ("TMUX", "x"), ("TERM_PROGRAM", "iTerm.app")];
        assert_eq!(on(&inside), None);
        assert_eq!(on(&[("TERM", "xterm-256color")]), None);
    }
}
