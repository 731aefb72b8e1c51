//! Answers that are shared, and callers that see some printers only.

use futures_util::future::join_all;

use super::*;

const BIND: &str = "/v1/iot-service/api/user/bind";

fn shared(seconds: u64) -> Setting {
    Setting { cache: Cache::For(Duration::from_secs(seconds)), ..Setting::default() }
}

#[tokio::test]
async fn equal_requests_share_one_call_and_its_answer_when_that_is_wanted() {
    let world = World::new(shared(60)).await;
    let answers = join_all((0..20).map(|_| world.get("/v1/later"))).await;
    assert!(answers.iter().all(|answer| answer.status() == 200));
    assert_eq!(world.cloud.heads().len(), 1);
    let shared = answers.iter().filter(|it| it.head().contains("fwd=miss; collapsed")).count();
    assert!(shared > 0, "{}", answers[0].0);
    let kept = world.get("/v1/later").await;
    assert!(kept.head().contains("cache-status: bambu; hit; ttl="), "{}", kept.0);
    assert!(kept.head().contains("age: "));
    world.get("/v1/later?a=1").await;
    world.ask("GET", "/v1/later", "Accept-Language: de\r\n").await;
    world.ask("HEAD", "/v1/later", "").await;
    assert_eq!(world.cloud.heads().len(), 4);
}

#[tokio::test]
async fn without_the_setting_every_request_makes_its_own_call() {
    let world = World::new(Setting::default()).await;
    let answers = join_all((0..10).map(|_| world.get("/v1/later"))).await;
    assert!(answers.iter().all(|answer| !answer.head().contains("etag")));
    assert_eq!(world.cloud.heads().len(), 10);
}

#[tokio::test]
async fn whoever_has_an_answer_already_is_told_so() {
    let world = World::new(shared(60)).await;
    let head = world.get(BIND).await.head();
    let tag = head.split("etag: ").nth(1).unwrap().split("\r\n").next().unwrap().to_owned();
    for named in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
        let answer = world.ask("GET", BIND, &format!("If-None-Match: {named}\r\n")).await;
        assert_eq!((answer.status(), answer.body()), (304, ""), "{named}");
        assert!(answer.head().contains(&tag));
    }
    assert_eq!(world.ask("GET", BIND, "If-None-Match: \"x\"\r\n").await.status(), 200);
    assert_eq!(world.cloud.heads().len(), 1);
}

#[tokio::test]
async fn a_stale_answer_stands_in_when_the_cloud_fails_and_says_so() {
    let world = World::new(shared(1)).await;
    let fresh = world.get(BIND).await;
    world.cloud.fail();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let stale = world.get(BIND).await;
    assert_eq!((stale.status(), stale.body()), (200, fresh.body()));
    assert!(stale.head().contains("warning: 110"), "{}", stale.head());
    assert!(stale.head().contains("ttl=-") && !stale.head().contains("age: 0"));
    assert_eq!(world.get("/v1/other").await.status(), 502);
}

#[tokio::test]
async fn a_cloud_that_says_no_is_heard_though_there_is_an_older_answer() {
    let world = World::new(shared(1)).await;
    assert_eq!(world.get("/v1/dead").await.status(), 502);
    assert_eq!(world.get("/v1/dead").await.status(), 502);
    assert_eq!(world.cloud.heads().len(), 2, "what failed is not kept");
}

#[tokio::test]
async fn each_caller_gets_the_shared_answer_with_a_mask_of_its_own() {
    let world = World::new(shared(60)).await;
    let (alice, bob) = (world.get("/v1/profile").await, world.by_bob("/v1/profile").await);
    assert_eq!(alice.json()["name"], "***REDACTED*** bob-token-000002");
    assert_eq!(bob.json()["name"], "alice-token-0001 ***REDACTED***");
    assert_eq!(world.cloud.heads().len(), 1);
}

#[tokio::test]
async fn a_write_ends_what_was_kept_and_large_answers_are_streamed() {
    let world = World::new(Setting { mode: Mode::Full, ..shared(60) }).await;
    world.get(BIND).await;
    world.ask("DELETE", BIND, "").await;
    world.get(BIND).await;
    assert_eq!(world.cloud.heads().len(), 3);
    for asked in [5, 6] {
        let answer = world.get("/v1/huge").await;
        let (body, is_whole) = answer.unchunked();
        assert!(is_whole && body.len() > 7_000_000 && body.ends_with("0]"));
        assert_eq!(world.cloud.heads().len(), asked, "tried once, then known to be too large");
    }
}

#[tokio::test]
async fn a_caller_of_some_printers_sees_those_alone() {
    for (serial, seen) in [("01P00A000000001", 1), ("01P00A000000009", 0)] {
        for cache in [Cache::Off, Cache::For(Duration::from_secs(9))] {
            let options = format!("token = {ALICE:?}\nserials = [{serial:?}]");
            let options = vec![toml::from_str(&options).unwrap()];
            let world = World::new(Setting { options, cache, ..Setting::default() }).await;
            let all = world.by_bob(BIND).await.json();
            assert_eq!(all["devices"].as_array().unwrap().len(), 1);
            let answer = world.get(BIND).await.json();
            assert_eq!(answer["devices"].as_array().unwrap().len(), seen);
            assert!(!answer.to_string().contains("12345678"));
            let asked = world.cloud.heads().len();
            for path in [
                "/v1/user-service/my/profile",
                "/v1/later",
                &format!("{BIND}?dev_id=01P00A000000002"),
            ] {
                let answer = world.get(path).await;
                assert_eq!((answer.status(), &answer.json()["error"]), (403, &"Forbidden".into()));
            }
            assert_eq!(world.cloud.heads().len(), asked);
            assert_eq!(world.ask("HEAD", BIND, "").await.status(), 200);
        }
    }
}
