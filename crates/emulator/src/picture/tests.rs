use super::*;

fn scene() -> Scene {
    Scene {
        name: "Workshop".to_owned(),
        model: "P1S",
        state: "RUNNING",
        job: Some("Schlüsselbrett".to_owned()),
        percent: Some(45),
        layer: Some((54, 120)),
        is_printing: true,
    }
}

fn now() -> Timestamp {
    "2026-11-21T22:10:07Z".parse().unwrap()
}

#[test]
fn every_frame_is_another_picture_even_within_a_second() {
    for size in [Size::Hd, Size::FullHd] {
        let mut picture = Picture::new(size, "01P00A000000001");
        let first = picture.draw(None, now()).clone();
        let second = picture.draw(None, now()).clone();
        assert_eq!((second.width(), second.height()), size.pixels());
        assert_ne!(first.rows(0, first.height()), second.rows(0, second.height()));
        picture.rest();
        let third = picture.draw(None, now()).clone();
        assert_ne!(third.rows(0, third.height()), second.rows(0, second.height()));
    }
}

#[test]
fn what_is_left_of_a_frame_is_gone_from_the_next() {
    let mut lived = Picture::new(Size::Hd, "01P00A000000001");
    let mut other = Picture::new(Size::Hd, "01P00A000000001");
    let later = Scene { percent: Some(99), is_printing: false, ..scene() };
    lived.draw(None, now());
    lived.draw(Some(scene()), now());
    let lived = lived.draw(Some(later.clone()), now());
    other.draw(Some(scene()), now());
    other.draw(None, now());
    let other = other.draw(Some(later), now());
    assert_eq!(lived.rows(0, 720), other.rows(0, 720));
}

#[test]
fn a_jpeg_begins_and_ends_as_one_and_is_baseline_of_the_right_size() {
    let mut picture = Picture::new(Size::Hd, "01P00A000000001");
    let jpeg = picture.draw(Some(scene()), now()).jpeg().unwrap();
    assert!(jpeg.starts_with(&[0xFF, 0xD8]) && jpeg.ends_with(&[0xFF, 0xD9]));
    let frame = jpeg.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap();
    assert_eq!(jpeg[frame + 5..frame + 9], [0x02, 0xD0, 0x05, 0x00]);
    assert!((20_000..200_000).contains(&jpeg.len()), "{}", jpeg.len());
}

#[test]
fn a_scene_that_names_its_model_twice_or_is_very_long_still_fits() {
    let long = "x".repeat(500);
    let odd = Scene {
        name: long.clone(),
        job: Some(long),
        percent: Some(u32::MAX),
        layer: Some((u32::MAX, u32::MAX)),
        ..scene()
    };
    let mut picture = Picture::new(Size::FullHd, "a serial number that is far too long for it");
    picture.draw(Some(odd), now());
}
