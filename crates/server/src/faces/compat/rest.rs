//! What the cloud's REST interface says about printers that have no live state: asked for in the
//! background, for all of them at once, and only while somebody wants to know.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use bambu_protocol::{
    Serial,
    cloud::{Device, DeviceJob},
};
use bambulab::{Cloud, CloudError, Heard};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

/// After so long without a request the cloud is left in peace. Home Assistant asks every 30 s, and
/// a slow poller every few minutes.
const QUIET_AFTER: Duration = Duration::from_secs(15 * 60);
/// Longest wait between two questions while the cloud fails.
const MOST_WAIT: Duration = Duration::from_secs(60);

/// What the cloud said last. Readers never wait.
#[derive(Debug, Default)]
pub(super) struct Rest {
    jobs: ArcSwapOption<Told<Vec<DeviceJob>>>,
    devices: ArcSwapOption<Told<Arc<[Device]>>>,
    trouble: ArcSwapOption<CloudError>,
}

/// Something that the cloud said, and when.
#[derive(Debug)]
pub(super) struct Told<T> {
    pub(super) value: T,
    pub(super) heard: Heard,
}

/// What is known about one printer.
pub(super) struct Seen {
    pub(super) job: Option<DeviceJob>,
    pub(super) device: Option<Device>,
    pub(super) heard: Heard,
}

impl Seen {
    /// Whether the cloud says that the printer is connected; `None` when it does not tell.
    pub(super) fn online(&self) -> Option<bool> {
        let job = self.job.as_ref().and_then(|job| job.online);
        job.or_else(|| self.device.as_ref().and_then(|device| device.online))
    }
}

impl Rest {
    /// What the cloud said about this printer.
    pub(super) fn seen(&self, serial: &Serial) -> Option<Seen> {
        let jobs = self.jobs.load();
        let job = jobs.as_ref().and_then(|told| {
            let job = told.value.iter().find(|job| job.serial == *serial)?;
            Some((job.clone(), told.heard))
        });
        let devices = self.devices.load();
        let device = devices.as_ref().and_then(|told| {
            let device = told.value.iter().find(|device| device.serial == *serial)?;
            Some((device.clone(), told.heard))
        });
        match (job, device) {
            // What the job tells needs nothing of the list, which may be older.
            (Some((job, heard)), _) if job.task_status.is_some() => {
                Some(Seen { job: Some(job), device: None, heard })
            }
            (Some((job, told)), Some((device, listed))) => {
                let heard = if listed.age() > told.age() { listed } else { told };
                Some(Seen { job: Some(job), device: Some(device), heard })
            }
            (Some((job, heard)), None) => Some(Seen { job: Some(job), device: None, heard }),
            (None, Some((device, heard))) => Some(Seen { job: None, device: Some(device), heard }),
            (None, None) => None,
        }
    }

    /// The account's printers, as the cloud listed them last.
    pub(super) fn devices(&self) -> Option<Arc<Told<Arc<[Device]>>>> {
        self.devices.load_full()
    }

    /// Why the cloud does not tell, while it does not.
    pub(super) fn trouble(&self) -> Option<Arc<CloudError>> {
        self.trouble.load_full()
    }

    /// The account's printers were listed.
    pub(super) fn listed(&self, devices: Arc<[Device]>, heard: Heard) {
        self.devices.store(Some(Arc::new(Told { value: devices, heard })));
        self.answered();
    }

    fn answered(&self) {
        if self.trouble.swap(None).is_some() {
            tracing::info!("the cloud tells about the printers again");
        }
    }

    /// The cloud failed; told once in the log until it answers again.
    pub(super) fn failed(&self, error: &Arc<CloudError>) {
        if self.trouble.swap(Some(error.clone())).is_none() {
            tracing::warn!(%error, "the cloud does not tell about the printers; it is asked again and again");
        }
    }

    /// Asks whenever it is time and `wanted` names a printer. Never ends.
    pub(super) async fn poll(
        &self,
        cloud: &Cloud,
        demand: &Demand,
        every: Duration,
        wanted: impl Fn() -> Option<Vec<Serial>>,
    ) {
        let mut wait = every;
        loop {
            if let Some(wanted) = wanted() {
                match self.ask(cloud, &wanted).await {
                    Ok(()) => wait = every,
                    Err(error) => {
                        self.failed(&Arc::new(error));
                        wait = (wait * 2).min(MOST_WAIT.max(every));
                    }
                }
            }
            demand.pause(wait).await;
        }
    }

    async fn ask(&self, cloud: &Cloud, wanted: &[Serial]) -> Result<(), CloudError> {
        let heard = Heard::now();
        let jobs = cloud.print_status(true).await?.value;
        let tells = |serial: &Serial| {
            jobs.iter().any(|job| job.serial == *serial && job.task_status.is_some())
        };
        let complete = !wanted.is_empty() && wanted.iter().all(tells);
        self.jobs.store(Some(Arc::new(Told { value: jobs, heard })));
        if complete {
            self.answered();
            return Ok(());
        }
        // What is idle is told in the list of printers alone.
        let heard = Heard::now();
        self.listed(cloud.devices().await?.value.into(), heard);
        Ok(())
    }
}

/// Whether somebody asks at all.
#[derive(Debug)]
pub(super) struct Demand(watch::Sender<Instant>);

impl Demand {
    /// Somebody may ask soon: the server just started.
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(Instant::now()))
    }

    /// Somebody asks.
    pub(super) fn asked(&self) {
        self.0.send_replace(Instant::now());
    }

    /// Waits so long, and then for somebody who asks if nobody has for a while.
    pub(super) async fn pause(&self, time: Duration) {
        let mut asked = self.0.subscribe();
        sleep(time).await;
        while asked.borrow_and_update().elapsed() > QUIET_AFTER {
            // Its sender is this one's own.
            if asked.changed().await.is_err() {
                return;
            }
        }
    }
}
