//! What a model can have and bear: the columns of the table in `table.rs`.

/// What a model has and bears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Short name, such as `P1S`.
    pub name: &'static str,
    /// Model code of SSDP, detect probe and 3MF files.
    pub code: &'static str,
    /// Other spellings of the code.
    pub code_aliases: &'static [&'static str],
    /// Name in `get_version` of current firmware.
    pub product_name: &'static str,
    /// Further names that people and services use.
    pub other_names: &'static [&'static str],
    /// First three characters of the serial number.
    pub serial_prefix: &'static str,
    /// Highest nozzle temperature in °C, where known.
    pub nozzle_max: Option<u16>,
    /// Highest bed temperature in °C, where known. X1 on 220 V mains bears 110 only.
    pub bed_max: Option<u16>,
    /// Has a chamber thermometer. Machines without one report a constant 5 °C [L].
    pub chamber_sensor: bool,
    /// Range of the chamber heater in °C; `None` without a heater.
    pub chamber_heater: Option<Range>,
    /// Has an auxiliary part fan (on P1P an option).
    pub aux_fan: bool,
    /// Has a chamber or exhaust fan (on P1P an option).
    pub chamber_fan: bool,
    /// Has a second auxiliary fan on the left (P2S, X2D).
    pub left_aux_fan: bool,
    /// Has an air duct with modes.
    pub air_duct: bool,
    /// Can tell whether its door is open (X1 family: from some firmware on).
    pub door_sensor: bool,
    /// How its camera is reached on the LAN.
    pub camera: Camera,
    /// Lights that can be switched: node names of `ledctrl`.
    pub lights: &'static [&'static str],
    /// How it reports.
    pub telemetry: Telemetry,
    /// Number of nozzles that print.
    pub extruders: u8,
    /// Build volume in mm by X, Y, Z, as sold; `None` when not known.
    pub build_volume: Option<[u16; 3]>,
    /// Closed around the bed.
    pub enclosed: bool,
    /// First firmware that wants signed commands; `None` = not known, zeros = all.
    pub authorization_control_from: Option<[u16; 4]>,
}

/// An inclusive range in °C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Lowest value.
    pub min: u16,
    /// Highest value.
    pub max: u16,
}

/// How a camera is reached on the LAN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Camera {
    /// JPEG pictures over TLS on port 6000.
    Jpeg,
    /// H.264 over RTSPS on port 322.
    Rtsps,
}

/// How a model reports its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telemetry {
    /// Always the whole object (X1 family).
    Full,
    /// Changes only; the whole object after `pushall` (P1, A1, A2L).
    Delta,
    /// The whole object after `pushall`, changes in between (P2S, H2, X2D).
    FullAndDelta,
}
