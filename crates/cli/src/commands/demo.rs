//! `bambu demo`: a simulated world, watched by the real client over real sockets, and everything that
//! we serve over it. The servers are set up in `demo/servers.rs`.

mod servers;

use std::io::{self, Write as _};

use bambu_emulator::world::{Ready, State, World};
use bambu_server::Fleet;
use bambulab::{
    BrokerAddress, CloudLogin, CloudSession, Endpoint, Options, Region, Roots, Token, cloud::Cloud,
};
use tokio_util::sync::CancellationToken;

use super::simulate::{WorldArgs, look};
use crate::{
    account,
    exit::{Failure, Kind},
    output,
    servers::raise_file_limit,
    shutdown,
    watch::{self, Limits, Screen, Show, Until},
};

/// See it work: simulated printers, live, without any hardware or account
///
/// Starts a simulated cloud with printers on this machine, signs in to it with the same client
/// that serves real printers, and shows them live: a table on a terminal, lines in a pipe. Over it
/// run both proxies, the compatibility layer and the cameras, and it says how to look at the same
/// printers with other programs. Ends on Ctrl-C.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    world: WorldArgs,
    #[command(flatten)]
    limits: Limits,
    /// Write status documents, one per line, and no words
    #[arg(long)]
    json: bool,
}

/// Simulated seconds per second: a print is over while one watches.
const SPEED: f64 = 30.0;

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let stop = shutdown::token();
    raise_file_limit();
    args.world.clear_ready_file()?;
    // The world ends after the watching, so that its end is not seen as trouble.
    let world_end = CancellationToken::new();
    let world = tokio::select! {
        world = World::start(args.world.config(State::Mixed, SPEED), world_end.clone()) => world?,
        () = stop.cancelled() => return Ok(()),
    };
    for note in world.notes() {
        eprintln!("note: {note}");
    }
    let result = run_over(&args, world.ready().clone(), &stop).await;
    world_end.cancel();
    world.stopped().await;
    result
}

/// The servers and the table, over a world that runs.
async fn run_over(args: &Args, mut ready: Ready, stop: &CancellationToken) -> Result<(), Failure> {
    let (endpoint, options) = (endpoint(&ready)?, options(&ready)?);
    let app = tokio::select! {
        app = servers::start(&ready, &endpoint, &options) => app?,
        () = stop.cancelled() => return Ok(()),
    };
    ready.servers = Some(servers::entry(&app));
    args.world.write_ready_file(&ready)?;
    let servers_end = CancellationToken::new();
    let shown = async {
        let result = show(args, &ready, endpoint, options, stop).await;
        servers_end.cancel();
        result
    };
    let (shown, served) = tokio::join!(shown, app.run(servers_end.clone()));
    shown.and(served.map_err(|error| Failure::advised(Kind::Failed, &error)))
}

async fn show(
    args: &Args,
    ready: &Ready,
    endpoint: Endpoint,
    options: Options,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    if ready.printers.is_empty() {
        return Err(Failure::say(Kind::Usage, "there is no printer to show")
            .next("ask for some with --printers N, or for a recorded one with --replay FILE"));
    }
    let show = match (args.json, output::can_redraw()) {
        (true, _) => Show::Json,
        (false, redraw) => {
            let mut text = Vec::new();
            intro(args, ready, &mut text)?;
            look::write(ready, &mut text)?;
            writeln!(text)?;
            // Before the table, where the terminal wraps the lines and they can be copied whole.
            let mut out = output::stdout();
            out.write_all(&text)?;
            out.flush()?;
            let screen = Screen::titled("bambu demo")
                .below(String::from_utf8_lossy(&text))
                .with_foot(servers::foot(ready));
            if redraw { Show::Screen(screen) } else { Show::Lines }
        }
    };
    let (fleet, session) = tokio::select! {
        connected = connect(ready, endpoint, options) => connected?,
        () = stop.cancelled() => return Ok(()),
    };
    let result =
        watch::follow(&fleet, show, args.limits, Until::after(args.limits.timeout), stop).await;
    drop(fleet);
    session.close().await;
    result
}

fn intro(args: &Args, ready: &Ready, out: &mut impl io::Write) -> io::Result<()> {
    let printers = match ready.printers.len() {
        1 => "one printer".to_owned(),
        many => format!("{many} printers"),
    };
    writeln!(out, "A simulated cloud with {printers} runs on this machine until Ctrl-C.")?;
    match args.world.speed(SPEED) {
        1.0 => writeln!(out),
        speed => writeln!(out, "Its time runs {speed} times as fast as yours.\n"),
    }
}

fn endpoint(ready: &Ready) -> Result<Endpoint, Failure> {
    let broker = BrokerAddress { host: ready.mqtt.host.clone(), port: ready.mqtt.port };
    let endpoint = Region::Global.endpoint().with_api_url(&ready.api_url);
    Ok(endpoint.map_err(|error| Failure::new(Kind::Failed, error))?.with_mqtt(broker))
}

fn options(ready: &Ready) -> Result<Options, Failure> {
    let roots = Roots::public()
        .with_pem_file(&ready.ca_file)
        .map_err(|error| Failure::advised(Kind::Failed, &error))?;
    Ok(Options { roots, ..Options::default() })
}

/// Signs in as any user of the cloud would: nothing is taken from the world but addresses and
/// the token.
async fn connect(
    ready: &Ready,
    endpoint: Endpoint,
    options: Options,
) -> Result<(Fleet, CloudSession), Failure> {
    let token = Token::new(&ready.account.token);
    let cloud =
        Cloud::new(&endpoint, Some(token.clone()), &options.roots).map_err(account::failure)?;
    let devices = cloud.devices().await.map_err(account::failure)?.value;
    let uid = cloud.uid().await.map_err(account::failure)?;
    let broker = endpoint.mqtt;
    let session = CloudSession::connect(CloudLogin { uid, token, broker }, options);
    let mut fleet = Fleet::new();
    for device in devices {
        let model = device.model();
        fleet.add(session.printer(device.serial, device.name, model));
    }
    Ok((fleet, session))
}
