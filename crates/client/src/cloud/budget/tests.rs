use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn ledger(calls: u32, seconds: u32, patience: Duration) -> Arc<Ledger> {
    let rate = Rate::new(calls, SECOND * seconds);
    let budget = Budget::custom([(Group::Devices, rate)]).with_patience(patience);
    Arc::new(Ledger::new(budget))
}

#[tokio::test(start_paused = true)]
async fn no_span_ever_holds_more_calls_than_the_limit() {
    let ledger = ledger(5, 10, HOUR);
    let start = Instant::now();
    let calls: Vec<_> = (0..23)
        .map(|_| {
            let ledger = ledger.clone();
            tokio::spawn(async move {
                ledger.turn(Group::Devices).await.unwrap();
                start.elapsed()
            })
        })
        .collect();
    let mut times = Vec::new();
    for call in calls {
        times.push(call.await.unwrap());
    }
    times.sort();
    for (nth, time) in times.iter().enumerate().skip(5) {
        assert!(*time - times[nth - 5] > SECOND * 10, "{nth}: {times:?}");
    }
    assert!(times[22] < SECOND * 45, "no slower than the limit: {times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_is_too_far_away_is_refused_at_once_and_takes_no_place() {
    let ledger = ledger(1, 60, SECOND * 30);
    let start = Instant::now();
    ledger.turn(Group::Devices).await.unwrap();
    for _ in 0..3 {
        let error = ledger.turn(Group::Devices).await.unwrap_err();
        assert!(error.is_limited() && error.is_retryable());
        assert!(error.to_string().ends_with("wait 61 s, or set BAMBU_RATE_LIMITS"), "{error}");
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    ledger.turn(Group::Profile).await.unwrap();
    tokio::time::advance(SECOND * 40).await;
    ledger.turn(Group::Devices).await.unwrap();
    assert!(start.elapsed() > SECOND * 60 && start.elapsed() < SECOND * 61);
}

#[tokio::test(start_paused = true)]
async fn who_stops_waiting_gives_the_turn_back() {
    let ledger = ledger(1, 10, HOUR);
    ledger.turn(Group::Devices).await.unwrap();
    let waits = tokio::time::timeout(SECOND, ledger.turn(Group::Devices)).await;
    assert!(waits.is_err());
    let start = Instant::now();
    ledger.turn(Group::Devices).await.unwrap();
    assert!(start.elapsed() < SECOND * 10);
}

#[tokio::test(start_paused = true)]
async fn quiet_that_the_cloud_asks_for_is_kept_by_all_even_those_who_wait() {
    for ledger in [ledger(1, 10, SECOND * 30), Arc::new(Ledger::new(Budget::off()))] {
        let start = Instant::now();
        ledger.turn(Group::Devices).await.unwrap();
        let waiting = {
            let ledger = ledger.clone();
            tokio::spawn(async move { ledger.turn(Group::Devices).await.map(|()| start.elapsed()) })
        };
        if ledger.budget != Budget::off() {
            tokio::task::yield_now().await;
        }
        ledger.hold(Group::Devices, SECOND * 25);
        assert_eq!(waiting.await.unwrap().unwrap(), SECOND * 25);
        ledger.hold(Group::Devices, SECOND * 31);
        assert!(ledger.turn(Group::Devices).await.is_err());
        ledger.turn(Group::General).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_nobody_waits() {
    let ledger = Ledger::new(Budget::off());
    let start = Instant::now();
    for _ in 0..10_000 {
        ledger.turn(Group::Login).await.unwrap();
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(ledger.is_blank(), "nothing is remembered");
}

#[test]
fn one_account_has_one_ledger_however_it_is_asked_for() {
    let token = |text: &str| Token::new(text);
    let ledger = |host: &str, token: Option<&Token>| Ledger::shared(host, token, Budget::default());
    let one = ledger("h", Some(&token("AQAone")));
    assert!(Arc::ptr_eq(&one, &ledger("h", Some(&token("AQAone")))));
    for other in [ledger("h", None), ledger("h", Some(&token("AQAtwo"))), ledger("i", None)] {
        assert!(!Arc::ptr_eq(&one, &other));
    }
    // Two tokens that name the same user.
    let (a, b) = ("x.eyJ1c2VybmFtZSI6InVfMTIzIn0.y", "x.eyJ1c2VybmFtZSI6InVfMTIzIn0.z");
    assert!(Arc::ptr_eq(&ledger("h", Some(&token(a))), &ledger("h", Some(&token(b)))));
    let off = Ledger::shared("h", Some(&token("AQAone")), Budget::off());
    assert!(!Arc::ptr_eq(&one, &off));
    for number in 0..1000 {
        ledger("h", Some(&token(&format!("AQA{number}"))));
    }
    assert!(Arc::ptr_eq(&one, &ledger("h", Some(&token("AQAone")))), "one in use is kept");
}

#[test]
fn each_route_counts_where_it_belongs() {
    for (method, route, group) in [
        (Method::POST, "/v1/user-service/user/login", Group::Login),
        (Method::POST, "/v1/user-service/user/sendemail/code", Group::Login),
        (Method::POST, "/v1/user-service/user/tfa/login", Group::Login),
        (Method::POST, "/v1/user-service/user/refreshtoken", Group::Refresh),
        (Method::GET, "/v1/design-user-service/my/preference", Group::Profile),
        (Method::PUT, "/v1/user-service/my/profile", Group::Profile),
        (Method::GET, "/v1/iot-service/api/user/bind", Group::Devices),
        (Method::GET, "/v1/iot-service/api/user/device/version", Group::Devices),
        (Method::GET, "/v1/iot-service/api/user/upload", Group::Upload),
        (Method::POST, "/v1/iot-service/api/user/project", Group::Upload),
        (Method::GET, "/v1/iot-service/api/user/project", Group::General),
        (Method::GET, "/v1/user-service/my/tasks", Group::General),
    ] {
        assert_eq!(Group::of(&method, route), group, "{method} {route}");
    }
}
