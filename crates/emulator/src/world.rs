//! A whole simulated world: printers with their LAN faces, the cloud with its REST and broker.
//!
//! What it is made of is in `world/plan.rs`, what programs learn of it in `world/ready.rs`.

mod bind;
mod config;
mod doors;
mod error;
mod faces;
mod plan;
mod ready;
mod stage;
mod state_dir;

use std::{path::PathBuf, sync::Arc, time::Duration};

use bambu_protocol::Firmware;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    certs::Ca,
    cloud::{Listed, account::Accounts, switchboard::Switchboard},
    simulator::{EndedJob, Printer, Replay, Summary},
};

pub use config::{Config, State};
pub use error::WorldError;
pub use ready::{AccountEntry, Address, PrinterEntry, Ready, StoreEntry};

use self::{doors::Doors, stage::Stage, state_dir::StateDir};

/// How long tasks may take to end; they are broken off then.
const FAREWELL: Duration = Duration::from_millis(1500);
/// Most printers in one world: their serial numbers and loopback addresses have to suffice.
pub const MAX_PRINTERS: usize = 20_000;

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
        let doors = Doors::open(&config, &mut notes).await?;
        let fronts = faces::bind(planned, &config, &mut notes).await?;
        let bound = fronts.iter().map(|front| (front.owner.clone(), front.printer.listed()));
        let cloud = doors.cloud(&config, accounts, bound.collect(), state_dir.path())?;
        let cloud = Arc::new(cloud);

        let mut ready = doors.ready(&cloud, state_dir.path())?;
        let mut tasks = JoinSet::new();
        let tls = ca.cloud_config();
        let switchboard = doors.serve(&cloud, tls, &mut tasks, &shutdown);
        let mut stage = Stage {
            config: &config,
            ca: &ca,
            cloud: &cloud,
            switchboard: &switchboard,
            shutdown: &shutdown,
            ready: &mut ready,
            tasks: &mut tasks,
            printers: Vec::new(),
            announced: Vec::new(),
        };
        for front in fronts {
            stage.add(front)?;
        }
        let printers = stage.announce(&mut notes);
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

    fn locked(&self) -> bool {
        Self::is_locked(self)
    }

    fn order(&self, payload: &[u8]) {
        Self::order(self, payload);
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
