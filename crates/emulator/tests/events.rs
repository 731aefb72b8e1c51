//! Two jobs of a simulated model of each family, watched report by report: the events of a life, each once.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{sync::Arc, time::Duration};

use bambu_emulator::{
    machine::Machine,
    simulator::{Job, Printer, PrinterSpec},
};
use bambu_protocol::{
    AccessCode, Model, Serial,
    event::{Event, Watcher},
    report::State,
    request::{Job as Ask, Request, SequenceId},
    status::PrinterState,
};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

fn say(printer: &Printer, request: impl Into<Request>) {
    printer.request(request.into().json(SequenceId::from_random(7)).as_bytes());
}

/// What happened up to the end of the job, with a whole report now and then.
async fn watched(model: Model) -> Vec<Event> {
    let serial = Serial::new(&format!("{}00A000000001", model.serial_prefix())).unwrap();
    let printer = Printer::new(PrinterSpec::new(serial, model, AccessCode::new("12345678")));
    let shutdown = CancellationToken::new();
    tokio::spawn(Arc::clone(&printer).run(shutdown.clone()));
    let mut reports = printer.reports();
    let (mut state, mut watcher) = (State::new(), Watcher::new());
    let mut told = Vec::new();
    say(&printer, Request::GetVersion);
    say(&printer, Request::PushAll);
    let mut seconds = 0;
    let mut jobs = 0;
    while jobs < 2 {
        sleep(Duration::from_secs(1)).await;
        seconds += 1;
        assert!(seconds < 20_000, "{model}: {told:?}");
        while let Ok(report) = reports.try_recv() {
            state.apply(&report).unwrap();
            if state.has_full() {
                told.extend(watcher.observe(&state.status()));
            }
        }
        let status = state.status();
        let ended = ["print.completed", "print.cancelled", "print.failed"];
        jobs = told.iter().filter(|event| ended.contains(&event.name())).count();
        match seconds {
            5 => printer.start_print(Job::local("cube", 12, 4.0)).unwrap(),
            300 => say(&printer, Ask::Pause),
            330 => say(&printer, Ask::Resume),
            _ if seconds % 100 == 0 => say(&printer, Request::PushAll),
            _ if jobs == 1 && status.state == PrinterState::Finished => {
                // Busy until a report says that it began.
                let _ = printer.start_print(Job::local("gear", 12, 4.0));
            }
            _ if jobs == 1 && status.job.layer == Some(3) => say(&printer, Ask::Stop),
            _ => {}
        }
    }
    shutdown.cancel();
    told
}

#[tokio::test(start_paused = true)]
async fn a_simulated_model_of_each_family_tells_the_events_of_two_jobs_once() {
    for model in [Model::X1C, Model::P1S, Model::A1Mini, Model::P2S, Model::H2D] {
        let events = watched(model).await;
        let names: Vec<_> = events.iter().map(Event::name).collect();
        let count = |name: &str| names.iter().filter(|one| **one == name).count();
        for (name, times) in [
            ("print.started", 2),
            ("print.paused", 1),
            ("print.resumed", 1),
            ("print.completed", 1),
            ("print.cancelled", 1),
            ("print.failed", 0),
            ("error.raised", 0),
        ] {
            assert_eq!(count(name), times, "{model} {name}: {names:?}");
        }
        let steps: Vec<u8> = events
            .iter()
            .filter_map(|event| match event {
                Event::PrintProgress { percent, .. } => Some(*percent),
                _ => None,
            })
            .take(10)
            .collect();
        assert_eq!(steps, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100], "{model}");
        assert!((14..=15).contains(&count("print.layer")), "{model}: {names:?}");
        assert!(count("temperature.reached") >= 2, "{model}: {names:?}");
    }
}
