//! Temperatures, nozzles, fans, lights, camera, network and storage of the status document.

use serde::Serialize;

use super::Text;

/// What a heater has and shall have, in °C.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Temperature {
    /// Measured.
    pub current: Option<f64>,
    /// Wanted; 0 is off.
    pub target: Option<f64>,
}

/// All heaters.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Temperatures {
    /// By extruder: right or only one first, then left (`nozzle_temper`; with two `device.extruder`).
    pub nozzles: Vec<Temperature>,
    /// Bed.
    pub bed: Temperature,
    /// Chamber; its values are `null` on models without a sensor, which report a constant 5 [L].
    pub chamber: Temperature,
}

/// A heater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Heater {
    /// The nozzle; on machines with two the right one.
    Nozzle,
    /// The left nozzle of two.
    NozzleLeft,
    /// The bed.
    Bed,
    /// The chamber.
    Chamber,
}

impl Heater {
    /// Every one, in the order of [`Heater`].
    pub const ALL: [Self; 4] = [Self::Nozzle, Self::NozzleLeft, Self::Bed, Self::Chamber];
}

impl Temperatures {
    /// The values of one heater; both `None` for one that is not there.
    pub fn of(&self, heater: Heater) -> Temperature {
        let nozzle = |index| self.nozzles.get(index).copied().unwrap_or_default();
        match heater {
            Heater::Nozzle => nozzle(0),
            Heater::NozzleLeft => nozzle(1),
            Heater::Bed => self.bed,
            Heater::Chamber => self.chamber,
        }
    }
}

/// A nozzle in an extruder.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Nozzle {
    /// 0 right or only, 1 left; in the rack 16 to 21.
    pub id: u8,
    /// Diameter in mm: 0.2, 0.4, 0.6, 0.8.
    pub diameter_mm: Option<f64>,
    /// Material: `stainless_steel`, `hardened_steel`, `tungsten_carbide`, `brass` …
    pub kind: Option<Text>,
    /// Flow: `standard`, `high`, `tpu`; known only where the wire sends a code.
    pub flow: Option<&'static str>,
    /// Whether this extruder is the active one.
    pub active: bool,
    /// Whether filament is at this extruder; `null` where not told.
    pub filament_present: Option<bool>,
    /// Wear counter as sent, newer machines.
    pub wear: Option<f64>,
}

/// Fans in percent, 0 to 100; `null` on models without that fan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Fans {
    /// Part cooling: `fan_gear`, else the steps 0 to 15 to the nearest 10 percent [V].
    pub part_percent: Option<u8>,
    /// Auxiliary, read in the same way; `null` on A1, A1 mini, A2L.
    pub aux_percent: Option<u8>,
    /// Chamber or exhaust, read in the same way; `null` on A1, A1 mini, A2L.
    pub chamber_percent: Option<u8>,
    /// Heat break: steps 0 to 15, to the nearest 10 percent.
    pub heatbreak_percent: Option<u8>,
    /// Left auxiliary (P2S, X2D): the set value; `null` without one.
    pub aux_left_percent: Option<u8>,
}

/// Air duct of H2, P2S and X2D.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AirDuct {
    /// `modeCur`: 0 cooling, 1 heating, 2 exhaust, 3 full cooling; 255 and -1 are `null`.
    pub mode: Option<u8>,
    /// Name of the mode: `cooling`, `heating`, `exhaust`, `full_cooling`.
    pub name: Option<&'static str>,
    /// `subMode`: filter on (1) or off (0) where the model has one.
    pub sub_mode: Option<i64>,
    /// Fans of the duct.
    pub parts: Vec<AirDuctPart>,
}

/// A fan or flap of the air duct.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AirDuctPart {
    /// Function number, the `fan_index` of `set_fan`: 1 part, 2 auxiliary, 3 chamber …
    pub id: u16,
    /// Its name: `part`, `aux`, `chamber`, `heatbreak2`, `board`, `filter`, `aux_left`.
    pub name: Option<&'static str>,
    /// Set value in percent.
    pub percent: Option<u8>,
    /// Value it moves to, in percent.
    pub target_percent: Option<u8>,
}

/// Lights: `on`, `off`, `flashing`, or `null` where not reported.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Lights {
    /// `chamber_light`.
    pub chamber: Option<Text>,
    /// `chamber_light2` (H2).
    pub chamber2: Option<Text>,
    /// `work_light`; `null` on models that report `flashing` for ever.
    pub work: Option<Text>,
}

/// Camera.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Camera {
    /// Camera present (`ipcam_dev`).
    pub present: Option<bool>,
    /// Whether it records (`ipcam_record`).
    pub recording: Option<bool>,
    /// Whether it takes a time-lapse (`timelapse`).
    pub timelapse: Option<bool>,
    /// `720p`, `1080p`; `null` where empty.
    pub resolution: Option<Text>,
    /// Address of the stream, `rtsps://…:322/…` (`rtsp_url`); `null` when off or on JPEG cameras.
    pub rtsp_url: Option<Text>,
    /// Whether the LAN live view is switched on; `null` on JPEG cameras, which tell nothing.
    pub lan_liveview: Option<bool>,
}

/// Network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Network {
    /// Wi-Fi signal in dBm (`wifi_signal`); `null` on a wired machine, which reports a constant -90.
    pub wifi_dbm: Option<i32>,
    /// The printer's own IPv4 address (`net.info[].ip`, little-endian on the wire).
    pub ip: Option<Text>,
    /// Whether the wired interface is in use (`net.conf` bit 0) [V].
    pub wired: Option<bool>,
}

/// Storage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Storage {
    /// `none`, `ok`, `abnormal`, `read_only` (`aux` bits 12-13, else `home_flag` bits 8-9) [V].
    pub state: Option<&'static str>,
    /// Internal storage for time-lapses: free KiB.
    pub internal_free_kib: Option<u64>,
    /// Internal storage for time-lapses: size in KiB.
    pub internal_total_kib: Option<u64>,
    /// External storage for time-lapses: free KiB.
    pub external_free_kib: Option<u64>,
    /// External storage for time-lapses: size in KiB.
    pub external_total_kib: Option<u64>,
}
