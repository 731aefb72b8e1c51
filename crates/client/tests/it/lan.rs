//! One printer on the local network.

use std::time::Duration;

use bambulab::{
    Connection, Reason, SendError, connect_lan,
    protocol::{
        mqtt::{ConnectCode, Packet},
        request::{Job, Request},
        status::PrinterState,
    },
};

use tokio::task::JoinSet;

use crate::fake::{
    Broker, Ca, DELTA, FULL, PATIENCE, SERIAL, VERSION, online, options, target, until,
};

#[tokio::test]
async fn a_report_travels_from_the_socket_to_the_reader() {
    let (_broker, link, mut peer) = online(|_| {}).await;
    assert_eq!(peer.connect().username.as_deref(), Some("bblp"));
    assert_eq!(peer.connect().password.as_deref(), Some(&b"12345678"[..]));
    assert_eq!(peer.filters, [format!("device/{SERIAL}/report")]);
    let snapshot = link.ready().await.unwrap();
    assert_eq!(snapshot.status.state, PrinterState::Running);
    assert_eq!(snapshot.status.job.progress_percent, Some(45));
    assert_eq!(snapshot.status.name.as_deref(), Some("Bench"));
    assert_eq!(snapshot.status.online, Some(true));
    assert!(snapshot.status.updated_at.as_deref().is_some_and(|time| time.ends_with('Z')));
    assert!(snapshot.complete);

    let mut raw = link.raw();
    peer.report(SERIAL, DELTA).await;
    let snapshot = until(&link, |s| s.reports == 2).await;
    assert_eq!(snapshot.status.job.progress_percent, Some(46));
    assert_eq!(snapshot.status.temperatures.nozzles[0].current, Some(219.5));
    assert_eq!(raw.recv().await.unwrap(), DELTA);
}

#[tokio::test]
async fn the_merged_report_has_every_key_under_the_printers_own_name() {
    let ca = Ca::new();
    let broker = Broker::new(ca.printer(SERIAL)).await;
    let link = connect_lan(target(broker.port()), options(&ca));
    assert_eq!(link.report(), None);
    let mut peer = broker.accept().await;
    peer.expect("get_version").await;
    peer.report(SERIAL, DELTA).await;
    until(&link, |s| s.reports == 1).await;
    assert_eq!(link.report(), None, "a change alone is no report");
    peer.report(SERIAL, &FULL.replace("\"msg\":0", "\"msg\":0,\"key_of_tomorrow\":[1]")).await;
    peer.report(SERIAL, DELTA).await;
    let snapshot = until(&link, |s| s.reports == 3).await;
    assert!(snapshot.age().is_some_and(|age| age < PATIENCE));
    let report = link.report().unwrap();
    let print = &report["print"];
    assert_eq!((&print["mc_percent"], &print["nozzle_temper"]), (&46.into(), &219.5.into()));
    assert_eq!(print["key_of_tomorrow"], serde_json::json!([1]));
}

#[tokio::test]
async fn an_answer_finds_its_asker_even_without_the_command() {
    let (_broker, link, mut peer) = online(|_| {}).await;
    let asker = tokio::spawn({
        let link = link.clone();
        async move { link.send(Job::Pause.into()).await }
    });
    let body = peer.expect("pause").await;
    let id = body["sequence_id"].as_str().unwrap();
    assert!((20_000..30_000).contains(&id.parse::<u32>().unwrap()));
    // Somebody else's answer first, with another id.
    let foreign = r#"{"print":{"sequence_id":"1","result":"fail","reason":"x"}}"#;
    peer.report(SERIAL, foreign).await;
    let answer = format!(r#"{{"print":{{"sequence_id":"{id}","result":"success"}}}}"#);
    peer.report(SERIAL, &answer).await;
    assert!(asker.await.unwrap().unwrap().is_success());
    assert_eq!(link.snapshot().reports, 1, "answers are never merged");
}

#[tokio::test]
async fn a_refusal_is_handed_on_and_pushall_is_answered_by_the_report() {
    let (_broker, link, mut peer) = online(|t| t.pushall_floor = Duration::ZERO).await;
    let (asked, ()) = tokio::join!(link.send(Job::Stop.into()), async {
        let id = peer.expect("stop").await["sequence_id"].as_str().unwrap().to_owned();
        let answer = format!(
            r#"{{"print":{{"command":"stop","sequence_id":"{id}","result":"failed","err_code":84033543}}}}"#
        );
        peer.report(SERIAL, &answer).await;
    });
    assert!(asked.unwrap().is_failure());
    let (asked, ()) = tokio::join!(link.send(Request::PushAll), async {
        peer.expect("pushall").await;
        peer.report(SERIAL, FULL).await;
    });
    assert_eq!(asked.unwrap().command.as_deref(), Some("pushall"));
}

#[tokio::test]
async fn the_whole_status_is_not_asked_for_twice_within_its_floor() {
    let (_broker, link, mut peer) = online(|_| {}).await;
    link.send(Request::PushAll).await.unwrap();
    let (speed, ()) = tokio::join!(link.send(Request::GetVersion), async {
        // The next request on the wire is this one: no pushall went before it.
        peer.expect("get_version").await;
        peer.report(SERIAL, VERSION).await;
    });
    speed.unwrap();
}

#[tokio::test]
async fn a_lost_connection_fails_what_waits_and_nothing_is_sent_again() {
    let (broker, link, mut peer) = online(|_| {}).await;
    let asker = tokio::spawn({
        let link = link.clone();
        async move { link.send(Job::Stop.into()).await }
    });
    peer.expect("stop").await;
    let first_client = peer.connect().client_id.clone();
    drop(peer);
    assert_eq!(asker.await.unwrap(), Err(SendError::Lost));
    let snapshot = until(&link, |s| s.connection != Connection::Online).await;
    assert_eq!(snapshot.status.online, Some(false));
    assert!(matches!(
        link.send(Job::Stop.into()).await,
        Err(SendError::Offline(_) | SendError::Connecting)
    ));

    let mut peer = broker.accept().await;
    assert_ne!(peer.connect().client_id, first_client);
    peer.expect("get_version").await;
    assert_eq!(peer.filters, [format!("device/{SERIAL}/report")], "subscribed again");
    let snapshot = link.snapshot();
    assert_eq!(snapshot.status.online, Some(false), "the old status is not shown as live");
    peer.report(SERIAL, DELTA).await;
    until(&link, |s| s.reports == 2).await;
    assert_ne!(link.snapshot().connection, Connection::Online, "a change alone proves nothing");
    // At most every three seconds over all connections, then the whole status again.
    peer.expect("pushall").await;
    peer.report(SERIAL, FULL).await;
    until(&link, |s| s.connection == Connection::Online).await;
    // Had the stop been kept, it would have come by now.
    link.close().await;
    assert_eq!(peer.request().await, None);
}

#[tokio::test]
async fn a_silent_printer_is_stale_then_probed_then_its_socket_is_made_anew() {
    let (broker, link, mut peer) = online(|timing| {
        timing.start_push_after = Duration::from_millis(100);
        timing.stale_after = Duration::from_millis(200);
        timing.ack = Duration::from_millis(200);
    })
    .await;
    let first_client = peer.connect().client_id.clone();
    peer.report(SERIAL, VERSION).await;
    peer.expect("start").await;
    peer.expect("get_version").await;
    let snapshot = until(&link, |s| s.connection == Connection::Stale).await;
    assert_eq!(snapshot.status.online, Some(false));
    peer.expect("get_version").await;
    assert_eq!(peer.request().await, None, "it says goodbye");
    let mut peer = broker.accept().await;
    assert_ne!(peer.connect().client_id, first_client);
    peer.report(SERIAL, FULL).await;
}

#[tokio::test]
async fn a_printer_that_answers_the_probe_is_online_again_on_the_same_socket() {
    let (_broker, link, mut peer) = online(|timing| {
        timing.stale_after = Duration::from_millis(200);
    })
    .await;
    peer.expect("get_version").await;
    until(&link, |s| s.connection == Connection::Stale).await;
    peer.report(SERIAL, VERSION).await;
    until(&link, |s| s.connection == Connection::Online).await;
}

#[tokio::test]
async fn more_requests_than_may_wait_are_refused_at_once() {
    let (_broker, link, _peer) = online(|_| {}).await;
    let mut asked = JoinSet::new();
    for _ in 0..100 {
        let link = link.clone();
        asked.spawn(async move { link.send(Job::Pause.into()).await });
    }
    // At most 32 wait for the task and 32 for the printer.
    for _ in 0..36 {
        assert_eq!(asked.join_next().await.unwrap().unwrap(), Err(SendError::Busy));
    }
    link.close().await;
    while let Some(rest) = asked.join_next().await {
        assert!(matches!(rest.unwrap(), Err(SendError::Lost | SendError::Busy)));
    }
}

#[tokio::test]
async fn an_unanswered_request_says_so() {
    let (_broker, link, _peer) = online(|t| t.ack = Duration::from_millis(150)).await;
    assert_eq!(link.send(Job::Resume.into()).await, Err(SendError::NoAnswer));
}

#[tokio::test]
async fn dropping_the_last_link_says_goodbye() {
    let (_broker, link, mut peer) = online(|_| {}).await;
    let copy = link.clone();
    drop(link);
    assert_eq!(copy.snapshot().connection, Connection::Online);
    drop(copy);
    assert_eq!(peer.packet().await, Some(Packet::Disconnect));
    assert_eq!(peer.packet().await, None);
}

#[tokio::test]
async fn a_closed_link_stays_closed() {
    let (broker, link, _peer) = online(|_| {}).await;
    link.close().await;
    assert_eq!(link.snapshot().connection, Connection::Offline(Reason::Closed));
    assert_eq!(link.send(Job::Stop.into()).await, Err(SendError::Offline(Reason::Closed)));
    assert!(broker.is_quiet_for(Duration::from_millis(300)).await);
}

#[tokio::test]
async fn waits_without_end_are_no_harm() {
    let (_broker, link, mut peer) = online(|timing| {
        timing.stale_after = Duration::MAX;
        timing.ack = Duration::MAX;
        timing.pushall_every = Duration::MAX;
        timing.healthy_after = Duration::MAX;
        timing.retry_max = Duration::MAX;
    })
    .await;
    peer.report(SERIAL, DELTA).await;
    until(&link, |s| s.reports == 2).await;
}

#[tokio::test]
async fn a_busy_broker_is_told_apart_and_tried_again() {
    let ca = Ca::new();
    let broker = Broker::new(ca.printer(SERIAL)).await;
    let link = connect_lan(target(broker.port()), options(&ca));
    drop(broker.answer(ConnectCode::ServerUnavailable).await);
    let snapshot = until(&link, |s| s.connection.reason().is_some()).await;
    let reason = snapshot.connection.reason().unwrap();
    assert!(matches!(reason, Reason::Busy { .. }) && !reason.is_fatal(), "{reason:?}");
    broker.accept().await.bring_online().await;
}

#[tokio::test]
async fn rubbish_on_the_report_topic_breaks_nothing_and_rubbish_on_the_wire_reconnects() {
    let (broker, link, mut peer) = online(|_| {}).await;
    for rubbish in ["", "{", "[]", "null", "\u{0}", r#"{"print":7}"#, r#"{"print":{"msg":{}}}"#] {
        peer.report(SERIAL, rubbish).await;
    }
    peer.report("01P00A000000002", FULL).await;
    peer.report(SERIAL, DELTA).await;
    until(&link, |s| s.status.job.progress_percent == Some(46)).await;
    peer.raw(&[0xff; 16]).await;
    until(&link, |s| s.connection != Connection::Online).await;
    broker.accept().await;
}
