//! Switches, detectors and attachments of the status document.

use serde::Serialize;

use super::Text;

/// What the printer is set to do by itself; `null` where the machine does not tell or cannot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Options {
    /// Resume after step loss.
    pub auto_recovery: Option<bool>,
    /// Go on with another spool of the same filament when one ends.
    pub ams_auto_refill: Option<bool>,
    /// Estimate what remains on a spool.
    pub ams_remain_estimate: Option<bool>,
    /// Read RFID when a spool is put in.
    pub ams_read_on_insert: Option<bool>,
    /// Read RFID at power-on.
    pub ams_read_on_power_on: Option<bool>,
    /// Prompt sounds.
    pub prompt_sound: Option<bool>,
    /// Keep files that are sent on the storage.
    pub keep_sent_files: Option<bool>,
    /// What the door does when opened: `off`, `warn`, `pause`.
    pub door_check: Option<&'static str>,
}

/// What the printer watches for while it prints; `null` where it does not tell or cannot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Detectors {
    /// AI monitoring as a whole.
    pub ai_monitoring: Option<bool>,
    /// When AI monitoring stops a job: `never_halt`, `low`, `medium`, `high`.
    pub ai_sensitivity: Option<Text>,
    /// Spaghetti.
    pub spaghetti: Option<bool>,
    /// Filament piled up in the purge chute.
    pub purge_pile_up: Option<bool>,
    /// Filament clumped around the nozzle, by camera.
    pub nozzle_clumping: Option<bool>,
    /// Printing without filament coming out.
    pub air_print: Option<bool>,
    /// First layer, by lidar or camera.
    pub first_layer: Option<bool>,
    /// Marker of the build plate.
    pub plate_marker: Option<bool>,
    /// Alignment of the build plate.
    pub plate_alignment: Option<bool>,
    /// Foreign objects on the bed.
    pub foreign_object: Option<bool>,
    /// A tangled spool.
    pub filament_tangle: Option<bool>,
    /// A blob around the nozzle, by probing.
    pub nozzle_blob: Option<bool>,
}

/// Which axes know where they are (`home_flag`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct HomedAxes {
    /// X.
    pub x: bool,
    /// Y.
    pub y: bool,
    /// Z.
    pub z: bool,
}

/// A laser, cutter or fan that can sit on the toolhead (`device.ext_tool`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tool {
    /// `cutter`, `laser_10w`, `laser_40w`, `fan`; `null` when none is known.
    pub kind: Option<&'static str>,
    /// Whether it is mounted.
    pub mounted: Option<bool>,
}
