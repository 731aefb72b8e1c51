use bambulab::{Heard, connect_lan, protocol::AccessCode, protocol::status::Status};
use bambulab::{LanTarget, Options, link::Reason};
use tokio::time::advance;

use super::*;

const LIMIT: Duration = Duration::from_secs(30);

fn snapshot(connection: Connection, heard: Option<Heard>) -> Snapshot {
    let complete = heard.is_some();
    Snapshot { status: Arc::new(Status::default()), connection, reports: 1, complete, heard }
}

fn shown(serial: &str) -> Shown {
    Shown { serial: serial.parse().unwrap(), name: None, model: None, link: None }
}

#[tokio::test(start_paused = true)]
async fn a_state_is_live_while_it_is_young_and_the_printer_is_online() {
    let roster = Roster::new(LIMIT);
    let online = snapshot(Connection::Online, Some(Heard::now()));
    let lost = snapshot(Connection::Offline(Reason::PrinterOffline), online.heard);
    let silent = snapshot(Connection::Stale, online.heard);
    advance(LIMIT).await;
    assert!(roster.freshness(&online).is_live && roster.freshness(&online).is_recent);
    for snapshot in [&lost, &silent] {
        let freshness = roster.freshness(snapshot);
        assert!(freshness.is_recent && !freshness.is_live);
    }
    advance(Duration::from_millis(1)).await;
    let freshness = roster.freshness(&online);
    assert!(!freshness.is_live && !freshness.is_recent);
    assert_eq!(freshness.age, Some(LIMIT + Duration::from_millis(1)));
}

#[tokio::test(start_paused = true)]
async fn before_the_first_whole_report_nothing_is_live() {
    let roster = Roster::new(LIMIT);
    let freshness = roster.freshness(&snapshot(Connection::Online, None));
    assert_eq!(freshness, Freshness { age: None, is_recent: false, is_live: false });
    let partly = Snapshot { complete: false, ..snapshot(Connection::Online, Some(Heard::now())) };
    assert!(!roster.freshness(&partly).is_live);
    assert!(!roster.is_live(&shown("A")));
}

#[tokio::test]
async fn whoever_waits_hears_of_those_who_come_and_go_and_not_of_new_names() {
    let roster = Roster::new(LIMIT);
    let mut changes = roster.changes();
    let mut changed = || {
        let changed = changes.has_changed().unwrap();
        changes.mark_unchanged();
        changed
    };
    roster.put(shown("A"));
    assert!(changed());
    roster.put(Shown { name: Some("Corner".to_owned()), ..shown("A") });
    assert!(!changed());
    assert_eq!(roster.printer("A").unwrap().name.as_deref(), Some("Corner"));

    // Nobody is there; a link is one all the same.
    let target = LanTarget::new("A".parse().unwrap(), "127.0.0.1", AccessCode::new("12345678"));
    let link = connect_lan(LanTarget { port: 1, ..target }, Options::default());
    let linked = Shown { link: Some(link), ..shown("A") };
    roster.put(linked.clone());
    assert!(changed() && roster.links().len() == 1);
    roster.put(Shown { name: Some("Desk".to_owned()), ..linked });
    assert!(!changed());

    roster.put(shown("B"));
    assert!(changed());
    roster.retain(|_| true);
    assert!(!changed());
    roster.retain(|printer| printer.serial.as_str() == "B");
    assert!(changed() && roster.printer("A").is_none() && roster.all().len() == 1);
}
