use md5::{Digest as _, Md5};

use super::*;

/// One key frame of ffmpeg's `testsrc2` at 190x106 by x264 each: Constrained Baseline; Main with
/// CABAC; High with the 8x8 transform. With each, the MD5 of the planes that ffmpeg decodes.
const PICTURES: [(&[u8], &str); 3] = [
    (include_bytes!("pictures/baseline.h264"), "b5e376b5cf1b37bfbc7a8fbf33c60e5a"),
    (include_bytes!("pictures/main.h264"), "47396252ffcb6b929be629f18e3f8408"),
    (include_bytes!("pictures/high.h264"), "275ffe199d6cfa1e27ab7feb9b09cc00"),
];

/// Units of a stream with start codes of three or four bytes.
fn units(stream: &[u8]) -> Vec<&[u8]> {
    let starts: Vec<usize> =
        (0..stream.len()).filter(|at| stream[*at..].starts_with(&[0, 0, 1])).collect();
    let ends = starts.iter().skip(1).copied().chain([stream.len()]);
    let cut = |(start, end): (&usize, usize)| {
        let unit = &stream[start + 3..end];
        // The fourth byte of the next start code is none of it.
        &unit[..unit.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1)]
    };
    starts.iter().zip(ends).map(cut).collect()
}

/// The first access unit as the hub has it.
fn first(stream: &[u8]) -> Frame {
    let of_type = |unit: &&&[u8], kind: u8| unit.first().is_some_and(|byte| byte & 31 == kind);
    let units = units(stream);
    let set = |kind| Bytes::copy_from_slice(units.iter().find(|it| of_type(it, kind)).unwrap());
    let mut data = Vec::new();
    let first = units.iter().skip_while(|it| !of_type(it, 5)).take_while(|it| of_type(it, 5));
    for unit in first {
        data.extend_from_slice(&u32::try_from(unit.len()).unwrap().to_be_bytes());
        data.extend_from_slice(unit);
    }
    let video =
        Video { sps: set(7), pps: set(8), width: 190, height: 106, codec: "avc1".to_owned() };
    frame(data.into(), video)
}

fn frame(data: Bytes, video: Video) -> Frame {
    Frame {
        number: 1,
        session: 1,
        at: jiff::Timestamp::UNIX_EPOCH,
        elapsed: std::time::Duration::ZERO,
        data,
        is_key: true,
        video: Some(Arc::new(video)),
    }
}

fn md5(planes: [&[u8]; 3]) -> String {
    let digest = planes.into_iter().fold(Md5::new(), |md5, plane| md5.chain_update(plane));
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn each_profile_is_decoded_to_the_very_pixels_that_ffmpeg_has() {
    for (stream, expected) in PICTURES {
        let picture = decode(&first(stream)).unwrap();
        assert_eq!((picture.width, picture.height), (190, 106));
        assert_eq!(md5([&picture.y, &picture.cb, &picture.cr]), expected);
        let jpeg = encode(&picture).unwrap();
        assert!(bambu_protocol::camera::is_jpeg(&jpeg));
    }
}

#[test]
fn the_range_of_video_becomes_the_whole_range_of_a_jpeg() {
    let luma = widened(16, 219, 0);
    assert_eq!([0, 16, 17, 126, 234, 235, 255].map(|at| luma[at]), [0, 0, 1, 128, 254, 255, 255]);
    let chroma = widened(128, 224, 128);
    assert_eq!(
        [0, 16, 127, 128, 129, 240, 255].map(|at| chroma[at]),
        [0, 0, 127, 128, 129, 255, 255]
    );
}

#[test]
fn damaged_pictures_are_errors() {
    let Frame { data, video, .. } = first(PICTURES[2].0);
    let video = Arc::unwrap_or_clone(video.unwrap());
    let decode = |data: Bytes| decode(&frame(data, video.clone())).is_ok();
    assert!(decode(data.clone()));
    assert!(!decode(data.slice(..data.len() - 1)), "a unit that is cut");
    for data in [&[0, 0, 0][..], &[0xff; 9], &[]] {
        assert!(!decode(Bytes::copy_from_slice(data)));
    }
    let other = Video { sps: Bytes::from_static(&[0x67, 0xff]), ..video.clone() };
    assert!(super::decode(&frame(data.clone(), other)).is_err());
    let large = Video { width: 20_000, ..video };
    assert!(convert(&frame(data, large.clone()), &large).is_err());
}
