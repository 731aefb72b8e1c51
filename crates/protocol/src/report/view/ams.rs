//! Filament units, trays, external spools, and where the filament in use comes from.

use super::{
    Context,
    list::tight,
    number::{filled, narrow, percent, whole, word},
    temperatures,
};
use crate::{
    Model,
    report::{
        leaf::{Bits, Leaf},
        merge::slot_bit,
        wire::{
            PushStatus,
            ams::{AmsReport, DrySetting, HasId, TrayReport, UnitReport},
        },
    },
    status::{ActiveTray, Ams, AmsUnit, Drying, DryingSetting, ExternalSpool, Text, Tray},
};

/// Family of a unit: sends dummies instead of what its missing sensors would measure [L].
const LITE: &str = "AMS lite";

pub(super) fn ams(context: &Context<'_>) -> Ams {
    let report = context.print.ams.known();
    let units = report.and_then(|ams| ams.units.known()).map_or(&[][..], |units| &units.0);
    let exist = report.and_then(|ams| ams.tray_exist_bits.known().copied());
    Ams {
        units: tight(units.iter().filter_map(|unit| one_unit(context, unit, exist))),
        activity: word(&context.print.ams_status).and_then(activity),
        active: active(context, report.map(|ams| &**ams)),
    }
}

fn activity(status: u32) -> Option<&'static str> {
    match status >> 8 {
        0 => Some("idle"),
        1 => Some("filament_change"),
        2 => Some("rfid"),
        3 => Some("assist"),
        4 => Some("calibration"),
        7 => Some("cold_pull"),
        0x10 => Some("self_check"),
        0x20 => Some("debug"),
        _ => None,
    }
}

fn one_unit(context: &Context<'_>, unit: &UnitReport, exist: Option<Bits>) -> Option<AmsUnit> {
    let id = unit.id()?;
    let info = unit.info.known().copied();
    let extruder = info.and_then(|info| u8::try_from(info.field(8, 4)).ok());
    if extruder == Some(0xE) {
        return None;
    }
    let module = context.versions.unit(id);
    let model = family(context, info, module.map(|(_, family)| family));
    // Relative humidity 0 at 0 °C is nowhere measured, whatever the unit is.
    let dummies = unit.humidity_raw.known() == Some(&0.0) && unit.temp.known() == Some(&0.0);
    let measures = model != Some(LITE) && !dummies;
    let dries = matches!(model, Some("AMS 2 Pro" | "AMS HT"));
    let trays = unit.trays.known().map_or(&[][..], |trays| &trays.0);
    Some(AmsUnit {
        id,
        model,
        humidity_level: whole(&unit.humidity).filter(|level| measures && (1..=5).contains(level)),
        humidity_percent: percent(&unit.humidity_raw).filter(|_| measures),
        temperature: unit.temp.known().copied().filter(|temp| measures && *temp != 0.0),
        drying_minutes_left: whole(&unit.dry_time),
        drying: dries.then(|| drying(unit, info)),
        extruder: extruder.filter(|extruder| *extruder < 2),
        firmware: module.and_then(|(module, _)| module.firmware.clone()),
        serial: module.and_then(|(module, _)| module.serial.clone()),
        trays: tight(trays.iter().filter_map(|tray| one_tray(id, tray, exist))),
    })
}

/// The unit itself says it, else `get_version`, else the printer's model suggests it.
fn family(
    context: &Context<'_>,
    info: Option<Bits>,
    module: Option<&'static str>,
) -> Option<&'static str> {
    match info.map(|info| info.field(0, 4)) {
        Some(1) => Some("AMS"),
        Some(2 | 5) => Some(LITE),
        Some(3) => Some("AMS 2 Pro"),
        Some(4) => Some("AMS HT"),
        _ => module.or_else(|| match context.model? {
            Model::A1 | Model::A1Mini | Model::A2L => Some(LITE),
            _ => Some("AMS"),
        }),
    }
}

fn drying(unit: &UnitReport, info: Option<Bits>) -> Drying {
    const STATUS: [&str; 8] =
        ["off", "checking", "drying", "cooling", "stopping", "error", "out_of_control", "test"];
    const BLOCKED: [&str; 9] = [
        "task_running",
        "insufficient_power",
        "ams_busy",
        "filament_at_outlet",
        "starting",
        "mode_2d",
        "already_drying",
        "upgrading",
        "needs_power_adapter",
    ];
    let reasons = unit.dry_sf_reason.known().into_iter().flat_map(|list| list.iter());
    Drying {
        status: info.and_then(|info| STATUS.get(usize::try_from(info.field(4, 4)).ok()?).copied()),
        phase: match info.map(|info| info.field(22, 4)) {
            Some(1) => Some("heating"),
            Some(2) => Some("dehumidifying"),
            _ => None,
        },
        setting: unit.dry_setting.known().and_then(dry_setting),
        blocked_by: reasons
            .filter_map(|reason| BLOCKED.get(narrow::<usize>(*reason)?).copied())
            .collect(),
    }
}

/// -1 is none.
fn dry_setting(setting: &DrySetting) -> Option<DryingSetting> {
    let temperature = whole(&setting.temperature);
    let duration_hours = whole(&setting.duration);
    temperature.or(duration_hours)?;
    Some(DryingSetting { filament: filled(&setting.filament), temperature, duration_hours })
}

fn one_tray(unit: u16, tray: &TrayReport, exist: Option<Bits>) -> Option<Tray> {
    let id = tray.id()?;
    let material = filled(&tray.tray_type);
    let bit = slot_bit(unit, id).and_then(|bit| Some(exist?.bit(bit)));
    let (color, colors) = colors(tray, material.is_some());
    Some(Tray {
        id: u8::try_from(id).ok()?,
        loaded: bit.or(material.is_some().then_some(true)),
        material,
        brand: filled(&tray.tray_sub_brands),
        color,
        color_code: filled(&tray.tray_id_name),
        colors,
        filament_id: filled(&tray.tray_info_idx),
        remain_percent: percent(&tray.remain),
        nozzle_temperature_min: positive(&tray.nozzle_temp_min),
        nozzle_temperature_max: positive(&tray.nozzle_temp_max),
        weight_grams: whole(&tray.tray_weight).filter(|grams| *grams > 0),
        diameter_mm: tray.tray_diameter.known().copied().filter(|mm| *mm > 0.0),
        tag_uid: identity(&tray.tag_uid),
        spool_uuid: identity(&tray.tray_uuid),
        k: tray.k.known().copied(),
        calibration_index: whole(&tray.cali_idx).filter(|index| *index >= 0),
        state: whole(&tray.state),
    })
}

/// 0 stands for "not set".
fn positive(leaf: &Leaf<f64>) -> Option<u16> {
    whole(leaf).filter(|value| *value > 0)
}

/// All zeros stand for "no chip".
fn identity(leaf: &Leaf<Text>) -> Option<Text> {
    filled(leaf).filter(|text| text.as_bytes().iter().any(|byte| *byte != b'0'))
}

/// `00000000` is none, unless a (transparent) filament is known.
fn colors(tray: &TrayReport, described: bool) -> (Option<Text>, Vec<Text>) {
    let real = |color: &Text| !color.is_empty() && (described || color != "00000000");
    let first = tray.tray_color.known().filter(|color| real(color)).cloned();
    let listed = tray.cols.known().into_iter().flat_map(|cols| cols.iter());
    let mut all = tight(listed.filter(|color| real(color)).cloned());
    if all.is_empty() {
        all = first.iter().cloned().collect();
    }
    (first, all)
}

/// `vir_slot` on newer machines, else `vt_tray`.
pub(super) fn external_spools(print: &PushStatus) -> Vec<ExternalSpool> {
    let listed = print.vir_slot.known().map_or(&[][..], |list| &**list);
    let legacy = print.vt_tray.known().filter(|_| listed.is_empty());
    let mut spools =
        tight(listed.iter().chain(legacy.map(|tray| &**tray)).filter_map(external_spool));
    spools.sort_by_key(|spool| spool.id);
    spools
}

fn external_spool(tray: &TrayReport) -> Option<ExternalSpool> {
    let material = filled(&tray.tray_type);
    let (color, colors) = colors(tray, material.is_some());
    Some(ExternalSpool {
        id: tray.id()?,
        material,
        brand: filled(&tray.tray_sub_brands),
        color,
        colors,
        filament_id: filled(&tray.tray_info_idx),
        remain_percent: percent(&tray.remain),
        nozzle_temperature_min: positive(&tray.nozzle_temp_min),
        nozzle_temperature_max: positive(&tray.nozzle_temp_max),
        k: tray.k.known().copied(),
    })
}

/// `tray_now`; on machines with two nozzles, where it is only the local slot, `snow` of the
/// active extruder [V].
fn active(context: &Context<'_>, ams: Option<&AmsReport>) -> Option<ActiveTray> {
    let extruder = temperatures::active_slot(context);
    let told = ams.and_then(|ams| whole(&ams.tray_now)).filter(|_| !extruder.of_two);
    let slot = || {
        let slot = extruder.slot?;
        let (unit, tray) = (u16::try_from(slot >> 8).ok()?, u8::try_from(slot & 0xFF).ok()?);
        match (unit, tray) {
            (_, 255) => None,
            (0, 254) => Some(ActiveTray { unit: 254, tray: 0 }),
            _ => Some(ActiveTray { unit, tray }),
        }
    };
    let external = || slot().filter(|slot| slot.unit >= 254);
    match told {
        None => slot(),
        // The id of the one holder is 254 or 255; the extruder names the right one.
        Some(254) => external().or(Some(ActiveTray { unit: 254, tray: 0 })),
        Some(255_u16) => external(),
        Some(unit @ 128..=253) => Some(ActiveTray { unit, tray: 0 }),
        Some(flat @ 0..=127) => {
            Some(ActiveTray { unit: flat / 4, tray: u8::try_from(flat % 4).ok()? })
        }
        Some(_) => None,
    }
}
