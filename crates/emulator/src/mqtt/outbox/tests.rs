use bytes::Bytes;

use super::*;

const LIMITS: Limits = Limits {
    max_packet: 1000,
    max_connections: 1,
    max_subscriptions: 1,
    queue_messages: 4,
    queue_bytes: 1000,
    handshake: std::time::Duration::ZERO,
};

fn frame(topic: &str, size: usize, acknowledged: bool) -> Frame {
    Frame::new(topic, &Bytes::from(vec![b'x'; size]), acknowledged).unwrap()
}

fn sent(outbox: &mut Outbox) -> (Option<Box<str>>, Vec<(String, u16)>) {
    let batch = outbox.next().unwrap();
    let frames = batch.frames.iter().map(|(frame, id)| (frame.topic().to_owned(), *id)).collect();
    (batch.resync, frames)
}

#[test]
fn a_full_queue_is_dropped_and_every_topic_in_it_comes_in_full() {
    let mut outbox = Outbox::default();
    for topic in ["a", "b", "a", "a"] {
        assert!(!outbox.push(&frame(topic, 1, false), &LIMITS).overflowed);
    }
    assert!(outbox.push(&frame("c", 1, false), &LIMITS).overflowed);
    // Older than the full status that is due: would take the reader back in time.
    outbox.push(&frame("a", 1, false), &LIMITS);
    outbox.push(&frame("d", 1, false), &LIMITS);
    assert_eq!(sent(&mut outbox), (Some("a".into()), vec![("d".to_owned(), 0)]));
    outbox.push(&frame("a", 1, false), &LIMITS);
    assert_eq!(sent(&mut outbox), (Some("b".into()), vec![("a".to_owned(), 0)]));
    assert_eq!(sent(&mut outbox), (Some("c".into()), vec![]));
    assert!(outbox.next().is_none());
}

#[test]
fn bytes_are_bounded_as_messages_are() {
    let mut outbox = Outbox::default();
    assert!(!outbox.push(&frame("a", 900, false), &LIMITS).overflowed);
    assert!(outbox.push(&frame("a", 900, false), &LIMITS).overflowed);
    assert_eq!((outbox.frames.len(), outbox.bytes), (0, 0));
    assert_eq!(sent(&mut outbox), (Some("a".into()), vec![]));
    assert!(!outbox.push(&frame("a", 900, false), &LIMITS).overflowed);
}

#[test]
fn reports_lost_on_the_way_here_are_made_good() {
    let mut outbox = Outbox::default();
    outbox.push(&frame("a", 1, false), &LIMITS);
    outbox.push(&frame("b", 1, false), &LIMITS);
    outbox.push_resync("a");
    assert_eq!(sent(&mut outbox), (Some("a".into()), vec![("b".to_owned(), 0)]));
}

#[test]
fn a_sleeping_writer_is_woken_once() {
    let mut outbox = Outbox::default();
    assert!(!outbox.push(&frame("a", 1, false), &LIMITS).wake);
    sent(&mut outbox);
    assert!(outbox.next().is_none());
    assert!(outbox.push(&frame("a", 1, false), &LIMITS).wake);
    assert!(!outbox.push(&frame("a", 1, false), &LIMITS).wake);
}

#[test]
fn acknowledged_messages_stop_at_the_window_and_no_number_is_used_twice() {
    let limits = Limits { queue_messages: 5000, queue_bytes: 1 << 20, ..LIMITS };
    let mut outbox = Outbox { last_id: u16::MAX - 10, ..Outbox::default() };
    for _ in 0..2 * WINDOW {
        outbox.push(&frame("a", 1, true), &limits);
    }
    let (_, first) = sent(&mut outbox);
    assert_eq!(first.len(), WINDOW);
    assert!(outbox.next().is_none());
    let unique: HashSet<u16> = first.iter().map(|(_, id)| *id).collect();
    assert!(unique.len() == WINDOW && !unique.contains(&0));
    let wakes = unique.iter().filter(|id| outbox.acknowledge(**id)).count();
    assert_eq!(wakes, 1);
    assert_eq!(sent(&mut outbox).1.len(), WINDOW);
}

#[test]
fn a_closed_outbox_takes_nothing_more() {
    let mut outbox = Outbox::default();
    outbox.push(&frame("a", 1, false), &LIMITS);
    outbox.close();
    outbox.push(&frame("a", 1, false), &LIMITS);
    outbox.push_resync("a");
    assert!(outbox.next().is_none());
}

#[test]
fn a_client_that_never_reads_its_answers_is_given_up() {
    let mut outbox = Outbox::default();
    let taken = (0..100_000).take_while(|_| outbox.answer(&Packet::PingResp).is_some()).count();
    assert!(taken <= MAX_ANSWERS);
}

#[test]
fn full_statuses_go_round_and_are_not_crowded_out_by_messages() {
    let mut outbox = Outbox::default();
    for topic in ["a", "b", "c"] {
        outbox.push_resync(topic);
    }
    let mut turns = Vec::new();
    for _ in 0..5 {
        // The one that was served is due again at once, and others talk all the time.
        for _ in 0..20 {
            outbox.push(&frame("z", 10, false), &Limits::default());
        }
        let (topic, messages) = sent(&mut outbox);
        assert!((1..=BESIDE_FULL).contains(&messages.len()));
        let topic = topic.unwrap();
        outbox.push_resync(&topic);
        turns.push(topic.to_string());
    }
    assert_eq!(turns, ["a", "b", "c", "a", "b"]);
}
