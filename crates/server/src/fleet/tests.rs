use bambulab::link::Connection;

use super::*;

fn printer(serial: &str) -> (watch::Sender<Arc<Snapshot>>, Serial) {
    (watch::Sender::new(Arc::new(snapshot(0))), serial.parse().unwrap())
}

fn snapshot(reports: u64) -> Snapshot {
    Snapshot {
        status: Arc::default(),
        connection: Connection::Online,
        reports,
        complete: true,
        heard: None,
    }
}

#[tokio::test]
async fn each_printer_is_seen_first_as_it_is_and_then_as_it_changes() {
    let (a, first) = printer("A");
    let (b, second) = printer("B");
    let both = [(first, a.subscribe()), (second, b.subscribe())];
    let mut updates = Updates::of(both.into_iter());
    let mut seen = Vec::new();
    for _ in 0..2 {
        seen.push(updates.next().await.unwrap().0.to_string());
    }
    seen.sort();
    assert_eq!(seen, ["A", "B"]);

    b.send_replace(Arc::new(snapshot(1)));
    b.send_replace(Arc::new(snapshot(2)));
    let (serial, snapshot) = updates.next().await.unwrap();
    assert_eq!((serial.as_str(), snapshot.reports), ("B", 2));
}

#[tokio::test]
async fn the_stream_ends_with_the_last_link() {
    let (a, serial) = printer("A");
    let mut updates = Updates::of(std::iter::once((serial, a.subscribe())));
    assert!(updates.next().await.is_some());
    drop(a);
    assert!(updates.next().await.is_none());
}
