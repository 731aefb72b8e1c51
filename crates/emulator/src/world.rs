//! A whole simulated world: printers with their LAN faces, the cloud with its REST and broker.
//!
//! What it is made of is in `world/plan.rs`, what programs learn of it in `world/ready.rs`.

mod bind;
mod faces;
mod plan;
mod ready;
mod state_dir;

use std::{io, net::Ipv4Addr, path::PathBuf, sync::Arc, time::Duration};

use axum::Router;
use bambu_protocol::{
    Firmware, Model, Serial, discovery::ssdp as ssdp_wire, mqtt::login as mqtt_login,
};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    certs::{Ca, CertError, Shape},
    cloud::{self, Cloud, Listed, account::Accounts, rules::Rules, switchboard::Switchboard},
    control,
    faults::Setting,
    mqtt::{Broker, Limits},
    simulator::{EndedJob, Printer, Replay, ReplayError, Summary},
    ssdp::Beacon,
};

pub use ready::{AccountEntry, Address, PrinterEntry, Ready};

use self::{
    faces::Listeners,
    plan::{Kind, Planned},
    state_dir::StateDir,
};

/// How long tasks may take to end; they are broken off then.
const FAREWELL: Duration = Duration::from_millis(1500);
/// Most printers in one world: their serial numbers and loopback addresses have to suffice.
pub const MAX_PRINTERS: usize = 20_000;

/// What a world is to be made of.
#[derive(Debug, Clone)]
pub struct Config {
    /// Printers of the ready account, at most [`MAX_PRINTERS`].
    pub printers: usize,
    /// Their models, taken in turn; the default three when empty.
    pub models: Vec<Model>,
    /// What they do at first.
    pub state: State,
    /// Decides everything that chance decides.
    pub seed: u64,
    /// Simulated seconds per second, above 0.
    pub speed: f64,
    /// Where certificates live; a temporary directory, removed at the end, when `None`.
    pub state_dir: Option<PathBuf>,
    /// The first printer's own loopback address, counting up from there; all printers share
    /// 127.0.0.1 and have free ports when `None`.
    pub lan_addresses: Option<Ipv4Addr>,
    /// All printers are in LAN mode: the cloud does not reach them.
    pub lan_mode: bool,
    /// UDP port where printers with their own addresses are announced; 2021 when `None`.
    pub ssdp_port: Option<u16>,
    /// Port of the REST API; a free one when `None` or taken.
    pub api_port: Option<u16>,
    /// Port of the cloud's broker; a free one when `None` or taken.
    pub mqtt_port: Option<u16>,
    /// Port of the control endpoint; a free one when `None` or taken.
    pub control_port: Option<u16>,
    /// What all printers' certificates are like; as their model's were seen when `None`.
    pub certificates: Option<Shape>,
    /// What goes wrong from the start, with every printer.
    pub faults: Vec<Setting>,
    /// Captures; each adds a printer that repeats it.
    pub replay: Vec<PathBuf>,
}

/// What the printers of a world do at first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum State {
    /// All stand idle.
    #[default]
    Idle,
    /// All are inside a job.
    Printing,
    /// Two of three are inside a job.
    Mixed,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            printers: 3,
            models: plan::DEFAULT_MODELS.to_vec(),
            state: State::Idle,
            seed: 1,
            speed: 1.0,
            state_dir: None,
            lan_addresses: None,
            lan_mode: false,
            ssdp_port: None,
            api_port: None,
            mqtt_port: None,
            control_port: None,
            certificates: None,
            faults: Vec::new(),
            replay: Vec::new(),
        }
    }
}

/// Why a world does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// A setting is out of range: change it.
    #[error("{setting} has to be {range}")]
    Setting {
        /// Which one.
        setting: &'static str,
        /// What it may be.
        range: &'static str,
    },
    /// The addresses from [`Config::lan_addresses`] on leave 127.0.0.0/8: take a lower first one.
    #[error("the printers' own addresses leave the loopback network")]
    Addresses,
    /// The state directory cannot be made or read: check path and permissions.
    #[error("cannot use the state directory {path}", path = path.display())]
    StateDir {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A capture cannot be replayed: see the cause.
    #[error("cannot replay {path}", path = path.display())]
    Replay {
        /// The capture.
        path: PathBuf,
        /// What is wrong with it.
        source: ReplayError,
    },
    /// Two printers have one serial number: leave one capture out.
    #[error("two printers have the serial number {serial}")]
    Twice {
        /// The serial number.
        serial: Serial,
    },
    /// No certificates: see the cause.
    #[error("cannot make certificates")]
    Certificates(#[from] CertError),
    /// No port to listen on: the address is not of this machine, or files are used up (`ulimit -n`).
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// Start-up was broken off.
    #[error("the start was broken off")]
    Stopped,
}

/// A running world. It ends with its shutdown token, or when it is dropped.
pub struct World {
    ready: Ready,
    notes: Vec<String>,
    switchboard: Switchboard,
    printers: Vec<Arc<Printer>>,
    tasks: JoinSet<()>,
    shutdown: CancellationToken,
    _stop: DropGuard,
    _state_dir: StateDir,
}

impl World {
    /// Starts everything; every listener is up when this returns.
    ///
    /// # Errors
    /// [`WorldError`]; nothing is left running then.
    pub async fn start(config: Config, shutdown: CancellationToken) -> Result<Self, WorldError> {
        // Its own: a world that is dropped takes no other part of the process with it.
        let shutdown = shutdown.child_token();
        let stop = shutdown.clone().drop_guard();
        let accounts = Accounts::from_seed(config.seed);
        let planned = plan::printers(&config, &accounts)?;
        let state_dir = StateDir::open(config.state_dir.clone())?;
        let ca = open_ca(state_dir.path().to_owned()).await?;
        let mut notes = Vec::new();

        let api = bind::tcp(Ipv4Addr::LOCALHOST, config.api_port, "REST API", &mut notes).await?;
        let mqtt = bind::tcp(Ipv4Addr::LOCALHOST, config.mqtt_port, "MQTT", &mut notes).await?;
        let panel = config.control_port;
        let panel = bind::tcp(Ipv4Addr::LOCALHOST, panel, "control", &mut notes).await?;
        let mut faces = Vec::with_capacity(planned.len());
        let own_addresses = config.lan_addresses.is_some();
        for Planned { owner, ip, printer } in planned {
            let name = printer.summary().name;
            let faults = printer.listed().faults();
            config.faults.iter().for_each(|on| faults.set(on.fault, on.rate));
            let listeners = Listeners::bind(ip, own_addresses, &name, &mut notes).await?;
            faces.push((owner, ip, printer, listeners));
        }

        let bound = faces.iter().map(|(owner, _, printer, _)| (owner.clone(), printer.listed()));
        let cloud = Arc::new(Cloud::new(accounts, bound.collect()));
        let broker = Broker::new(Arc::new(Rules::new(Arc::clone(&cloud))), Limits::default());
        let switchboard = Switchboard::new(Arc::clone(&cloud), broker.clone());

        let mut ready = Ready::new(&cloud, state_dir.path(), bind::port(&api)?, bind::port(&mqtt)?);
        ready.control_url = local_url(&panel)?;
        let mut tasks = JoinSet::new();
        let controls = control::router(Arc::clone(&cloud), switchboard.clone());
        tasks.spawn(serve(panel, controls, shutdown.clone()));
        let routes = cloud::http::router(Arc::clone(&cloud));
        tasks.spawn(serve(api, routes, shutdown.clone()));
        tasks.spawn(broker.run(mqtt, Some(ca.cloud_config()), shutdown.clone()));
        let mut printers = Vec::new();
        let mut announced = Vec::new();
        for (owner, ip, printer, listeners) in faces {
            let summary = printer.summary();
            let ports = listeners.ports()?;
            ready.add(&owner, &summary, ip, ports);
            let machine = printer.listed();
            if config.lan_mode {
                switchboard.set_online(&summary.serial, false);
            }
            let shape = config.certificates.unwrap_or(Shape::of(summary.model));
            let (model, faults) = (summary.model, machine.faults());
            let tls = ca.model_config(&summary.serial, model, shape, faults)?;
            let about = faces::about(Arc::clone(&cloud), summary.serial.clone(), ip);
            // Who hears of a printer goes to its real port.
            if own_addresses && ports.mqtt == mqtt_login::PORT {
                announced.push((ip, Arc::clone(&about)));
            }
            listeners.serve(&machine, &tls, &about, &mut tasks, &shutdown);
            tasks.spawn(switchboard.clone().carry(summary.serial, shutdown.clone()));
            tasks.spawn(printer.clone().run(shutdown.clone()));
            if let Kind::Invented(printer) = printer {
                let (ca, serial) = (ca.clone(), printer.spec().serial.clone());
                printer.set_certificate(move || ca.printer_chain_pem(&serial, shape).ok());
                printers.push(printer);
            }
        }
        if !announced.is_empty() {
            match Beacon::open(announced, config.ssdp_port.unwrap_or(ssdp_wire::PORT)) {
                Ok(beacon) => drop(tasks.spawn(beacon.run(shutdown.clone()))),
                Err(error) => notes.push(format!("the printers are not announced: {error}")),
            }
        }
        Ok(Self {
            ready,
            notes,
            switchboard,
            printers,
            tasks,
            shutdown,
            _stop: stop,
            _state_dir: state_dir,
        })
    }

    /// What other programs need to know to use it.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// What did not go as asked, in sentences: ports that were taken.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The cloud's side of the printers, to cut one off or let it back.
    pub fn switchboard(&self) -> &Switchboard {
        &self.switchboard
    }

    /// The simulated printers, those of the further accounts last; replays are not among them.
    pub fn printers(&self) -> &[Arc<Printer>] {
        &self.printers
    }

    /// Waits for the shutdown and then for the end of all tasks; late ones are broken off.
    pub async fn stopped(mut self) {
        self.shutdown.cancelled().await;
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(FAREWELL, all).await.is_err() {
            tracing::debug!(tasks = self.tasks.len(), "breaking off late tasks");
            self.tasks.shutdown().await;
        }
    }
}

impl Listed for Printer {
    fn summary(&self) -> Summary {
        Self::summary(self)
    }

    fn firmware(&self) -> Option<Firmware> {
        Self::firmware(self)
    }

    fn ended_jobs(&self) -> Vec<EndedJob> {
        Self::ended_jobs(self)
    }
}

impl Listed for Replay {
    fn summary(&self) -> Summary {
        Self::summary(self)
    }

    fn firmware(&self) -> Option<Firmware> {
        Self::firmware(self)
    }
}

async fn open_ca(state_dir: PathBuf) -> Result<Ca, WorldError> {
    let opening = tokio::task::spawn_blocking(move || Ca::open_or_create(&state_dir));
    Ok(opening.await.map_err(|_| WorldError::Stopped)??)
}

async fn serve(listener: TcpListener, routes: Router, shutdown: CancellationToken) {
    if let Err(error) = cloud::http::serve(listener, routes, shutdown).await {
        tracing::error!(%error, "an HTTP server has ended");
    }
}

fn local_url(listener: &TcpListener) -> Result<String, WorldError> {
    Ok(format!("http://127.0.0.1:{}", bind::port(listener)?))
}
