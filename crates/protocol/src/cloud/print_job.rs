//! What a print over the cloud is made of: a project, a ticket, a registration, a task.
//!
//! In which order they are said is in the client's `cloud/print`.

use serde::Serialize;

use super::{
    Notification, SignedUrl,
    lenient::{body, one_line},
};
use crate::request::{Auto, TrayId};

body! {
    /// Body of the answer to `POST user/project`; all of it is text. [L]
    #[derive(Default)]
    pub struct CreatedProject {
        /// The project.
        pub project_id: Option<String>,
        /// The model in it: `US` and 14 hex digits.
        pub model_id: Option<String>,
        /// The profile in it: decimal.
        pub profile_id: Option<String>,
        /// Where its configuration goes.
        pub upload_url: Option<SignedUrl>,
        /// What its processing is asked for with.
        pub upload_ticket: Option<String>,
    }
}

/// Body of `PUT user/notification`: the upload behind a ticket is complete. [L]
#[derive(Debug, Clone, Serialize)]
pub struct UploadDone<'a> {
    /// Which one.
    pub upload: UploadTicket<'a>,
}

/// The upload that is complete.
#[derive(Debug, Clone, Serialize)]
pub struct UploadTicket<'a> {
    /// The file's name.
    pub origin_file_name: &'a str,
    /// `upload_ticket` of the project.
    pub ticket: &'a str,
}

/// How far the cloud is with an upload: `message` of `GET user/notification`. [L]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Processing {
    /// `running`: ask again.
    Running,
    /// `success`.
    Done,
    /// Anything else is a failure, in the cloud's words.
    Failed(String),
}

impl Processing {
    /// Reads a body; one without a word is a failure, too.
    pub fn read(body: &[u8]) -> Self {
        let body: Notification = serde_json::from_slice(body).unwrap_or_default();
        Self::of(body.message.as_deref())
    }

    /// What a message says.
    pub(super) fn of(message: Option<&str>) -> Self {
        match message {
            Some("running") => Self::Running,
            Some("success") => Self::Done,
            Some(other) => Self::Failed(one_line(other)),
            None => Self::Failed("the answer says nothing".into()),
        }
    }
}

/// Body of `PATCH user/project/{id}`: which file to print. [L]
#[derive(Debug, Clone, Serialize)]
pub struct PrintReady<'a> {
    /// `profile_id` of the project.
    pub profile_id: &'a str,
    /// One file per plate.
    pub profile_print_3mf: [PlateFile<'a>; 1],
}

/// The sliced 3MF of a plate.
#[derive(Debug, Clone, Serialize)]
pub struct PlateFile<'a> {
    /// MD5 of the file: 32 upper-case hex digits.
    pub md5: &'a str,
    /// Which plate, from 1.
    pub plate_idx: u32,
    /// Where it is stored, with the query that it was stored by. A secret.
    #[serde(serialize_with = "revealed")]
    pub url: &'a SignedUrl,
}

fn revealed<S: serde::Serializer>(url: &SignedUrl, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(url.reveal())
}

/// The plates that the cloud's printers know, as `bedType` names them. [L]
pub const BED_TYPES: [&str; 7] =
    ["auto", "cool_plate", "eng_plate", "hot_plate", "pei", "supertack_plate", "textured_plate"];

/// Body of `POST my/task`: print this plate of a registered project on that printer. Keys as the
/// stock slicer sends them; a key that is always there is there when it is empty, too. [L]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewTask {
    /// Details per filament; empty is accepted.
    pub ams_detail_mapping: Vec<serde_json::Value>,
    /// By filament of the project: flat tray, -1 unused or external.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ams_mapping: Vec<i32>,
    /// The same as unit and slot.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ams_mapping2: Vec<AmsSlot>,
    /// Level the bed: 0 off, 1 on, 2 auto.
    pub auto_bed_leveling: u8,
    /// Level the bed; true only where `auto_bed_leveling` is 1.
    pub bed_leveling: bool,
    /// One of [`BED_TYPES`].
    pub bed_type: String,
    /// Bits as text: 1 external change assist, 4 internal time-lapse.
    pub cfg: String,
    /// Empty; the key is mandatory.
    pub cover: String,
    /// The printer's serial number.
    pub device_id: String,
    /// Calibrate pressure advance: 0 off, 1 on, 2 auto.
    pub extrude_cali_flag: u8,
    /// Empty.
    pub filament_setting_ids: [u8; 0],
    /// Calibrate the flow; true only where `extrude_cali_flag` is 1.
    pub flow_cali: bool,
    /// Look at the first layer.
    pub layer_inspect: bool,
    /// `cloud_file`.
    pub mode: String,
    /// `model_id` of the project.
    pub model_id: String,
    /// Empty.
    pub nozzle_infos: [u8; 0],
    /// Calibrate the distance of two nozzles: 0 off, 2 auto.
    pub nozzle_offset_cali: u8,
    /// Empty.
    pub ori_model_id: String,
    /// 0.
    pub ori_profile_id: u8,
    /// Which plate, from 1.
    pub plate_index: u32,
    /// `profile_id` of the project, as a number.
    pub profile_id: u64,
    /// `20001`: the first and only attempt.
    #[serde(rename = "sequence_id")]
    pub sequence_id: String,
    /// Take a time-lapse.
    pub timelapse: bool,
    /// What the history shows.
    pub title: String,
    /// Take filament from an AMS.
    pub use_ams: bool,
    /// Calibrate vibration.
    pub vibration_cali: bool,
}

/// Unit and slot of one filament. External, as unused, is `255/0`: `255/255` is refused. [L]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AmsSlot {
    /// Unit.
    pub ams_id: u16,
    /// Slot.
    pub slot_id: u16,
}

impl NewTask {
    /// A plate (from 1) of a registered project: the bed is levelled, filament comes from the
    /// external spool, nothing is calibrated.
    pub fn new(device: &str, model_id: &str, profile_id: u64, plate: u32, title: &str) -> Self {
        Self {
            ams_detail_mapping: Vec::new(),
            ams_mapping: Vec::new(),
            ams_mapping2: Vec::new(),
            auto_bed_leveling: Auto::On.wire(),
            bed_leveling: true,
            bed_type: "auto".into(),
            cfg: "0".into(),
            cover: String::new(),
            device_id: device.into(),
            extrude_cali_flag: Auto::Off.wire(),
            filament_setting_ids: [],
            flow_cali: false,
            layer_inspect: false,
            mode: "cloud_file".into(),
            model_id: model_id.into(),
            nozzle_infos: [],
            nozzle_offset_cali: Auto::Off.wire(),
            ori_model_id: String::new(),
            ori_profile_id: 0,
            plate_index: plate,
            profile_id,
            sequence_id: "20001".into(),
            timelapse: false,
            title: title.into(),
            use_ams: false,
            vibration_cali: false,
        }
    }

    /// Whether to level the bed, in both fields.
    #[must_use]
    pub fn level_bed(mut self, level: Auto) -> Self {
        self.auto_bed_leveling = level.wire();
        self.bed_leveling = level == Auto::On;
        self
    }

    /// Whether to calibrate the flow, in both fields.
    #[must_use]
    pub fn calibrate_flow(mut self, calibrate: Auto) -> Self {
        self.extrude_cali_flag = calibrate.wire();
        self.flow_cali = calibrate == Auto::On;
        self
    }

    /// Takes each filament of the project, in its order, from a tray; `None` is not used.
    #[must_use]
    pub fn map_trays(mut self, trays: &[Option<TrayId>]) -> Self {
        let in_ams = |tray: &TrayId| !tray.is_external();
        self.use_ams = trays.iter().flatten().any(in_ams);
        let flat = |tray: &Option<TrayId>| tray.filter(in_ams).map_or(-1, |it| it.mapped().into());
        self.ams_mapping = trays.iter().map(flat).collect();
        let slot = |tray: &Option<TrayId>| {
            let tray = tray.unwrap_or(TrayId::EXTERNAL);
            AmsSlot { ams_id: tray.unit, slot_id: tray.slot.into() }
        };
        self.ams_mapping2 = trays.iter().map(slot).collect();
        self
    }
}

body! {
    /// Body of the answer to `POST my/task`. [L]
    #[derive(Default)]
    pub struct CreatedTask {
        /// The task, as `my/tasks` lists it.
        pub id: Option<String>,
        /// Only in the documented shape. [G]
        pub status: Option<String>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_without_ams_has_the_accepted_keys_and_no_other() {
        let task = NewTask::new("01P00A000000001", "US0123456789abcd", 123_456_789, 1, "cube")
            .level_bed(Auto::Off);
        let wanted = serde_json::json!({
            "amsDetailMapping": [], "autoBedLeveling": 0, "bedLeveling": false, "bedType": "auto",
            "cfg": "0", "cover": "", "deviceId": "01P00A000000001", "extrudeCaliFlag": 0,
            "filamentSettingIds": [], "flowCali": false, "layerInspect": false,
            "mode": "cloud_file", "modelId": "US0123456789abcd", "nozzleInfos": [],
            "nozzleOffsetCali": 0, "oriModelId": "", "oriProfileId": 0, "plateIndex": 1,
            "profileId": 123_456_789, "sequence_id": "20001", "timelapse": false, "title": "cube",
            "useAms": false, "vibrationCali": false,
        });
        assert_eq!(serde_json::to_value(task).unwrap(), wanted);
    }

    #[test]
    fn trays_are_mapped_in_both_forms_and_unused_is_external() {
        let tray = |text: &str| Some(text.parse().unwrap());
        let task = NewTask::new("s", "m", 1, 2, "t").map_trays(&[tray("A2"), None, tray("ext")]);
        let value = serde_json::to_value(task).unwrap();
        assert_eq!(value["amsMapping"], serde_json::json!([1, -1, -1]));
        let pairs = serde_json::json!([
            {"amsId": 0, "slotId": 1}, {"amsId": 255, "slotId": 0}, {"amsId": 255, "slotId": 0}
        ]);
        assert_eq!(value["amsMapping2"], pairs);
        assert_eq!(value["useAms"], true);
    }

    #[test]
    fn processing_is_told_by_one_word() {
        let read = |body: &str| Processing::read(body.as_bytes());
        assert_eq!(read(r#"{"message":"running","code":null}"#), Processing::Running);
        assert_eq!(read(r#"{"message":"success"}"#), Processing::Done);
        assert_eq!(read(r#"{"message":"bad\nfile"}"#), Processing::Failed("bad file".into()));
        for body in ["", "{}", "[]", "<html>"] {
            assert!(matches!(read(body), Processing::Failed(_)), "{body}");
        }
    }

    #[test]
    fn a_registration_carries_the_whole_address() {
        let url = SignedUrl::new("https://s/a.3mf?Signature=x");
        let file = PlateFile { md5: "ABCD", plate_idx: 2, url: &url };
        let body = PrintReady { profile_id: "7", profile_print_3mf: [file] };
        let wanted = r#"{"profile_id":"7","profile_print_3mf":[{"md5":"ABCD","plate_idx":2,"url":"https://s/a.3mf?Signature=x"}]}"#;
        assert_eq!(serde_json::to_string(&body).unwrap(), wanted);
    }

    #[test]
    fn ids_are_read_as_numbers_and_as_text() {
        for body in [r#"{"id":42}"#, r#"{"id":"42"}"#] {
            let task: CreatedTask = serde_json::from_str(body).unwrap();
            assert_eq!(task.id.as_deref(), Some("42"));
        }
    }
}
