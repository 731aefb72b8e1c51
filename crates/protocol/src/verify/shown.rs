//! What a status says about the things that commands change, where that takes more than a field.

use crate::{request::Fan, status::Status};

/// How fast a fan is to turn, in percent: the set value where the machine tells one, else the drive.
pub(super) fn fan(status: &Status, fan: Fan) -> Option<u8> {
    let parts = status.air_duct.as_ref().map_or(&[][..], |duct| &duct.parts);
    let part = parts.iter().find(|part| part.id == u16::from(fan.wire()));
    let set = part.and_then(|part| part.target_percent.or(part.percent));
    set.or(match fan {
        Fan::Part => status.fans.part_percent,
        Fan::Aux => status.fans.aux_percent,
        Fan::Chamber => status.fans.chamber_percent,
        Fan::AuxLeft => status.fans.aux_left_percent,
    })
}

/// The mode of a light, by its name on the wire.
pub(super) fn light<'a>(status: &'a Status, node: &str) -> Option<&'a str> {
    let lights = &status.lights;
    match node {
        "chamber_light" => lights.chamber.as_deref(),
        "chamber_light2" => lights.chamber2.as_deref(),
        "work_light" => lights.work.as_deref(),
        _ => None,
    }
}

/// What a tray or an external spool holds.
pub(super) struct Held<'a> {
    pub(super) material: Option<&'a str>,
    pub(super) color: Option<&'a str>,
    pub(super) id: Option<&'a str>,
    /// Lowest and highest nozzle temperature.
    pub(super) celsius: (Option<u16>, Option<u16>),
}

/// What a tray or an external spool holds; `None` when there is no such place, or no spool in it.
pub(super) fn filament(status: &Status, (unit, slot): (u16, u8)) -> Option<Held<'_>> {
    if unit >= 254 {
        let spools = &status.external_spools;
        let only = || if spools.len() == 1 { spools.first() } else { None };
        let spool = spools.iter().find(|spool| spool.id == unit).or_else(only)?;
        return Some(Held {
            material: spool.material.as_deref(),
            color: spool.color.as_deref(),
            id: spool.filament_id.as_deref(),
            celsius: (spool.nozzle_temperature_min, spool.nozzle_temperature_max),
        });
    }
    let tray = status.ams.tray(unit, slot).filter(|tray| tray.loaded != Some(false))?;
    Some(Held {
        material: tray.material.as_deref(),
        color: tray.color.as_deref(),
        id: tray.filament_id.as_deref(),
        celsius: (tray.nozzle_temperature_min, tray.nozzle_temperature_max),
    })
}

/// Whether a unit dries; `None` where it does not tell.
pub(super) fn dries(status: &Status, unit: u16) -> Option<bool> {
    let unit = status.ams.unit(unit)?;
    let word = unit.drying.as_ref().and_then(|drying| drying.status);
    match word {
        Some("checking" | "drying") => Some(true),
        Some(_) => Some(false),
        None => unit.drying_minutes_left.map(|minutes| minutes > 0),
    }
}
