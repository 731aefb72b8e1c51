//! `bambu simulate`: printers and a cloud that do not exist, until Ctrl-C.

pub(super) mod look;

use std::{
    io::{self, Write as _},
    net::Ipv4Addr,
    path::PathBuf,
};

use bambu_emulator::{
    certs::Shape,
    cloud,
    faults::{Fault, Setting},
    world::{Config, Ready, State, World, WorldError},
};
use bambu_protocol::Model;
use clap::{ValueEnum, ValueHint};

use crate::{
    exit::{Failure, Kind},
    output::{self, Table},
    servers, shutdown,
};

/// Printers shown; the ready file has them all.
const SHOWN: usize = 10;

/// Simulate printers and the cloud they are bound to
///
/// Everything listens on the loopback network only. Programs that want to use it read the ready
/// file; people read what is printed. It runs until Ctrl-C or SIGTERM.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  bambu simulate --printers 10 --models P1S,X1C,H2D --speed 60")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) world: WorldArgs,
    /// Print the ready document instead of a summary
    #[arg(long)]
    json: bool,
}

/// What the simulated world is made of; shared by every command that starts one.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct WorldArgs {
    /// Number of printers
    #[arg(long, value_name = "N", default_value_t = 3)]
    printers: usize,
    /// Their models, taken in turn [default: P1S,X1C,A1 mini]
    #[arg(long, value_name = "MODEL,...", value_delimiter = ',')]
    models: Vec<Model>,
    /// What they do at first
    #[arg(long, value_name = "STATE", value_enum)]
    state: Option<StateName>,
    /// How much faster than real time jobs proceed [default: 1; demo: 30]
    #[arg(long, value_name = "FACTOR")]
    speed: Option<f64>,
    /// Decides everything that chance decides: names, codes, jobs
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write one JSON object with addresses and secrets there once every listener is up
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ready_file: Option<PathBuf>,
    /// Keep certificates and keys there, to be trusted again next time [default: a temporary one]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    state_dir: Option<PathBuf>,
    /// Give each printer its own loopback address and its real ports, counting up from this
    /// address, such as 127.0.1.1
    #[arg(long, value_name = "FIRST")]
    lan_addresses: Option<Ipv4Addr>,
    /// The printers are in LAN mode: the cloud does not reach them
    #[arg(long)]
    lan_mode: bool,
    /// UDP port where printers with their own addresses are announced [default: 2021]
    #[arg(long, value_name = "PORT")]
    ssdp_port: Option<u16>,
    /// Port of the REST API [default: a free one]
    #[arg(long, value_name = "PORT")]
    api_port: Option<u16>,
    /// Port of the cloud's MQTT broker [default: a free one]
    #[arg(long, value_name = "PORT")]
    mqtt_port: Option<u16>,
    /// Port of the control endpoint, which switches faults while all runs [default: a free one]
    #[arg(long, value_name = "PORT")]
    control_port: Option<u16>,
    /// Port of the object store that files are uploaded to [default: a free one]
    #[arg(long, value_name = "PORT")]
    store_port: Option<u16>,
    /// Keep what the printers store in directories there, named by serial number [default: in memory]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    storage: Option<PathBuf>,
    /// Megabytes (MiB) that each printer's storage holds
    #[arg(long, value_name = "MB", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    storage_size: u64,
    /// Let this go wrong, on that share of its occasions (repeatable; --help names them)
    #[arg(long = "fault", value_name = "NAME[=RATE]", long_help = fault_help())]
    faults: Vec<Setting>,
    /// Whether the printers' Developer Mode is on
    #[arg(long, value_name = "on|off", value_enum, default_value_t = Switch::On)]
    developer_mode: Switch,
    /// What the printers' certificates are like: version3, version1, lonely or chained (with a
    /// Device CA between, which is not sent or is) [default: as each model's were seen]
    #[arg(long, value_name = "KIND")]
    certificates: Option<Shape>,
    /// Add a printer that plays the reports of this capture (repeatable)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    replay: Vec<PathBuf>,
    /// How the cloud answers
    #[arg(long, value_name = "DIALECT", value_enum, default_value_t = Dialect::Observed)]
    dialect: Dialect,
}

/// How the cloud answers.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Dialect {
    /// As the live service was seen to answer
    Observed,
    /// As the documentation of the Python library says: `success` at login, `{code, data}` …
    Documented,
}

impl From<Dialect> for cloud::Dialect {
    fn from(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Observed => Self::Observed,
            Dialect::Documented => Self::Documented,
        }
    }
}

/// All that can go wrong.
fn fault_help() -> String {
    let mut help = "Let this go wrong, on that share of its occasions, 0 to 1 (repeatable). \
                    The control endpoint switches them while all runs:\n"
        .to_owned();
    for fault in Fault::all() {
        help += &format!("\n  {:21}{}", fault.name(), fault.description());
    }
    help
}

/// A switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    /// On
    On,
    /// Off
    Off,
}

/// What the printers do at first.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum StateName {
    /// All stand idle
    Idle,
    /// All are inside a job
    Printing,
    /// Two of three are inside a job
    Mixed,
}

impl WorldArgs {
    /// The world asked for; `state` and `speed` count where the call does not say.
    pub(crate) fn config(&self, state: State, speed: f64) -> Config {
        Config {
            printers: self.printers,
            models: self.models.clone(),
            state: self.state.map_or(state, State::from),
            seed: self.seed,
            speed: self.speed(speed),
            state_dir: self.state_dir.clone(),
            lan_addresses: self.lan_addresses,
            lan_mode: self.lan_mode,
            ssdp_port: self.ssdp_port,
            api_port: self.api_port,
            mqtt_port: self.mqtt_port,
            control_port: self.control_port,
            store_port: self.store_port,
            dialect: self.dialect.into(),
            certificates: self.certificates,
            faults: self.faults(),
            storage: self.storage.clone(),
            storage_bytes: self.storage_size << 20,
            replay: self.replay.clone(),
            ..Config::default()
        }
    }

    fn faults(&self) -> Vec<Setting> {
        let mut faults = self.faults.clone();
        if self.developer_mode == Switch::Off {
            faults.push(Setting { fault: Fault::DeveloperModeOff, rate: 1.0 });
        }
        faults
    }

    /// How much faster than real time it runs.
    pub(crate) fn speed(&self, default: f64) -> f64 {
        self.speed.unwrap_or(default)
    }

    /// Removes what an earlier run left at the ready file's place: it would be taken for ours.
    pub(crate) fn clear_ready_file(&self) -> Result<(), Failure> {
        self.ready_file.as_deref().map_or(Ok(()), servers::clear_ready_file)
    }

    /// Writes the ready file, if one is wanted.
    pub(crate) fn write_ready_file(&self, ready: &Ready) -> Result<(), Failure> {
        let Some(path) = &self.ready_file else { return Ok(()) };
        ready
            .write(path)
            .map_err(|error| Failure::from(error).about(format!("cannot write {}", path.display())))
    }
}

impl From<StateName> for State {
    fn from(name: StateName) -> Self {
        match name {
            StateName::Idle => Self::Idle,
            StateName::Printing => Self::Printing,
            StateName::Mixed => Self::Mixed,
        }
    }
}

impl From<WorldError> for Failure {
    fn from(error: WorldError) -> Self {
        let kind = match error {
            WorldError::Setting { .. }
            | WorldError::Addresses
            | WorldError::Replay { .. }
            | WorldError::Twice { .. } => Kind::Usage,
            _ => Kind::Failed,
        };
        let next = match error {
            WorldError::Listen { .. } => Some(
                "for --lan-addresses every address has to exist (macOS: `ifconfig lo0 alias \
                 ADDRESS`); for many printers raise the limit of open files (`ulimit -n`)",
            ),
            WorldError::StateDir { .. } | WorldError::Certificates(_) => {
                Some("choose another directory with --state-dir")
            }
            _ => None,
        };
        let failure = Self::new(kind, error).about("cannot start the simulated world");
        match next {
            Some(next) => failure.next(next),
            None => failure,
        }
    }
}

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    servers::raise_file_limit();
    let stop = shutdown::token();
    args.world.clear_ready_file()?;
    let world = World::start(args.world.config(State::Idle, 1.0), stop).await?;
    for note in world.notes() {
        eprintln!("note: {note}");
    }
    args.world.write_ready_file(world.ready())?;
    // Whoever started us may not care to read: that is no reason to end the world.
    let _ = if args.json { tell_json(world.ready()) } else { tell(world.ready()) };
    world.stopped().await;
    Ok(())
}

fn tell_json(ready: &Ready) -> io::Result<()> {
    let mut out = output::stdout();
    serde_json::to_writer(&mut out, ready)?;
    writeln!(out)?;
    out.flush()
}

fn tell(ready: &Ready) -> io::Result<()> {
    let mut out = output::stdout();
    let mqtt = &ready.mqtt;
    writeln!(out, "A simulated world is up until Ctrl-C.\n")?;
    writeln!(out, "REST API  {}", ready.api_url)?;
    writeln!(out, "MQTT      mqtts://{}:{}", mqtt.host, mqtt.port)?;
    if let Some(store) = &ready.store {
        writeln!(out, "Store     {}/{}", store.url, store.bucket)?;
    }
    writeln!(out, "Control   {}", ready.control_url)?;
    writeln!(out, "Trust     {}\n", ready.ca_file.display())?;

    let mut table = Table::new(&["NAME", "MODEL", "SERIAL", "ACCESS CODE", "LAN MQTT"]);
    for printer in ready.printers.iter().take(SHOWN) {
        let address = format!("{}:{}", printer.host, printer.mqtt_port);
        table.row([
            printer.name.as_str().into(),
            printer.model.into(),
            printer.serial.as_str().into(),
            printer.access_code.as_str().into(),
            address.into(),
        ]);
    }
    table.write(&mut out, output::colour())?;
    match ready.printers.len().saturating_sub(SHOWN) {
        0 => {}
        more => writeln!(out, "... and {more} more")?,
    }

    writeln!(out)?;
    look::write(ready, &mut out)?;
    out.flush()
}
