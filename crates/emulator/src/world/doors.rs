//! Where the cloud of a world is reached: its listeners, and the cloud behind them.

use std::{net::Ipv4Addr, path::Path, sync::Arc};

use axum::Router;
use rustls::ServerConfig;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{Config, Ready, WorldError, bind};
use crate::{
    cloud::{
        self, Cloud, Listed,
        account::{Account, Accounts},
        counts::Counts,
        rules::Rules,
        store::{self, Store},
        switchboard::Switchboard,
    },
    control,
    faults::Faults,
    mqtt::{Broker, Limits},
};

/// The listeners of everything that is not a printer.
pub(super) struct Doors {
    api: TcpListener,
    mqtt: TcpListener,
    store: TcpListener,
    control: TcpListener,
}

impl Doors {
    /// Takes the ports asked for, or free ones.
    pub(super) async fn open(config: &Config, notes: &mut Vec<String>) -> Result<Self, WorldError> {
        let mut doors = Vec::with_capacity(4);
        for (wanted, what) in [
            (config.api_port, "REST API"),
            (config.mqtt_port, "MQTT"),
            (config.store_port, "object store"),
            (config.control_port, "control"),
        ] {
            doors.push(bind::tcp(Ipv4Addr::LOCALHOST, wanted, what, notes).await?);
        }
        let [api, mqtt, store, control] = doors.try_into().map_err(|_| WorldError::Stopped)?;
        Ok(Self { api, mqtt, store, control })
    }

    /// The cloud behind these doors, with an object store below `state_dir`.
    pub(super) fn cloud(
        &self,
        config: &Config,
        accounts: Accounts,
        printers: Vec<(Arc<Account>, Arc<dyn Listed>)>,
        state_dir: &Path,
    ) -> Result<Cloud, WorldError> {
        let (faults, counts) = (Faults::new(config.seed), Counts::default());
        let of_cloud = config.faults.iter().filter(|on| on.fault.is_of_cloud());
        of_cloud.for_each(|on| faults.set(on.fault, on.rate));
        let path = state_dir.join("store");
        let setup = store::Setup {
            url: local_url(&self.store)?,
            seed: config.seed,
            capacity: config.store_bytes,
            faults: faults.clone(),
            counts: counts.clone(),
        };
        let store = Store::open(&path, setup)
            .map_err(|source| WorldError::StateDir { path: path.clone(), source })?;
        let cloud = Cloud::new(accounts, printers).in_dialect(config.dialect);
        Ok(cloud.with_faults(faults).counting(counts).with_store(Arc::new(store)))
    }

    /// What is told of them, without printers yet.
    pub(super) fn ready(&self, cloud: &Cloud, state_dir: &Path) -> Result<Ready, WorldError> {
        let mut ready =
            Ready::new(cloud, state_dir, bind::port(&self.api)?, bind::port(&self.mqtt)?);
        ready.control_url = local_url(&self.control)?;
        Ok(ready)
    }

    /// Serves them until `shutdown`.
    pub(super) fn serve(
        self,
        cloud: &Arc<Cloud>,
        tls: Arc<ServerConfig>,
        tasks: &mut JoinSet<()>,
        shutdown: &CancellationToken,
    ) -> Switchboard {
        let broker = Broker::new(Arc::new(Rules::new(Arc::clone(cloud))), Limits::default());
        let switchboard = Switchboard::new(Arc::clone(cloud), broker.clone());
        let controls = control::router(Arc::clone(cloud), switchboard.clone());
        tasks.spawn(serve(self.control, controls, shutdown.clone()));
        let routes = cloud::http::router(Arc::clone(cloud));
        tasks.spawn(serve(self.api, routes, shutdown.clone()));
        tasks.spawn(broker.run(self.mqtt, Some(tls), shutdown.clone()));
        if let Some(store) = cloud.store().cloned() {
            let (listener, shutdown) = (self.store, shutdown.clone());
            tasks.spawn(async move {
                if let Err(error) = store.run(listener, shutdown).await {
                    tracing::error!(%error, "the object store has ended");
                }
            });
        }
        switchboard
    }
}

async fn serve(listener: TcpListener, routes: Router, shutdown: CancellationToken) {
    if let Err(error) = cloud::http::serve(listener, routes, shutdown).await {
        tracing::error!(%error, "an HTTP server has ended");
    }
}

fn local_url(listener: &TcpListener) -> Result<String, WorldError> {
    Ok(format!("http://127.0.0.1:{}", bind::port(listener)?))
}
