//! Still pictures from H.264: one key frame is decoded and written as JPEG, all in this process.
//!
//! Colours stay what they are (Y, Cb, Cr) on the whole way; only their range is widened, since video
//! leaves the ends of it unused and JPEG does not.

use std::sync::Arc;

use bytes::Bytes;
use jpeg_encoder::{Encoder, ImageBuffer, JpegColorType, SamplingFactor};
use rusty_h264_decoder::Decoder;
use tokio::sync::Semaphore;

use super::{CameraError, Frame, Video};

/// Pictures that are decoded at a time in this process; each takes a core for about 40 ms.
static PLACES: Semaphore = Semaphore::const_new(2);
/// Of JPEG, from 1 to 100.
const QUALITY: u8 = 85;
/// The widest picture that is decoded; the largest camera has 1920x1080.
const MAX_SIDE: u32 = 4096;

/// A key frame as JPEG.
pub(super) async fn jpeg(frame: Arc<Frame>, video: Arc<Video>) -> Result<Bytes, CameraError> {
    let lost = || CameraError::Undecodable("this process is about to end".to_owned());
    let place = PLACES.acquire().await.map_err(|_| lost())?;
    let work = tokio::task::spawn_blocking(move || {
        let _place = place;
        convert(&frame, &video)
    });
    // Lost when the runtime ends, or when the decoder panics, which it says it never does.
    work.await.map_err(|_| lost())?
}

fn convert(frame: &Frame, video: &Video) -> Result<Bytes, CameraError> {
    if video.width > MAX_SIDE || video.height > MAX_SIDE {
        let why = format!("it has {}x{} pixels", video.width, video.height);
        return Err(CameraError::Undecodable(why));
    }
    encode(&decode(frame)?)
}

fn decode(frame: &Frame) -> Result<Picture, CameraError> {
    let odd = |why: &str| CameraError::Undecodable(why.to_owned());
    let stream = frame.annex_b().ok_or_else(|| odd("a NAL unit is cut"))?;
    match Decoder::new().decode(&stream) {
        Ok(Some(frame)) => {
            let (width, height) = (frame.width, frame.height);
            Ok(Picture { width, height, y: frame.y, cb: frame.u, cr: frame.v })
        }
        Ok(None) => Err(odd("no picture is in it")),
        Err(error) => Err(odd(&format!("{error:?}"))),
    }
}

fn encode(picture: &Picture) -> Result<Bytes, CameraError> {
    let planes = Planes::new(picture)
        .ok_or_else(|| CameraError::Undecodable("its planes do not fit its size".to_owned()))?;
    let mut jpeg = Vec::with_capacity(picture.y.len() / 4);
    let mut encoder = Encoder::new(&mut jpeg, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    let written = encoder.encode_image(planes);
    written.map_err(|error| CameraError::Undecodable(error.to_string()))?;
    Ok(jpeg.into())
}

/// A decoded picture, 4:2:0, planes without gaps.
struct Picture {
    width: usize,
    height: usize,
    y: Vec<u8>,
    cb: Vec<u8>,
    cr: Vec<u8>,
}

/// The same, line by line.
struct Planes<'a> {
    width: u16,
    height: u16,
    picture: &'a Picture,
    luma: [u8; 256],
    chroma: [u8; 256],
}

impl<'a> Planes<'a> {
    fn new(picture: &'a Picture) -> Option<Self> {
        let Picture { width, height, y, cb, cr } = picture;
        let chroma = width.div_ceil(2) * height.div_ceil(2);
        let fits = y.len() >= width * height && cb.len() >= chroma && cr.len() >= chroma;
        let width = u16::try_from(*width).ok().filter(|width| *width > 0)?;
        let height = u16::try_from(*height).ok().filter(|height| *height > 0)?;
        // 16 to 235 and 16 to 240 around 128 become 0 to 255.
        let luma = widened(16, 219, 0);
        let chroma = widened(128, 224, 128);
        fits.then_some(Self { width, height, picture, luma, chroma })
    }
}

/// Every value of a range of `span` around `zero`, moved to one of 255 around `to`.
fn widened(zero: i32, span: i32, to: i32) -> [u8; 256] {
    let mut table = [0; 256];
    for (value, place) in (0..).zip(&mut table) {
        let moved = ((value - zero) * 255 * 2 + span * (value - zero).signum()) / (span * 2) + to;
        *place = u8::try_from(moved.clamp(0, 255)).unwrap_or(0);
    }
    table
}

impl ImageBuffer for Planes<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.width
    }

    fn height(&self) -> u16 {
        self.height
    }

    fn fill_buffers(&self, line: u16, buffers: &mut [Vec<u8>; 4]) {
        let (width, line) = (usize::from(self.width), usize::from(line));
        let [y, cb, cr, _] = buffers;
        y.extend(row(&self.picture.y, line, width).iter().map(|value| mapped(&self.luma, *value)));
        let half = width.div_ceil(2);
        for (plane, into) in [(&self.picture.cb, cb), (&self.picture.cr, cr)] {
            let values = row(plane, line / 2, half).iter().flat_map(|value| [*value; 2]);
            into.extend(values.take(width).map(|value| mapped(&self.chroma, value)));
        }
    }
}

fn row(plane: &[u8], at: usize, length: usize) -> &[u8] {
    plane.get(at * length..(at + 1) * length).unwrap_or_default()
}

fn mapped(table: &[u8; 256], value: u8) -> u8 {
    table.get(usize::from(value)).copied().unwrap_or(value)
}

#[cfg(test)]
mod tests;
