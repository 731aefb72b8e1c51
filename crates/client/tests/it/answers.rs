//! Every shape in which a printer answers, or does not.

use std::time::Duration;

use bambulab::{
    Connection, Link, SendError, Timing,
    protocol::{
        report::Ack,
        request::{Job, Motion, Raw, Request, System},
    },
};

use crate::fake::{self, Broker, FULL, Peer, SERIAL, VERSION};

/// A printer that has told its version, too, and may be asked for everything at any time.
async fn online(timing: impl FnOnce(&mut Timing)) -> (Broker, Link, Peer) {
    let (broker, link, mut peer) = fake::online(|waits| {
        waits.pushall_floor = Duration::from_millis(10);
        timing(waits);
    })
    .await;
    peer.report(SERIAL, VERSION).await;
    (broker, link, peer)
}

fn id(body: &serde_json::Value) -> String {
    body["sequence_id"].as_str().unwrap().to_owned()
}

/// Sends a pause and answers it with this, `ID` standing for its sequence id.
async fn paused(link: &Link, peer: &mut Peer, answers: &[&str]) -> Ack {
    let (sent, ()) = tokio::join!(link.send(Job::Pause.into()), async {
        let id = id(&peer.expect("pause").await);
        for answer in answers {
            peer.report(SERIAL, &answer.replace("ID", &id)).await;
        }
    });
    sent.unwrap()
}

#[tokio::test]
async fn each_odd_shape_of_an_answer_finds_its_asker() {
    let (_broker, link, mut peer) = online(|_| {}).await;
    for (answer, is_success) in [
        (
            r#"{"print":{"sequence_id":"ID","param":"G28","result":"success","reason":"success"}}"#,
            true,
        ),
        (r#"{"print":{"sequence_id":ID,"command":"pause","result":"SUCCESS"}}"#, true),
        (r#"{"print":{"sequence_id":"ID","command":"pause","result":0}}"#, true),
        (r#"{"print":{"sequence_id":"ID","command":"pause"}}"#, false),
        (r#"{"print":{"sequence_id":"ID","command":"pause","result":"failed"}}"#, false),
    ] {
        let ack = paused(&link, &mut peer, &[answer]).await;
        assert_eq!(ack.is_success(), is_success, "{answer}");
        assert_eq!(ack.is_failure(), answer.contains("failed"), "{answer}");
    }
    // Of two answers the first counts, and one to somebody else is not ours.
    let foreign = r#"{"print":{"sequence_id":"ID","command":"resume","result":"fail"}}"#;
    let first = r#"{"print":{"sequence_id":"ID","command":"pause","result":"success"}}"#;
    let second = r#"{"print":{"sequence_id":"ID","command":"pause","result":"fail"}}"#;
    assert!(paused(&link, &mut peer, &[foreign, first, second]).await.is_success());
    assert_eq!(link.snapshot().reports, 2, "no answer is a report");
}

#[tokio::test]
async fn a_late_answer_is_unanswered_but_no_sign_of_a_dead_session() {
    let (broker, link, mut peer) = online(|timing| timing.ack = Duration::from_millis(300)).await;
    let (sent, late) =
        tokio::join!(link.send(Job::Pause.into()), async { id(&peer.expect("pause").await) });
    assert_eq!(sent, Err(SendError::NoAnswer));
    peer.expect("get_version").await;
    let answer = format!(r#"{{"print":{{"sequence_id":"{late}","result":"success"}}}}"#);
    peer.report(SERIAL, &answer).await;
    assert!(broker.is_quiet_for(Duration::from_millis(900)).await);
    assert_eq!(link.snapshot().connection, Connection::Online);
}

#[tokio::test]
async fn a_session_that_hears_nothing_is_made_anew_although_reports_flow() {
    let (broker, link, mut peer) = online(|timing| timing.ack = Duration::from_millis(300)).await;
    let first_client = peer.connect().client_id.clone();
    let (sent, ()) = tokio::join!(link.send(Job::Resume.into()), async {
        peer.expect("resume").await;
        peer.expect("get_version").await;
        // Reports come all the time; the publishes go nowhere.
        peer.report(SERIAL, FULL).await;
    });
    assert_eq!(sent, Err(SendError::NoAnswer));
    assert_eq!(peer.request().await, None, "it says goodbye");
    assert_ne!(broker.accept().await.connect().client_id, first_client);
}

#[tokio::test]
async fn a_printer_that_reads_a_job_may_be_deaf() {
    let (broker, link, mut peer) = online(|timing| timing.ack = Duration::from_millis(150)).await;
    let finished = FULL.replace("RUNNING", "FINISH");
    peer.report(SERIAL, &finished).await;
    let start = r#"{"print":{"command":"gcode_file","param":"/cube.gcode"}}"#;
    let start = Request::Raw(Raw::parse(start).unwrap());
    assert_eq!(link.send(start).await, Err(SendError::NoAnswer));
    for _ in 0..5 {
        peer.report(SERIAL, &finished).await;
        assert!(broker.is_quiet_for(Duration::from_millis(150)).await);
    }
}

#[tokio::test]
async fn a_command_that_has_no_answer_is_done_unless_it_is_refused() {
    let (_broker, link, mut peer) = online(|timing| timing.ack = Duration::from_millis(200)).await;
    let home = || Request::Motion(Motion::BackToCenter);
    assert!(link.send(home()).await.is_ok());
    peer.expect("back_to_center").await;
    let (refused, ()) = tokio::join!(link.send(home()), async {
        let id = id(&peer.expect("back_to_center").await);
        let answer = format!(
            r#"{{"print":{{"sequence_id":"{id}","result":"failed","err_code":84033543}}}}"#
        );
        peer.report(SERIAL, &answer).await;
    });
    assert!(refused.unwrap().is_failure());
    // Hanging up is its answer.
    let (rebooted, ()) = tokio::join!(link.send(System::Reboot.into()), async {
        peer.expect("reboot").await;
        drop(peer);
    });
    assert!(rebooted.is_ok());
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_not_sent() {
    let (_broker, link, mut peer) = online(|_| {}).await;
    {
        let stop = link.send(Job::Stop.into());
        tokio::pin!(stop);
        tokio::select! {
            biased;
            _ = &mut stop => panic!("nobody answered"),
            () = std::future::ready(()) => {}
        }
    }
    let raw = r#"{"print":{"command":"pause","sequence_id":7}}"#;
    let (sent, ()) = tokio::join!(link.send(Request::Raw(Raw::parse(raw).unwrap())), async {
        assert_eq!(peer.expect("pause").await["sequence_id"], "7");
        peer.report(SERIAL, r#"{"print":{"command":"pause","sequence_id":"7"}}"#).await;
    });
    assert!(!sent.unwrap().is_failure());
}
