use super::*;

fn peer(text: &str) -> Key {
    Key::peer(text.parse().unwrap())
}

#[test]
fn a_window_lasts_a_minute_from_its_first_request() {
    let limits = Limits::new(RateLimit { device: Some(2), ..RateLimit::default() });
    let (who, start) = (peer("192.0.2.1"), Instant::now());
    let at = |seconds| start + Duration::from_secs(seconds);
    assert_eq!(limits.take_at(&who, Group::Device, None, start).unwrap().remaining(), 1);
    assert_eq!(limits.take_at(&who, Group::Device, None, at(59)).unwrap().remaining(), 0);
    let exceeded = limits.take_at(&who, Group::Device, None, at(59)).unwrap_err();
    assert_eq!(exceeded.retry_after(), 1);
    assert_eq!(limits.take_at(&who, Group::Device, None, at(60)).unwrap().remaining(), 1);
}
