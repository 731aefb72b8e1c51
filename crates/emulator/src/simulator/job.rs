//! A print job: what is printed and how long it takes. How it proceeds is in `life.rs`.

use rand::{Rng, rngs::SmallRng};

/// Where a job came from (`print_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Sent over the local network or started at the printer.
    Local,
    /// Sent through the cloud.
    Cloud,
    /// The printer's own work, such as a calibration.
    System,
}

impl Origin {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Cloud => "cloud",
            Self::System => "system",
        }
    }
}

/// A job that a simulated printer can run.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Title (`subtask_name`).
    pub name: String,
    /// The 3MF file's name.
    pub file: String,
    /// Plate number, counted from 1.
    pub plate: u32,
    /// Number of layers, at least 1.
    pub layers: u32,
    /// Printing time at standard speed in minutes, without warm-up.
    pub minutes: f64,
    /// Filament it takes, in grams.
    pub grams: f64,
    /// Ids of the objects that can be skipped, as far as its file says; empty: nobody knows.
    pub objects: Vec<u64>,
    /// Local or cloud.
    pub origin: Origin,
    /// Cloud task number, `"0"` for a local job.
    pub task_id: String,
    /// Cloud subtask number, `"0"` for a local job.
    pub subtask_id: String,
    /// Cloud project number, `"0"` for a local job.
    pub project_id: String,
    /// Cloud profile number, `"0"` for a local job.
    pub profile_id: String,
    /// The number of its model in the cloud (`model_id`), `US` and 14 hex digits; empty for a local
    /// job.
    pub model_id: String,
    /// Flat tray number wanted (`unit * 4 + slot`; 254 and 255 are external spools); `None`: the
    /// printer takes a loaded tray.
    pub tray: Option<u32>,
    /// Levels the bed first.
    pub leveling: bool,
    /// Calibrates vibration first.
    pub vibration: bool,
    /// Calibrates the extrusion first.
    pub flow: bool,
    /// Print error that its preparation runs into: 0x4xxx ends the job, 0x8xxx pauses it.
    pub trouble: Option<u32>,
    /// Fraction of the job at which it fails, for rehearsing failures; `None`: it ends well.
    pub fails_at: Option<f64>,
}

impl Job {
    /// A local job with this name, number of layers and length.
    pub fn local(name: &str, layers: u32, minutes: f64) -> Self {
        let zero = || "0".to_owned();
        Self {
            name: name.to_owned(),
            file: format!("{name}.gcode.3mf"),
            plate: 1,
            layers: layers.max(1),
            minutes: minutes.max(0.01),
            grams: minutes * 0.35,
            objects: Vec::new(),
            origin: Origin::Local,
            task_id: zero(),
            subtask_id: zero(),
            project_id: zero(),
            profile_id: zero(),
            model_id: String::new(),
            tray: None,
            leveling: true,
            vibration: false,
            flow: false,
            trouble: None,
            fails_at: None,
        }
    }

    /// The printer's own calibration.
    pub(super) fn calibration() -> Self {
        let own = Self::local("auto_cali_for_user", 1, 0.01);
        let file = "/usr/etc/print/auto_cali_for_user.gcode".to_owned();
        Self { origin: Origin::System, layers: 0, file, plate: 0, ..own }
    }

    /// Its stages before the first layer: bed, homing, nozzle cleaning, and what it calibrates.
    pub(super) fn stages(&self) -> Vec<i32> {
        let calibrations = [(self.leveling, 1), (self.vibration, 3), (self.flow, 8)];
        let wanted = calibrations.into_iter().filter_map(|(wanted, stage)| wanted.then_some(stage));
        [2, 13, 14].into_iter().chain(wanted).collect()
    }

    /// One of the simulator's own jobs; about one in twelve fails.
    pub(super) fn invent(rng: &mut SmallRng) -> Self {
        let at = rng.random_range(0..WORKS.len());
        let (name, layers, minutes) = WORKS.get(at).copied().unwrap_or(("cube", 100, 30.0));
        let mut job = Self::local(name, layers, minutes);
        if rng.random_bool(0.6) {
            let task = rng.random_range(600_000_000..900_000_000_u32);
            job.origin = Origin::Cloud;
            job.model_id = MODEL_ID.to_owned();
            job.task_id = task.to_string();
            job.subtask_id = task.saturating_add(2).to_string();
            job.project_id = rng.random_range(300_000_000..400_000_000_u32).to_string();
            job.profile_id = rng.random_range(100_000_000..200_000_000_u32).to_string();
        }
        if rng.random_bool(1.0 / 12.0) {
            job.fails_at = Some(rng.random_range(0.05..0.9));
        }
        job
    }
}

/// The model of jobs that are invented.
pub(super) const MODEL_ID: &str = "US5eed0000c0ffee";

/// Name, layers, minutes.
const WORKS: [(&str, u32, f64); 14] = [
    ("cube", 100, 22.0),
    ("benchy", 240, 41.0),
    ("cable clip set", 62, 28.0),
    ("phone stand", 310, 96.0),
    ("gearbox housing", 420, 214.0),
    ("planter with saucer", 600, 287.0),
    ("drawer divider", 275, 133.0),
    ("hinge left and right", 180, 57.0),
    ("calibration tower", 350, 74.0),
    ("fan duct v3", 228, 88.0),
    ("dragon, articulated", 148, 312.0),
    ("bolt M12 x 40", 260, 65.0),
    ("lampshade", 920, 545.0),
    ("Schlüsselbrett", 96, 119.0),
];
