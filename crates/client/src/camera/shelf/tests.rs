use std::time::Duration;

use bytes::Bytes;

use super::*;

fn frame(number: u64, is_key: bool, size: usize) -> Arc<Frame> {
    Arc::new(Frame {
        number,
        session: 1,
        at: jiff::Timestamp::UNIX_EPOCH,
        elapsed: Duration::ZERO,
        data: Bytes::from(vec![0; size]),
        is_key,
        video: None,
    })
}

fn after(shelf: &Shelf, last: u64) -> Option<u64> {
    shelf.after(last).map(|frame| frame.number)
}

#[test]
fn of_jpeg_everybody_gets_the_newest_picture_once() {
    let mut shelf = Shelf::new(CameraKind::Jpeg);
    assert_eq!(after(&shelf, 0), None);
    (1..=5).for_each(|number| shelf.put(frame(number, true, 9)));
    assert_eq!([0, 1, 4, 5].map(|last| after(&shelf, last)), [Some(5), Some(5), Some(5), None]);
}

#[test]
fn of_h264_a_steady_viewer_misses_nothing_and_one_that_joins_begins_at_the_newest_key_frame() {
    let mut shelf = Shelf::new(CameraKind::H264);
    (1..=50).for_each(|number| shelf.put(frame(number, number % 20 == 1, 9)));
    for last in 1..50 {
        assert_eq!(after(&shelf, last), Some(last + 1));
    }
    assert_eq!(after(&shelf, 50), None);
    assert_eq!(after(&shelf, 0), Some(41));
}

#[test]
fn of_h264_one_that_fell_out_goes_on_at_a_key_frame_or_waits_for_one() {
    let mut shelf = Shelf::new(CameraKind::H264);
    (1..=400).for_each(|number| shelf.put(frame(number, number % 150 == 1, 9)));
    assert_eq!(after(&shelf, 100), Some(101), "just within the ring");
    assert_eq!(after(&shelf, 99), Some(301));
    let mut shelf = Shelf::new(CameraKind::H264);
    (1..=400).for_each(|number| shelf.put(frame(number, number == 1, 9)));
    assert_eq!(after(&shelf, 5), None);
    assert_eq!(after(&shelf, 0), None);
    shelf.put(frame(401, true, 9));
    assert_eq!(after(&shelf, 5), Some(401));
}

#[test]
fn what_is_kept_is_bounded_in_bytes_and_the_newest_is_always_there() {
    let mut shelf = Shelf::new(CameraKind::H264);
    (1..=20).for_each(|number| shelf.put(frame(number, number == 1, 1 << 20)));
    assert_eq!(shelf.frames.len(), 8);
    shelf.put(frame(21, true, 20 << 20));
    assert_eq!((after(&shelf, 0), shelf.frames.len()), (Some(21), 1));
}

#[test]
fn after_another_upstream_all_go_on_at_its_key_frame() {
    let mut shelf = Shelf::new(CameraKind::H264);
    (1..=10).for_each(|number| shelf.put(frame(number, number == 1, 9)));
    shelf.clear();
    assert_eq!([0, 5, 10].map(|last| after(&shelf, last)), [None; 3]);
    (11..=13).for_each(|number| shelf.put(frame(number, number == 11, 9)));
    assert_eq!([0, 5, 10, 11].map(|last| after(&shelf, last)), [11, 11, 11, 12].map(Some));
}

#[test]
fn one_that_is_behind_when_an_upstream_ends_still_gets_what_it_showed_and_nobody_begins_there() {
    let mut shelf = Shelf::new(CameraKind::H264);
    (1..=10).for_each(|number| shelf.put(frame(number, number % 5 == 1, 9)));
    shelf.retire();
    assert_eq!([0, 4, 10].map(|last| after(&shelf, last)), [None, Some(5), None]);
    (11..=13).for_each(|number| shelf.put(frame(number, number == 11, 9)));
    assert_eq!([0, 4, 10].map(|last| after(&shelf, last)), [11, 5, 11].map(Some));
}
