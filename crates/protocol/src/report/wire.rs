//! The `print` object of a report: one table of the keys that the status is built from.
//!
//! Its parts stand in `wire/`; how they become a status, in `view.rs`. Keys that are not listed
//! stay reachable in the raw bytes (`raw.rs`).

pub(crate) mod ams;
pub(crate) mod device;
pub(crate) mod parts;

use serde::{Deserialize, Deserializer};

use super::{leaf::Bits, leaf::Leaf, list::List, macros::wire};
use crate::status::Text;

use ams::{AmsReport, TrayReport};
use device::Device;
use parts::{Hms, InfoTemp, Ipcam, Layers, Light, Net, UpgradeState, Xcam};

/// A number, in the table below.
type Number = f64;

wire! {
    /// A full or partial `print` object (`push_status`), ready to be merged.
    pub struct PushStatus {
        command: Text = "command",
        msg: Number = "msg",
        sequence_id: Text = "sequence_id",
        result: Text = "result",
        reason: Text = "reason",
        err_code: Number = "err_code",
        errno: Number = "errno",
        err_index: Number = "err_index",
        t_utc: Number = "t_utc",

        gcode_state: Text = "gcode_state",
        mc_percent: Number = "mc_percent",
        percent: Number = "percent",
        mc_remaining_time: Number = "mc_remaining_time",
        remain_time: Number = "remain_time",
        layer_num: Number = "layer_num",
        total_layer_num: Number = "total_layer_num",
        layers: Layers = "3D",
        gcode_file: Text = "gcode_file",
        file: Text = "file",
        gcode_file_prepare_percent: Number = "gcode_file_prepare_percent",
        prepare_per: Number = "prepare_per",
        subtask_name: Text = "subtask_name",
        project_id: Text = "project_id",
        profile_id: Text = "profile_id",
        task_id: Text = "task_id",
        subtask_id: Text = "subtask_id",
        design_id: Text = "design_id",
        plate_id: Number = "plate_id",
        plate_idx: Number = "plate_idx",
        plate_cnt: Number = "plate_cnt",
        print_type: Text = "print_type",
        fail_reason: Text = "fail_reason",
        s_obj: List<Number, 1024> = "s_obj",
        stg_cur: Number = "stg_cur",
        stg: List<Number, 256> = "stg",
        stg_cd: Number = "stg_cd",
        mc_print_line_number: Number = "mc_print_line_number",
        spd_lvl: Number = "spd_lvl",
        spd_mag: Number = "spd_mag",

        nozzle_temper: Number = "nozzle_temper",
        nozzle_target_temper: Number = "nozzle_target_temper",
        bed_temper: Number = "bed_temper",
        bed_target_temper: Number = "bed_target_temper",
        chamber_temper: Number = "chamber_temper",
        ctt: Number = "ctt",
        info: InfoTemp = "info",
        nozzle_diameter: Number = "nozzle_diameter",
        nozzle_type: Text = "nozzle_type",

        cooling_fan_speed: Number = "cooling_fan_speed",
        big_fan1_speed: Number = "big_fan1_speed",
        big_fan2_speed: Number = "big_fan2_speed",
        heatbreak_fan_speed: Number = "heatbreak_fan_speed",
        fan_gear: Number = "fan_gear",

        hw_switch_state: Number = "hw_switch_state",
        home_flag: Number = "home_flag",
        cfg: Bits = "cfg",
        fun: Bits = "fun",
        fun2: Bits = "fun2",
        flag3: Bits = "flag3",
        aux: Bits = "aux",
        stat: Bits = "stat",

        ams: Box<AmsReport> = "ams",
        ams_status: Number = "ams_status",
        vt_tray: Box<TrayReport> = "vt_tray",
        vir_slot: List<TrayReport, 8> = "vir_slot",
        device: Box<Device> = "device",

        ipcam: Box<Ipcam> = "ipcam",
        xcam: Box<Xcam> = "xcam",
        lights_report: List<Light, 16> = "lights_report",
        wifi_signal: Text = "wifi_signal",
        net: Net = "net",
        sdcard: bool = "sdcard",
        upgrade_state: Box<UpgradeState> = "upgrade_state",
        force_upgrade: bool = "force_upgrade",
        print_error: Number = "print_error",
        hms: List<Hms, 256> = "hms",
    }
}

impl<'de> Deserialize<'de> for PushStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Leaf::<Self>::deserialize(deserializer)? {
            Leaf::Known(status) => Ok(status),
            Leaf::Absent | Leaf::Unknown => Ok(Self::default()),
        }
    }
}
