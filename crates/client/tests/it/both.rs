//! One printer that is known on the LAN and in the cloud.

use std::{sync::Arc, time::Duration};

use bambulab::{
    CloudSession, Connection, Link, Reason, SendError, Snapshot, Timing, Way, connect_both,
    protocol::{
        mqtt::Packet,
        request::{Job, Request},
    },
};
use tokio::time::timeout;

use crate::fake::{Broker, Ca, Peer, SERIAL, login, options, target, until};

struct World {
    lan: Broker,
    cloud: Broker,
    session: CloudSession,
    link: Link,
}

fn full(percent: u8) -> String {
    format!(
        r#"{{"print":{{"command":"push_status","msg":0,"gcode_state":"RUNNING","mc_percent":{percent}}}}}"#
    )
}

fn at(percent: u8, time: u64) -> String {
    full(percent).replace("{\"print\"", &format!("{{\"t_utc\":{time},\"print\""))
}

impl World {
    async fn new(timing: impl Fn(&mut Timing)) -> Self {
        let ca = Ca::new();
        let (lan, cloud) = (Broker::new(ca.printer(SERIAL)).await, Broker::new(ca.cloud()).await);
        let mut options = options(&ca);
        options.timing.pushall_floor = Duration::from_millis(10);
        options.timing.lan_silence = Duration::from_millis(1500);
        timing(&mut options.timing);
        let session = CloudSession::connect(login(&cloud), options.clone());
        let link = connect_both(target(lan.port()), &session, options);
        Self { lan, cloud, session, link }
    }

    /// Both brokers' sides, after the printer answered in the cloud and then on the LAN with this.
    async fn on_the_lan(&self, report: &str) -> (Peer, Peer) {
        let (mut lan, mut cloud) = (self.lan.accept().await, self.cloud.accept().await);
        tell(&mut cloud, &full(1)).await;
        tell(&mut lan, report).await;
        is_left(&mut cloud).await;
        (lan, cloud)
    }

    async fn percent(&self, percent: u8) -> Arc<Snapshot> {
        until(&self.link, |s| {
            s.status.job.progress_percent == Some(percent) && s.connection == Connection::Online
        })
        .await
    }
}

/// Answers what is asked until a whole status was, and that with this one.
async fn tell(peer: &mut Peer, report: &str) {
    while let Some((serial, json)) = peer.request().await {
        if json["pushing"]["command"] == "pushall" {
            return peer.report(&serial, report).await;
        }
    }
    panic!("hung up before it asked for anything");
}

async fn is_left(peer: &mut Peer) {
    while let Some(packet) = peer.packet().await {
        if let Packet::Unsubscribe(unsubscribe) = packet {
            assert_eq!(unsubscribe.filters, [format!("device/{SERIAL}/report")]);
            return;
        }
    }
    panic!("the session ended");
}

/// Every connection that readers saw while `work` was done.
async fn seen_during(link: &Link, work: impl Future<Output = ()>) -> Vec<Connection> {
    let mut updates = link.updates();
    let mut seen = vec![updates.borrow_and_update().connection.clone()];
    tokio::pin!(work);
    loop {
        tokio::select! {
            () = &mut work => return seen,
            changed = updates.changed() => {
                changed.unwrap();
                seen.push(updates.borrow_and_update().connection.clone());
            }
        }
    }
}

#[tokio::test]
async fn the_lan_is_read_while_it_answers_and_the_cloud_while_it_does_not() {
    let world = World::new(|_| {}).await;
    // The cloud is there first, and left as soon as the printer answers on the LAN.
    let mut cloud = world.cloud.accept().await;
    tell(&mut cloud, &full(10)).await;
    world.percent(10).await;
    let reported = || world.link.report().unwrap()["print"]["mc_percent"].clone();
    assert_eq!(reported(), 10);
    let mut raw = world.link.raw();
    let mut lan = world.lan.accept().await;
    tell(&mut lan, &full(11)).await;
    world.percent(11).await;
    assert_eq!(reported(), 11);
    assert_eq!(raw.recv().await.unwrap(), full(11));
    is_left(&mut cloud).await;
    // What still comes from there is older than what the LAN said.
    cloud.report(SERIAL, &full(9)).await;
    lan.report(SERIAL, &full(12)).await;
    world.percent(12).await;

    // Silence: asked after half of it, then the cloud is taken again, in the same session.
    let seen = seen_during(&world.link, async {
        lan.expect("get_version").await;
        tell(&mut cloud, &full(13)).await;
        world.percent(13).await;
    })
    .await;
    assert!(seen.iter().all(|c| *c == Connection::Online), "{seen:?}");
    assert!(world.cloud.is_quiet_for(Duration::from_millis(50)).await, "no second session");

    // A change alone brings the LAN not back, since more may have been missed.
    let seen = seen_during(&world.link, async {
        lan.report(SERIAL, r#"{"print":{"command":"push_status","msg":1,"mc_percent":1}}"#).await;
        tell(&mut lan, &full(14)).await;
        world.percent(14).await;
        is_left(&mut cloud).await;
    })
    .await;
    assert!(seen.iter().all(|c| *c == Connection::Online), "{seen:?}");
    assert!(world.link.snapshot().reports >= 5);

    world.link.close().await;
    assert_eq!(world.link.snapshot().connection, Connection::Offline(Reason::Closed));
    world.session.close().await;
}

#[tokio::test]
async fn a_lan_that_breaks_is_bridged_by_the_cloud_and_tried_again() {
    let world = World::new(|timing| timing.lan_silence = Duration::from_secs(6)).await;
    let (lan, mut cloud) = world.on_the_lan(&full(20)).await;
    world.percent(20).await;
    let seen = seen_during(&world.link, async {
        drop(lan);
        tell(&mut cloud, &full(21)).await;
        world.percent(21).await;
        let mut lan = world.lan.accept().await;
        tell(&mut lan, &full(22)).await;
        world.percent(22).await;
        is_left(&mut cloud).await;
        lan.report(SERIAL, &full(23)).await;
        world.percent(23).await;
    })
    .await;
    assert!(seen.iter().all(|c| *c == Connection::Online), "{seen:?}");
    // The session goes when nobody needs it any more.
    drop(world.session);
    drop(world.link);
    assert_eq!(cloud.packet().await, Some(Packet::Disconnect));
}

#[tokio::test]
async fn a_request_takes_one_way_and_is_never_repeated_on_the_other() {
    let world = World::new(|timing| timing.lan_silence = Duration::from_secs(6)).await;
    let (mut lan, mut cloud) = world.on_the_lan(&full(30)).await;
    world.percent(30).await;
    let asker = tokio::spawn({
        let link = world.link.clone();
        async move { link.send(Request::Job(Job::Pause)).await }
    });
    lan.expect("pause").await;
    drop(lan);
    assert_eq!(asker.await.unwrap(), Err(SendError::Lost));
    // The cloud is taken for what is sent from now on, and asked nothing but its own questions.
    let mut asked = Vec::new();
    while let Some((_, json)) = cloud.request().await {
        asked.push(json.clone());
        if json["pushing"]["command"] == "pushall" {
            break;
        }
    }
    assert!(asked.iter().all(|json| json.get("print").is_none()), "{asked:?}");
    cloud.report(SERIAL, &full(31)).await;
    world.percent(31).await;
    let (sent, ()) = tokio::join!(world.link.send(Request::Job(Job::Resume)), async {
        let id = cloud.expect("resume").await["sequence_id"].as_str().unwrap().to_owned();
        let answer = format!(r#"{{"print":{{"sequence_id":{id},"result":"SUCCESS"}}}}"#);
        cloud.report(SERIAL, &answer).await;
    });
    assert!(sent.unwrap().is_success());
}

#[tokio::test]
async fn with_neither_way_the_status_is_soon_not_live_any_more() {
    let world = World::new(|timing| timing.lan_silence = Duration::from_millis(300)).await;
    let (lan, cloud) = world.on_the_lan(&full(40)).await;
    world.percent(40).await;
    drop((lan, cloud));
    // Both brokers take connections and say nothing.
    let snapshot = until(&world.link, |s| s.connection != Connection::Online).await;
    assert_eq!(snapshot.status.online, Some(false));
    assert_eq!(snapshot.status.job.progress_percent, Some(40), "the last that was live");
    let mut lan = world.lan.accept().await;
    tell(&mut lan, &full(41)).await;
    world.percent(41).await;
}

#[tokio::test]
async fn a_report_made_earlier_is_not_shown_after_a_later_one() {
    let world = World::new(|timing| timing.lan_silence = Duration::from_secs(6)).await;
    let (lan, mut cloud) = world.on_the_lan(&at(50, 1_700_000_005_000)).await;
    world.percent(50).await;
    let link = world.link.clone();
    let mut updates = link.updates();
    updates.mark_unchanged();
    drop(lan);
    tell(&mut cloud, &at(49, 1_700_000_004_000)).await;
    assert!(timeout(Duration::from_millis(200), updates.changed()).await.is_err());
    cloud.report(SERIAL, &at(51, 1_700_000_006_000)).await;
    world.percent(51).await;
}

#[tokio::test]
async fn a_lan_that_refuses_the_code_leaves_the_cloud() {
    let world = World::new(|_| {}).await;
    drop(world.lan.answer(bambulab::protocol::mqtt::ConnectCode::NotAuthorized).await);
    let mut cloud = world.cloud.accept().await;
    tell(&mut cloud, &full(60)).await;
    assert_eq!(world.link.ready().await.unwrap().status.job.progress_percent, Some(60));
}

#[tokio::test]
async fn a_link_over_the_cloud_alone_stays_when_the_other_leaves_it() {
    let world = World::new(|_| {}).await;
    let alone = world.session.printer(SERIAL.parse().unwrap(), None, None);
    let (mut lan, mut cloud) = (world.lan.accept().await, world.cloud.accept().await);
    tell(&mut lan, &full(70)).await;
    tell(&mut cloud, &full(70)).await;
    alone.ready().await.unwrap();
    world.percent(70).await;
    cloud.report(SERIAL, &full(71)).await;
    until(&alone, |s| s.status.job.progress_percent == Some(71)).await;
    lan.report(SERIAL, &full(72)).await;
    world.percent(72).await;
}

#[tokio::test]
async fn an_answer_on_the_way_that_is_being_left_still_finds_its_asker() {
    let world = World::new(|timing| timing.lan_silence = Duration::from_secs(6)).await;
    let mut cloud = world.cloud.accept().await;
    tell(&mut cloud, &full(80)).await;
    world.percent(80).await;
    assert_eq!(world.link.way(), Way::Cloud);
    let asker = tokio::spawn({
        let link = world.link.clone();
        async move { link.send(Request::Job(Job::Pause)).await }
    });
    let id = cloud.expect("pause").await["sequence_id"].as_str().unwrap().to_owned();
    let mut lan = world.lan.accept().await;
    tell(&mut lan, &full(81)).await;
    world.percent(81).await;
    assert_eq!(world.link.way(), Way::Lan);
    let answer = format!(r#"{{"print":{{"sequence_id":"{id}","result":"success"}}}}"#);
    cloud.report(SERIAL, &answer).await;
    assert!(asker.await.unwrap().unwrap().is_success());
    is_left(&mut cloud).await;
}
