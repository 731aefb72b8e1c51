use std::time::Duration;

use super::*;

const P1: Nature = Nature { sends_changes: true, preparing: false, told_version: true };

fn at(start: Instant, seconds: u64) -> Instant {
    start + Duration::from_secs(seconds)
}

/// What is due until `until`, with the second it was due at.
fn run(vigil: &mut Vigil, start: Instant, until: u64, nature: Nature) -> Vec<(u64, Duty)> {
    let timing = Timing::default();
    let mut seen = Vec::new();
    while let Some(next) = vigil.next(&timing, nature) {
        if next > at(start, until) {
            break;
        }
        let duty = vigil.due(next, &timing, nature).expect("due when it says so");
        seen.push(((next - start).as_secs(), duty));
        if duty == Duty::GiveUp {
            break;
        }
    }
    seen
}

#[test]
fn a_printer_that_falls_silent_is_asked_probed_twice_and_given_up() {
    let start = Instant::now();
    let mut vigil = Vigil::new(start, false);
    vigil.greeted(start);
    vigil.heard(start);
    vigil.heard_full(start);
    let seen = run(&mut vigil, start, 1000, P1);
    let wanted = [(20, Duty::StartPush), (30, Duty::Probe), (40, Duty::Probe), (50, Duty::GiveUp)];
    assert_eq!(seen, wanted);
}

#[test]
fn a_printer_that_never_spoke_is_given_up_sooner() {
    let start = Instant::now();
    let mut vigil = Vigil::new(start, false);
    assert_eq!(vigil.next(&Timing::default(), P1), None);
    vigil.greeted(start);
    let seen = run(&mut vigil, start, 1000, P1);
    assert_eq!(seen.first(), Some(&(10, Duty::Probe)));
    assert_eq!(seen.last(), Some(&(30, Duty::GiveUp)));
    vigil.sleep(at(start, 30));
    assert_eq!(run(&mut vigil, start, 700, P1), [(330, Duty::Probe), (630, Duty::Probe)]);
    assert!(vigil.heard(at(start, 640)), "it wakes up");
}

#[test]
fn a_version_that_got_lost_is_asked_for_again_while_reports_come_but_not_for_ever() {
    let start = Instant::now();
    let mut vigil = Vigil::new(start, false);
    vigil.greeted(start);
    vigil.heard_full(start);
    let nature = Nature { told_version: false, ..P1 };
    let mut seen = Vec::new();
    for second in (5..100).step_by(5) {
        vigil.heard(at(start, second));
        seen.extend(run(&mut vigil, start, second + 5, nature));
    }
    assert_eq!(seen, [(10, Duty::AskVersion), (20, Duty::AskVersion)]);
}

#[test]
fn an_unanswered_command_alone_is_no_reason_to_give_up_when_the_probe_is_answered() {
    let start = Instant::now();
    let mut vigil = Vigil::new(start, false);
    vigil.greeted(start);
    vigil.heard(start);
    vigil.heard_full(start);
    assert!(vigil.unanswered(at(start, 5)));
    assert!(!vigil.unanswered(at(start, 6)), "one probe at a time");
    vigil.answered();
    vigil.heard(at(start, 7));
    assert!(run(&mut vigil, start, 26, P1).is_empty());
    assert!(vigil.unanswered(at(start, 8)));
    vigil.heard(at(start, 17));
    assert_eq!(run(&mut vigil, start, 30, P1), [(18, Duty::GiveUp)]);
}

#[test]
fn a_printer_that_prepares_a_job_may_be_deaf_for_two_minutes() {
    let start = Instant::now();
    let mut vigil = Vigil::new(start, false);
    vigil.greeted(start);
    vigil.heard(start);
    let nature = Nature { preparing: true, ..P1 };
    let seen = run(&mut vigil, start, 1000, nature);
    assert_eq!(seen.last(), Some(&(180, Duty::GiveUp)));
}

#[test]
fn the_whole_status_is_fetched_every_five_minutes_and_only_where_changes_are_sent() {
    let timing = Timing::default();
    let start = Instant::now();
    for (nature, wanted) in [(P1, 3), (Nature { sends_changes: false, ..P1 }, 0)] {
        let mut vigil = Vigil::new(start, false);
        vigil.greeted(start);
        vigil.heard_full(start);
        let mut asked = 0;
        for second in 0..1000 {
            let now = at(start, second);
            vigil.heard(now);
            while let Some(duty) = vigil.due(now, &timing, nature) {
                assert_eq!(duty, Duty::AskFull);
                asked += 1;
            }
        }
        assert_eq!(asked, wanted);
    }
}
