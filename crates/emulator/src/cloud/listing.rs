//! What the cloud tells about a printer; the JSON made of it is in `http/devices.rs`.

use bambu_protocol::Model;
use jiff::Timestamp;

use crate::machine::Machine;

/// A machine that can be bound to an account.
pub trait Listed: Machine {
    /// What the cloud tells about it now.
    fn listing(&self) -> Listing;
}

/// A printer as the cloud sees it at one moment.
#[derive(Debug, Clone)]
pub struct Listing {
    /// Name given by its owner.
    pub name: String,
    /// Model.
    pub model: Model,
    /// Firmware installed, such as `01.08.02.00`.
    pub firmware: String,
    /// State in the cloud's words: `IDLE`, `ACTIVE`, `RUNNING`, `SUCCESS`, `FAILED` … [L]
    pub print_status: String,
    /// Nozzle diameter in mm.
    pub nozzle_diameter: f64,
    /// AMS units.
    pub ams_units: usize,
    /// The job that runs or that ran last.
    pub job: Option<ListedJob>,
}

/// A job in the cloud's history.
#[derive(Debug, Clone)]
pub struct ListedJob {
    /// Number of the task.
    pub id: u64,
    /// Title.
    pub title: String,
    /// Still running.
    pub running: bool,
    /// Ended well; says nothing while it runs.
    pub succeeded: bool,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; `None` while it runs.
    pub ended: Option<Timestamp>,
    /// Estimate of the slicer, in seconds.
    pub estimate_s: u64,
    /// Percent done.
    pub progress: u8,
    /// Estimate of the slicer, in grams.
    pub weight_g: f64,
    /// Project number, 0 for a local job.
    pub project_id: u64,
    /// Profile number, 0 for a local job.
    pub profile_id: u64,
    /// Plate number, counted from 1.
    pub plate: u32,
    /// Sent through the cloud.
    pub from_cloud: bool,
}
