//! What pictures are drawn on: a plane of inks, in points that are two or three pixels wide.
//!
//! One byte a pixel and few colours: areas that did not change, or are of one colour, are found by
//! comparing bytes, and each encoding has its own colour values ready.

use std::convert::Infallible;

use embedded_graphics::{
    Drawable as _, Pixel,
    draw_target::DrawTarget,
    geometry::{OriginDimensions, Point, Size},
    mono_font::{MonoTextStyle, iso_8859_1::FONT_10X20},
    pixelcolor::BinaryColor,
    text::{Baseline, Text},
};

/// The plane in points.
pub(crate) const WIDTH: usize = 640;
pub(crate) const HEIGHT: usize = 360;

/// A colour of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Ink {
    Ground,
    Panel,
    Line,
    Dim,
    Bright,
    Accent,
}

/// Red, green and blue. All but the accent are grey, so that edges of letters have no chroma.
const COLOURS: [[u8; 3]; 6] =
    [[28, 28, 28], [48, 48, 48], [120, 120, 120], [160, 160, 160], [240, 240, 240], [240, 140, 40]];

/// Luma and the two chromas of each ink.
pub(crate) type Palette = [[u8; 3]; 6];

/// BT.601 with the full range, as JFIF wants it.
pub(crate) fn full_range() -> Palette {
    COLOURS.map(|[r, g, b]| {
        let (y, cb, cr) = jpeg_encoder::rgb_to_ycbcr(r, g, b);
        [y, cb, cr]
    })
}

/// BT.709 from 16 to 235 and 240, as video has it.
pub(crate) fn video_range() -> Palette {
    COLOURS.map(|rgb| {
        let [r, g, b] = rgb.map(|value| f64::from(value) / 255.0);
        let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        let luma = (16.0 + 219.0 * y).round();
        let chroma = |difference: f64| (128.0 + 224.0 * difference).round() as u8;
        [luma as u8, chroma((b - y) / 1.8556), chroma((r - y) / 1.5748)]
    })
}

/// A rectangle in points.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Area {
    pub(crate) x: usize,
    pub(crate) y: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

impl Area {
    /// The whole plane.
    pub(crate) const ALL: Self = Self { x: 0, y: 0, width: WIDTH, height: HEIGHT };
}

/// A plane of inks.
#[derive(Debug, Clone)]
pub(crate) struct Canvas {
    scale: usize,
    width: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    /// All ground; a point is `scale` pixels wide and high.
    pub(crate) fn new(scale: usize) -> Self {
        let width = WIDTH * scale;
        Self { scale, width, pixels: vec![Ink::Ground as u8; width * HEIGHT * scale] }
    }

    /// Width in pixels.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub(crate) fn height(&self) -> usize {
        HEIGHT * self.scale
    }

    /// Some rows from the top, as one slice; those that it has of them.
    pub(crate) fn rows(&self, from: usize, count: usize) -> &[u8] {
        let end = (from + count).min(self.height()) * self.width;
        self.pixels.get(from * self.width..end).unwrap_or_default()
    }

    /// Fills a rectangle; what is outside of the plane is left out.
    pub(crate) fn fill(&mut self, area: Area, ink: Ink) {
        for (start, end) in self.spans(area) {
            if let Some(span) = self.pixels.get_mut(start..end) {
                span.fill(ink as u8);
            }
        }
    }

    /// Takes a rectangle over from a plane of the same size.
    pub(crate) fn copy(&mut self, from: &Self, area: Area) {
        for (start, end) in self.spans(area) {
            let (to, from) = (self.pixels.get_mut(start..end), from.pixels.get(start..end));
            if let (Some(to), Some(from)) = (to, from) {
                to.copy_from_slice(from);
            }
        }
    }

    /// Writes one line from its upper left corner; a letter is 10 by 20 points, `times` as large.
    pub(crate) fn text(&mut self, x: usize, y: usize, times: usize, ink: Ink, text: &str) {
        let style = MonoTextStyle::new(&FONT_10X20, BinaryColor::On);
        let mut pen = Pen { canvas: self, x, y, times, ink };
        let text = Text::with_baseline(text, Point::zero(), style, Baseline::Top);
        let Ok(_) = text.draw(&mut pen);
    }

    /// Start and end of each row of pixels in a rectangle.
    fn spans(&self, area: Area) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (scale, stride) = (self.scale, self.width);
        let left = area.x.min(WIDTH) * scale;
        let right = area.x.saturating_add(area.width).min(WIDTH) * scale;
        let top = area.y.min(HEIGHT) * scale;
        let bottom = area.y.saturating_add(area.height).min(HEIGHT) * scale;
        (top..bottom).map(move |y| (y * stride + left, y * stride + right))
    }
}

/// Where a line of text begins, and how large and in which ink it is.
struct Pen<'a> {
    canvas: &'a mut Canvas,
    x: usize,
    y: usize,
    times: usize,
    ink: Ink,
}

impl OriginDimensions for Pen<'_> {
    fn size(&self) -> Size {
        Size::new(WIDTH as u32, HEIGHT as u32)
    }
}

impl DrawTarget for Pen<'_> {
    type Color = BinaryColor;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<BinaryColor>>,
    {
        for Pixel(at, color) in pixels {
            if let (BinaryColor::On, Ok(x), Ok(y)) =
                (color, usize::try_from(at.x), usize::try_from(at.y))
            {
                let (x, y) = (self.x + x * self.times, self.y + y * self.times);
                let area = Area { x, y, width: self.times, height: self.times };
                self.canvas.fill(area, self.ink);
            }
        }
        Ok(())
    }
}
