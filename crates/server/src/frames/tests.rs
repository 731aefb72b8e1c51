use std::time::Duration;

use super::*;
use bambulab::camera::Frame;

fn video(level: u8) -> Arc<Video> {
    let sps = vec![0x67, 0x42, 0xc0, level, 0xda, 0x05, 0x07, 0xe8, 0x40].into();
    let pps = vec![0x68, 0xce, 0x0f, 0x2c, 0x80].into();
    let codec = format!("avc1.42c0{level:02x}");
    Arc::new(Video { sps, pps, width: 320, height: 240, codec })
}

fn frame(number: u64, is_key: bool, video: &Arc<Video>) -> Arc<Frame> {
    Arc::new(Frame {
        number,
        session: 1,
        at: jiff::Timestamp::UNIX_EPOCH,
        elapsed: Duration::from_millis(40 * number),
        data: vec![0, 0, 0, 1, u8::try_from(number % 256).unwrap()].into(),
        is_key,
        video: Some(video.clone()),
    })
}

/// What a reader gives for some frames: `O` for an opening, the last byte of each picture.
fn given(reader: &mut Reader, frames: &[Arc<Frame>]) -> Vec<String> {
    let mut out = Vec::new();
    for frame in frames {
        out.extend(reader.take(frame).unwrap().into_iter().map(|segment| match segment {
            Segment::Opening(video, _) => format!("O{}", video.sps[3]),
            Segment::Picture(bytes) => bytes.last().unwrap().to_string(),
        }));
    }
    out
}

fn film(numbers: std::ops::RangeInclusive<u64>, key_every: u64) -> Vec<Arc<Frame>> {
    let video = video(13);
    numbers.map(|number| frame(number, (number - 1).is_multiple_of(key_every), &video)).collect()
}

fn reader() -> (Arc<Mutex<Film>>, Reader) {
    let film = Arc::default();
    (Arc::clone(&film), Reader::new(film))
}

#[test]
fn a_reader_gets_the_opening_and_each_picture_when_the_next_one_is_there() {
    let (_, mut reader) = reader();
    assert_eq!(given(&mut reader, &film(1..=4, 10)), ["O13", "1", "2", "3"]);
}

#[test]
fn all_readers_get_the_very_same_bytes() {
    let (film_of_all, mut first) = reader();
    let mut second = Reader::new(film_of_all);
    let frames = film(1..=3, 10);
    for frame in &frames {
        let [one, other] = [&mut first, &mut second].map(|reader| reader.take(frame).unwrap());
        for (one, other) in one.iter().zip(&other) {
            let (Segment::Picture(one) | Segment::Opening(_, one)) = one;
            let (Segment::Picture(other) | Segment::Opening(_, other)) = other;
            assert_eq!(one.as_ptr(), other.as_ptr());
        }
        assert_eq!(one.len(), other.len());
    }
}

#[test]
fn who_joins_late_begins_at_a_key_picture_that_is_kept() {
    let (film_of_all, mut first) = reader();
    let frames = film(1..=30, 10);
    given(&mut first, &frames);
    let mut late = Reader::new(film_of_all);
    assert_eq!(given(&mut late, &frames[20..24]), ["O13", "21", "22", "23"]);
    assert_eq!(late.skipped(), 0);
}

#[test]
fn who_is_too_slow_even_for_what_is_kept_goes_on_at_a_key_picture() {
    let (film_of_all, mut fast) = reader();
    let frames = film(1..=700, 50);
    let mut slow = Reader::new(film_of_all);
    given(&mut slow, &frames[..2]);
    given(&mut fast, &frames);
    // Its own view goes on there, and what it had pending is gone.
    assert_eq!(given(&mut slow, &frames[648..650]), Vec::<String>::new());
    assert_eq!(given(&mut slow, &frames[650..653]), ["O13", "139", "140"]);
    assert!(slow.skipped() > 0);
}

#[test]
fn a_film_that_changes_is_opened_anew() {
    let (_, mut reader) = reader();
    let (old, new) = (video(13), video(31));
    let frames = [frame(1, true, &old), frame(2, true, &new), frame(3, false, &new)];
    assert_eq!(given(&mut reader, &frames), ["O13", "1", "O31", "2"]);
}

#[test]
fn nothing_is_shown_before_a_key_picture() {
    let (_, mut reader) = reader();
    assert_eq!(given(&mut reader, &film(2..=13, 10)), ["O13", "11", "12"]);
    assert_eq!(reader.skipped(), 9);
}

fn cameras(most: usize, lan: Vec<LanTarget>) -> Cameras {
    let options = Options::default();
    let endpoint = bambulab::Region::Global.endpoint();
    let roots = bambulab::Roots::public();
    let manners = bambulab::cloud::Manners::default();
    let accounts = Accounts::new(&endpoint, &roots, options.clone(), manners, lan).unwrap();
    Cameras::new(Arc::new(accounts), options, most, Metrics::new())
}

fn target(serial: &str) -> LanTarget {
    let code = bambulab::protocol::AccessCode::new("12345678");
    LanTarget::new(serial.parse().unwrap(), "127.0.0.1", code)
}

#[tokio::test]
async fn whoever_asks_for_a_camera_gets_the_same_one() {
    let cameras = cameras(4, vec![target("01P00A000000001")]);
    let serial: Serial = "01P00A000000001".parse().unwrap();
    let one = cameras.of(&serial, None, None).unwrap();
    assert_eq!(one.camera.kind(), CameraKind::Jpeg);
    assert!(Arc::ptr_eq(&one, &cameras.of(&serial, None, None).unwrap()));
    let nowhere: Serial = "01P00A000000002".parse().unwrap();
    assert_eq!(cameras.of(&nowhere, None, None).err(), Some(NoCamera::NoAddress));
}

#[tokio::test]
async fn a_printer_that_reports_no_live_view_is_not_dialled() {
    let cameras = cameras(4, vec![target("00M00A000000001")]);
    let serial: Serial = "00M00A000000001".parse().unwrap();
    let mut status = Status { model: Some(Model::X1C), ..Status::default() };
    status.camera.lan_liveview = Some(false);
    let off = cameras.of(&serial, None, Some(&status)).err();
    assert_eq!(off, Some(NoCamera::Camera(CameraError::LiveviewOff)));
}

#[test]
fn a_place_is_free_again_when_its_viewer_leaves() {
    let cameras = cameras(1, Vec::new());
    let first = cameras.place("live").unwrap();
    assert!(cameras.place("live").is_err());
    drop(first);
    assert!(cameras.place("live").is_ok());
}
