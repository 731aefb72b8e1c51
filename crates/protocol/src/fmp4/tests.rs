use std::time::Duration;

use proptest::prelude::*;

use super::*;

/// Parameter sets of x264: constrained baseline and high, 320x240.
const BASELINE: (&[u8], &[u8]) =
    (&[0x67, 0x42, 0xc0, 0x0d, 0xda, 0x05, 0x07, 0xe8, 0x40], &[0x68, 0xce, 0x0f, 0x2c, 0x80]);
const HIGH: (&[u8], &[u8]) =
    (&[0x67, 0x64, 0x00, 0x0d, 0xac, 0xd9, 0x41, 0x41, 0xfa], &[0x68, 0xeb, 0xe3, 0xcb, 0x22]);

/// The boxes in some bytes: name and what is in it. Panics where lengths do not fit.
fn boxes(mut bytes: &[u8]) -> Vec<(String, &[u8])> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let length = u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
        found.push((String::from_utf8(bytes[4..8].to_vec()).unwrap(), &bytes[8..length]));
        bytes = &bytes[length..];
    }
    found
}

/// The box at the end of a path; `name+N` skips N bytes of it before its own boxes.
fn at<'a>(bytes: &'a [u8], path: &str) -> &'a [u8] {
    path.split('/').fold(bytes, |bytes, part| {
        let (name, skip) = part.split_once('+').unwrap_or((part, "0"));
        let (_, inside) = *boxes(bytes).iter().find(|(found, _)| found == name).unwrap();
        &inside[skip.parse::<usize>().unwrap()..]
    })
}

fn number(bytes: &[u8], place: usize) -> u32 {
    u32::from_be_bytes(bytes[place..place + 4].try_into().unwrap())
}

fn track((sps, pps): (&'static [u8], &'static [u8])) -> Track<'static> {
    Track { sps, pps, width: 320, height: 240 }
}

const STSD: &str = "moov/trak/mdia/minf/stbl/stsd+8/avc1";

#[test]
fn the_first_segment_tells_size_and_parameter_sets() {
    let segment = first_segment(&track(BASELINE)).unwrap();
    let names: Vec<_> = boxes(&segment).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["ftyp", "moov"]);
    let header = at(&segment, "moov/trak/tkhd");
    assert_eq!([number(header, 76), number(header, 80)], [320 << 16, 240 << 16]);
    assert_eq!(number(at(&segment, "moov/trak/mdia/mdhd"), 12), TIMESCALE);
    assert_eq!(number(at(&segment, STSD), 24), 320 << 16 | 240);
    let record = at(&segment, &format!("{STSD}+78/avcC"));
    let (sps, pps) = BASELINE;
    let mut wanted = vec![1, 0x42, 0xc0, 0x0d, 0xff, 0xe1, 0, sps.len() as u8];
    wanted.extend(sps);
    wanted.extend([1, 0, pps.len() as u8]);
    wanted.extend(pps);
    assert_eq!(record, wanted);
}

#[test]
fn a_high_profile_tells_its_colors() {
    let segment = first_segment(&track(HIGH)).unwrap();
    let record = at(&segment, &format!("{STSD}+78/avcC"));
    // 4:2:0, 8 bits, no extensions of the sequence parameter set.
    assert!(record.ends_with(&[0xfd, 0xf8, 0xf8, 0]), "{record:02x?}");
}

#[test]
fn what_is_no_h264_and_what_has_no_size_makes_no_segment() {
    let good = track(BASELINE);
    for bad in [
        Track { sps: &[], ..good },
        Track { sps: &[0x67, 0x42], ..good },
        Track { sps: good.pps, ..good },
        Track { pps: &[], ..good },
        Track { pps: good.sps, ..good },
        Track { sps: &[0x67, 0x64, 0, 13], ..good },
        Track { sps: &[0x67, 0x64, 0, 13, 0, 0, 0], ..good },
        Track { sps: &[0x67; 70_000], ..good },
    ] {
        assert_eq!(first_segment(&bad), Err(Unfit::ParameterSets));
    }
    for (width, height) in [(0, 240), (320, 0), (65_536, 240)] {
        let made = first_segment(&Track { width, height, ..good });
        assert_eq!(made, Err(Unfit::Size { width, height }));
    }
}

#[test]
fn a_fragment_holds_one_picture_with_its_time_and_says_whether_it_is_a_key() {
    let data = b"\0\0\0\x02\x65\x88";
    let picture =
        Picture { number: 7, time: 1 << 33, duration: 3000, is_key: true, data: data.as_slice() };
    let segment = fragment(&picture).unwrap();
    assert_eq!(number(at(&segment, "moof/mfhd"), 4), 7);
    assert_eq!(at(&segment, "moof/traf/tfdt")[4..], (1u64 << 33).to_be_bytes());
    assert_eq!(at(&segment, "mdat"), data);
    let run = at(&segment, "moof/traf/trun");
    assert_eq!(number(run, 4), 1);
    assert_eq!(&segment[number(run, 8) as usize..], data);
    assert_eq!([number(run, 12), number(run, 16)], [3000, 6]);
    assert_eq!(number(run, 20), 0x0200_0000);
    let other = fragment(&Picture { is_key: false, duration: 0, ..picture }).unwrap();
    let run = at(&other, "moof/traf/trun");
    assert_eq!([number(run, 12), number(run, 20)], [1, 0x0101_0000]);
}

#[test]
fn a_picture_beyond_all_measure_is_refused() {
    let data = vec![0; LARGEST_PICTURE + 1];
    let picture = Picture { number: 1, time: 0, duration: 1, is_key: true, data: &data };
    assert_eq!(fragment(&picture), Err(Unfit::TooLarge(data.len())));
}

/// Times and durations of pictures that arrive at these milliseconds.
fn timed(arrivals: &[u64]) -> Vec<(u64, u32)> {
    let mut timeline = Timeline::default();
    let at = |ms: &u64| Duration::from_millis(*ms);
    let mut out: Vec<_> = arrivals.iter().filter_map(|ms| timeline.push((), at(ms))).collect();
    out.extend(timeline.finish());
    out.into_iter().map(|it| (it.time, it.duration)).collect()
}

#[test]
fn a_picture_is_shown_until_the_next_one_arrives() {
    assert_eq!(timed(&[]), []);
    assert_eq!(timed(&[500]), [(0, 3000)]);
    assert_eq!(timed(&[500, 540, 560]), [(0, 3600), (3600, 1800), (5400, 3000)]);
}

#[test]
fn a_burst_moves_on_by_a_millisecond_each_and_is_made_up_for() {
    let ticks: Vec<_> = timed(&[0, 100, 100, 100, 200]).into_iter().map(|(time, _)| time).collect();
    assert_eq!(ticks, [0, 9000, 9090, 9180, 18_000]);
}

#[test]
fn a_stream_that_begins_anew_goes_on_where_the_old_one_ended() {
    let ticks: Vec<_> = timed(&[0, 5000, 0, 40]).into_iter().map(|(time, _)| time).collect();
    assert_eq!(ticks, [0, 450_000, 453_000, 456_600]);
}

proptest! {
    #[test]
    fn whatever_the_arrivals_there_is_no_gap_and_no_step_back(
        arrivals in proptest::collection::vec(any::<u64>(), 0..50)
    ) {
        let timed = timed(&arrivals);
        prop_assert_eq!(timed.len(), arrivals.len());
        for pair in timed.windows(2) {
            prop_assert!(pair[0].1 >= 90);
            prop_assert_eq!(pair[0].0 + u64::from(pair[0].1), pair[1].0);
        }
    }

    #[test]
    fn no_parameter_sets_make_it_panic(sps: Vec<u8>, pps: Vec<u8>, width: u32, height: u32) {
        let _ = first_segment(&Track { sps: &sps, pps: &pps, width, height });
    }
}
