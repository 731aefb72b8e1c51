//! `project_file`: the body that starts a print.

use serde::{Serialize, Serializer};

use super::{Auto, TrayId};

/// A plate of a sliced 3MF to print. Booleans are booleans and integers integers: the other way
/// round breaks an H2D [L].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProjectFile {
    /// Which plate, from 1; `Metadata/plate_<n>.gcode` on the wire.
    #[serde(rename = "param", serialize_with = "gcode_of_plate")]
    pub plate: u32,
    /// Fresh decimal below 2^31: a repeated one is taken for the same job, a larger one is clamped
    /// and keeps a P1S idle [L].
    pub project_id: String,
    /// `"0"` on the LAN.
    pub profile_id: String,
    /// Fresh decimal below 2^31.
    pub task_id: String,
    /// Fresh decimal below 2^31.
    pub subtask_id: String,
    /// What the screen shows; the file's name without suffix.
    pub subtask_name: String,
    /// Base name of the file.
    pub file: String,
    /// Where it is: `ftp:///<path>` stored, `ftp://<name>` just uploaded, `file:///sdcard/<path>`,
    /// `brtc://emmc/<name>`, `https://…`.
    pub url: String,
    /// Upper-case MD5 of the 3MF; empty skips the check, as on the LAN.
    pub md5: String,
    /// `auto`, `cool_plate`, `eng_plate`, `hot_plate`, `textured_plate`, `supertack_plate`.
    pub bed_type: String,
    /// Take a time-lapse.
    pub timelapse: bool,
    /// Level the bed. With one L [L]; true only where `auto_bed_leveling` is on.
    pub bed_leveling: bool,
    /// Level the bed, newer firmware.
    pub auto_bed_leveling: Auto,
    /// Calibrate the flow; true only where `extrude_cali_flag` is on.
    pub flow_cali: bool,
    /// Calibrate vibration; off on a P2S [L].
    pub vibration_cali: bool,
    /// Look at the first layer.
    pub layer_inspect: bool,
    /// Take filament from an AMS.
    pub use_ams: bool,
    /// By filament of the project: flat tray, AMS HT its id, -1 unused or external.
    pub ams_mapping: Vec<i32>,
    /// The same as unit and slot: external `255/0` (left of two `254/0`), unused `255/255`.
    pub ams_mapping2: Vec<MappedTray>,
    /// By filament of the project: place of the nozzle, only with a rack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nozzle_mapping: Option<Vec<i32>>,
    /// Bits as text: 1 external change assist, 4 internal time-lapse.
    pub cfg: String,
    /// Calibrate pressure advance.
    pub extrude_cali_flag: Auto,
    /// 0 auto, 1 manual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extrude_cali_manual_mode: Option<u8>,
    /// Calibrate the distance of two nozzles.
    pub nozzle_offset_cali: Auto,
    /// Objects to leave out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skip_objects: Vec<u32>,
}

/// Unit and slot of one filament.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MappedTray {
    /// Unit; 255 main, 254 left external spool.
    pub ams_id: u16,
    /// Slot; 255 with unit 255 is unused.
    pub slot_id: u16,
}

impl ProjectFile {
    /// A plate (from 1) of a file that is on the printer's storage, printed with levelling and from
    /// the external spool. `random` makes the ids fresh; this crate has no randomness of its own.
    pub fn stored(path: &str, plate: u32, random: u64) -> Self {
        let path = path.trim_start_matches('/');
        let file = path.rsplit('/').next().unwrap_or(path);
        let plain = file.strip_suffix(".3mf").unwrap_or(file);
        let id = (random % 0x7FFF_FFFE + 1).to_string();
        Self {
            plate,
            project_id: id.clone(),
            profile_id: "0".into(),
            task_id: id.clone(),
            subtask_id: id,
            subtask_name: plain.strip_suffix(".gcode").unwrap_or(plain).into(),
            file: file.into(),
            url: format!("ftp:///{path}"),
            md5: String::new(),
            bed_type: "auto".into(),
            timelapse: false,
            bed_leveling: true,
            auto_bed_leveling: Auto::On,
            flow_cali: false,
            vibration_cali: false,
            layer_inspect: false,
            use_ams: false,
            ams_mapping: Vec::new(),
            ams_mapping2: Vec::new(),
            nozzle_mapping: None,
            cfg: "0".into(),
            extrude_cali_flag: Auto::Off,
            extrude_cali_manual_mode: None,
            nozzle_offset_cali: Auto::Off,
            skip_objects: Vec::new(),
        }
    }

    /// Whether to level the bed, in both fields.
    #[must_use]
    pub fn level_bed(mut self, level: Auto) -> Self {
        self.auto_bed_leveling = level;
        self.bed_leveling = level == Auto::On;
        self
    }

    /// Whether to calibrate pressure advance, in both fields.
    #[must_use]
    pub fn calibrate_flow(mut self, calibrate: Auto) -> Self {
        self.extrude_cali_flag = calibrate;
        self.flow_cali = calibrate == Auto::On;
        self
    }

    /// Takes each filament of the project, in its order, from a tray; `None` is not used.
    #[must_use]
    pub fn map_trays(mut self, trays: &[Option<TrayId>]) -> Self {
        let in_ams = |tray: &TrayId| !tray.is_external();
        self.use_ams = trays.iter().flatten().any(in_ams);
        self.ams_mapping = trays
            .iter()
            .map(|tray| tray.filter(in_ams).map_or(-1, |tray| i32::from(tray.mapped())))
            .collect();
        self.ams_mapping2 = trays
            .iter()
            .map(|tray| match tray {
                Some(tray) => MappedTray { ams_id: tray.unit, slot_id: tray.slot.into() },
                None => MappedTray { ams_id: 255, slot_id: 255 },
            })
            .collect();
        self
    }
}

fn gcode_of_plate<S: Serializer>(plate: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("Metadata/plate_{plate}.gcode"))
}
