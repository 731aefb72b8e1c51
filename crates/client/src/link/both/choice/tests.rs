use super::*;
use crate::link::Reason;

const LOST: Connection = Connection::Offline(Reason::NotAllowed);

fn seen<'a>(lan: &'a Connection, cloud: Option<&'a Connection>) -> Seen<'a> {
    Seen { lan, lan_is_older: false, cloud, cloud_is_older: false }
}

struct Run {
    choice: Choice,
    start: Instant,
    timing: Timing,
}

impl Run {
    fn new() -> Self {
        Self { choice: Choice::new(), start: Instant::now(), timing: Timing::default() }
    }

    /// What readers see, over which way, and whether the cloud is taken.
    fn at(
        &mut self,
        second: u64,
        lan: &Connection,
        cloud: Option<&Connection>,
    ) -> (Connection, Way, bool) {
        let now = self.start + Duration::from_secs(second);
        self.choice.judge(now, &self.timing, seen(lan, cloud));
        let next = self.choice.next();
        assert!(next.is_none_or(|next| next > now), "never a moment that has passed");
        (self.choice.shown(lan, cloud), self.choice.way(), self.choice.needs_cloud())
    }
}

use Connection::{Connecting, Online, Stale};

#[test]
fn the_cloud_bridges_a_silent_lan_and_no_reader_sees_it() {
    let mut run = Run::new();
    assert_eq!(run.at(0, &Connecting, None), (Connecting, Way::Lan, true));
    assert_eq!(run.at(1, &Connecting, Some(&Online)), (Online, Way::Cloud, true));
    assert_eq!(run.at(2, &Online, Some(&Online)), (Online, Way::Lan, false));
    assert_eq!(run.at(40, &Stale, None), (Online, Way::Lan, true));
    assert_eq!(run.at(41, &Stale, Some(&Connecting)), (Online, Way::Lan, true));
    assert_eq!(run.at(42, &LOST, Some(&Online)), (Online, Way::Cloud, true));
    assert_eq!(run.at(80, &Connecting, Some(&Online)), (Online, Way::Cloud, true));
    assert_eq!(run.at(81, &Online, Some(&Online)), (Online, Way::Lan, false));
}

#[test]
fn without_any_way_the_status_is_live_no_longer_than_the_silence_that_is_borne() {
    let mut run = Run::new();
    run.at(0, &Online, None);
    assert_eq!(run.at(10, &Stale, Some(&Connecting)).0, Online);
    assert_eq!(run.choice.next(), Some(run.start + Duration::from_secs(16)));
    assert_eq!(run.at(16, &Stale, Some(&Connecting)).0, Stale);
    assert_eq!(run.at(30, &LOST, Some(&Connecting)).0, Connecting);
    assert_eq!(run.at(31, &Online, Some(&Connecting)).0, Online);
    // Nobody is left who could take over.
    assert_eq!(run.at(32, &LOST, Some(&LOST)).0, LOST);
}

#[test]
fn of_two_failures_the_one_that_may_pass_is_told() {
    let mut run = Run::new();
    let passing = Connection::Offline(Reason::Lost("x".into()));
    assert_eq!(run.at(0, &LOST, Some(&passing)).0, passing);
    assert_eq!(run.at(0, &passing, Some(&LOST)).0, passing);
    let closed = Connection::Offline(Reason::Closed);
    assert_eq!(run.at(0, &LOST, Some(&closed)).0, LOST);
}

#[test]
fn a_lan_that_comes_and_goes_has_to_hold_longer_each_time() {
    let mut run = Run::new();
    let mut returns = Vec::new();
    let mut second = 0;
    for _ in 0..5 {
        run.at(second, &Online, Some(&Online));
        run.at(second + 1, &Stale, Some(&Online));
        let back = second + 2;
        let mut waited = 0;
        while run.at(back + waited, &Online, Some(&Online)).1 == Way::Cloud {
            waited += 1;
        }
        returns.push(waited);
        second = back + waited;
    }
    assert_eq!(returns, [0, 6, 12, 24, 48]);
    run.at(second + 1, &Stale, Some(&Online));
    // The cloud is gone: better now than never.
    assert_eq!(run.at(second + 2, &Online, Some(&LOST)).1, Way::Lan);
    run.at(second + 100, &Stale, Some(&Online));
    assert_eq!(run.at(second + 101, &Online, Some(&Online)).1, Way::Lan, "it had held");
}

#[test]
fn a_report_older_than_the_one_shown_changes_no_way() {
    let mut choice = Choice::new();
    let (now, timing) = (Instant::now(), Timing::default());
    choice.judge(now, &timing, seen(&Online, None));
    let older = Seen { cloud_is_older: true, ..seen(&Stale, Some(&Online)) };
    choice.judge(now, &timing, older);
    assert_eq!(choice.way(), Way::Lan);
    choice.judge(now, &timing, seen(&Stale, Some(&Online)));
    let older = Seen { lan_is_older: true, ..seen(&Online, Some(&Online)) };
    choice.judge(now, &timing, older);
    assert_eq!((choice.way(), choice.next()), (Way::Cloud, None));
}
