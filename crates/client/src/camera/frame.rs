//! A picture or a part of a film, as all viewers share it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use super::CameraError;

/// One picture of a camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// From 1, without gaps, over all upstreams of a [`Camera`](super::Camera).
    pub number: u64,
    /// Which upstream it came over, from 1: the next one begins with a key frame.
    pub session: u64,
    /// When it arrived.
    pub at: jiff::Timestamp,
    /// Time of arrival since the first frame of this camera, by a clock that nobody sets. Stamps of
    /// the printer are not used: P2S gives nearly all packets the same. [L]
    pub elapsed: Duration,
    /// A JPEG; or one access unit of H.264, its NAL units with lengths of four bytes (big-endian)
    /// before them.
    pub data: Bytes,
    /// Whether a film can begin here; true for every JPEG.
    pub is_key: bool,
    /// What a decoder has to know; `None` for JPEG. The same `Arc` as long as nothing changes.
    pub video: Option<Arc<Video>>,
}

/// What a decoder of H.264 has to know before the first picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Video {
    /// Sequence parameter set, a NAL unit without start code.
    pub sps: Bytes,
    /// Picture parameter set, a NAL unit without start code.
    pub pps: Bytes,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// As browsers want it (RFC 6381), such as `avc1.64001f`.
    pub codec: String,
}

/// Before each NAL unit in a file, where the next one has to be found.
const START_CODE: [u8; 4] = [0, 0, 0, 1];

impl Frame {
    /// A part of a film as files with the ending `.h264` have it (Annex B): each NAL unit after a
    /// start code, before a key frame its parameter sets. `None` for JPEG, and for a damaged one.
    pub fn annex_b(&self) -> Option<Vec<u8>> {
        let video = self.video.as_ref()?;
        let mut stream = Vec::with_capacity(self.data.len() + 128);
        let sets = if self.is_key { vec![&video.sps, &video.pps] } else { Vec::new() };
        for set in sets {
            stream.extend_from_slice(&START_CODE);
            stream.extend_from_slice(set);
        }
        let mut data: &[u8] = &self.data;
        while let Some((length, rest)) = data.split_first_chunk() {
            let (unit, rest) =
                rest.split_at_checked(u32::from_be_bytes(*length).try_into().ok()?)?;
            stream.extend_from_slice(&START_CODE);
            stream.extend_from_slice(unit);
            data = rest;
        }
        data.is_empty().then_some(stream)
    }

    /// The picture as JPEG: what came, or a key frame of H.264 decoded, beside the runtime and two
    /// at a time.
    ///
    /// # Errors
    /// [`CameraError::Undecodable`]; [`CameraError::NoSnapshot`] without the feature `snapshot`.
    pub async fn jpeg(self: &Arc<Self>) -> Result<Bytes, CameraError> {
        match &self.video {
            None => Ok(self.data.clone()),
            Some(_) if !self.is_key => {
                Err(CameraError::Undecodable("it is not a key frame".to_owned()))
            }
            #[cfg(feature = "snapshot")]
            Some(video) => super::snapshot::jpeg(self.clone(), video.clone()).await,
            #[cfg(not(feature = "snapshot"))]
            Some(_) => Err(CameraError::NoSnapshot),
        }
    }
}
