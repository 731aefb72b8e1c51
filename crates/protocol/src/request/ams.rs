//! Section `print`: filament units and external spools.

use serde::Serialize;

use super::{catalogue::requests, words::words, written::key};

requests! {
    /// Filament units and external spools.
    pub enum Ams in "print" {
        /// Loads or unloads filament.
        ChangeFilament(ChangeFilament) => "ams_change_filament",
            "all; X1 from 01.05.06.01, P1 from 01.02.99.10", Ack, "ams.active", "V";
        /// Says what a tray or an external spool holds.
        FilamentSetting(Box<FilamentSetting>) => "ams_filament_setting", "all", Ack, "ams.units", "L";
        /// When tags are read, and whether the rest of a spool is estimated.
        UserSetting {
            /// Unit; -1 all.
            ams_id: i16,
            /// Read tags at power-on.
            startup_read_option: bool,
            /// Read a tag when a spool is put in.
            tray_read_option: bool,
            /// Estimate what is left.
            calibrate_remain_flag: bool,
        } => "ams_user_setting", "with an AMS", Ack, "options", "V";
        /// Reads the tag of a spool.
        GetRfid {
            /// Unit.
            ams_id: u16,
            /// Slot, 0 to 3.
            slot_id: u8,
        } => "ams_get_rfid", "X1 from 01.09.00.00, P1 from 01.08.01.00, A1 from 01.06.00.00, later models",
            Ack, "ams.units", "V";
        /// Answers an AMS that asks what to do.
        Control(#[serde(serialize_with = "key::param")] AmsAction)
            => "ams_control", "with an AMS", Ack, "ams.activity", "V";
        /// Starts the AMS anew.
        Reset => "ams_reset", "with an AMS", Ack, "", "V";
        /// Says which unit feeds which extruder.
        Bind {
            /// The pairs.
            bind_list: Vec<AmsBinding>,
        } => "manual_ams_bind", "two nozzles (H2D, H2C, X2D)", Ack, "ams.units", "D";
        /// Dries filament, or stops drying.
        Drying(Drying) => "ams_filament_drying", "AMS 2 Pro and AMS HT, with `fun2` bit 5 or on firmware that supports them", Ack,
            "ams.units[].drying_minutes_left", "V";
        /// Ends drying that the printer started by itself.
        AutoStopDrying => "auto_stop_ams_dry", "AMS 2 Pro and AMS HT", Ack,
            "ams.units[].drying_minutes_left", "V";
    }
}

/// Loading or unloading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeFilament {
    /// Nozzle temperature for what is loaded now, in °C; -1 lets the printer decide.
    pub curr_temp: i16,
    /// Nozzle temperature for what comes, in °C; -1 lets the printer decide.
    pub tar_temp: i16,
    /// Unit; 254 or 255 an external spool.
    pub ams_id: u16,
    /// Flat tray; the unit's id where that is 0 or the unit has one tray; 255 unloads.
    pub target: u16,
    /// Slot, 0 to 3; 255 unloads.
    pub slot_id: u8,
    /// Extruder to load into, where a machine has two and a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extruder_id: Option<u8>,
}

/// What a tray or an external spool holds. An empty one clears the slot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FilamentSetting {
    /// Unit; 255 main, 254 left external spool.
    pub ams_id: u16,
    /// Slot, 0 to 3; 0 for an external spool.
    pub slot_id: u8,
    /// The slot again; always 254 for an external spool.
    pub tray_id: u8,
    /// Filament id, such as `GFA00`; empty clears.
    pub tray_info_idx: String,
    /// Preset id, such as `GFSA00`; may be empty.
    pub setting_id: String,
    /// `RRGGBBAA`.
    pub tray_color: String,
    /// Lowest nozzle temperature in °C.
    pub nozzle_temp_min: u16,
    /// Highest nozzle temperature in °C.
    pub nozzle_temp_max: u16,
    /// Material, such as `PLA`; empty clears.
    pub tray_type: String,
    /// All colours of a spool that has several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cols: Vec<String>,
    /// 0 gradient, 1 side by side; only with `cols`. [G]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ctype: Option<u8>,
}

/// A unit and the extruder that it feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AmsBinding {
    /// First unit. [D]
    pub ams_f_bind: i32,
    /// Second unit. [D]
    pub ams_s_bind: i32,
    /// 0 right, 1 left.
    pub extruder: i32,
}

/// Drying of one unit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Drying {
    /// Unit.
    pub ams_id: u16,
    /// 0 stop, 1 for a time, 2 down to a humidity.
    pub mode: u8,
    /// Material, such as `PLA`; empty to stop.
    pub filament: String,
    /// °C: AMS 2 Pro 45 to 65, AMS HT 45 to 85.
    pub temp: u16,
    /// Hours, 1 to 24.
    pub duration: u16,
    /// Humidity in percent to reach in mode 2.
    pub humidity: u8,
    /// Turn the spools; not while any tray of the unit is threaded.
    pub rotate_tray: bool,
    /// °C to which it cools afterwards; 40 to 45 are usual.
    pub cooling_temp: u16,
    /// Dry although the printer's power supply may be too weak.
    pub close_power_conflict: bool,
}

impl Drying {
    /// Stops drying.
    pub fn stop(unit: u16) -> Self {
        Self { ams_id: unit, ..Self::default() }
    }
}

words! {
    /// What an AMS shall do about its question.
    pub enum AmsAction: &'static str, "AMS action" {
        /// Go on.
        Resume = "resume", "resume";
        /// Start over.
        Reset = "reset", "reset";
        /// Hold.
        Pause = "pause", "pause";
        /// It is done: filament came out.
        Done = "done", "done";
        /// Give up.
        Abort = "abort", "abort";
    }
}
