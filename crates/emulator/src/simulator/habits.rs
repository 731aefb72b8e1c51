//! How each model behaves where the table of capabilities has no column: cadence, idle values,
//! quirks of its reports and acknowledgements.

use std::time::Duration;

use bambu_protocol::{Model, model::Telemetry};
use serde_json::{Value, json};

use super::job::{Job, Origin};

/// The habits of a model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habits {
    /// Time between two reports.
    pub(super) period: Duration,
    /// `stg_cur` before the first job.
    pub(super) idle_stage: i32,
    /// `stg_cur` after a job.
    pub(super) stage_after_job: i32,
    /// `stg` still lists the stages after the job.
    pub(super) keeps_stages: bool,
    /// `print_type` without a running job.
    pub(super) resting_print_type: &'static str,
    /// Sends whole degrees; the others send 32nds.
    pub(super) whole_degrees: bool,
    /// The flat nozzle fields show the left extruder.
    pub(super) flat_shows_left: bool,
    /// `hw_switch_state` while filament is loaded.
    pub(super) loaded_switch: u32,
    /// The acknowledgement of `gcode_line` has no `command`.
    pub(super) bare_gcode_ack: bool,
    /// The acknowledgement of `gcode_line` shouts `SUCCESS`.
    pub(super) loud_gcode_ack: bool,
    /// Stays silent and raises an HMS entry where others refuse an unsigned command.
    pub(super) silent_refusal: bool,
    /// HMS entries carry `ts_boot` and `ts_unix`.
    stamped_hms: bool,
    /// `gcode_file` of a local job is the 3MF file's name.
    names_3mf: bool,
}

/// Whether a model sends the whole object every time, unasked.
pub(super) fn always_full(model: Model) -> bool {
    model.capabilities().telemetry == Telemetry::Full
}

impl Habits {
    pub(super) fn of(model: Model) -> &'static Self {
        match model {
            Model::X1C => &X1C,
            Model::X1 | Model::X1E => &X1,
            Model::P1P | Model::P1S => &P1,
            Model::A1Mini => &A1_MINI,
            Model::A1 => &A1,
            Model::A2L => &A2L,
            Model::H2D => &H2D,
            Model::H2DPro | Model::H2C => &H2,
            Model::H2S | Model::P2S => &P2S,
            Model::X2D => &X2D,
        }
    }

    /// What `gcode_file` says for a job.
    pub(super) fn gcode_file(&self, job: &Job) -> String {
        if self.names_3mf && job.origin == Origin::Local {
            return job.file.clone();
        }
        format!("/data/Metadata/plate_{}.gcode", job.plate)
    }

    /// One entry of `hms`.
    pub(super) fn hms(&self, attr: u32, code: u32) -> Value {
        if self.stamped_hms {
            json!({"attr": attr, "code": code, "ts_boot": 3600, "ts_unix": "20260101120000"})
        } else {
            json!({"attr": attr, "code": code})
        }
    }
}

const P1: Habits = Habits {
    period: Duration::from_secs(2),
    idle_stage: 0,
    stage_after_job: 255,
    keeps_stages: false,
    resting_print_type: "idle",
    whole_degrees: false,
    flat_shows_left: false,
    loaded_switch: 1,
    bare_gcode_ack: false,
    loud_gcode_ack: false,
    silent_refusal: true,
    stamped_hms: false,
    names_3mf: true,
};

const A1: Habits = Habits { stage_after_job: 0, silent_refusal: false, ..P1 };
const A1_MINI: Habits = Habits { stage_after_job: 255, bare_gcode_ack: true, ..A1 };
const A2L: Habits = Habits { names_3mf: false, loud_gcode_ack: true, ..A1 };

const X1: Habits = Habits {
    period: Duration::from_secs(1),
    idle_stage: -1,
    stage_after_job: -1,
    keeps_stages: true,
    resting_print_type: "",
    loud_gcode_ack: true,
    silent_refusal: false,
    names_3mf: false,
    ..P1
};

const X1C: Habits = Habits { whole_degrees: true, ..X1 };

const H2: Habits = Habits { period: Duration::from_secs(2), loaded_switch: 1, ..X1C };
const H2D: Habits = Habits { flat_shows_left: true, ..H2 };
const P2S: Habits = Habits { loaded_switch: 3, ..H2 };
const X2D: Habits = Habits { loaded_switch: 1, stamped_hms: true, ..H2 };
