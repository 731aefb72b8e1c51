//! The print history: `my/tasks`, `my/task/{id}`, and the slice data of `user/task/{id}`.

use serde_json::Value;

use super::{PlateSlice, SignedUrl, lenient::body};
use crate::{Model, Serial};

body! {
    /// Body of `GET my/tasks`: `{total, hits}` [L], or `{tasks, hits: {total: {value}}}` as the
    /// seeds document it [G].
    #[derive(Default)]
    pub struct Tasks {
        /// How many there are in all.
        total: Option<i64>,
        #[serde(skip)]
        counted: Option<Counted> = "hits",
        /// One page of them, newest first.
        pub tasks: Vec<Task> = "hits" | "tasks" | "data",
    }

    /// The documented shape's `hits`.
    #[derive(Default)]
    struct Counted {
        total: Option<CountedTotal>,
    }

    /// The documented shape's `hits.total`.
    #[derive(Default)]
    struct CountedTotal {
        value: Option<i64>,
    }

    /// One print of the history. [L]
    #[derive(Default)]
    pub struct Task {
        /// Its id; a number on the wire, text in the documented shape.
        pub id: Option<String> = "id" | "task_id",
        /// Title.
        pub title: Option<String> = "title" | "name" | "task_name",
        /// Serial number of the printer (`deviceId`).
        pub serial: Option<Serial> = "deviceId" | "device_id" | "dev_id",
        /// Name of the printer (`deviceName`).
        pub device_name: Option<String> = "deviceName",
        /// Model of the printer (`deviceModel`).
        pub device_model: Option<String> = "deviceModel",
        /// 1 created or printing, 2 finished, 3 failed or cancelled, 4 running; a word in the
        /// documented shape. See [`Task::state`].
        pub status: Option<String>,
        /// 0 even for failures (`failedType`).
        pub failed_type: Option<i64> = "failedType",
        /// Start, ISO 8601.
        pub start_time: Option<String> = "startTime" | "create_time" | "created_at",
        /// End, ISO 8601; within a minute of the start while the print runs.
        pub end_time: Option<String> = "endTime" | "completed_at",
        /// The slicer's estimate in s (`costTime`), not what it took.
        pub estimated_seconds: Option<i64> = "costTime",
        /// The slicer's estimate in g.
        pub weight_grams: Option<f64> = "weight",
        /// The slicer's estimate in mm.
        pub length_mm: Option<f64> = "length",
        /// Picture; its address is good for a short time.
        pub cover: Option<SignedUrl> = "cover" | "thumbnail",
        /// How it was sent: `cloud_file`, `lan_file`, `local` …
        pub mode: Option<String>,
        /// Plate, from 1.
        pub plate_index: Option<i64> = "plateIndex" | "plate_index",
        /// Name of the plate.
        pub plate_name: Option<String> = "plateName",
        /// Cloud model.
        pub model_id: Option<String> = "modelId",
        /// Cloud profile.
        pub profile_id: Option<String> = "profileId",
        /// Cloud project, in the documented shape. [G]
        pub project_id: Option<String>,
        /// Design, 0 for one's own files.
        pub design_id: Option<String> = "designId",
        /// Its title.
        pub design_title: Option<String> = "designTitle",
        /// Instance of the design.
        pub instance_id: Option<String> = "instanceId",
        /// Such as `textured_plate`.
        pub bed_type: Option<String> = "bedType",
        /// Whether an AMS was used.
        pub use_ams: Option<bool> = "useAms",
        /// Which filament came from where.
        pub filaments: Vec<TaskFilament> = "amsDetailMapping",
    }

    /// One filament of a print (`amsDetailMapping`). [L]
    #[derive(Default)]
    pub struct TaskFilament {
        /// Tray, counted over all units; 254 and 255 are external spools.
        pub ams: Option<i64>,
        /// AMS unit.
        pub ams_id: Option<i64> = "amsId",
        /// Tray of that unit.
        pub slot_id: Option<i64> = "slotId",
        /// Nozzle.
        pub nozzle_id: Option<i64> = "nozzleId",
        /// Colour that the file asked for, `RRGGBBAA`.
        pub source_color: Option<String> = "sourceColor",
        /// Colour of the tray, `RRGGBBAA`.
        pub target_color: Option<String> = "targetColor",
        /// Such as `GFA00`.
        pub filament_id: Option<String> = "filamentId",
        /// Such as `PLA`.
        pub filament_type: Option<String> = "filamentType",
        /// In g.
        pub weight_grams: Option<f64> = "weight",
    }

    /// Body of `GET user/task/{id}` of the iot service: slice data of a subtask; other people's ids
    /// are refused with 403. [L, disputed]
    #[derive(Default)]
    pub struct SliceTask {
        /// Project.
        pub project_id: Option<String>,
        /// Model.
        pub model_id: Option<String>,
        /// Profile.
        pub profile_id: Option<String>,
        /// Free text.
        pub status: Option<String>,
        /// Name.
        pub name: Option<String> = "name" | "title",
        /// UTC, `YYYY-MM-DD HH:MM:SS`.
        pub create_time: Option<String>,
        content: Option<String>,
        /// What was sliced.
        pub context: Option<SliceContext>,
    }

    /// What was sliced (`context`).
    #[derive(Default)]
    pub struct SliceContext {
        /// The plates.
        pub plates: Vec<PlateSlice>,
    }
}

/// Where a print of the history stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Created or printing: 1 and 4, and words such as `running`.
    Printing,
    /// 2.
    Finished,
    /// Failed or cancelled: 3.
    Failed,
}

impl TaskState {
    /// Its word: `printing`, `finished`, `failed`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Printing => "printing",
            Self::Finished => "finished",
            Self::Failed => "failed",
        }
    }
}

impl Tasks {
    /// How many there are in all, where told.
    pub fn total(&self) -> Option<u64> {
        let counted = || self.counted.as_ref()?.total.as_ref()?.value;
        self.total.or_else(counted).and_then(|total| u64::try_from(total).ok())
    }
}

impl Task {
    /// Where it stands; `None` for a status that nobody has described.
    pub fn state(&self) -> Option<TaskState> {
        match self.status.as_deref()?.to_ascii_lowercase().as_str() {
            "1" | "4" | "created" | "queued" | "pending" | "printing" | "running" => {
                Some(TaskState::Printing)
            }
            "2" | "finished" | "completed" | "success" => Some(TaskState::Finished),
            "3" | "failed" | "cancelled" | "canceled" | "error" => Some(TaskState::Failed),
            _ => None,
        }
    }

    /// The model of its printer.
    pub fn model(&self) -> Option<Model> {
        let named = self.device_model.as_deref().and_then(Model::from_name);
        named.or_else(|| Model::from_serial(self.serial.as_ref()?))
    }
}

impl SliceTask {
    /// The plate that was printed: JSON within text (`content`) on the wire.
    pub fn plate_index(&self) -> Option<u64> {
        let content: Value = serde_json::from_str(self.content.as_deref()?).ok()?;
        content.get("info")?.get("plate_idx")?.as_u64()
    }
}
