//! What goes wrong behind the proxy, and what is told of it.

use super::*;

#[tokio::test]
async fn every_refusal_is_the_seeds_502_with_its_cause_and_never_a_page() {
    let world = World::new(Setting::default()).await;
    for (name, cause, upstream) in [
        ("html", "challenge", 200),
        ("page", "challenge", 200),
        ("challenge", "challenge", 403),
        ("dead", "auth", 401),
        ("forbidden", "refused", 403),
        ("missing", "refused", 404),
        ("trouble", "server", 502),
        ("packed", "server", 200),
        ("limited", "limit", 429),
    ] {
        let answer = world.get(&format!("/v1/{name}")).await;
        let body = answer.json();
        assert_eq!(answer.status(), 502, "{name}");
        assert_eq!((&body["error"], &body["cause"]), (&"API request failed".into(), &cause.into()));
        assert_eq!(body["upstream_status"], upstream, "{name}");
        for secret in ["<html", "<!doctype", REAL, "10.1.2.3", "x.example"] {
            assert!(!answer.0.to_lowercase().contains(&secret.to_lowercase()), "{}", answer.0);
        }
    }
}

#[tokio::test]
async fn a_cloud_that_asks_for_quiet_gets_it_and_the_caller_is_told_how_long() {
    let world = World::new(Setting::default()).await;
    let answer = world.get("/v1/limited").await;
    assert!(answer.head().contains("retry-after: 7\r\n"), "{}", answer.head());
    let next = world.get("/v1/other").await;
    assert_eq!((next.status(), &next.json()["scope"]), (429, &"account".into()));
    assert_eq!(world.cloud.heads().len(), 1);
}

#[tokio::test]
async fn nobody_there_is_unreachable_and_nobody_answering_is_a_timeout() {
    let world = World::new(hasty()).await;
    let answer = world.get("/v1/slow").await;
    assert_eq!((answer.status(), &answer.json()["cause"]), (502, &"timeout".into()));
    let answer = world.get("/v1/endless").await;
    assert_eq!((answer.status(), &answer.json()["cause"]), (502, &"unreachable".into()));

    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut cloud = Cloud::start().await;
    cloud.address = closed.local_addr().unwrap();
    drop(closed);
    let world = World::over(cloud, Setting::default()).await;
    let answer = world.get("/v1/bind").await;
    assert_eq!((answer.status(), &answer.json()["cause"]), (502, &"unreachable".into()));
}

#[tokio::test]
async fn an_answer_that_is_cut_is_cut_for_the_caller_too() {
    let world = World::new(hasty()).await;
    for name in ["cut", "cutchunked", "stalls"] {
        let answer = world.get(&format!("/v1/{name}")).await;
        assert_eq!(answer.status(), 200, "{name}");
        let (body, is_whole) = answer.unchunked();
        assert!(!is_whole, "{name} looks whole: {}", answer.0);
        assert!(!body.contains("12345678"));
    }
    let world = World::new(Setting { mode: Mode::Full, options: unmasked(), ..Setting::default() });
    let answer = world.await.get("/v1/cut").await;
    assert!(answer.head().contains("content-length: 500") && answer.body().len() < 500);
}

#[tokio::test]
async fn who_speaks_an_older_http_gets_answers_in_one_piece_so_that_a_cut_shows() {
    let world = World::new(hasty()).await;
    let ask = |name: &str| format!("GET /v1/{name} HTTP/1.0\r\nAuthorization: {ALICE}\r\n\r\n");
    let answer = world.send(&ask("chunked")).await;
    assert_eq!(answer.status(), 200);
    let length = answer.body().len();
    assert!(answer.head().contains(&format!("content-length: {length}")), "{}", answer.0);
    for (name, cause) in
        [("cut", "unreachable"), ("cutchunked", "unreachable"), ("stalls", "timeout")]
    {
        let answer = world.send(&ask(name)).await;
        assert_eq!((answer.status(), &answer.json()["cause"]), (502, &cause.into()), "{name}");
    }
}

#[tokio::test]
async fn only_a_call_that_reads_is_sent_once_more_when_the_connection_was_lost() {
    let world = World::new(Setting { mode: Mode::Full, ..Setting::default() }).await;
    assert_eq!(world.get("/v1/flaky").await.status(), 200);
    assert_eq!(world.cloud.heads().len(), 2);

    let world = World::new(Setting { mode: Mode::Full, ..Setting::default() }).await;
    let answer = world.ask("POST", "/v1/flaky", "").await;
    assert_eq!((answer.status(), &answer.json()["cause"]), (502, &"unreachable".into()));
    assert_eq!(world.cloud.heads().len(), 1);
}

#[tokio::test]
async fn a_call_that_reads_outlives_all_connections_that_were_kept() {
    let world = World::new(Setting::default()).await;
    let together = (0..8).map(|_| world.get("/v1/chunked"));
    futures_util::future::join_all(together).await;
    assert!(world.cloud.connections() > 1);
    for _ in 0..3 {
        assert_eq!(world.get("/v1/first").await.status(), 200);
    }
}

#[tokio::test]
async fn masking_that_is_off_passes_everything_but_cookies_and_only_on_the_full_face() {
    let full = Setting { mode: Mode::Full, options: unmasked(), ..Setting::default() };
    let world = World::new(full).await;
    let answer = world.get("/v1/bind").await;
    assert_eq!(answer.body(), upstream::DEVICE);
    let answer = world.get("/v1/moved").await;
    assert!(answer.head().contains("location: https://s3.example.com/a?signature=abc"));
    assert!(!answer.head().contains("set-cookie"));
    assert_eq!(world.get("/v1/packed").await.status(), 200);

    let world = World::new(Setting { options: unmasked(), ..Setting::default() }).await;
    assert!(!world.get("/v1/bind").await.0.contains("12345678"));
}

fn unmasked() -> Vec<TokenOptions> {
    vec![toml::from_str(&format!("token = {ALICE:?}\nmasking = false")).unwrap()]
}
