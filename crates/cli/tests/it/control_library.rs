//! The library's `Printer` against simulated printers: what it calls done is done, and why not.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bambu_emulator::{
    faults::Fault,
    machine::Machine as _,
    simulator,
    world::{Config, State, World},
};
use bambu_protocol::{AccessCode, Model, Serial};
use bambulab::{
    BrokerAddress, CloudLogin, CloudSession, CommandError, Connection, LanTarget, Options, Printer,
    Roots, SendOptions, Timing, Token, Way, connect_both,
    protocol::{
        command::{Command, Refusal},
        request::{LightMode, LightNode, SpeedLevel, System},
        status::{PrinterState, Status},
        verify::Outcome,
    },
};
use futures_util::future::join_all;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::world::PATIENCE;

const MODELS: [Model; 4] = [Model::P1S, Model::X1C, Model::A1Mini, Model::H2D];

struct Simulated {
    world: World,
    options: Options,
}

impl Simulated {
    async fn new(models: &[Model], state: State) -> Self {
        let models = models.to_vec();
        let config = Config { printers: models.len(), models, state, ..Config::default() };
        let world = World::start(config, CancellationToken::new()).await.unwrap();
        let roots = Roots::public().with_pem_file(&world.ready().ca_file).unwrap();
        let timing = Timing {
            retry_first: Duration::from_millis(100),
            retry_max: Duration::from_millis(500),
            lan_silence: Duration::from_secs(3),
            ..Timing::default()
        };
        Self { world, options: Options { roots, timing, ..Options::default() } }
    }

    fn target(&self, number: usize) -> LanTarget {
        let entry = &self.world.ready().printers[number];
        let serial = Serial::new(&entry.serial).unwrap();
        let code = AccessCode::new(&entry.access_code);
        LanTarget { port: entry.mqtt_port, ..LanTarget::new(serial, &entry.host, code) }
    }

    async fn lan(&self, number: usize) -> Printer {
        let printer = Printer::connect(self.target(number), self.options.clone());
        timeout(PATIENCE, printer.ready()).await.unwrap().unwrap();
        printer
    }

    fn session(&self) -> CloudSession {
        let ready = self.world.ready();
        let broker = BrokerAddress { host: ready.mqtt.host.clone(), port: ready.mqtt.port };
        let (uid, token) = (ready.account.uid.clone(), Token::new(&ready.account.token));
        CloudSession::connect(CloudLogin { uid, token, broker }, self.options.clone())
    }

    fn simulated(&self, number: usize) -> &Arc<simulator::Printer> {
        &self.world.printers()[number]
    }
}

async fn until(printer: &Printer, wanted: impl Fn(&Status) -> bool) {
    let mut updates = printer.updates();
    let found = timeout(PATIENCE, updates.wait_for(|snapshot| wanted(&snapshot.status))).await;
    found.unwrap_or_else(|_| panic!("never came: {:?}", printer.snapshot())).unwrap();
}

/// Waits until this way is used. The status must stay live meanwhile.
async fn over(printer: &Printer, way: Way) {
    let end = Instant::now() + PATIENCE;
    while printer.link().way() != way {
        assert!(Instant::now() < end, "never over {way:?}: {:?}", printer.snapshot().connection);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn done(printer: &Printer, command: Command) {
    let outcome = timeout(PATIENCE, printer.send(command.clone())).await.unwrap();
    assert_eq!(outcome, Ok(Outcome::Confirmed), "{command:?} of {:?}", printer.status().model);
}

#[tokio::test]
async fn temperatures_lights_and_fans_of_each_model_are_set_and_the_status_shows_it() {
    let world = Simulated::new(&MODELS, State::Idle).await;
    let world = &world;
    join_all((0..MODELS.len()).map(|number| async move {
        let printer = world.lan(number).await;
        assert_eq!(printer.set_nozzle_temp(180).await, Ok(Outcome::Confirmed));
        assert_eq!(printer.set_bed_temp(60).await, Ok(Outcome::Confirmed));
        let temperatures = printer.status().temperatures.clone();
        assert_eq!(temperatures.bed.target, Some(60.0));
        assert!(temperatures.nozzles.iter().any(|nozzle| nozzle.target == Some(180.0)));
        assert_eq!(printer.set_fan_speed(50).await, Ok(Outcome::Confirmed));
        done(&printer, Command::Light { node: None, mode: LightMode::On }).await;
        done(&printer, Command::Light { node: Some(LightNode::Chamber), mode: LightMode::Off })
            .await;
        match printer.set_chamber_temp(45).await {
            Ok(Outcome::Confirmed) => assert_eq!(printer.status().model, Some(Model::H2D)),
            Err(CommandError::Refused(refusal)) => assert_eq!(refusal.word(), "not_on_this_model"),
            other => panic!("{other:?}"),
        }
        let hot = printer.set_bed_temp(200).await;
        assert!(matches!(hot, Err(CommandError::Refused(Refusal::OutOfRange { .. }))), "{hot:?}");
        printer.close().await;
    }))
    .await;
}

#[tokio::test]
async fn a_job_is_held_goes_on_changes_speed_and_ends() {
    let world = Simulated::new(&[Model::P1S, Model::H2D], State::Printing).await;
    for number in 0..2 {
        let printer = world.lan(number).await;
        until(&printer, |status| status.state == PrinterState::Running).await;
        let mut events = printer.events();
        done(&printer, Command::Speed(SpeedLevel::Sport)).await;
        done(&printer, Command::Pause).await;
        let twice = printer.pause().await;
        assert!(
            matches!(twice, Err(CommandError::Refused(Refusal::NothingTo { .. }))),
            "{twice:?}"
        );
        done(&printer, Command::Resume).await;
        done(&printer, Command::Stop).await;
        let mut told = Vec::new();
        while told.last() != Some(&"print.cancelled") {
            told.push(timeout(PATIENCE, events.next()).await.unwrap().unwrap().name());
        }
        for name in ["print.paused", "print.resumed"] {
            assert_eq!(told.iter().filter(|told| **told == name).count(), 1, "{name}: {told:?}");
        }
        let nothing = printer.stop().await;
        assert!(matches!(nothing, Err(CommandError::Refused(Refusal::NothingTo { .. }))));
    }
}

#[tokio::test]
async fn what_is_acknowledged_and_ignored_is_never_called_done() {
    let world = Simulated::new(&MODELS, State::Idle).await;
    let world = &world;
    join_all((0..MODELS.len()).map(|number| async move {
        world.simulated(number).spec().faults.set(Fault::AckAndIgnore, 1.0);
        let printer = world.lan(number).await;
        let quick = SendOptions { wait: Some(Duration::from_secs(1)), ..SendOptions::default() };
        let mode = match printer.status().lights.chamber.as_deref() {
            Some("on") => LightMode::Off,
            _ => LightMode::On,
        };
        for command in [
            Command::Bed(61),
            Command::Nozzle { extruder: None, celsius: 175 },
            Command::Light { node: Some(LightNode::Chamber), mode },
        ] {
            let outcome = printer.send_with(command.clone(), quick).await;
            let is_honest = matches!(outcome, Ok(Outcome::Unconfirmed { .. }));
            assert!(is_honest, "{command:?} {outcome:?} {:?}", printer.status().model);
        }
    }))
    .await;
}

#[tokio::test]
async fn without_developer_mode_a_command_is_refused_and_the_reason_names_it() {
    let world = Simulated::new(&MODELS, State::Printing).await;
    for number in 0..MODELS.len() {
        world.simulated(number).set_developer_mode(false);
        let printer = world.lan(number).await;
        until(&printer, |status| status.state == PrinterState::Running).await;
        let outcome = timeout(PATIENCE, printer.send_forced(Command::Pause)).await.unwrap();
        let names_it = match &outcome {
            Ok(Outcome::Rejected(rejection)) => rejection.needs_developer_mode,
            _ => false,
        };
        assert!(names_it, "{outcome:?} {:?}", printer.status().model);
        assert_eq!(printer.status().state, PrinterState::Running);
    }
}

#[tokio::test]
async fn a_cut_lan_is_bridged_by_the_cloud_and_taken_again() {
    let world = Simulated::new(&[Model::P1S], State::Printing).await;
    let session = world.session();
    let link = connect_both(world.target(0), &session, world.options.clone());
    let printer = Printer::from(link);
    timeout(PATIENCE, printer.ready()).await.unwrap().unwrap();
    let mut events = printer.events();
    let faults = world.simulated(0).spec().faults.clone();
    let serial = printer.serial().clone();

    // Twice, so that coming back is tried as well.
    for percent in [30, 60] {
        over(&printer, Way::Lan).await;
        // In the cloud it is off: whatever comes now comes over the LAN.
        world.world.switchboard().set_online(&serial, false);
        assert_eq!(printer.set_fan_speed(percent).await, Ok(Outcome::Confirmed));
        world.world.switchboard().set_online(&serial, true);
        // On the LAN it is cut: whatever comes now comes over the cloud.
        faults.set(Fault::RefuseConnections, 1.0);
        faults.set(Fault::DropConnections, 1.0);
        over(&printer, Way::Cloud).await;
        assert_eq!(printer.set_fan_speed(percent + 10).await, Ok(Outcome::Confirmed));
        faults.clear_all();
    }
    over(&printer, Way::Lan).await;
    // A LAN that only falls silent is bridged as well.
    faults.set(Fault::Stall, 1.0);
    over(&printer, Way::Cloud).await;
    assert_eq!(printer.set_fan_speed(90).await, Ok(Outcome::Confirmed));
    assert_eq!(printer.snapshot().connection, Connection::Online);
    printer.close().await;
    session.close().await;
    let mut told = Vec::new();
    while let Some(event) = timeout(PATIENCE, events.next()).await.unwrap() {
        told.push(event.name());
    }
    let offline = told.iter().filter(|name| **name == "device.offline").count();
    assert_eq!(offline, 1, "only at its end: {told:?}");
}

#[tokio::test]
async fn a_restart_is_a_connection_that_ends_and_not_a_word() {
    let world = Simulated::new(&[Model::A1, Model::X2D], State::Idle).await;
    let reboot = || Command::from(System::Reboot);
    let soon = SendOptions { wait: Some(Duration::from_secs(1)), ..SendOptions::default() };
    let a1 = world.lan(0).await;
    world.simulated(0).faults().set(Fault::AckAndIgnore, 1.0);
    let ignored = a1.send_with(reboot(), soon).await;
    assert!(matches!(ignored, Ok(Outcome::Unconfirmed { .. })), "{ignored:?}");
    world.simulated(0).faults().set(Fault::AckAndIgnore, 0.0);
    assert_eq!(timeout(PATIENCE, a1.send(reboot())).await.unwrap(), Ok(Outcome::Accepted));
    // The second light of an X2D shows nowhere: the first one tells.
    done(&world.lan(1).await, Command::Light { node: None, mode: LightMode::Off }).await;
}
