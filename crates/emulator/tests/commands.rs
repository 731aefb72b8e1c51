//! Every command on every model: in the form that is chosen for it, the simulated printer obeys, or
//! the command is refused before it is sent.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{sync::Arc, time::Duration};

use bambu_emulator::{
    machine::Machine,
    simulator::{Job, Printer, PrinterSpec},
};
use bambu_protocol::{
    AccessCode, Model, Serial,
    command::{Command, Filament, Refusal},
    report::{Applied, State},
    request::{
        AirDuctMode, Answer, Axis, Fan, LightMode, LightNode, Request, SequenceId, SpeedLevel,
        Steps, TrayId,
    },
    status::Status,
    verify::{Outcome, Verification},
};
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A printer that lives until the guard is dropped.
fn printer(model: Model) -> (Arc<Printer>, DropGuard) {
    let serial = Serial::new(&format!("{}00A000000001", model.serial_prefix())).unwrap();
    let printer = Printer::new(PrinterSpec::new(serial, model, AccessCode::new("12345678")));
    let shutdown = CancellationToken::new();
    tokio::spawn(printer.clone().run(shutdown.clone()));
    (printer, shutdown.drop_guard())
}

fn status(printer: &Printer) -> Status {
    let mut state = State::new().with_model(printer.spec().model);
    for request in [Request::GetVersion, Request::PushAll] {
        for report in answers(printer, &request) {
            state.apply(&report).unwrap();
        }
    }
    Status { online: Some(true), ..state.status() }
}

fn answers(printer: &Printer, request: &Request) -> Vec<Vec<u8>> {
    let mut reports = printer.reports();
    printer.request(request.json(SequenceId::from_random(7)).as_bytes());
    std::iter::from_fn(|| reports.try_recv().ok()).map(|report| report.to_vec()).collect()
}

/// What the printer says to a command: nothing speaks against it, or the answer that does. Then the
/// status has to show the effect, where there is one.
async fn obeys(printer: &Printer, command: &Command) -> Result<(), Box<str>> {
    let requests = match command.requests(&status(printer), false) {
        Ok(requests) => requests,
        Err(Refusal::NotOnThisModel { .. } | Refusal::EmptyTray(_)) => return Ok(()),
        Err(refusal) => return Err(refusal.to_string().into()),
    };
    for request in requests {
        let before = status(printer);
        let acks: Vec<_> = answers(printer, &request)
            .iter()
            .filter_map(|report| match State::new().apply(report).unwrap() {
                Applied::Ack(ack) => Some(ack),
                _ => None,
            })
            .collect();
        let is_silent = request.entry().unwrap().answer == Answer::Nothing;
        let fine = acks.iter().any(|ack| !ack.is_failure()) || is_silent && acks.is_empty();
        let mut verification = Verification::new(&request, &before);
        let mut outcome = acks.first().and_then(|ack| verification.ack(ack));
        for _ in 0..600 {
            outcome = outcome.or_else(|| verification.status(&status(printer)));
            if outcome.is_some() || is_silent {
                break;
            }
            sleep(Duration::from_secs(1)).await;
        }
        if !fine || !is_silent && !outcome.as_ref().is_some_and(Outcome::is_ok) {
            return Err(format!(
                "{} -> {acks:?} {outcome:?}",
                request.json(SequenceId::from_random(7))
            )
            .into());
        }
    }
    Ok(())
}

fn while_idle() -> Vec<Command> {
    let on = LightMode::On;
    let heat = |extruder| Command::Nozzle { extruder, celsius: 220 };
    let mut commands = vec![
        heat(None),
        heat(Some(0)),
        Command::Bed(60),
        Command::Chamber(45),
        Command::AirDuct(AirDuctMode::Heating),
        Command::AirDuct(AirDuctMode::Cooling),
        Command::Light { node: None, mode: on },
        Command::Light { node: Some(LightNode::Work), mode: on },
        Command::Light { node: Some(LightNode::Heatbed), mode: on },
        Command::Gcode("M104 S200\nG28".into()),
        Command::Home,
        Command::Extruder(0),
        Command::Jog { axis: Axis::Z, millimetres: -10.0 },
        Command::Jog { axis: Axis::X, millimetres: 3.5 },
        Command::Calibrate(Steps { bed_level: true, ..Steps::default() }),
    ];
    let fans = [Fan::Part, Fan::Aux, Fan::Chamber, Fan::AuxLeft];
    commands.extend(fans.map(|fan| Command::Fan { fan, percent: 50 }));
    commands
}

fn with_filament(status: &Status) -> Vec<Command> {
    let pla = Filament {
        id: "GFA00".into(),
        setting_id: "GFSA00".into(),
        material: "PLA".into(),
        color: "FF0000FF".into(),
        nozzle_min: 190,
        nozzle_max: 230,
    };
    let mut commands = vec![
        Command::SetFilament { tray: TrayId::EXTERNAL, filament: Some(pla.clone()) },
        Command::SetFilament { tray: TrayId::EXTERNAL, filament: None },
    ];
    for unit in &status.ams.units {
        let tray = TrayId { unit: unit.id, slot: 0 };
        commands.push(Command::SetFilament { tray, filament: Some(pla.clone()) });
        commands.push(Command::ReadTag { tray });
        let filament = String::from("PLA");
        commands.extend([
            Command::DryStart { unit: unit.id, celsius: 50, hours: 4, filament, rotate: false },
            Command::DryStop { unit: unit.id },
            Command::AmsOptions {
                read_at_power_on: Some(true),
                read_on_insert: None,
                estimate_remain: None,
            },
        ]);
    }
    commands
}

#[tokio::test(start_paused = true)]
async fn each_simulated_model_obeys_each_command_or_it_is_not_sent() {
    let mut failed = Vec::new();
    for model in Model::ALL {
        let filament = with_filament(&status(&printer(model).0));
        for command in while_idle().into_iter().chain(filament) {
            if let Err(why) = obeys(&printer(model).0, &command).await {
                failed.push(format!("{model}: {command:?}: {why}"));
            }
        }
        for unit in &status(&printer(model).0).ams.units {
            for tray in [TrayId { unit: unit.id, slot: 0 }, TrayId::EXTERNAL] {
                if let Err(why) = obeys(&printer(model).0, &Command::Load { tray }).await {
                    failed.push(format!("{model}: load {tray}: {why}"));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn each_simulated_model_obeys_the_commands_of_a_job() {
    for model in Model::ALL {
        let (printer, _alive) = printer(model);
        printer.start_print(Job::local("cube", 20, 10.0)).unwrap();
        let job = [
            Command::Speed(SpeedLevel::Sport),
            Command::Pause,
            Command::Resume,
            Command::Bed(55),
            Command::Stop,
        ];
        for command in job {
            assert_eq!(obeys(&printer, &command).await, Ok(()), "{model}: {command:?}");
        }
        let refusal = Command::Pause.requests(&status(&printer), false).unwrap_err();
        assert!(matches!(refusal, Refusal::NothingTo { .. }), "{model}: {refusal}");
    }
}
