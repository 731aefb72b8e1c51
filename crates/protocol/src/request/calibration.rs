//! Section `print`: calibration of the machine, pressure advance and flow.

mod flow;

use super::{catalogue::requests, written::key};

pub use flow::{
    FlowFilament, PressureDeletion, PressureFilament, PressureKey, PressureProfile,
    PressureSelection, RackNozzle, TrayPressure, TrayPressureRun,
};

requests! {
    /// Calibration of the machine and of filaments. `cali_version` in the report tells whether
    /// there is a table of profiles or one value per tray.
    pub enum Calibration in "print" {
        /// Calibrates the machine.
        Machine(#[serde(serialize_with = "key::option")] Steps)
            => "calibration", "all; X1 with `rv1126` before 00.00.15.79: a `gcode_file`", Ack,
            "stage", "V";
        /// Prints a pressure advance test for one tray, older firmware.
        PressureTray(TrayPressureRun)
            => "extrusion_cali", "without `cali_version`", Ack, "stage", "V";
        /// Prints a pressure advance test.
        Pressure {
            /// Nozzle in mm, such as `0.4`.
            nozzle_diameter: String,
            /// 0 auto, 1 manual.
            mode: u8,
            /// What to test.
            filaments: Vec<PressureFilament>,
        } => "extrusion_cali", "with `cali_version`", Ack, "stage", "V";
        /// Sets the pressure advance of one tray, older firmware.
        SetPressureTray(TrayPressure)
            => "extrusion_cali_set", "without `cali_version`", Ack, "ams.units[].trays[].k", "V";
        /// Stores pressure advance profiles.
        SetPressure {
            /// Nozzle in mm.
            nozzle_diameter: String,
            /// The profiles.
            filaments: Vec<PressureProfile>,
        } => "extrusion_cali_set", "with `cali_version`", Ack, "", "V";
        /// Lists pressure advance profiles.
        GetPressure(PressureKey) => "extrusion_cali_get", "with `cali_version`", Data, "", "L";
        /// Tells the results of the last pressure advance test.
        PressureResult {
            /// Nozzle in mm.
            nozzle_diameter: String,
        } => "extrusion_cali_get_result", "with `cali_version`", Data, "", "L";
        /// Makes a profile the one that a tray uses.
        SelectPressure(PressureSelection) => "extrusion_cali_sel", "with `cali_version`", Ack,
            "ams.units[].trays[].calibration_index", "V";
        /// Deletes a profile.
        DeletePressure(PressureDeletion) => "extrusion_cali_del", "with `cali_version`", Ack, "", "V";
        /// Prints a flow test.
        Flow {
            /// Flat tray.
            tray_id: u16,
            /// Nozzle in mm.
            nozzle_diameter: String,
            /// What to test.
            filaments: Vec<FlowFilament>,
        } => "flowrate_cali", "X1", Ack, "stage", "V";
        /// Tells the results of the last flow test; a P2S stayed silent.
        FlowResult {
            /// Nozzle in mm.
            nozzle_diameter: String,
        } => "flowrate_get_result", "X1", Data, "", "L";
    }
}

/// What to calibrate; at least one. On the wire a number, one bit each. [V]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Steps {
    /// Bit 0: lidar or camera.
    pub lidar: bool,
    /// Bit 1: bed levelling.
    pub bed_level: bool,
    /// Bit 2: vibration compensation.
    pub vibration: bool,
    /// Bit 3: motor noise.
    pub motor_noise: bool,
    /// Bit 4: distance of two nozzles.
    pub nozzle_offset: bool,
    /// Bit 5: bed levelling at high temperature.
    pub high_temperature_bed: bool,
    /// Bit 6: where the camera looks for clumps.
    pub clumping_position: bool,
}

impl Steps {
    /// The number on the wire.
    pub fn bits(self) -> u8 {
        [
            self.lidar,
            self.bed_level,
            self.vibration,
            self.motor_noise,
            self.nozzle_offset,
            self.high_temperature_bed,
            self.clumping_position,
        ]
        .into_iter()
        .enumerate()
        .fold(0, |bits, (index, on)| bits | u8::from(on) << index)
    }
}

impl serde::Serialize for Steps {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.bits())
    }
}
