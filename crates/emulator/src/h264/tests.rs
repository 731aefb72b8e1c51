use super::*;
use crate::picture::{Picture, Scene, Size};

#[test]
fn every_residual_of_a_flat_area_has_a_level_that_fits() {
    for step in [LUMA_STEP, CHROMA_STEP] {
        for wanted in -255..=255 {
            let level = level(wanted, step);
            assert_eq!((step * level + 32) >> 6, wanted);
            assert!(level.abs() < 2000);
        }
    }
}

#[test]
fn a_key_picture_comes_first_and_then_after_each_period() {
    let (mut picture, mut writer) = (Picture::new(Size::Hd, "x"), Writer::new(3));
    let kinds: Vec<(bool, u8)> = (0..7)
        .map(|_| writer.write(picture.draw(None, jiff::Timestamp::UNIX_EPOCH)))
        .map(|coded| (coded.is_key, coded.slice[0]))
        .collect();
    let (key, next) = ((true, 0x65), (false, 0x41));
    assert_eq!(kinds, [key, next, next, key, next, next, key]);
}

#[test]
fn what_did_not_change_costs_next_to_nothing() {
    let (mut picture, mut writer) = (Picture::new(Size::FullHd, "x"), Writer::new(60));
    let drawn = picture.draw(None, jiff::Timestamp::UNIX_EPOCH).clone();
    let key = writer.write(&drawn).slice.len();
    assert!((20_000..700_000).contains(&key), "{key}");
    assert!(writer.write(&drawn).slice.len() < 12);
    let next = writer.write(picture.draw(None, jiff::Timestamp::UNIX_EPOCH)).slice.len();
    assert!((100..20_000).contains(&next), "{next}");
}

/// Writes a stream for a decoder of somebody else, where the environment names a file.
#[test]
fn a_stream_of_a_job_that_grows_is_written_where_somebody_asks_for_it() {
    let Some(path) = std::env::var_os("BAMBU_TEST_H264") else { return };
    let mut out = Vec::new();
    let size = Size::FullHd;
    let (mut picture, mut writer) = (Picture::new(size, "01P00A000000001"), Writer::new(30));
    for percent in 0..=100 {
        let scene = Scene {
            name: "P2S 1".to_owned(),
            model: "P2S",
            state: "RUNNING",
            job: Some("cube".to_owned()),
            percent: Some(percent),
            layer: Some((percent, 100)),
            is_printing: true,
        };
        let now = jiff::Timestamp::from_second(i64::from(percent)).unwrap();
        let coded = writer.write(picture.draw((percent % 7 != 3).then_some(scene), now));
        let sets = [sequence_parameters(size.pixels(), 30), picture_parameters()];
        let sets = sets.iter().filter(|_| coded.is_key);
        for unit in sets.chain([&coded.slice]) {
            out.extend_from_slice(&[0, 0, 0, 1]);
            out.extend_from_slice(unit);
        }
    }
    std::fs::write(path, out).unwrap();
}
