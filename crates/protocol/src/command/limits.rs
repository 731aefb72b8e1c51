//! What this printer bears, from its model and what it says about itself.

use crate::{
    Model, gcode,
    model::Range,
    status::{Feature, Status},
};

/// The highest values of any known model, for those whose own are not known.
const NOZZLE_MAX: u16 = 350;
const BED_MAX: u16 = 120;
const CHAMBER: Range = Range { min: 0, max: 65 };
/// Bed of an X1 on 220 V mains in °C. [V]
const BED_MAX_220V: u16 = 110;

/// Ranges of this printer in °C; those of an unknown model are the widest.
pub(super) fn nozzle_max(status: &Status) -> u16 {
    known(status).and_then(|known| known.nozzle_max).unwrap_or(NOZZLE_MAX)
}

pub(super) fn bed_max(status: &Status) -> u16 {
    let max = known(status).and_then(|known| known.bed_max).unwrap_or(BED_MAX);
    let is_x1 = matches!(status.model, Some(Model::X1 | Model::X1C));
    if is_x1 && status.features.has(Feature::Mains220V) { max.min(BED_MAX_220V) } else { max }
}

/// Range of the chamber heater; `None` without one.
pub(super) fn chamber(status: &Status) -> Option<Range> {
    known(status).map_or(Some(CHAMBER), |known| known.chamber_heater)
}

/// Number of nozzles that print.
pub(super) fn extruders(status: &Status) -> u8 {
    known(status).map_or_else(
        || u8::try_from(status.temperatures.nozzles.len().clamp(1, 2)).unwrap_or(1),
        |known| known.extruders,
    )
}

/// Range of drying for a unit in °C; `None` when it cannot dry. [L]
pub(super) fn drying(status: &Status, unit: u16) -> Option<Range> {
    let model = status.ams.unit(unit).and_then(|unit| unit.model);
    match (model, unit) {
        (Some("AMS 2 Pro"), _) | (None, 0..=3) => Some(Range { min: 45, max: 65 }),
        (Some("AMS HT"), _) | (None, 128..=135) => Some(Range { min: 45, max: 85 }),
        _ => None,
    }
}

/// All of it for G-code.
pub(super) fn gcode(status: &Status) -> gcode::Limits {
    gcode::Limits {
        nozzle_max: nozzle_max(status),
        bed_max: bed_max(status),
        chamber_max: chamber(status).map_or(0, |range| range.max),
        extruders: extruders(status),
        volume: known(status).and_then(|known| known.build_volume),
        bed_rises: !matches!(status.model, Some(Model::A1 | Model::A1Mini | Model::A2L)),
    }
}

pub(super) fn known(status: &Status) -> Option<&'static crate::model::Capabilities> {
    status.model.map(Model::capabilities)
}
