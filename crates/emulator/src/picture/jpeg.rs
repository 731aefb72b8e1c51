//! A picture as baseline JPEG.

use jpeg_encoder::{Encoder, EncodingError, ImageBuffer, JpegColorType, SamplingFactor};

use super::canvas::{Canvas, Palette, full_range};

/// Makes it about 60 kB at 1280x720, as printers' pictures are.
const QUALITY: u8 = 85;

struct Inks<'a> {
    canvas: &'a Canvas,
    palette: Palette,
}

impl ImageBuffer for Inks<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.canvas.width() as u16
    }

    fn height(&self) -> u16 {
        self.canvas.height() as u16
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let row = self.canvas.rows(usize::from(y), 1);
        for (channel, buffer) in buffers.iter_mut().take(3).enumerate() {
            let values = self.palette.map(|color| color.get(channel).copied().unwrap_or(128));
            buffer.extend(row.iter().map(|ink| values.get(usize::from(*ink)).unwrap_or(&128)));
        }
    }
}

impl Canvas {
    /// The picture as baseline JPEG.
    ///
    /// # Errors
    /// What the encoder says; no picture of ours makes it.
    pub(crate) fn jpeg(&self) -> Result<Vec<u8>, EncodingError> {
        let mut bytes = Vec::with_capacity(96 << 10);
        let mut encoder = Encoder::new(&mut bytes, QUALITY);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        encoder.encode_image(Inks { canvas: self, palette: full_range() })?;
        Ok(bytes)
    }
}
