//! Filament units, trays and external spools of the status document.

use serde::Serialize;

use super::Text;

/// All filament units.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Ams {
    /// Units, by wire id; those whose bit in `ams_exist_bits` is cleared are left out.
    pub units: Vec<AmsUnit>,
    /// What the units do: `idle`, `filament_change`, `rfid`, `assist`, `calibration`, `cold_pull`,
    /// `self_check`, `debug` (upper byte of `ams_status`).
    pub activity: Option<&'static str>,
    /// Where the filament in use comes from (`tray_now`; with two nozzles `snow` of the active one);
    /// `null` when none is loaded.
    pub active: Option<ActiveTray>,
}

/// The tray that feeds the active extruder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ActiveTray {
    /// Unit id on the wire (0 to 3, 16, 128 …); 254 or 255 for an external spool.
    pub unit: u16,
    /// Slot in the unit; 0 for an external spool.
    pub tray: u8,
}

/// One filament unit.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct AmsUnit {
    /// Id on the wire: 0 to 3, 16 (A2L), 128 to 135 (AMS HT).
    pub id: u16,
    /// `AMS`, `AMS lite`, `AMS 2 Pro`, `AMS HT`; from `info`, else `get_version`, else the model of
    /// the printer; `null` when nothing tells.
    pub model: Option<&'static str>,
    /// 1 to 5 (`humidity`), **5 is driest** [L]; `null` for 0 and on AMS lite, which has no sensor.
    pub humidity_level: Option<u8>,
    /// Relative humidity in percent (`humidity_raw`) [L]; `null` without a sensor or on old firmware.
    pub humidity_percent: Option<u8>,
    /// °C inside of the unit (`temp`) [L]; `null` for 0.0, which is sent without a sensor.
    pub temperature: Option<f64>,
    /// Minutes of drying left (`dry_time`), 0 when not drying; `null` on old firmware [L].
    pub drying_minutes_left: Option<u32>,
    /// Drying in detail; `null` on units that cannot dry.
    pub drying: Option<Drying>,
    /// Extruder it feeds: 0 right or only, 1 left (`info`) [V].
    pub extruder: Option<u8>,
    /// Firmware of the unit, from `get_version`.
    pub firmware: Option<Text>,
    /// Serial number of the unit, from `get_version`.
    pub serial: Option<Text>,
    /// Trays, by slot.
    pub trays: Vec<Tray>,
}

/// Drying of a unit that has a heater.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Drying {
    /// `off`, `checking`, `drying`, `cooling`, `stopping`, `error`, `out_of_control`, `test`.
    pub status: Option<&'static str>,
    /// What it does while drying: `heating`, `dehumidifying`; `null` at other times.
    pub phase: Option<&'static str>,
    /// What was set (`dry_setting`); `null` where the firmware does not echo it, or nothing is set.
    pub setting: Option<DryingSetting>,
    /// Why drying cannot start now (`dry_sf_reason`), as words.
    pub blocked_by: Vec<&'static str>,
}

/// What a drying run was set to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DryingSetting {
    /// Filament name.
    pub filament: Option<Text>,
    /// °C.
    pub temperature: Option<u16>,
    /// Hours.
    pub duration_hours: Option<u16>,
}

/// A slot of a filament unit.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Tray {
    /// Slot, 0 to 3.
    pub id: u8,
    /// Whether a spool is there, by its bit in `tray_exist_bits`; a cleared bit empties the rest, too.
    pub loaded: Option<bool>,
    /// Material, such as `PLA` (`tray_type`); `null` when unknown or empty.
    pub material: Option<Text>,
    /// Product line, such as `PLA Matte` (`tray_sub_brands`).
    pub brand: Option<Text>,
    /// First colour, `RRGGBBAA` (`tray_color`); `00000000` is clear filament, or `null` without any.
    pub color: Option<Text>,
    /// Colour code of the product, such as `A01-K1` (`tray_id_name`).
    pub color_code: Option<Text>,
    /// All colours (`cols`).
    pub colors: Vec<Text>,
    /// Filament id, such as `GFA00` (`tray_info_idx`).
    pub filament_id: Option<Text>,
    /// What is left, 0 to 100 percent (`remain`) [V]; `null` for -1, unknown.
    pub remain_percent: Option<u8>,
    /// Lowest nozzle temperature in °C; `null` for 0, not set.
    pub nozzle_temperature_min: Option<u16>,
    /// Highest nozzle temperature in °C; `null` for 0, not set.
    pub nozzle_temperature_max: Option<u16>,
    /// Weight of a full spool in grams; `null` for 0.
    pub weight_grams: Option<u32>,
    /// Diameter of the filament in mm; `null` for 0.
    pub diameter_mm: Option<f64>,
    /// RFID chip, 16 hex digits (`tag_uid`); `null` without one (all zeros).
    pub tag_uid: Option<Text>,
    /// Spool, 32 hex digits, the same for both of its chips (`tray_uuid`); `null` without RFID.
    pub spool_uuid: Option<Text>,
    /// Pressure advance factor (`k`), older firmware.
    pub k: Option<f64>,
    /// Active pressure advance profile (`cali_idx`); `null` for the default (-1).
    pub calibration_index: Option<i64>,
    /// `state` as sent; its meaning depends on the firmware, so trust `loaded`.
    pub state: Option<i64>,
}

/// A spool outside of any unit: the same fields as a tray.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ExternalSpool {
    /// 254 on machines with one nozzle and for the left of two; 255 for the right.
    pub id: u16,
    /// Material.
    pub material: Option<Text>,
    /// Product line.
    pub brand: Option<Text>,
    /// First colour, `RRGGBBAA`.
    pub color: Option<Text>,
    /// All colours.
    pub colors: Vec<Text>,
    /// Filament id.
    pub filament_id: Option<Text>,
    /// 0 to 100; external holders do not measure and report 0.
    pub remain_percent: Option<u8>,
    /// Lowest nozzle temperature in °C.
    pub nozzle_temperature_min: Option<u16>,
    /// Highest nozzle temperature in °C.
    pub nozzle_temperature_max: Option<u16>,
    /// Pressure advance factor.
    pub k: Option<f64>,
}

impl Ams {
    /// The unit with this id.
    pub fn unit(&self, id: u16) -> Option<&AmsUnit> {
        self.units.iter().find(|unit| unit.id == id)
    }

    /// A tray by unit and slot; external spools are none.
    pub fn tray(&self, unit: u16, slot: u8) -> Option<&Tray> {
        self.unit(unit)?.tray(slot)
    }
}

impl AmsUnit {
    /// The tray in this slot.
    pub fn tray(&self, slot: u8) -> Option<&Tray> {
        self.trays.iter().find(|tray| tray.id == slot)
    }
}
