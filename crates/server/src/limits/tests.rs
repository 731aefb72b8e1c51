use std::{net::Ipv4Addr, thread};

use axum::{
    http::{HeaderMap, StatusCode},
    response::IntoResponse as _,
};

use super::*;

fn peer(text: &str) -> Key {
    Key::peer(text.parse().unwrap())
}

fn token(text: &str) -> Key {
    Key::Token(TokenDigest::of(text))
}

fn limits(rate: u32) -> Limits {
    Limits::new(RateLimit::each(Some(rate)))
}

/// How many of `tries` are let through at this time.
fn let_through(limits: &Limits, who: &Key, tries: usize, now: Instant) -> usize {
    (0..tries).filter(|_| limits.take_at(who, Group::Device, None, now).is_ok()).count()
}

#[test]
fn a_window_lasts_a_minute_from_its_first_request() {
    let limits = limits(2);
    let (who, start) = (peer("192.0.2.1"), Instant::now());
    let at = |seconds| start + Duration::from_secs(seconds);
    assert_eq!(limits.take_at(&who, Group::Device, None, start).unwrap().remaining, 1);
    assert_eq!(limits.take_at(&who, Group::Device, None, at(59)).unwrap().remaining, 0);
    let exceeded = limits.take_at(&who, Group::Device, None, at(59)).unwrap_err();
    assert_eq!(exceeded.retry_after(), 1);
    assert_eq!(limits.take_at(&who, Group::Device, None, at(60)).unwrap().remaining, 1);
    assert_eq!(limits.take_at(&who, Group::Device, None, at(60)).unwrap().reset, WINDOW);
}

#[test]
fn groups_and_callers_are_counted_apart() {
    let (limits, now) = (limits(1), Instant::now());
    for who in [token("a"), token("b"), peer("192.0.2.1"), peer("192.0.2.2")] {
        for group in Group::ALL {
            assert!(limits.take_at(&who, group, None, now).is_ok(), "{who:?} {group:?}");
            assert!(limits.take_at(&who, group, None, now).is_err(), "{who:?} {group:?}");
        }
    }
}

#[test]
fn the_group_of_a_path_is_the_seeds() {
    for (path, group) in [
        ("/v1/iot-service/api/user/bind", Group::Device),
        ("/v1/user-service/my/profile", Group::User),
        ("/v1/design-user-service/my/preference", Group::User),
        ("/v1", Group::Device),
        ("/admin/tokens", Group::Admin),
        ("/health", Group::Health),
        ("/", Group::Health),
        ("/v12/user-service", Group::Health),
        ("/administrator", Group::Health),
    ] {
        assert_eq!(Group::of(path), group, "{path}");
    }
}

#[test]
fn a_tokens_own_limit_counts_for_what_goes_to_the_cloud() {
    let (limits, who, now) = (limits(2), token("a"), Instant::now());
    let quota = |group| limits.take_at(&who, group, Some(9), now).unwrap().remaining;
    assert_eq!(Group::ALL.map(quota), [8, 8, 1, 1]);
    let off = Limits::new(RateLimit::OFF);
    assert_eq!(off.take_at(&who, Group::Device, Some(1), now).unwrap().remaining, 0);
    assert!(off.take_at(&who, Group::Device, Some(1), now).is_err());
    assert!(off.take_at(&who, Group::Health, Some(1), now).is_ok());
}

#[test]
fn without_a_limit_nothing_is_counted_and_nothing_told() {
    let limits = Limits::new(RateLimit::OFF);
    let quota = limits.take(&token("a"), Group::Device, None).unwrap();
    let mut headers = HeaderMap::new();
    quota.write(&mut headers);
    assert!(headers.is_empty() && limits.windows.len() == 0);
}

#[test]
fn the_limit_is_told_in_the_seeds_headers_and_the_standards() {
    let (limits, now) = (limits(30), Instant::now());
    let mut headers = HeaderMap::new();
    limits.take_at(&token("a"), Group::User, None, now).unwrap().write(&mut headers);
    for (name, value) in [
        ("x-ratelimit-limit", "30"),
        ("x-ratelimit-remaining", "29"),
        ("ratelimit", "\"user\";r=29;t=60"),
        ("ratelimit-policy", "\"user\";q=30;w=60"),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
    let reset: u64 = headers["x-ratelimit-reset"].to_str().unwrap().parse().unwrap();
    let wall = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    assert!(reset >= wall && reset <= wall + 61, "{reset} {wall}");
}

#[tokio::test]
async fn too_many_is_429_in_the_seeds_words() {
    let (limits, now) = (limits(1), Instant::now());
    limits.take_at(&token("a"), Group::Device, None, now).unwrap();
    let exceeded = limits.take_at(&token("a"), Group::Device, None, now).unwrap_err();
    let answer = exceeded.into_response();
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.headers()["retry-after"], "60");
    assert_eq!(answer.headers()["x-ratelimit-remaining"], "0");
    let body = axum::body::to_bytes(answer.into_body(), 4096).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["error"], "Rate limit exceeded");
    assert_eq!(body["retry_after"], "60 seconds");
    assert!(body["message"].as_str().unwrap().contains("60 seconds"), "{body}");
}

#[test]
fn an_ipv6_customer_is_one_and_a_mapped_address_is_the_ipv4_one() {
    assert_eq!(peer("2001:db8:1:2::1"), peer("2001:db8:1:2:ffff::9"));
    assert_ne!(peer("2001:db8:1:2::1"), peer("2001:db8:1:3::1"));
    assert_eq!(peer("::ffff:192.0.2.1"), peer("192.0.2.1"));
    assert_ne!(peer("192.0.2.1"), peer("192.0.2.2"));
}

#[test]
fn a_flood_of_addresses_fills_no_memory_and_hurts_no_token() {
    let (limits, start) = (limits(5), Instant::now());
    let most = 16 * (windows::ADDRESSES + 1);
    let mut refused = 0;
    for number in 0..200_000u32 {
        let who = Key::peer(Ipv4Addr::from_bits(0x0a00_0000 + number).into());
        refused += usize::from(limits.take_at(&who, Group::Health, None, start).is_err());
    }
    assert!(limits.windows.len() <= most, "{}", limits.windows.len());
    assert!(refused > 180_000, "{refused}");
    assert_eq!(let_through(&limits, &token("a"), 9, start), 5);
    // A minute later all of it is forgotten, and an address has a window of its own again.
    let later = start + WINDOW;
    assert_eq!(let_through(&limits, &peer("192.0.2.77"), 9, later), 5);
    for number in 0..16_000u32 {
        let who = Key::peer(Ipv4Addr::from_bits(0x0b00_0000 + number).into());
        let _ = limits.take_at(&who, Group::Health, None, later);
    }
    assert!(limits.windows.len() <= most);
    assert_eq!(let_through(&limits, &token("a"), 9, later), 5);
}

#[test]
fn tokens_that_come_and_go_are_forgotten() {
    let (limits, start) = (limits(5), Instant::now());
    for minute in 0..20 {
        let now = start + WINDOW * minute;
        for number in 0..2_000 {
            let who = token(&format!("{minute} {number}"));
            limits.take_at(&who, Group::Device, None, now).unwrap();
        }
    }
    assert!(limits.windows.len() < 25_000, "{}", limits.windows.len());
}

#[test]
fn many_at_once_get_no_more_than_one_after_the_other() {
    let limits = limits(1_000);
    let (who, now) = (token("a"), Instant::now());
    let through: usize = thread::scope(|scope| {
        let tries: Vec<_> =
            (0..8).map(|_| scope.spawn(|| let_through(&limits, &who, 500, now))).collect();
        tries.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(through, 1_000);
}
