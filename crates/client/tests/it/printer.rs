//! Commands and whether they took effect, against a scripted printer.

use std::time::Duration;

use bambulab::{
    CommandError, Connection, Printer, PublishError, Reason, SendError, SendOptions, Timing,
    connect_lan,
    protocol::{
        command::{Command, Refusal},
        event::Event,
        request::Request,
        verify::Outcome,
    },
};
use tokio::task::JoinSet;

use crate::fake::{self, Broker, FULL, Peer, SERIAL, VERSION, target, until};

async fn online(timing: impl FnOnce(&mut Timing)) -> (Broker, Printer, Peer) {
    let (broker, link, mut peer) = fake::online(|waits| {
        waits.pushall_floor = Duration::from_millis(10);
        timing(waits);
    })
    .await;
    peer.report(SERIAL, VERSION).await;
    peer.report(SERIAL, &state(r#""bed_temper":24.0,"bed_target_temper":0"#)).await;
    until(&link, |s| s.reports == 3).await;
    (broker, Printer::from(link), peer)
}

fn state(keys: &str) -> String {
    format!(r#"{{"print":{{"command":"push_status","msg":1,{keys}}}}}"#)
}

#[tokio::test]
async fn a_temperature_is_confirmed_when_the_status_shows_it() {
    let (_broker, printer, mut peer) = online(|_| {}).await;
    let (outcome, ()) = tokio::join!(printer.set_bed_temp(60), async {
        let body = peer.obey("gcode_line", "success").await;
        assert_eq!(body["param"].as_str().map(str::trim_end), Some("M140 S60"));
        peer.report(SERIAL, &state(r#""bed_temper":25.0"#)).await;
        peer.report(SERIAL, &state(r#""bed_target_temper":60.0"#)).await;
    });
    assert_eq!(outcome, Ok(Outcome::Confirmed));
    assert_eq!(printer.get_last_data().temperatures.bed.target, Some(60.0));
}

#[tokio::test]
async fn what_is_only_acknowledged_is_never_called_done() {
    let (_broker, printer, mut peer) = online(|_| {}).await;
    let quick = SendOptions { wait: Some(Duration::from_millis(200)), ..SendOptions::default() };
    let (outcome, _) = tokio::join!(
        printer.send_with(Command::Bed(60), quick),
        peer.obey("gcode_line", "success")
    );
    assert!(matches!(outcome, Ok(Outcome::Unconfirmed { .. })), "{outcome:?}");
    let (outcome, _) = tokio::join!(printer.pause(), peer.obey("pause", "failed"));
    assert!(matches!(outcome, Ok(Outcome::Rejected(_))), "{outcome:?}");
}

#[tokio::test]
async fn an_effect_that_shows_after_the_connection_broke_counts_and_nothing_is_repeated() {
    let (broker, printer, mut peer) = online(|_| {}).await;
    let pausing = tokio::spawn({
        let printer = printer.clone();
        async move { printer.pause().await }
    });
    peer.expect("pause").await;
    drop(peer);
    let mut peer = broker.accept().await;
    peer.expect("get_version").await;
    peer.expect("pushall").await;
    peer.report(SERIAL, &FULL.replace("RUNNING", "PAUSE")).await;
    assert_eq!(pausing.await.unwrap(), Ok(Outcome::Confirmed));
    printer.close().await;
    assert_eq!(peer.request().await, None);
}

#[tokio::test]
async fn what_speaks_against_a_command_is_told_and_nothing_is_sent() {
    let (_broker, printer, mut peer) = online(|_| {}).await;
    let refused = |outcome: Result<Outcome, CommandError>| match outcome {
        Err(CommandError::Refused(refusal)) => refusal.word(),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(printer.resume().await), "nothing_to_do");
    assert_eq!(refused(printer.set_bed_temp(400).await), "out_of_range");
    assert_eq!(refused(printer.send(Command::Gcode("G28".into())).await), "job_runs");
    // Forced, it is the first thing on the wire.
    let (outcome, _) =
        tokio::join!(printer.send_forced(Command::Resume), peer.obey("resume", "fail"));
    assert!(matches!(outcome, Ok(Outcome::Rejected(_))));

    printer.close().await;
    let closed = CommandError::NotSent(SendError::Offline(Reason::Closed));
    assert_eq!(printer.stop().await, Err(closed));
}

#[tokio::test]
async fn a_printer_that_is_silent_for_too_long_is_told_nothing() {
    let (_broker, printer, _peer) =
        online(|timing| timing.stale_after = Duration::from_millis(200)).await;
    until(printer.link(), |s| s.connection == Connection::Stale).await;
    assert_eq!(printer.stop().await, Err(CommandError::Refused(Refusal::Offline)));
}

#[tokio::test]
async fn many_send_at_once_and_each_has_its_own_outcome() {
    let (_broker, printer, mut peer) = online(|_| {}).await;
    let mut asked = JoinSet::new();
    for percent in 1..=20 {
        let printer = printer.clone();
        let wait = Some(Duration::from_millis(50));
        let options = SendOptions { wait, ..SendOptions::default() };
        asked.spawn(async move {
            let fan = Command::Fan { fan: bambulab::protocol::request::Fan::Part, percent };
            (percent, printer.send_with(fan, options).await)
        });
    }
    for number in 1..=20 {
        peer.obey("gcode_line", if number % 2 == 0 { "success" } else { "fail" }).await;
    }
    let mut rejected = 0;
    while let Some(done) = asked.join_next().await {
        let (_, outcome) = done.unwrap();
        rejected += usize::from(matches!(outcome, Ok(Outcome::Rejected(_))));
    }
    assert_eq!(rejected, 10);
}

#[tokio::test]
async fn raw_json_is_published_as_it_was_written() {
    let (_broker, printer, mut peer) = online(|_| {}).await;
    let seed = r#"{"print":{"command":"set_nozzle_temp","param":"220"}}"#;
    let (ack, body) = tokio::join!(printer.publish(seed), peer.obey("set_nozzle_temp", "fail"));
    assert!(ack.unwrap().is_failure());
    assert_eq!(body["param"], "220");
    assert!(matches!(printer.publish("[]").await, Err(PublishError::NoRequest(_))));
}

#[tokio::test]
async fn events_tell_the_end_of_a_job_once() {
    let (_broker, printer, mut peer) = online(|_| {}).await;
    let mut events = printer.events().with_progress_step(50);
    let (next, ()) = tokio::join!(events.next(), async {
        peer.report(SERIAL, &state(r#""mc_percent":50"#)).await;
    });
    assert!(matches!(next, Some(Event::PrintProgress { percent: 50, .. })), "{next:?}");
    peer.report(SERIAL, &state(r#""mc_percent":100,"gcode_state":"FINISH""#)).await;
    let mut told = Vec::new();
    while told.last() != Some(&"print.completed") {
        told.push(events.next().await.unwrap().name());
    }
    assert_eq!(told.iter().filter(|name| **name == "print.completed").count(), 1);
    drop(printer);
    assert_eq!(events.next().await.map(|event| event.name()), Some("device.offline"));
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn the_whole_status_is_there_when_it_was_asked_for() {
    let (_broker, printer, mut peer) = online(|_| {}).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let (status, ()) = tokio::join!(printer.request_full_status(), async {
        peer.expect("pushall").await;
        peer.report(SERIAL, &FULL.replace("45", "77")).await;
    });
    assert_eq!(status.unwrap().job.progress_percent, Some(77));
    let link = connect_lan(target(1), bambulab::Options::default());
    let nobody = Printer::from(link);
    assert!(matches!(
        nobody.send(Request::GetVersion).await,
        Err(CommandError::NotSent(SendError::Connecting | SendError::Offline(_)))
    ));
}
