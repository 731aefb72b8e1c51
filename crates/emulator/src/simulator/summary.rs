//! What the cloud's device list knows of a simulated printer, and what its camera sees of it.

use bambu_protocol::{AccessCode, Model, Serial};

use super::{mainboard::Mainboard, phase::Phase};
use crate::picture::Scene;

/// One printer, as `user/bind` and `user/print` list it.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Serial number (`dev_id`).
    pub serial: Serial,
    /// The owner's name for it.
    pub name: String,
    /// Model; its code and product name are in the model table.
    pub model: Model,
    /// LAN access code.
    pub access_code: AccessCode,
    /// The word of `print_status`: `IDLE`, `RUNNING`, `PAUSE`, `SUCCESS`, `FAILED` …
    pub print_status: &'static str,
    /// Nozzle diameter in millimetres.
    pub nozzle_diameter: f64,
    /// The running job; `None` when idle.
    pub job: Option<JobSummary>,
}

/// The running job of a printer.
#[derive(Debug, Clone, PartialEq)]
pub struct JobSummary {
    /// Cloud task number, `"0"` for a local job.
    pub task_id: String,
    /// Title.
    pub name: String,
    /// Model number in the cloud, empty for a local job.
    pub model_id: String,
    /// Cloud project number, `"0"` for a local job.
    pub project_id: String,
    /// Cloud profile number, `"0"` for a local job.
    pub profile_id: String,
    /// Percent done, 0 to 100.
    pub progress: u32,
    /// Start in milliseconds since 1970, by the printer's clock.
    pub started_ms: u64,
    /// Whole printing time in seconds, as the slicer predicted it.
    pub prediction_seconds: u64,
    /// Printing time left in minutes.
    pub remaining_minutes: u32,
}

/// A cloud job that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedJob {
    /// Cloud task number.
    pub task_id: String,
    /// Whether it ended well; false when it failed or was stopped.
    pub well: bool,
    /// When, in milliseconds since 1970, by the printer's clock.
    pub ended_ms: u64,
}

impl Summary {
    pub(super) fn of(board: &Mainboard) -> Self {
        let (spec, life) = (&board.spec, &board.life);
        let print_status = match life.phase {
            Phase::Finished => "SUCCESS",
            _ => life.gcode_state(),
        };
        let job = life.job.as_ref().filter(|_| life.busy()).map(|job| JobSummary {
            task_id: job.task_id.clone(),
            name: job.name.clone(),
            model_id: job.model_id.clone(),
            project_id: job.project_id.clone(),
            profile_id: job.profile_id.clone(),
            progress: (life.progress() * 100.0) as u32,
            started_ms: board.started_job_ms,
            prediction_seconds: (job.minutes * 60.0) as u64,
            remaining_minutes: life.remaining_minutes(),
        });
        Self {
            serial: spec.serial.clone(),
            name: spec.name.clone(),
            model: spec.model,
            access_code: spec.access_code.clone(),
            print_status,
            nozzle_diameter: 0.4,
            job,
        }
    }
}

impl Mainboard {
    /// What the camera sees.
    pub(super) fn scene(&self) -> Scene {
        let (spec, life) = (&self.spec, &self.life);
        let job = life.job.as_ref();
        Scene {
            name: spec.name.clone(),
            model: spec.model.name(),
            state: life.gcode_state(),
            job: job.map(|job| job.name.clone()),
            percent: job.map(|_| (life.progress() * 100.0) as u32),
            layer: job.map(|job| (life.layer(), job.layers)),
            is_printing: matches!(life.phase, Phase::Printing(_)) && life.pause.is_none(),
        }
    }
}
