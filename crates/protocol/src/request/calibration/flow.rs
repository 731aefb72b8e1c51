//! Bodies of the pressure advance and flow commands.

use serde::Serialize;

/// A pressure advance test of one tray, older firmware.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrayPressureRun {
    /// Flat tray.
    pub tray_id: u16,
    /// °C.
    pub nozzle_temp: u16,
    /// °C.
    pub bed_temp: u16,
    /// mm³/s.
    pub max_volumetric_speed: f64,
}

/// The pressure advance of one tray, older firmware. Numbers, unlike in [`PressureProfile`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrayPressure {
    /// Flat tray.
    pub tray_id: u16,
    /// K, usually 0.01 to 0.10.
    pub k_value: f64,
    /// N, 1.4.
    pub n_coef: f64,
    /// °C; send all three of these or none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bed_temp: Option<u16>,
    /// °C.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nozzle_temp: Option<u16>,
    /// mm³/s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_volumetric_speed: Option<f64>,
}

/// One filament of a pressure advance test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PressureFilament {
    /// Flat tray.
    pub tray_id: u16,
    /// 0 right or only, 1 left.
    pub extruder_id: u8,
    /// °C.
    pub bed_temp: u16,
    /// Filament id, such as `GFA00`.
    pub filament_id: String,
    /// Preset id.
    pub setting_id: String,
    /// °C.
    pub nozzle_temp: u16,
    /// Unit.
    pub ams_id: u16,
    /// Slot.
    pub slot_id: u8,
    /// `H`, flow letter (`S`, `H` or `U`), `00-`, diameter: `HS00-0.4`.
    pub nozzle_id: String,
    /// mm, as text.
    pub nozzle_diameter: String,
    /// mm³/s, as text.
    pub max_volumetric_speed: String,
}

/// A pressure advance profile to store. K and N are text here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PressureProfile {
    /// Flat tray.
    pub tray_id: u16,
    /// 0 right or only, 1 left.
    pub extruder_id: u8,
    /// Nozzle, such as `HS00-0.4`.
    pub nozzle_id: String,
    /// mm, as text.
    pub nozzle_diameter: String,
    /// Unit.
    pub ams_id: u16,
    /// Slot.
    pub slot_id: u8,
    /// Filament id.
    pub filament_id: String,
    /// Preset id.
    pub setting_id: String,
    /// What the user calls it.
    pub name: String,
    /// K with three decimals, such as `0.040`.
    pub k_value: String,
    /// N, `0.0` for manual ones.
    pub n_coef: String,
    /// Number of the profile to replace; absent makes a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cali_idx: Option<i32>,
    /// Only for a nozzle of a rack.
    #[serde(flatten)]
    pub rack: Option<RackNozzle>,
}

/// Which profiles to list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PressureKey {
    /// Filament id; empty for all.
    pub filament_id: String,
    /// mm, as text.
    pub nozzle_diameter: String,
    /// 0 right or only, 1 left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extruder_id: Option<u8>,
    /// Nozzle, such as `HS00-0.4`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nozzle_id: Option<String>,
    /// Only for a nozzle of a rack.
    #[serde(flatten)]
    pub rack: Option<RackNozzle>,
}

/// The profile that a tray uses. Without `setting_id`, which mislinks it on X1C and P1S [L].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PressureSelection {
    /// Flat tray, unlike in [`super::super::FilamentSetting`]; 254 or 255 external.
    pub tray_id: u16,
    /// Unit; 254 or 255 external.
    pub ams_id: u16,
    /// Slot; 0 external.
    pub slot_id: u8,
    /// Number of the profile; -1 the default.
    pub cali_idx: i32,
    /// Filament id.
    pub filament_id: String,
    /// mm, as text.
    pub nozzle_diameter: String,
    /// Only for a nozzle of a rack.
    #[serde(flatten)]
    pub rack: Option<RackNozzle>,
}

/// The profile to delete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PressureDeletion {
    /// 0 right or only, 1 left.
    pub extruder_id: u8,
    /// Nozzle, such as `HS00-0.4`.
    pub nozzle_id: String,
    /// Filament id.
    pub filament_id: String,
    /// Number of the profile.
    pub cali_idx: i32,
    /// mm, as text.
    pub nozzle_diameter: String,
    /// Only for a nozzle of a rack.
    #[serde(flatten)]
    pub rack: Option<RackNozzle>,
}

/// Which nozzle of a rack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RackNozzle {
    /// Its place.
    pub nozzle_pos: i32,
    /// Its serial number; `N/A` where it has none.
    pub nozzle_sn: String,
}

/// One filament of a flow test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlowFilament {
    /// Flat tray.
    pub tray_id: u16,
    /// °C.
    pub bed_temp: u16,
    /// Filament id.
    pub filament_id: String,
    /// Preset id.
    pub setting_id: String,
    /// °C.
    pub nozzle_temp: u16,
    /// Flow ratio to start from, as text: `0.98`.
    pub def_flow_ratio: String,
    /// mm³/s, as text.
    pub max_volumetric_speed: String,
    /// 0 right or only, 1 left.
    pub extruder_id: u8,
    /// Unit.
    pub ams_id: u16,
    /// Slot.
    pub slot_id: u8,
}
