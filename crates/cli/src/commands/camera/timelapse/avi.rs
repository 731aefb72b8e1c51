//! A film of JPEG pictures (Motion JPEG in AVI), which every player opens and which needs no encoder.

use std::path::PathBuf;

use tokio::{
    fs::File,
    io::{AsyncSeekExt as _, AsyncWriteExt as _, SeekFrom},
};

use crate::exit::{Failure, Kind};

/// Sizes in this kind of file have 32 bits, and old players take them for signed.
const LONGEST: u32 = 2_000_000_000;
/// Bytes before the first picture.
const HEAD: u32 = 224;

/// A film that is being written. Without [`Avi::close`] its length is not in it.
pub(super) struct Avi {
    path: PathBuf,
    file: File,
    fps: u32,
    size: Option<(u16, u16)>,
    /// Where each picture is, counted from the word `movi`, and its length.
    index: Vec<(u32, u32)>,
    /// Bytes of pictures and their heads.
    length: u32,
    largest: u32,
}

impl Avi {
    pub(super) async fn create(path: PathBuf, fps: u32) -> Result<Self, Failure> {
        let made = async {
            let mut file = File::create(&path).await?;
            file.write_all(&[0; HEAD as usize]).await?;
            Ok(file)
        };
        let file = made.await.map_err(|error| super::super::unwritable(&path, error))?;
        Ok(Self { path, file, fps, size: None, index: Vec::new(), length: 0, largest: 0 })
    }

    /// Adds a picture; all have the size of the first.
    pub(super) async fn put(&mut self, picture: &[u8]) -> Result<(), Failure> {
        let bytes = u32::try_from(picture.len()).unwrap_or(u32::MAX);
        if self.length.saturating_add(bytes) > LONGEST {
            return Err(Failure::say(
                Kind::Failed,
                "the film is as long as this kind of file can be",
            )
            .next("take a folder instead of a file that ends in .avi"));
        }
        let Some(size) = size(picture) else {
            return Err(Failure::say(Kind::Failed, "the camera sent a picture without a size"));
        };
        self.size.get_or_insert(size);
        let padding = bytes % 2;
        let mut chunk = Vec::with_capacity(picture.len() + 9);
        chunk.extend_from_slice(b"00dc");
        chunk.extend_from_slice(&bytes.to_le_bytes());
        chunk.extend_from_slice(picture);
        chunk.extend(std::iter::repeat_n(0, padding as usize));
        let written = self.file.write_all(&chunk).await;
        written.map_err(|error| super::super::unwritable(&self.path, error))?;
        self.index.push((self.length + 4, bytes));
        self.length += 8 + bytes + padding;
        self.largest = self.largest.max(bytes);
        Ok(())
    }

    /// Writes index and head.
    pub(super) async fn close(mut self) -> Result<(), Failure> {
        let written = async {
            let mut index = Vec::with_capacity(self.index.len() * 16 + 8);
            index.extend_from_slice(b"idx1");
            index.extend_from_slice(&number(self.index.len() * 16).to_le_bytes());
            for (at, length) in &self.index {
                index.extend_from_slice(b"00dc");
                for word in [0x10, *at, *length] {
                    index.extend_from_slice(&word.to_le_bytes());
                }
            }
            self.file.write_all(&index).await?;
            self.file.seek(SeekFrom::Start(0)).await?;
            self.file.write_all(&self.head(number(index.len()))).await?;
            self.file.flush().await
        };
        written.await.map_err(|error| super::super::unwritable(&self.path, error))
    }

    fn head(&self, index: u32) -> Vec<u8> {
        let (width, height) = self.size.unwrap_or_default();
        let (width, height) = (u32::from(width), u32::from(height));
        let count = number(self.index.len());
        let mut head = Vec::with_capacity(HEAD as usize);
        let mut put = |word: &[u8; 4], numbers: &[u32]| {
            head.extend_from_slice(word);
            numbers.iter().for_each(|it| head.extend_from_slice(&it.to_le_bytes()));
        };
        put(b"RIFF", &[HEAD - 8 + self.length + index]);
        put(b"AVI ", &[]);
        put(b"LIST", &[192]);
        put(b"hdrl", &[]);
        let per_frame = 1_000_000 / self.fps.max(1);
        let flags = 0x10; // It has an index.
        put(
            b"avih",
            &[56, per_frame, 0, 0, flags, count, 0, 1, self.largest, width, height, 0, 0, 0, 0],
        );
        put(b"LIST", &[116]);
        put(b"strl", &[]);
        put(b"strh", &[56]);
        put(b"vids", &[]);
        put(b"MJPG", &[0, 0, 0, 1, self.fps, 0, count, self.largest, u32::MAX, 0, 0]);
        put(b"\0\0\0\0", &[]);
        let picture = [40, 40, width, height, 1 | 24 << 16];
        put(b"strf", &picture);
        put(b"MJPG", &[width * height * 3, 0, 0, 0, 0]);
        put(b"LIST", &[self.length + 4]);
        put(b"movi", &[]);
        head
    }
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Width and height, from the frame header of a JPEG.
fn size(jpeg: &[u8]) -> Option<(u16, u16)> {
    let mut rest = jpeg.strip_prefix(&[0xff, 0xd8])?;
    while let [0xff, marker, high, low, after @ ..] = rest {
        let is_frame = matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
        if let (true, [_, h1, h2, w1, w2, ..]) = (is_frame, after) {
            return Some((u16::from_be_bytes([*w1, *w2]), u16::from_be_bytes([*h1, *h2])));
        }
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        rest = after.get(length.checked_sub(2)?..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURE: &[u8] = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x0b\x08\x02\xd0\x05\0\x01\xff\xd9";

    #[test]
    fn the_size_of_a_picture_is_in_its_frame_header() {
        assert_eq!(size(PICTURE), Some((1280, 720)));
        for bytes in [&b""[..], b"\xff\xd8", b"\xff\xd8\xff\xe0\0\0", b"\xff\xd8\xff\xc0\0\x0b\x08"]
        {
            assert_eq!(size(bytes), None);
        }
    }

    #[tokio::test]
    async fn a_film_has_the_lengths_that_it_tells() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("film.avi");
        let mut film = Avi::create(path.clone(), 25).await.unwrap();
        film.put(PICTURE).await.unwrap();
        film.put(PICTURE).await.unwrap();
        film.close().await.unwrap();
        let bytes = std::fs::read(path).unwrap();
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!(word(4), bytes.len() - 8);
        assert_eq!(&bytes[220..224], b"movi");
        let index = 220 + word(216);
        assert_eq!(&bytes[index..index + 4], b"idx1");
        assert_eq!(word(index + 4), 32);
        let second = 220 + word(index + 8 + 16 + 8);
        assert_eq!(&bytes[second..second + 4], b"00dc");
        assert_eq!(word(second + 4), PICTURE.len());
    }
}
