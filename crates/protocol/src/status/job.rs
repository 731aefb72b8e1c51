//! Job, state, stage and speed of the status document.

use serde::Serialize;

use super::Text;

/// State of the printer's job (`gcode_state`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PrinterState {
    /// `IDLE`, `INIT`.
    Idle,
    /// `PREPARE`: downloading, heating, levelling.
    Preparing,
    /// `SLICING` (cloud).
    Slicing,
    /// `RUNNING`.
    Running,
    /// `PAUSE`.
    Paused,
    /// `FINISH`.
    Finished,
    /// `FAILED`; a cancelled job ends here, too.
    Failed,
    /// `OFFLINE`.
    Offline,
    /// No report yet, or a word not known.
    #[default]
    Unknown,
}

impl PrinterState {
    /// Reads `gcode_state`, in any case.
    pub fn from_wire(text: &str) -> Self {
        const WORDS: [(&str, PrinterState); 9] = [
            ("IDLE", PrinterState::Idle),
            ("INIT", PrinterState::Idle),
            ("PREPARE", PrinterState::Preparing),
            ("SLICING", PrinterState::Slicing),
            ("RUNNING", PrinterState::Running),
            ("PAUSE", PrinterState::Paused),
            ("FINISH", PrinterState::Finished),
            ("FAILED", PrinterState::Failed),
            ("OFFLINE", PrinterState::Offline),
        ];
        WORDS
            .iter()
            .find(|(word, _)| text.trim().eq_ignore_ascii_case(word))
            .map_or(Self::Unknown, |(_, state)| *state)
    }

    /// Whether a job holds the printer: a new one would be refused.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Preparing | Self::Slicing | Self::Running | Self::Paused)
    }

    /// The word in the status document, such as `running`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Preparing => "preparing",
            Self::Slicing => "slicing",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Offline => "offline",
            Self::Unknown => "unknown",
        }
    }
}

/// What the printer does right now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// `stg_cur`; `null` before the first report. Idle is -1, 255 or 0 by model [L].
    pub id: Option<i64>,
    /// Name of the stage, such as `auto_bed_leveling`. For -1, 255 and 0, no special activity, it is
    /// `printing` with an active job and `idle` without one; `null` for ids that nobody has named.
    pub name: Option<&'static str>,
    /// Seconds left of this stage (`stg_cd`), P2S and X2D.
    pub seconds_left: Option<u32>,
}

/// Where a job came from (`print_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// `cloud`.
    Cloud,
    /// `local`: LAN or storage.
    Local,
    /// `system`: calibration and the like.
    System,
    /// `idle`.
    Idle,
}

/// The job. Always an object; `null` only where the report lacks the key.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Job {
    /// Title (`subtask_name`); may be empty.
    pub name: Option<Text>,
    /// File (`gcode_file`): a path on the printer, or only a name; may be empty.
    pub file: Option<Text>,
    /// Plate, counted from 1 (`plate_idx`, `plate_id`, else the number in the file's name); `null`
    /// for 0, none.
    pub plate: Option<u32>,
    /// Number of plates in the project (`plate_cnt`).
    pub plates: Option<u32>,
    /// Progress, 0 to 100 (`mc_percent`).
    pub progress_percent: Option<u8>,
    /// Download or preparation, 0 to 100 (`gcode_file_prepare_percent`).
    pub prepare_percent: Option<u8>,
    /// Remaining time in **minutes** (`mc_remaining_time`) [V].
    pub remaining_minutes: Option<u32>,
    /// Current layer, counted from 1; 0 before the first (`layer_num`).
    pub layer: Option<u32>,
    /// Number of layers (`total_layer_num`).
    pub total_layers: Option<u32>,
    /// Origin (`print_type`); `null` where it is empty.
    pub kind: Option<JobKind>,
    /// Cloud task, `"0"` on the LAN.
    pub task_id: Option<Text>,
    /// Cloud subtask (`subtask_id`).
    pub subtask_id: Option<Text>,
    /// Cloud project (`project_id`).
    pub project_id: Option<Text>,
    /// Cloud profile (`profile_id`).
    pub profile_id: Option<Text>,
    /// MakerWorld design (`design_id`); empty or `"0"` when it is none.
    pub design_id: Option<Text>,
    /// Ids of the objects skipped in this job (`s_obj`).
    pub skipped_objects: Vec<i64>,
    /// Ids of the stages of this job in order (`stg`).
    pub stages: Vec<i64>,
    /// Why the last job failed (`fail_reason`), decimal text of a print error; `"0"` none.
    pub fail_reason: Option<Text>,
    /// Current line of the G-code (`mc_print_line_number`), P1, A1, A2L.
    pub gcode_line: Option<u64>,
}

/// Print speed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Speed {
    /// 1 silent, 2 standard, 3 sport, 4 ludicrous (`spd_lvl`); `null` for 0, unknown.
    pub level: Option<u8>,
    /// Name of the level: `silent`, `standard`, `sport`, `ludicrous`.
    pub name: Option<&'static str>,
    /// Percent of the standard speed (`spd_mag`): 50, 100, 124, 166.
    pub percent: Option<u16>,
}
