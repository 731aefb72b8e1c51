//! What a printer's AMS units hold, in the seeds' words.
//!
//! The REST interface does not know it: the printer itself is asked, over the cloud's broker.

use bambu_protocol::{
    Serial,
    status::{AmsUnit, Status, Tray},
};
use serde::Serialize;

use super::{Cloud, CloudError};
use crate::link::{CloudSession, Reason};

/// What a printer's AMS units hold, with the seeds' field names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AmsFilaments {
    /// The printer.
    pub device_id: Serial,
    /// The units.
    pub ams_units: Vec<AmsUnitFilaments>,
    /// Trays of all units, loaded or not.
    pub total_trays: usize,
    /// Whether there is a unit.
    pub has_ams: bool,
}

/// One AMS unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AmsUnitFilaments {
    /// Unit, as on the wire: 0 to 3, 128 and up for AMS HT.
    pub unit_id: u16,
    /// Such as `AMS 2 Pro`.
    pub model: Option<&'static str>,
    /// Firmware that is installed.
    pub sw_version: Option<String>,
    /// Firmware on offer, by the cloud.
    pub offered_version: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// Relative humidity in percent.
    pub humidity_percent: Option<u8>,
    /// The trays.
    pub trays: Vec<TrayFilament>,
}

/// One tray.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrayFilament {
    /// Tray of its unit, 0 to 3.
    pub tray_id: u8,
    /// Such as `PLA`; `None` for an empty tray.
    pub filament_type: Option<String>,
    /// `RRGGBBAA`.
    pub filament_color: Option<String>,
    /// Of a new spool, in g.
    pub filament_weight: Option<u32>,
    /// Lowest nozzle temperature for it in °C.
    pub temperature: Option<u16>,
    /// Highest nozzle temperature for it in °C.
    pub temperature_max: Option<u16>,
    /// Filament left in percent; `None` when the printer does not know.
    pub remaining: Option<u8>,
    /// Such as `GFA00`.
    pub filament_id: Option<String>,
    /// The spool's identity.
    pub spool_uuid: Option<String>,
}

/// Why it is not known what an AMS holds.
#[derive(Debug, thiserror::Error)]
pub enum AmsError {
    /// The cloud refused.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// The printer did not answer.
    #[error("printer {serial} did not tell what its AMS holds; switch it on, and try again")]
    Silent {
        /// The printer.
        serial: Serial,
        /// Why.
        source: Reason,
    },
}

impl AmsFilaments {
    /// Reads a printer's status.
    pub fn of(serial: Serial, status: &Status) -> Self {
        let ams_units: Vec<_> = status.ams.units.iter().map(AmsUnitFilaments::of).collect();
        Self {
            device_id: serial,
            total_trays: ams_units.iter().map(|unit| unit.trays.len()).sum(),
            has_ams: !ams_units.is_empty(),
            ams_units,
        }
    }
}

impl AmsUnitFilaments {
    fn of(unit: &AmsUnit) -> Self {
        Self {
            unit_id: unit.id,
            model: unit.model,
            sw_version: unit.firmware.as_ref().map(ToString::to_string),
            offered_version: None,
            serial: unit.serial.as_ref().map(ToString::to_string),
            humidity_percent: unit.humidity_percent,
            trays: unit.trays.iter().map(TrayFilament::of).collect(),
        }
    }
}

impl TrayFilament {
    fn of(tray: &Tray) -> Self {
        Self {
            tray_id: tray.id,
            filament_type: tray.material.as_ref().map(ToString::to_string),
            filament_color: tray.color.as_ref().map(ToString::to_string),
            filament_weight: tray.weight_grams,
            temperature: tray.nozzle_temperature_min,
            temperature_max: tray.nozzle_temperature_max,
            remaining: tray.remain_percent,
            filament_id: tray.filament_id.as_ref().map(ToString::to_string),
            spool_uuid: tray.spool_uuid.as_ref().map(ToString::to_string),
        }
    }
}

impl Cloud {
    /// What a printer's AMS units hold: units and trays from the printer's own report, asked for once
    /// over the cloud's broker, and the firmware on offer for them from `user/device/version`.
    ///
    /// The seeds look for trays in `user/device/version`, which has none. [L] The session is the
    /// account's, as an account may start only a few; bound the wait with a time-out.
    ///
    /// # Errors
    /// [`AmsError`].
    #[doc(alias = "get_ams_filaments")]
    pub async fn ams_filaments(
        &self,
        session: &CloudSession,
        serial: &Serial,
    ) -> Result<AmsFilaments, AmsError> {
        let link = session.printer(serial.clone(), None, None);
        let (snapshot, versions) = tokio::join!(link.ready(), self.device_version(serial));
        let silent = |source| AmsError::Silent { serial: serial.clone(), source };
        let mut filaments = AmsFilaments::of(serial.clone(), &snapshot.map_err(silent)?.status);
        // What is on offer is worth less than what is in the trays.
        let offers = versions.map(|answer| answer.value.ams).unwrap_or_default();
        for (at, unit) in filaments.ams_units.iter_mut().enumerate() {
            let id = unit.unit_id.to_string();
            let named = offers.iter().find(|offer| offer.ams_id.as_deref() == Some(&id));
            let in_order = offers.get(at).filter(|offer| offer.ams_id.is_none());
            let offer = named.or(in_order).and_then(|offer| offer.firmware.first());
            unit.offered_version = offer.and_then(|offer| offer.version.clone());
        }
        Ok(filaments)
    }
}
