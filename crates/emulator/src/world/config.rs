//! What a world is to be made of.

use std::{net::Ipv4Addr, path::PathBuf};

use bambu_protocol::Model;

use super::plan;
use crate::{
    certs::Shape,
    cloud::{Dialect, store},
    faults::Setting,
    storage,
};

/// What a world is to be made of.
#[derive(Debug, Clone)]
pub struct Config {
    /// Printers of the ready account, at most [`MAX_PRINTERS`](super::MAX_PRINTERS).
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
    /// Port of the object store; a free one when `None` or taken.
    pub store_port: Option<u16>,
    /// Bytes of all objects in the store together.
    pub store_bytes: u64,
    /// Where each printer's storage is a directory named by its serial number; in memory when `None`.
    pub storage: Option<PathBuf>,
    /// Bytes that each printer's storage holds.
    pub storage_bytes: u64,
    /// How the cloud answers.
    pub dialect: Dialect,
    /// What all printers' certificates are like; as their model's were seen when `None`.
    pub certificates: Option<Shape>,
    /// What goes wrong from the start, with every printer or with the cloud.
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
            store_port: None,
            store_bytes: store::DEFAULT_CAPACITY,
            storage: None,
            storage_bytes: storage::DEFAULT_CAPACITY,
            dialect: Dialect::Observed,
            certificates: None,
            faults: Vec::new(),
            replay: Vec::new(),
        }
    }
}
